"""The benchmark `partner` from beginning to end."""

import os
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from chargecars.bench.audiences import people
from chargecars.bench.client import Connection, Refused, post, take_turns
from chargecars.bench.installation import Installation, installation
from chargecars.bench.partner import day, intake, many, twins
from chargecars.bench.partner.intake import Sender
from chargecars.bench.report import Report, say, show_table
from chargecars.demo.people import PASSWORD
from domain.bulk import exporting, operations
from domain.bulk.models import BulkSubject
from domain.bulk.options import Options
from domain.numbering.service import AMSTERDAM
from domain.partner_management import promises, scorecards
from domain.partner_management.models import ScorePeriod
from domain.partner_management.spans import Span, span_of
from tenants.actor import SYSTEM, Actor
from tenants.engine import Database, connect_args, role_password

_BAR_MS = 500.0
_LIST_MS = 1_000.0
_ORDERS, _POLLS, _ROUNDS, _AT_ONCE = 300, 300, 30, 4
_SAMPLE = 25
_IDLE = 1.0
_EXPORTS = (BulkSubject.PARTNER_ORDERS, BulkSubject.ORDERS, BulkSubject.CONTACTS)
_COUNT = """
SELECT count(*), count(*) FILTER (WHERE o.stage = 'CANCELLED'),
  coalesce(sum((SELECT sum(i.net_cents) FROM line_item i WHERE i.quote_version_id = o.quote_version_id))
    FILTER (WHERE o.stage <> 'CANCELLED'), 0)
FROM "order" o JOIN contact c ON c.id = o.account_contact_id
WHERE o.entity_id = $1 AND c.chain_organization_ids @> ARRAY[$2::uuid] AND o.created_at >= $3 AND o.created_at < $4
"""


class Different(Exception):
    """Two ways to the same answer do not come to the same."""


async def main(scale: int, json: bool) -> None:
    """Run it; a table unless only JSON is wanted, and the figures as the last line."""
    if (load := os.getloadavg()[0]) > _IDLE:
        say(f"other work runs here (load {load:.1f}): the figures are those of a busy machine")
    async with installation(scale, say, purpose="partner", RATE_LIMITS="off") as place:
        owner = await asyncpg.connect(**connect_args(place.settings.database_url), statement_cache_size=0)
        database = Database(place.settings.database_url, role_password(place.settings), 4, 0)
        run = Partners(place, owner, database)
        try:
            await run.measure()
        finally:
            await database.close()
            await owner.close()
    if not json:
        run.show()
    print(run.report.line())  # noqa: T201  # a benchmark's output


@dataclass
class Partners:
    """One run."""

    place: Installation
    owner: "asyncpg.Connection[Any]"
    database: Database
    report: Report = field(default_factory=lambda: Report("partner"))

    async def measure(self) -> None:
        self.by = await intake.sender(self.place, self.owner, self.database, 8)
        for part in (self.orders, self.scores, self.promised, self.exports, self.lists, self.day):
            await self._part(part)
        for each in self.report.failed:
            say(f"beyond its bar: {each}: {self.report.figures[each].value} {self.report.figures[each].unit}")

    by: Sender = field(init=False)

    async def _part(self, measure: Callable[[], Awaitable[None]]) -> None:
        """What cannot be measured is said, and the rest goes on."""
        name = measure.__name__
        try:
            await measure()
        except Exception as error:
            say(f"{name}: {error!r}")
            self.report.add(name, None, "", None, f"{type(error).__name__}: {error}"[:300])

    # --- orders -----------------------------------------------------------------------------------------------------

    async def orders(self) -> None:
        """One after the other, several at once, by hand, and asked for."""
        alone, numbers = await intake.send(self.place, self.by, _ORDERS, at_once=1)
        hand = await twins.insert_again(self.owner, numbers)
        busy, more = await intake.send(self.place, self.by, _ORDERS, at_once=_AT_ONCE)
        asked = await intake.poll(self.place, self.by, more[:_POLLS], at_once=1)
        each = await twins.rows_per_order(self.owner, numbers[0])
        say(f"{_ORDERS} orders of {each} rows: by hand to the same amounts")
        self.report.add("intake_p95", alone.p95_ms, "ms", _BAR_MS)
        self.report.add("intake_median", alone.median_ms, "ms")
        self.report.add("intake_rate", alone.rate, "1/s")
        self.report.add("intake_by_hand_median", hand.median_ms, "ms")
        self.report.add("intake_by_hand_rate", hand.rate, "1/s")
        self.report.add("intake_four_at_once_p95", busy.p95_ms, "ms", _BAR_MS)
        self.report.add("intake_four_at_once_rate", busy.rate, "1/s")
        self.report.add("status_poll_p95", asked.p95_ms, "ms", _BAR_MS)
        self.report.add("status_poll_rate", asked.rate, "1/s")

    # --- figures ----------------------------------------------------------------------------------------------------

    async def scores(self) -> None:
        """A month and a week of all partners; a sample counted partner by partner."""
        now = datetime.now(UTC)
        today = now.astimezone(AMSTERDAM).date()
        for period in ScorePeriod:
            span = span_of(period, today).before
            began = time.perf_counter()
            async with self.database.session(SYSTEM) as session:
                cards = await scorecards.refresh(session, self.by.entity_id, "EUR", span, now)
            self.report.add(f"scorecards_{period.lower()}", time.perf_counter() - began, "s")
            self.report.add(f"scorecards_{period.lower()}_partners", cards, "")
        await self._count(span_of(ScorePeriod.MONTH, today).before)

    async def _count(self, span: Span) -> None:
        rows = await self.owner.fetch(
            "SELECT organization_id, orders, cancelled, value_cents FROM partner_scorecard "
            "WHERE entity_id = $1 AND period = 'MONTH' AND starts_on = $2 ORDER BY orders DESC, id LIMIT $3",
            self.by.entity_id,
            span.starts_on,
            _SAMPLE,
        )
        began = time.perf_counter()
        for row in rows:
            given = (self.by.entity_id, row["organization_id"], span.first, span.after)
            counted = tuple(map(int, await self.owner.fetchrow(_COUNT, *given) or ()))
            if counted != (row["orders"], row["cancelled"], row["value_cents"]):
                raise Different(f"{row['organization_id']}: {counted}, the scorecard says {dict(row)}")
        if rows:
            self.report.add("scorecard_counted_alone", (time.perf_counter() - began) / len(rows) * 1000, "ms")

    async def promised(self) -> None:
        """One look at what all partners were promised."""
        began = time.perf_counter()
        async with self.database.session(SYSTEM) as session:
            await promises.look(session, self.by.entity_id, datetime.now(UTC))
        self.report.add("promises_look", time.perf_counter() - began, "s")

    # --- exports ----------------------------------------------------------------------------------------------------

    async def exports(self) -> None:
        """Whole tables as gzipped JSONL, by one worker."""
        actor = (await people(self.owner))["staff"].actor
        for subject in _EXPORTS:
            rows, seconds = await self._export(actor, subject)
            self.report.add(f"export_{subject.lower()}_rate", rows / seconds, "rows/s")
            self.report.add(f"export_{subject.lower()}_rows", rows, "rows")

    async def _export(self, actor: Actor, subject: BulkSubject) -> tuple[int, float]:
        async with self.database.session(SYSTEM) as session:
            wanted = operations.Wanted(subject, Options(), self.by.entity_id)
            id: UUID = (await operations.ask_for_export(session, actor, wanted)).id
        began = time.perf_counter()
        await exporting.export(self.database, actor, id, _unseen)
        seconds = time.perf_counter() - began
        row = await self.owner.fetchrow("SELECT state, position FROM bulk_operation WHERE id = $1", id)
        if row is None or row["state"] != "DONE":
            raise Different(f"export of {subject}: {dict(row or {})}")
        return int(row["position"]), seconds

    # --- lists ------------------------------------------------------------------------------------------------------

    async def lists(self) -> None:
        """A partner with 100,000 orders, and ten users with each partner."""
        orders, users = await many.fill(self.owner, self.by.entity_id, self.by.organization_id)
        say(f"lists: {orders:,} orders of one partner, {users:,} users of partners")
        who, tokens = await people(self.owner), {}
        requests: dict[str, bytes] = {}
        for name, (audience, query) in many.LISTS.items():
            if audience not in tokens:
                tokens[audience] = await self._token(who[audience].email)
            requests[name] = post(self.by.host, "/graphql", {"query": query}, tokens[audience])
        await self._look_at(requests)
        found = await take_turns(self.place.host, self.place.port, requests, _ROUNDS)
        for name, measured in found.items():
            self.report.add(f"list_{name}_p95", measured.p95_ms, "ms", _LIST_MS)

    async def _look_at(self, requests: dict[str, bytes]) -> None:
        """Each list answers without an error, and those that are never empty have something."""
        connection = Connection(self.place.host, self.place.port)
        try:
            for name, request in requests.items():
                _, body = await connection.send(request)
                answer = orjson.loads(body)
                nodes = [] if answer.get("errors") else next(iter(answer["data"].values()))["nodes"]
                if answer.get("errors") or not (nodes or name in many.MAY_BE_EMPTY):
                    raise Different(f"{name}: {body[:300].decode(errors='replace')}")
        finally:
            await connection.close()

    async def _token(self, email: str) -> str:
        connection = Connection(self.place.host, self.place.port)
        try:
            login = post(self.by.host, "/auth/login", {"email": email, "password": PASSWORD})
            status, body = await connection.send(login)
        finally:
            await connection.close()
        if status != 200:
            raise Refused(f"{status}: {body[:300].decode(errors='replace')}")
        return str(orjson.loads(body)["access_token"])

    # --- a day ------------------------------------------------------------------------------------------------------

    async def day(self) -> None:
        """Five partners, ten times their volume, through their five ways in, with faults of each kind."""
        quiet = self.place.settings.model_copy(update={"log_level": "ERROR"})
        played = await day.replay(self.database, quiet, scale=10)
        self.report.add("day_orders", played.orders, "")
        self.report.add("day_rate", played.per_second, "1/s")
        self.report.add("day_problems", len(played.problems), "", 0)
        for problem in played.problems[:5]:
            say(f"day: {problem}")

    def show(self) -> None:
        """Name, value and bar of each figure."""
        cells = {}
        for name, figure in self.report.figures.items():
            cells[name, "value"] = "–" if figure.value is None else f"{figure.value:,.1f} {figure.unit}"
            cells[name, "bar"] = "" if figure.bar is None else f"{figure.bar:g}"
        show_table("Partner platform", list(self.report.figures), ["value", "bar"], cells)


async def _unseen(_done: int, _total: int) -> None:
    """Nobody follows the progress."""
