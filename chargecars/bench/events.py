"""Subscriptions under load: one API process as in production, real WebSockets, clients in a process of their own.

An update is a note on an order: a transaction, its position, the relay, the doorbell, one statement for all
subscribers, one frame to each. Beside it the npm server graphql-ws on ws, without compression, which is handed the
finished updates on its standard input. Bars: 1.5 times its deliveries per second at 500 subscribers; p95 from the
commit to the last of 5,000 subscribers below 250 ms at 20 updates per second; 60 kB per idle subscriber.
"""

import asyncio
import os
import resource
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from api.reading.ids import global_id
from chargecars.bench.audiences import Person, people
from chargecars.bench.client import Connection, Refused, post
from chargecars.bench.following import Followers, Publish, followers, latencies, p95_ms, saturation, warm_up
from chargecars.bench.installation import Installation, free_port, installation
from chargecars.bench.peer import Missing, installed, node_of
from chargecars.bench.report import Report, say, show_table
from chargecars.demo.people import PASSWORD
from chargecars.stack.child import Child
from domain.orders import service as orders
from tenants.engine import Database, connect_args, role_password

QUERY = """subscription($id: ID) { orderUpdated(id: $id) {
  cursor event { type payload } order { id number stage progress } } }"""
_FEW, _MANY = 500, 5_000
_RATE, _SECONDS = 20, 10.0
_SATURATED_SECONDS = 8.0
_SETTLE_SECONDS = 3.0
_LIMITS = {"LIVE_CONNECTIONS": "20000", "LIVE_CONNECTIONS_PER_LOGIN": "20000"}
"""All subscribers are one login."""
_ORDER = """SELECT id FROM "order" WHERE entity_id = ANY ($1) AND stage = 'RECEIVED' ORDER BY id LIMIT 1"""


async def main(scale: int, json: bool) -> None:
    """Run it; prints tables unless only JSON is wanted, and the figures as the last line."""
    _allow_descriptors()
    async with installation(scale, say, **_LIMITS) as place:
        with _worker(place):
            run = await Run.at(place)
            try:
                await run.measure()
            finally:
                await run.database.close()
    if not json:
        run.show()
    print(run.report().line())  # noqa: T201  # a benchmark's output


@dataclass
class Run:
    """One run: who subscribes to what, and what was measured, by contender and number of subscribers."""

    place: Installation
    person: Person
    order_id: UUID
    database: Database
    rates: dict[tuple[str, int], float] = field(default_factory=dict)
    p95: dict[tuple[str, int], float] = field(default_factory=dict)
    kilobytes: float | None = None
    missing: dict[int, str] = field(default_factory=dict)
    """Why there is no figure of the peer."""

    @classmethod
    async def at(cls, place: Installation) -> "Run":
        owner = await asyncpg.connect(**connect_args(place.settings.database_url))
        try:
            person = (await people(owner))["staff"]
            order_id = await owner.fetchval(_ORDER, list(person.actor.entity_ids))
        finally:
            await owner.close()
        return cls(place, person, order_id, Database(place.settings.database_url, role_password(place.settings)))

    async def measure(self) -> None:
        """The memory first, while nothing else has happened in the process."""
        given = {"port": self.place.port, "host": self._host, "token": await self._token(), **self._asked}
        await self._memory(given)
        for count in (_FEW, _MANY):
            await self._contender("chargecars", count, self._publish, given)
        try:
            async with graphql_ws(self.place.settings.data_dir / "log" / "graphql-ws.log") as peer:
                given |= {"port": peer.port}
                await self._contender("graphql-ws", _FEW, self._hand_to(peer), given)
                await self._peer_of_many(peer, given)
        except Missing as missing:
            self.missing = dict.fromkeys((_FEW, _MANY), str(missing))
            say(f"no peer: {missing}")

    async def _peer_of_many(self, peer: "Peer", given: dict[str, Any]) -> None:
        """No bar depends on it, and it may be more than the peer can do here."""
        try:
            await self._saturated("graphql-ws", _MANY, self._hand_to(peer), given)
        except Refused as refused:
            self.missing[_MANY] = f"graphql-ws gave up: {refused}"
            say(self.missing[_MANY])

    async def _memory(self, given: dict[str, Any]) -> None:
        """Of the API's process, with many idle subscribers and with a few."""
        async with followers(10, **given) as few:
            await warm_up(few, self._publish)
            await asyncio.sleep(_SETTLE_SECONDS)
            before = _resident_kb(self.place.pid)
            async with followers(_MANY, **given):
                await asyncio.sleep(_SETTLE_SECONDS)
                self.kilobytes = (_resident_kb(self.place.pid) - before) / _MANY
        say(f"{self.kilobytes:.1f} kB per idle subscriber")

    async def _contender(self, name: str, count: int, publish: Publish, given: dict[str, Any]) -> None:
        """At a steady rate, then as much as it can."""
        async with followers(count, **given) as subscribed:
            await warm_up(subscribed, publish)
            found = await latencies(subscribed, publish, _RATE, _SECONDS)
            self.p95[name, count] = p95_ms(found)
            _check_all(subscribed)
        say(f"{name}, {count} subscribers: p95 {self.p95[name, count]:.0f} ms")
        await self._saturated(name, count, publish, given)

    async def _saturated(self, name: str, count: int, publish: Publish, given: dict[str, Any]) -> None:
        """As much as it can; the peer cannot keep up with the steady rate at 5,000."""
        async with followers(count, **given) as subscribed:
            await warm_up(subscribed, publish)
            self.rates[name, count] = await saturation(subscribed, publish, _SATURATED_SECONDS)
            _check_all(subscribed)
        say(f"{name}, {count} subscribers: {self.rates[name, count]:,.0f} deliveries/s")

    # --- what happens -------------------------------------------------------------------------------------------

    async def _publish(self, numbers: list[int]) -> float:
        async with self.database.session(self.person.actor) as session:
            for number in numbers:
                await orders.note(session, self.order_id, f"n={number};", internal=False)
            return time.time()  # leaving commits

    def _hand_to(self, peer: "Peer") -> Publish:
        async def publish(numbers: list[int]) -> float:
            began = time.time()
            peer.hand([self._update(number) for number in numbers])
            return began

        return publish

    def _update(self, number: int) -> dict[str, Any]:
        """As large as what the API sends."""
        return {
            "cursor": "1qFA7Lbrr2-K9QuoL7XBqQ",
            "event": {"type": "order.noted", "payload": {"note": f"n={number};", "number": "CC-2026-00001"}},
            "order": {"id": self._id, "number": "CC-2026-00001", "stage": "RECEIVED", "progress": 10},
        }

    # --- who asks -----------------------------------------------------------------------------------------------

    @property
    def _id(self) -> str:
        return global_id("Order", self.order_id)

    @property
    def _asked(self) -> dict[str, Any]:
        return {"query": QUERY, "variables": {"id": self._id}}

    @property
    def _host(self) -> str:
        return f"{self.person.portal}.{self.place.settings.base_domain}:{self.place.port}"

    async def _token(self) -> str:
        connection = Connection(self.place.host, self.place.port)
        try:
            request = post(self._host, "/auth/login", {"email": self.person.email, "password": PASSWORD})
            status, body = await connection.send(request)
        finally:
            await connection.close()
        if status != 200:
            raise Refused(f"{status}: {body[:500].decode(errors='replace')}")
        return str(orjson.loads(body)["access_token"])

    # --- what came of it ----------------------------------------------------------------------------------------

    def report(self) -> Report:
        """All figures."""
        report = Report("events")
        for (name, count), rate in self.rates.items():
            report.add(f"deliveries_{name}_{count}", rate, "deliveries/s")
        for count in (_FEW, _MANY):
            ours, theirs = self.rates["chargecars", count], self.rates.get(("graphql-ws", count))
            bar = 1.5 if count == _FEW else None
            times = ours / theirs if theirs else None
            report.add(f"deliveries_vs_graphql_ws_{count}", times, "ratio", bar, self.missing.get(count), at_least=True)
        for (name, count), found in self.p95.items():
            bar = 250.0 if (name, count) == ("chargecars", _MANY) else None
            report.add(f"commit_to_last_p95_{name}_{count}", found, "ms", bar)
        report.add("memory_per_idle_subscriber", self.kilobytes, "kB", 60.0)
        for each in report.failed:
            say(f"beyond its bar: {each}: {report.figures[each].value} {report.figures[each].unit}")
        return report

    def show(self) -> None:
        """A table to read."""
        cells: dict[tuple[str, str], str] = {}
        for (name, count), rate in self.rates.items():
            found = self.p95.get((name, count))
            cells[name, f"{count} subscribers"] = f"{rate:,.0f} · {'–' if found is None else f'{found:.0f}'}"
        title = f"Deliveries per second at saturation · p95 in ms from commit to the last subscriber at {_RATE}/s"
        show_table(title, ["chargecars", "graphql-ws"], [f"{count} subscribers" for count in (_FEW, _MANY)], cells)


def _check_all(subscribed: Followers) -> None:
    if subscribed.closed:
        raise Refused(f"{subscribed.closed} of {subscribed.count} were hung up on")


def _allow_descriptors() -> None:
    """As many as the system lets us have, also for the processes that are started."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _resident_kb(pid: int) -> int:
    """What of a process is in memory."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))


@contextmanager
def _worker(place: Installation) -> Iterator[None]:
    """A worker, whose relay rings the doorbell."""
    command = [sys.executable, "-m", "chargecars", "worker"]
    child = Child("worker", command, place.settings.data_dir / "log" / "worker.log", environment=place.environment)
    try:
        yield
    finally:
        child.stop()


@dataclass
class Peer:
    """A running graphql-ws server."""

    port: int
    process: asyncio.subprocess.Process

    def hand(self, updates: list[dict[str, Any]]) -> None:
        """Let updates happen."""
        assert self.process.stdin is not None
        self.process.stdin.write(b"".join(orjson.dumps(update) + b"\n" for update in updates))


@asynccontextmanager
async def graphql_ws(log: Path) -> AsyncIterator[Peer]:
    """The npm server on a free port. Raises: Missing."""
    place, port = installed("events"), free_port()
    environment = {"PATH": os.defpath, "NODE_ENV": "production", "PORT": str(port)}
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            node_of(place), str(place / "server.mjs"), stdin=asyncio.subprocess.PIPE, stderr=output, env=environment
        )
    try:
        await _until_it_listens(port)
        yield Peer(port, process)
    finally:
        process.kill()
        await process.wait()


async def _until_it_listens(port: int) -> None:
    for _ in range(200):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.05)
        else:
            writer.close()
            return
    raise Missing("graphql-ws did not start")
