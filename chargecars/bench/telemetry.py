"""Telemetry under load, with the processes of production: an API, the telemetry process, a broker, PostgreSQL.

Readings per second that are committed, with their roll-ups: through MQTT (the embedded broker, and Mosquitto where it
is installed) and through OCPP. Beside them, in turns, asyncpg's COPY of the same rows into a plain table in partitions
with the same unique index. Then: how long after publishing a subscriber has a reading, what 2,000 OCPP sockets of one
process cost, and how long a month of hours of one charger takes among `--scale` times five million readings.
"""

import os
import statistics
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import orjson

from chargecars.bench.audiences import Person, people
from chargecars.bench.client import Connection, Refused, post
from chargecars.bench.installation import Installation, installation
from chargecars.bench.metering import brokers, copying, history, sockets, subscribing
from chargecars.bench.metering.rows import Load, readings
from chargecars.bench.report import Report, say, show_table
from chargecars.demo.people import PASSWORD
from chargecars.fleet.enrolling import enrolled
from chargecars.fleet.run import Plan
from tenants.engine import Database, connect_args, role_password

_CHARGERS, _SOCKETS = 64, 2_000
_TOGETHER = 60
_ROUNDS = 3
_MESSAGES = 60
"""Of each charger in a round."""
_MILLIONS = 5
_RATE, _SECONDS, _WATCHED = 1_000, 12.0, 16
"""Single readings per second over as many chargers; the first second does not count."""
_LIMITS = {"OCPP_MESSAGES_PER_SECOND": "100000"}
_COMMITTED = "SELECT coalesce(sum(readings), 0) FROM telemetry_day"
_EMPTY = (
    "TRUNCATE telemetry_reading, telemetry_minute, telemetry_hour, telemetry_day, telemetry_latest, reading_correction"
)
_PATIENCE_SECONDS = 120.0


async def main(scale: int, json: bool, quick: bool = False) -> None:
    """Run it; `quick` makes each round a third as long. Prints a table unless only JSON is wanted."""
    async with installation(1, say, purpose="telemetry", **_LIMITS) as place:
        run = await Run.at(place, 20 if quick else _MESSAGES)
        try:
            await run.measure(scale * _MILLIONS * 1_000_000)
        finally:
            await run.close()
    if not json:
        run.show()
    print(run.report.line())  # noqa: T201  # a benchmark's output


@dataclass
class Run:
    """One run on one installation."""

    place: Installation
    owner: "asyncpg.Connection[asyncpg.Record]"
    database: Database
    person: Person
    secrets: list[tuple[str, str]]
    chargers: list[UUID]
    messages: int
    start: datetime
    report: Report = field(default_factory=lambda: Report("telemetry"))
    first: int = 0
    """Number of the next reading of each charger."""
    used: float = 0
    """Seconds of the telemetry process's time for a reading of the last round."""

    @classmethod
    async def at(cls, place: Installation, messages: int) -> "Run":
        database = Database(place.settings.database_url, role_password(place.settings))
        owner = await asyncpg.connect(**connect_args(place.settings.database_url))
        fleet = Plan(_SOCKETS).hardware("BENCH-")
        say(f"{_SOCKETS} chargers")
        secrets = await enrolled(place.settings, database, "CC", fleet)
        names = [hardware.identity for hardware in fleet]
        ids = {row[0]: row[1] for row in await owner.fetch("SELECT identity, id FROM charger")}
        start = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=3)
        await owner.execute(_EMPTY)
        await copying.make(owner)
        person = (await people(owner))["staff"]
        pairs = [(name, secrets[name]) for name in names]
        return cls(place, owner, database, person, pairs, [ids[name] for name in names], messages, start)

    async def close(self) -> None:
        """Give back the disk space: what is kept for the next run are the chargers."""
        await copying.drop(self.owner)
        await self.owner.execute(_EMPTY)
        await self.owner.close()
        await self.database.close()

    async def measure(self, readings: int) -> None:
        """Everything, one after the other."""
        self.report.add("load_average_before", os.getloadavg()[0], "processes")
        async with brokers.embedded(self.place) as running:
            await self._through("mqtt_embedded", running, bar=0.5)
            await self._latency(running.port)
        if (program := brokers.mosquitto()) is None:
            self._no_mosquitto("mosquitto is not installed")
        else:
            async with brokers.with_mosquitto(self.place, program) as running:
                await self._through("mqtt_mosquitto", running, bar=0.5)
        await self._ocpp()
        await self._history(readings)

    # --- readings per second --------------------------------------------------------------------------------------

    async def _through(self, name: str, running: brokers.Running, bar: float) -> None:
        """Rounds of COPY and of chargers by turns, after one that does not count; then single readings."""
        await self._round(running, Load(_CHARGERS, 5, _TOGETHER))
        copied, through, used = [], [], list[float]()
        for _ in range(_ROUNDS):
            load = Load(_CHARGERS, self.messages, _TOGETHER, self.first)
            rows = list(readings(load, self.chargers, self.start))
            copied.append(await copying.rate(self.owner, rows, self.place.settings.telemetry_batch_readings))
            through.append(await self._round(running, load))
            used.append(self.used)
            say(f"{name}: {through[-1]:,.0f} readings/s, COPY {copied[-1]:,.0f}")
        single = await self._round(running, Load(_CHARGERS, self.messages * 3, 1))
        say(f"{name}: {single:,.0f} messages of one reading/s")
        self.report.add(f"copy_beside_{name}", statistics.median(copied), "readings/s")
        self.report.add(f"{name}_readings", statistics.median(through), "readings/s")
        ratio = statistics.median(t / c for t, c in zip(through, copied, strict=True))
        self.report.add(f"{name}_vs_copy", ratio, "ratio", bar, at_least=True)
        self.report.add(f"{name}_process_cpu", statistics.median(used) * 1e6, "µs/reading")
        self.report.add(f"{name}_single_readings", single, "readings/s")

    async def _round(self, running: brokers.Running, load: Load) -> float:
        """Readings per second, from the first that is sent to the commit of the last."""
        load = Load(load.chargers, load.messages, load.together, self.first)
        self.first += load.messages * load.together
        asked = {name: getattr(load, name) for name in ("chargers", "messages", "together", "first")}
        before = await self._committed()
        secrets = self.secrets[: load.chargers]
        async with brokers.publisher(running.port, secrets, load=asked, start=self.start.isoformat()) as chargers:
            used, began = running.cpu_seconds(), await chargers.go()
            await chargers.done()
            await self._until(before + load.readings)
            seconds = time.perf_counter() - began
        self.used = (running.cpu_seconds() - used) / load.readings
        return load.readings / seconds

    async def _until(self, count: int) -> None:
        until = time.perf_counter() + _PATIENCE_SECONDS
        while (there := await self._committed()) < count:
            if time.perf_counter() > until:
                raise Refused(f"{there} of {count} readings were committed")

    async def _committed(self) -> int:
        """By the roll-ups, which are committed with the readings."""
        return int(await self.owner.fetchval(_COMMITTED))

    def _no_mosquitto(self, why: str) -> None:
        say(why)
        self.report.add("mqtt_mosquitto_vs_copy", None, "ratio", 0.5, why, at_least=True)

    async def _latency(self, port: int) -> None:
        """From when a charger sends a reading until its subscriber has it or a newer one."""
        paced = slice(_CHARGERS, 2 * _CHARGERS)
        token, watched = await self._token(), self.chargers[paced][:_WATCHED]
        given = {"rate": _RATE, "seconds": _SECONDS, "first": 1}
        async with (
            subscribing.watching(self.place.port, self._host, token, watched) as seen,
            brokers.publisher(port, self.secrets[paced], **given) as chargers,
        ):
            await chargers.go()
            await chargers.done()
            found = await seen.latencies(self.owner, _RATE)
        expected = _RATE * (_SECONDS - 1) * _WATCHED / _CHARGERS
        if len(found) < expected * 0.9:
            raise Refused(f"{len(found)} of {expected:.0f} readings reached their subscribers")
        p95 = statistics.quantiles(found, n=20)[-1] * 1_000
        say(f"publish to subscriber at {_RATE}/s: p95 {p95:.0f} ms")
        self.report.add("publish_to_subscriber_median", statistics.median(found) * 1_000, "ms")
        self.report.add("publish_to_subscriber_p95", p95, "ms", 500.0)

    def show(self) -> None:
        cells = {
            (name, "value"): f"{f.value:,.2f} {f.unit}"
            for name, f in self.report.figures.items()
            if f.value is not None
        }
        show_table("Telemetry", list(self.report.figures), ["value"], cells)

    # --- the rest ---------------------------------------------------------------------------------------------------

    async def _ocpp(self) -> None:
        start = self.start + timedelta(seconds=self.first)
        for name, value, unit in await sockets.measure(self.place, self.secrets, start, self._committed):
            self.report.add(name, value, unit)

    async def _history(self, readings: int) -> None:
        month = self.chargers[2 * _CHARGERS : -sockets.TALKING]
        filled = await history.fill(self.owner, month, readings)
        found = await history.measure(self.place, self.owner, self._host, await self._token(), filled)
        self.report.add("history_readings", found.readings, "readings")
        self.report.add("month_of_hours_median", found.median_ms, "ms")
        self.report.add("month_of_hours_p95", found.p95_ms, "ms", 50.0)

    @property
    def _host(self) -> str:
        return f"{self.person.portal}.{self.place.settings.base_domain}:{self.place.port}"

    async def _token(self) -> str:
        connection = Connection(self.place.host, self.place.port)
        try:
            login = {"email": self.person.email, "password": PASSWORD}
            status, body = await connection.send(post(self._host, "/auth/login", login))
        finally:
            await connection.close()
        if status != 200:
            raise Refused(f"{status}: {body[:500].decode(errors='replace')}")
        return str(orjson.loads(body)["access_token"])
