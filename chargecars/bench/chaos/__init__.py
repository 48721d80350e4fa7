"""Chaos: everything is written, told, delivered and worked off while its processes are killed (`kill -9`) at random.

An installation of its own (PostgreSQL, Valkey, an API, two workers); people and the platform write orders, leads and
jobs; subscribers over WebSockets and an event stream remember their last cursor and resume; a receiver of webhooks is
not always well. Relay, workers, API, Valkey (sometimes emptied) and PostgreSQL are killed and started again. At the end
PostgreSQL is asked what happened, and everybody has to know exactly that: in order, once.
"""

import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from chargecars.bench.chaos.crowd import Crowd
from chargecars.bench.chaos.judging import Verdict
from chargecars.bench.chaos.site import VICTIMS, Kill, Site
from chargecars.bench.report import Report, say, show_table

_MENDING_SECONDS = 90.0
_LOOK_SECONDS = 0.2
_HURRIED, _UNHURRIED = 0.1, 0.3


@dataclass(frozen=True)
class Outcome:
    """What a run found."""

    verdict: Verdict
    kills: list[Kill]
    seconds: float


def main(scale: int, json: bool, minutes: float) -> None:
    """Kill for so many minutes. The scale is the ordinary tests': what counts is what is written meanwhile."""
    outcome = run(minutes * 60, random.SystemRandom().randrange(2**31), say)
    _report(outcome, json)


def run(seconds: float, seed: int, tell: Callable[[str], None]) -> Outcome:
    """Kill at random for so long, or with 0 seconds each of VICTIMS once; from the main thread. Raises: StackError."""
    chance = random.Random(seed)  # noqa: S311  # no secret
    site = Site(Path(tempfile.mkdtemp(prefix="chargecars-chaos-")))
    began = time.monotonic()
    site.start()
    tell(f"seed {seed}: everything runs after {time.monotonic() - began:.0f} s")
    try:
        crowd = Crowd(site, seed, _UNHURRIED if not seconds else _HURRIED)
        crowd.start()
        crowd.ready.wait()
        _kill(site, crowd, chance, seconds, tell)
        quiet = time.monotonic()
        verdict = crowd.finish()
        tell(f"everybody knows everything {time.monotonic() - quiet:.0f} s after the last write")
        return Outcome(verdict, site.kills, time.monotonic() - began)
    finally:
        site.stop()


def _kill(site: Site, crowd: Crowd, chance: random.Random, seconds: float, tell: Callable[[str], None]) -> None:
    """At random also before what fell last is there again; each once when it is. At the end everything runs."""
    until = time.monotonic() + seconds
    for victim in _victims(chance, each_once=not seconds):
        pause = chance.uniform(0.2, 1.0) if not seconds else chance.uniform(0.2, 4.0)
        _mend(site, crowd, time.monotonic() + pause)
        if crowd.failed or (seconds and time.monotonic() >= until):
            break
        site.kill(victim, chance)
        tell(f"killed: {victim}")
        time.sleep(chance.uniform(0, 0.5))
        if not seconds:
            _mend(site, crowd, time.monotonic() + _MENDING_SECONDS, ready=True)
    _mend(site, crowd, time.monotonic() + _MENDING_SECONDS, ready=True)


def _victims(chance: random.Random, *, each_once: bool) -> Iterator[str]:
    if each_once:
        yield from chance.sample(VICTIMS, len(VICTIMS))
        return
    while True:
        yield chance.choice(VICTIMS)


def _mend(site: Site, crowd: Crowd, until: float, *, ready: bool = False) -> None:
    """Start what has fallen, again and again, as a service manager does; `ready`: only until everything answers."""
    while time.monotonic() < until and not crowd.failed:
        site.mend()
        if ready and site.ready() and site.relayed():
            return
        time.sleep(_LOOK_SECONDS)


def _report(outcome: Outcome, json: bool) -> None:
    verdict, report = outcome.verdict, Report("chaos")
    report.add("events", verdict.events, "events")
    report.add("kills", len(outcome.kills), "kills")
    for victim in VICTIMS:
        report.add(f"kills_{victim}", sum(kill.victim == victim for kill in outcome.kills), "kills")
    for name in ("told", "webhooks", "attempts", "jobs", "changes", "connections", "retries"):
        report.add(name, getattr(verdict, name), _UNITS.get(name, name))
    for name in ("lost", "duplicated", "out_of_order"):
        report.add(name, getattr(verdict, name), "count", 0)
    report.add("faults", len(verdict.faults), "count", 0)
    report.add("minutes", outcome.seconds / 60, "min")
    for fault in verdict.faults:
        say(fault)
    if not json:
        cells = {(name, "value"): f"{figure.value:g}" for name, figure in report.figures.items()}
        show_table("Chaos", list(report.figures), ["value"], cells)
    sys.stdout.write(report.line() + "\n")


_UNITS = {"told": "updates", "attempts": "requests", "retries": "requests"}
