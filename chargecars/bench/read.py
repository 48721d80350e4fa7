"""Reads against the peer and against the limit: the API, PostGraphile and asyncpg by hand on the same rows.

The answers are compared first. Then wrk asks each contender in turn, round by round, and the medians count. Bars: at 32
connections at least three times PostGraphile's rate and 0.85 of the hand-written endpoint's, a p99 no worse than
PostGraphile's, and an API process below 250 MiB.
"""

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from api.reading.ids import parse_id
from chargecars.bench import wrk
from chargecars.bench.audiences import Person, people
from chargecars.bench.client import Connection, post
from chargecars.bench.installation import Installation, free_port, installation
from chargecars.bench.orders_asked import ASKED, Asked, comparable
from chargecars.bench.peer import Missing, make_login, postgraphile
from chargecars.bench.report import Report, say, show_table
from chargecars.bench.wrk import Load, Question
from chargecars.demo.people import PASSWORD
from chargecars.stack.child import Child
from tenants.engine import connect_args

_AUDIENCES = {"staff": "staff", "partner": "partner_big"}
_CONNECTIONS = (1, 32)
_ROUNDS = 3
_SECONDS = 3.0
_WARM_UP_SECONDS = 1.0
_READY_SECONDS = 30.0
_LIMITS = {"MAX_PAGE_SIZE": "500", "COST_MAXIMUM": "1000000"}
API, PEER, BY_HAND = "api", "postgraphile", "asyncpg"
_TIMES_PEER, _OF_BY_HAND, _MOST_MIB = 3.0, 0.85, 250.0


async def main(scale: int, json: bool) -> None:
    """Run it; a table unless only JSON is wanted, and the figures as the last line."""
    async with installation(scale, say, **_LIMITS) as place:
        with ExitStack() as stack:
            run = await _Read.at(place, stack)
            await run.measure()
    if not json:
        run.show(scale)
    print(run.report().line())  # noqa: T201  # a benchmark's output


@dataclass
class _Read:
    """One run: who answers where, what is asked of whom, what was measured."""

    place: Installation
    ports: dict[str, int]
    missing: dict[str, str]
    questions: dict[tuple[str, str, str], Question]
    """By contender, what is asked and audience."""
    found: dict[tuple[str, str, str, int], list[Load]] = field(default_factory=dict)
    memory_mib: float = 0.0

    @classmethod
    async def at(cls, place: Installation, stack: ExitStack) -> "_Read":
        login = await make_login(place)
        ports = {API: place.port, BY_HAND: stack.enter_context(_by_hand(place))}
        missing = {}
        try:
            log = place.settings.data_dir / "log" / "postgraphile.log"
            ports[PEER] = stack.enter_context(postgraphile(login, place.settings.database_pool_size, log))
        except Missing as reason:
            missing[PEER] = str(reason)
        run = cls(place, ports, missing, {})
        await run.ask_all()
        return run

    async def ask_all(self) -> None:
        owner = await asyncpg.connect(**connect_args(self.place.settings.database_url))
        try:
            known = await people(owner)
            for audience, name in _AUDIENCES.items():
                await self._ask(audience, known[name])
        finally:
            await owner.close()

    async def _ask(self, audience: str, person: Person) -> None:
        host = f"{person.portal}.{self.place.settings.base_domain}:{self.place.port}"
        login = {"email": person.email, "password": PASSWORD}
        token = (await self._answer(self.place.port, post(host, "/auth/login", login)))["access_token"]
        newest = {"query": "{ orders(first: 1, filter: {stage: {eq: COMPLETED}}) { nodes { id } } }"}
        first = await self._answer(self.place.port, post(host, "/graphql", newest, token))
        key = parse_id(first["data"]["orders"]["nodes"][0]["id"], "id")[1]
        for asked in ASKED:
            for contender, port in self.ports.items():
                self.questions[contender, asked.name, audience] = _question(
                    contender, port, asked, person, host, token, key
                )
            await self._compare(asked, audience)

    async def _compare(self, asked: Asked, audience: str) -> None:
        """Raises: AssertionError where the contenders do not say the same."""
        said = {}
        for contender in self.ports:
            question = self.questions[contender, asked.name, audience]
            answer = await self._answer(self.ports[contender], _as_bytes(question))
            if answer.get("errors"):
                raise RuntimeError(f"{contender}: {answer['errors']}")
            said[contender] = comparable(asked, answer["data"])
        for contender, orders in said.items():
            if not orders or orders != said[API]:
                raise AssertionError(f"{contender} answers {asked.name} for {audience} differently")
        say(f"{asked.name}, {audience}: {len(said[API])} orders, the same from {', '.join(said)}")

    async def _answer(self, port: int, request: bytes) -> Any:
        connection = Connection("127.0.0.1", port)
        try:
            return orjson.loads((await connection.send(request))[1])
        finally:
            await connection.close()

    async def measure(self) -> None:
        """Every contender in turn, so that whatever else the machine does hits all alike."""
        try:
            wrk.program()
        except Missing as reason:
            self.missing["wrk"] = str(reason)
            return
        for question in self.questions.values():
            await wrk.load(question, 32, _WARM_UP_SECONDS)
        for number in range(_ROUNDS):
            for key, question in self.questions.items():
                for connections in _CONNECTIONS:
                    self.found.setdefault((*key, connections), []).append(
                        await wrk.load(question, connections, _SECONDS)
                    )
            say(f"round {number + 1} of {_ROUNDS}")
        self.memory_mib = _memory_mib(self.place.pid)

    def report(self) -> Report:
        """The figures with the bars of the issue."""
        report = Report("read")
        for asked in ASKED:
            for audience in _AUDIENCES:
                for connections in _CONNECTIONS:
                    self._rates(report, asked.name, audience, connections)
        report.add("api_memory", self.memory_mib or None, "MiB", _MOST_MIB, self.missing.get("wrk"))
        return report

    def _rates(self, report: Report, asked: str, audience: str, connections: int) -> None:
        name, barred = f"{asked}_{audience}", connections == 32
        for other, bar in ((PEER, _TIMES_PEER), (BY_HAND, _OF_BY_HAND)):
            ratio = self._ratio(asked, audience, connections, other)
            why = self.missing.get(other) or self.missing.get("wrk")
            report.add(f"{name}_vs_{other}_{connections}", ratio, "ratio", bar if barred else None, why, at_least=True)
        for contender in self.ports:
            if rate := self._median(contender, asked, audience, connections):
                report.add(f"{name}_{contender}_rate_{connections}", rate, "requests/s")
        peer, own = (self._p99(who, asked, audience, connections) for who in (PEER, API))
        worse = own / peer if own and peer else None
        why = self.missing.get(PEER) or self.missing.get("wrk")
        report.add(f"{name}_p99_vs_{PEER}_{connections}", worse, "ratio", 1.0 if barred else None, why)

    def _ratio(self, asked: str, audience: str, connections: int, other: str) -> float | None:
        own, theirs = (self._median(who, asked, audience, connections) for who in (API, other))
        return own / theirs if own and theirs else None

    def _median(self, contender: str, asked: str, audience: str, connections: int) -> float | None:
        loads = self.found.get((contender, asked, audience, connections))
        return median(load.rate for load in loads) if loads else None

    def _p99(self, contender: str, asked: str, audience: str, connections: int) -> float | None:
        loads = self.found.get((contender, asked, audience, connections))
        return median(load.p99_ms for load in loads) if loads else None

    def show(self, scale: int) -> None:
        """Requests per second of each contender."""
        rows = [f"{asked.name}, {audience}" for asked in ASKED for audience in _AUDIENCES]
        columns = [f"{contender} {connections}" for connections in _CONNECTIONS for contender in self.ports]
        cells = {
            (f"{asked}, {audience}", f"{contender} {connections}"): f"{median(load.rate for load in loads):,.0f}"
            for (contender, asked, audience, connections), loads in self.found.items()
        }
        show_table(f"Requests per second over 1 and 32 connections, scale {scale}", rows, columns, cells)
        for reason in self.missing.values():
            say(reason)


def _question(contender: str, port: int, asked: Asked, person: Person, host: str, token: str, key: UUID) -> Question:
    url, bearer = f"http://127.0.0.1:{port}", {"Host": host, "Authorization": f"Bearer {token}"}
    if contender == BY_HAND:
        return Question(f"{url}/", orjson.dumps(asked.by_hand(key)).decode(), bearer)
    if contender == API:
        return Question(f"{url}/graphql", orjson.dumps(asked.ours(key)).decode(), bearer)
    settings = {"role": person.actor.audience.database_role, **person.actor.settings()}
    body = orjson.dumps(asked.theirs(key, person.actor)).decode()
    return Question(f"{url}/graphql", body, {"x-pg-settings": orjson.dumps(settings).decode()})


def _as_bytes(question: Question) -> bytes:
    path = "/" + question.url.split("/", 3)[3]
    headers = {"Host": "127.0.0.1", "Content-Type": "application/json", **question.headers}
    lines = [f"POST {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    body = question.body.encode()
    return "\r\n".join([*lines, f"Content-Length: {len(body)}"]).encode() + b"\r\n\r\n" + body


@contextmanager
def _by_hand(place: Installation) -> Iterator[int]:
    """The hand-written endpoint as a process, on a free port."""
    port = free_port()
    options = ["--port", str(port), "--log-level", "warning", "--no-access-log"]
    command = [sys.executable, "-m", "uvicorn", "chargecars.bench.handwritten:app", *options]
    log = place.settings.data_dir / "log" / "handwritten.log"
    child = Child("asyncpg", command, log, environment=place.environment)
    try:
        child.wait_until(lambda: _listens(port), _READY_SECONDS)
        yield port
    finally:
        child.stop()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _memory_mib(pid: int) -> float:
    """Resident memory of a process, from Linux's own account."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
