"""A fleet in trouble: chargers of every protocol charge while ingest, broker, API and PostgreSQL are killed.

At the end PostgreSQL is asked: every reading that a charger was told is stored has to be there, once and unchanged, and
minutes, hours and days have to add up to the readings. The broker is Mosquitto where it is installed, else the embedded
one, which dies with the ingest.
"""

import asyncio
import os
import random
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from chargecars.bench.fleet.judging import Verdict, judge
from chargecars.bench.fleet.site import CHARGERS, FleetSite, prefix
from chargecars.bench.report import Report, say, show_table
from chargecars.fleet.device import Connect
from chargecars.fleet.faults import Faults
from chargecars.fleet.run import Outcome, Plan, Protocol, addressed, work

_SPEED = 120.0
_FAULTS = Faults(meter_restart=0.01)
_LOOK_SECONDS = 0.2
_MENDING_SECONDS = 60.0


def main(scale: int, json: bool, minutes: float) -> None:
    """Kill for so many minutes."""
    program = shutil.which("mosquitto", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin")
    verdict = run(minutes * 60, random.SystemRandom().randrange(2**31), say, mosquitto=program)
    _report(verdict, json)


def run(
    seconds: float,
    seed: int,
    tell: Callable[[str], None],
    *,
    mosquitto: str | None = None,
    chargers: Mapping[Protocol, int] = CHARGERS,
) -> Verdict:
    """Charge for so long while everything is killed; from the main thread. Raises: StackError."""
    site = FleetSite(Path(tempfile.mkdtemp(prefix="chargecars-fleet-")))
    site.mosquitto, site.chargers = mosquitto, chargers
    site.start()
    try:
        fleet = _Traffic(site, seconds, seed)
        fleet.start()
        _kill(site, fleet, random.Random(seed), seconds, tell)  # noqa: S311  # no secret
        fleet.join()
        _until_ready(site)
        verdict = asyncio.run(judge(site.settings.database_url, fleet.outcomes))
        verdict.kills.update(kill.victim for kill in site.kills)
        return verdict
    finally:
        site.stop()


class _Traffic(threading.Thread):
    """The fleet, in a thread of its own: children are started from the main thread."""

    def __init__(self, site: FleetSite, seconds: float, seed: int) -> None:
        super().__init__(name="fleet")
        self.outcomes: list[Outcome] = []
        self._site = site
        self._plans = [
            Plan(many, protocol, seconds, _SPEED, seed=seed, faults=_FAULTS) for protocol, many in site.chargers.items()
        ]

    def run(self) -> None:
        self.outcomes = asyncio.run(self._work())

    async def _work(self) -> list[Outcome]:
        return await asyncio.gather(*map(self._charge, self._plans))

    async def _charge(self, plan: Plan) -> Outcome:
        site = self._site
        connect = _connect(site, plan.protocol)
        return await work(plan, plan.hardware(prefix(plan.protocol)), site.secrets, connect, lambda _: None)


def _connect(site: FleetSite, protocol: Protocol) -> Connect:
    """Chargers reach Mosquitto where chargers do, not where the platform does."""
    update = {"port": site.named("api")[0].port, "mqtt_port": site.mqtt.port, "mqtt_url": ""}
    return addressed(site.settings.model_copy(update={"host": "127.0.0.1", **update}), protocol)


def _kill(site: FleetSite, fleet: _Traffic, chance: random.Random, seconds: float, tell: Callable[[str], None]) -> None:
    """At random while they charge; then everything runs until they have told what they kept."""
    until, victims = time.monotonic() + seconds, _each_and_at_random(site, chance)
    while time.monotonic() < until and fleet.is_alive():
        _mend(site, min(until, time.monotonic() + chance.uniform(1, max(2, seconds / 12))))
        victim = next(victims)
        site.kill(victim, chance)
        tell(f"killed: {victim}")
        time.sleep(chance.uniform(0, 0.5))
    while fleet.is_alive():
        _mend(site, time.monotonic() + 1)


def _each_and_at_random(site: FleetSite, chance: random.Random) -> Iterator[str]:
    yield from chance.sample(site.victims(), len(site.victims()))
    while True:
        yield chance.choice(site.victims())


def _mend(site: FleetSite, until: float) -> None:
    while time.monotonic() < until:
        site.mend()
        time.sleep(_LOOK_SECONDS)


def _until_ready(site: FleetSite) -> None:
    until = time.monotonic() + _MENDING_SECONDS
    while not site.ready() and time.monotonic() < until:
        _mend(site, time.monotonic() + 1)


def _report(verdict: Verdict, json: bool) -> None:
    report = Report("fleet")
    report.add("readings_acknowledged", verdict.acknowledged, "readings")
    report.add("readings_stored", verdict.stored, "readings")
    report.add("sessions", verdict.sessions, "sessions")
    report.add("messages_not_told_in_time", verdict.untold, "messages")
    for victim, times in sorted(verdict.kills.items()):
        report.add(f"kills_{victim}", times, "kills")
    for name in ("offline", "reboots", "repeated", "unheard", "lost", "refused"):
        report.add(name, verdict.counts[name], "times")
    report.add("faults", len(verdict.faults), "count", 0)
    for fault in verdict.faults[:20]:
        say(fault)
    if not json:
        cells = {(name, "value"): f"{figure.value:g}" for name, figure in report.figures.items()}
        show_table("Fleet", list(report.figures), ["value"], cells)
    sys.stdout.write(report.line() + "\n")
