"""Writes against the peer: createQuote with five lines and signQuote, and a PostGraphile function for the same rows.

The functions are made of what the API's own transaction wrote, so both write the same rows through the same triggers.
In everything else the peer has it easier: its functions compute nothing, check nothing and run as the tables' owner.
Bar: at least PostGraphile's rate.
"""

import asyncio
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from statistics import median
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import orjson

from api.reading.ids import global_id, parse_id
from chargecars.bench.audiences import Person, person
from chargecars.bench.captured import Before, function_of, rows_of, standing
from chargecars.bench.client import Connection, post
from chargecars.bench.installation import Installation, installation
from chargecars.bench.peer import Missing, make_login, postgraphile
from chargecars.bench.report import Report, say, show_table
from chargecars.demo.people import PASSWORD
from tenants.engine import connect_args

API, PEER = "api", "postgraphile"
_CONNECTIONS = (1, 16)
_ROUNDS = 5
_EACH = 64
"""Requests per round, contender and number of connections."""
_CREATE = """mutation ($input: CreateQuoteInput!) {
  createQuote(input: $input) { quote { id number } userErrors { code message } } }"""
_SEND = """mutation ($id: ID!) {
  sendQuote(id: $id) { quote { id version { documentHash } } userErrors { code message } } }"""
_SIGN = """mutation ($input: SignQuoteInput!) {
  signQuote(input: $input) { order { id number } userErrors { code message } } }"""
_PORTAL = "laderthuis"
_STAFF, _CUSTOMER = f"admin@{_PORTAL}.example", f"klant@{_PORTAL}.example"
_ARTICLES = """
SELECT l.article_id FROM line_item l JOIN quote q ON q.id = l.quote_id JOIN article a ON a.id = l.article_id
WHERE q.entity_id = $1 AND a.active GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 5
"""


async def main(scale: int, json: bool) -> None:
    """Run it; a table unless only JSON is wanted, and the figures as the last line."""
    async with installation(scale, say) as place:
        with ExitStack() as stack:
            run = await _Write.at(place, stack)
            await run.measure()
    if not json:
        run.show(scale)
    print(run.report().line())  # noqa: T201  # a benchmark's output


@dataclass
class _Write:
    """One run: who writes, where, and how long it took."""

    place: Installation
    owner: "asyncpg.Connection[Any]"
    staff: Person
    customer: Person
    tokens: dict[str, str] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=dict)
    missing: str | None = None
    input: dict[str, Any] = field(default_factory=dict)
    rates: dict[tuple[str, str, int], list[float]] = field(default_factory=dict)
    """Writes per second by what is written, contender and number of connections, a value per round."""

    @classmethod
    async def at(cls, place: Installation, stack: ExitStack) -> "_Write":
        owner = await asyncpg.connect(**connect_args(place.settings.database_url))
        staff = await person(owner, "staff", _PORTAL, _STAFF)
        customer = await person(owner, "customer", _PORTAL, _CUSTOMER)
        run = cls(place, owner, staff, customer, ports={API: place.port})
        await run.make_functions()
        try:
            login = await make_login(place)
            log = place.settings.data_dir / "log" / "postgraphile.log"
            run.ports[PEER] = stack.enter_context(postgraphile(login, place.settings.database_pool_size, log))
        except Missing as reason:
            run.missing = str(reason)
        return run

    # --- what is compared ---------------------------------------------------------------------------------------

    async def make_functions(self) -> None:
        """Write once through the API, look at what that wrote, and make the peer's functions of it."""
        articles = await self.owner.fetch(_ARTICLES, self.staff.actor.entity_ids[0])
        lines = [{"articleId": global_id("Article", row["article_id"])} for row in articles]
        self.input = {"entityId": global_id("BusinessEntity", self.staff.actor.entity_ids[0]), "lines": lines}
        assert self.customer.actor.contact_id
        self.input["endCustomerId"] = global_id("Contact", self.customer.actor.contact_id)
        for member in (self.staff, self.customer):
            login = {"email": member.email, "password": PASSWORD}
            self.tokens[member.name] = (await self._ask("/auth/login", login))["access_token"]
        made = await self._mutate(self.staff, _CREATE, {"input": self.input})
        await self._make("bench_create_quote", await self._rows("quote", made["quote"]["id"], {}), {}, made["quote"])
        quote, document = await self._sent(made["quote"]["id"])
        keys = [row["id"] for row in await self.owner.fetch(_OF_QUOTE, quote)]
        before = await standing(self.owner, [*keys, self.customer.actor.contact_id])
        signed = await self._mutate(self.customer, _SIGN, {"input": _signing(made["quote"]["id"], document)})
        rows = await self._rows("order", signed["order"]["id"], before)
        given = await self.owner.fetchrow(_KEYS, quote)
        await self._make(
            "bench_sign_quote", rows, {name: str(key) for name, key in dict(given or {}).items()}, signed["order"]
        )

    async def _make(self, name: str, rows: Sequence[Any], given: dict[str, str], made: dict[str, Any]) -> None:
        say(f"{name} writes {_counted(rows)}")
        await self.owner.execute(function_of(name, list(rows), made["number"], given))

    async def _rows(self, table: str, id: str, before: Before) -> list[Any]:
        key = parse_id(id, "id")[1]
        transaction = await self.owner.fetchval(f'SELECT xmin::text FROM "{table}" WHERE id = $1', key)  # noqa: S608  # one of two names
        return await rows_of(self.owner, transaction, before)

    async def _sent(self, quote: str) -> tuple[UUID, str]:
        sent = await self._mutate(self.staff, _SEND, {"id": quote})
        return parse_id(quote, "id")[1], sent["quote"]["version"]["documentHash"]

    # --- measuring ----------------------------------------------------------------------------------------------

    async def measure(self) -> None:
        """Round by round, each contender in turn."""
        for number in range(_ROUNDS):
            for connections in _CONNECTIONS:
                for contender in self.ports:
                    creating = [self._creating(contender) for _ in range(_EACH)]
                    await self._time("create_quote", contender, connections, creating)
                    signing = [await self._signing(contender) for _ in range(_EACH)]
                    await self._time("sign_quote", contender, connections, signing)
            say(f"round {number + 1} of {_ROUNDS}")
        await self.owner.close()

    async def _time(self, what: str, contender: str, connections: int, requests: list[bytes]) -> None:
        waiting = list(requests)
        opened = [Connection("127.0.0.1", self.ports[contender]) for _ in range(connections)]

        async def work(connection: Connection) -> None:
            while waiting:
                _refuse_failure(what, contender, await connection.send(waiting.pop()))

        began = time.perf_counter()
        await asyncio.gather(*map(work, opened))
        rate = len(requests) / (time.perf_counter() - began)
        self.rates.setdefault((what, contender, connections), []).append(rate)
        await asyncio.gather(*(connection.close() for connection in opened))

    def _creating(self, contender: str) -> bytes:
        if contender == API:
            return self._request(self.staff, _CREATE, {"input": self.input})
        return _of_peer(self.staff, "mutation { benchCreateQuote(input: {}) { result } }", {})

    async def _signing(self, contender: str) -> bytes:
        """A signature under a quote of its own, made and sent before the clock runs."""
        made = await self._mutate(self.staff, _CREATE, {"input": self.input})
        quote, document = await self._sent(made["quote"]["id"])
        if contender == API:
            return self._request(self.customer, _SIGN, {"input": _signing(made["quote"]["id"], document)})
        keys = dict(await self.owner.fetchrow(_KEYS, quote) or {})
        given = {f"p{name.title().replace('_', '')}": str(key) for name, key in keys.items()}
        declared = ", ".join(f"${name}: UUID!" for name in given)
        passed = ", ".join(f"{name}: ${name}" for name in given)
        document = f"mutation ({declared}) {{ benchSignQuote(input: {{{passed}}}) {{ result }} }}"
        return _of_peer(self.customer, document, given)

    def report(self) -> Report:
        """The figures with the bars of the issue."""
        report = Report("write")
        for what in ("create_quote", "sign_quote"):
            for connections in _CONNECTIONS:
                own, theirs = (self._median(what, who, connections) for who in (API, PEER))
                ratio = own / theirs if own and theirs else None
                report.add(f"{what}_vs_{PEER}_{connections}", ratio, "ratio", 1.0, self.missing, at_least=True)
                for contender in self.ports:
                    rate = self._median(what, contender, connections)
                    report.add(f"{what}_{contender}_rate_{connections}", rate, "writes/s")
        return report

    def _median(self, what: str, contender: str, connections: int) -> float | None:
        found = self.rates.get((what, contender, connections))
        return median(found) if found else None

    def show(self, scale: int) -> None:
        """Writes per second of each contender."""
        columns = [f"{contender} {connections}" for connections in _CONNECTIONS for contender in self.ports]
        cells = {
            (what, f"{contender} {connections}"): f"{median(rates):,.0f}"
            for (what, contender, connections), rates in self.rates.items()
        }
        show_table(f"Writes per second, scale {scale}", ["create_quote", "sign_quote"], columns, cells)
        if self.missing:
            say(self.missing)

    # --- asking -------------------------------------------------------------------------------------------------

    async def _mutate(self, who: Person, document: str, variables: dict[str, Any]) -> Any:
        answer = await self._send(self._request(who, document, variables))
        (payload,) = answer["data"].values()
        if payload["userErrors"]:
            raise RuntimeError(payload["userErrors"])
        return payload

    async def _ask(self, path: str, body: dict[str, Any]) -> Any:
        return await self._send(post(self._host, path, body))

    async def _send(self, request: bytes) -> Any:
        connection = Connection("127.0.0.1", self.place.port)
        try:
            return orjson.loads((await connection.send(request))[1])
        finally:
            await connection.close()

    def _request(self, who: Person, document: str, variables: dict[str, Any]) -> bytes:
        body = {"query": document, "variables": variables}
        headers = {"Idempotency-Key": str(uuid4())} if document is _SIGN else {}
        return post(self._host, "/graphql", body, self.tokens[who.name], headers)

    @property
    def _host(self) -> str:
        return f"{_PORTAL}.{self.place.settings.base_domain}:{self.place.port}"


_OF_QUOTE = """
SELECT id FROM quote WHERE id = $1 UNION ALL SELECT id FROM quote_version WHERE quote_id = $1
UNION ALL SELECT id FROM quote_party WHERE quote_id = $1 UNION ALL SELECT id FROM line_item WHERE quote_id = $1
UNION ALL SELECT entity_id FROM quote WHERE id = $1
"""
_KEYS = """
SELECT v.quote_id AS quote, v.id AS version, p.id AS party FROM quote_version v
JOIN quote_party p ON p.quote_version_id = v.id WHERE v.quote_id = $1
"""


def _signing(quote: str, document: str) -> dict[str, Any]:
    return {"quoteId": quote, "documentHash": document}


def _counted(rows: Sequence[Any]) -> str:
    tables = [row.table for row in rows]
    return ", ".join(f"{tables.count(name)} {name}" for name in dict.fromkeys(tables))


def _of_peer(who: Person, document: str, variables: dict[str, Any]) -> bytes:
    settings = {"role": who.actor.audience.database_role, **who.actor.settings()}
    body = {"query": document, "variables": variables}
    return post("127.0.0.1", "/graphql", body, None, {"x-pg-settings": orjson.dumps(settings).decode()})


def _refuse_failure(what: str, contender: str, answer: tuple[int, bytes]) -> None:
    status, body = answer
    said = orjson.loads(body)
    payload = next(iter((said.get("data") or {"": None}).values()))
    if status != 200 or said.get("errors") or not payload or payload.get("userErrors"):
        raise RuntimeError(f"{contender}, {what}: {status} {body[:800].decode(errors='replace')}")
