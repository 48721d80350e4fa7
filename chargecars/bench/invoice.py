"""Money: invoices by workers with and without their documents, explanations, profit and loss, a commission run.

Orders of the demo are completed and invoiced through the real path: somebody asks for a run, workers carry it out in
pieces, reactions follow, PDF (PDF/A-3 with UBL) and UBL are made, checked by the rules of EN 16931 and kept. Beside
them the naive way: an order at a time, a row at a time. Every answer is compared before its time counts: what is billed
with what was ordered, sums of the books with those of its rows, commission in sets with commission order by order.
Bars: profit and loss of a year over all entities in one second; a commission run over all orders in 30 seconds.
"""

import os
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import select

from chargecars.bench.audiences import people
from chargecars.bench.installation import Installation, installation
from chargecars.bench.invoicing import books, commissions, issuing
from chargecars.bench.invoicing.clearing import clear
from chargecars.bench.invoicing.explaining import EXPLAINED, PROFIT, Asker, amounts_of, invoice_id, unexplained
from chargecars.bench.invoicing.issuing import Billed, workers
from chargecars.bench.invoicing.orders import TooFewOrders, completed
from chargecars.bench.report import Report, say, show_table
from tenants.actor import SYSTEM
from tenants.engine import Database, connect_args, role_password
from tenants.models import BusinessEntity

_ENTITY = "CC"
_BATCH = 300
_MOST_BATCH = 1_000
_WARM_UP = 25
_NAIVE_ORDERS = 100
_NAIVE_COMMISSIONS = 300
_EXPLAINED_TIMES = 300
_PROFIT_TIMES = 20
_PROFIT_SECONDS, _COMMISSION_SECONDS = 1.0, 30.0
_IDLE = 1.0
_BILLING, _BOTH = "billing:2", "billing:2,documents:1"


class Different(Exception):
    """Two ways to the same answer do not come to the same."""


async def main(scale: int, json: bool) -> None:
    """Run it; a table unless only JSON is wanted, and the figures as the last line."""
    if (load := os.getloadavg()[0]) > _IDLE:
        say(f"other work runs here (load {load:.1f}): the figures are those of a busy machine")
    try:
        run = await _run(scale)
    except TooFewOrders as used_up:
        say(f"{used_up}: the data is made anew")
        run = await _run(scale, anew=True)
    if not json:
        run.show()
    print(run.report.line())  # noqa: T201  # a benchmark's output


async def _run(scale: int, *, anew: bool = False) -> "Money":
    if anew:
        async with installation(scale, say, purpose="invoice") as place:
            directory = place.settings.data_dir
        shutil.rmtree(directory)
    async with installation(scale, say, purpose="invoice") as place:
        owner = await asyncpg.connect(**connect_args(place.settings.database_url), statement_cache_size=0)
        database = Database(place.settings.database_url, role_password(place.settings), 4, 0)
        try:
            run = Money(scale, place, owner, database)
            await run.measure()
        finally:
            await database.close()
            await owner.close()
    return run


@dataclass
class Money:
    """One run."""

    scale: int
    place: Installation
    owner: "asyncpg.Connection[Any]"
    database: Database
    report: Report = field(default_factory=lambda: Report("invoice"))
    cells: dict[tuple[str, str], str] = field(default_factory=dict)

    async def measure(self) -> None:
        await clear(self.owner)
        await self._part("commission_run", "s", _COMMISSION_SECONDS, self.commission)
        await self._part("profit_and_loss_year", "s", _PROFIT_SECONDS, self.profit)
        await self._issue()
        await self._part("explanation_p95", "ms", None, self.explanation)
        for each in self.report.failed:
            say(f"beyond its bar: {each}: {self.report.figures[each].value} {self.report.figures[each].unit}")

    async def _part(self, name: str, unit: str, bar: float | None, measure: Callable[[], Awaitable[None]]) -> None:
        """What cannot be measured is said, and the rest goes on."""
        try:
            await measure()
        except TooFewOrders:
            raise
        except Exception as error:
            say(f"{name}: {error!r}")
            self.report.add(name, None, unit, bar, f"{type(error).__name__}: {error}"[:300])

    # --- commission -------------------------------------------------------------------------------------------------

    async def commission(self) -> None:
        """All orders of the demo; a sample of them order by order."""
        orders, records, seconds = await commissions.run_all(self.owner, self.database)
        naive, naive_seconds = await commissions.one_by_one(self.owner, self.database, _NAIVE_COMMISSIONS)
        written = await commissions.written(self.database, list(naive))
        if wrong := [id for id, cents in naive.items() if written[id] != cents]:
            raise Different(f"commission of {len(wrong)} of {len(naive)} orders, the first is {wrong[0]}")
        say(f"commission: {records:,} records of {orders:,} orders in {seconds:.1f} s")
        self.report.add("commission_run", seconds, "s", _COMMISSION_SECONDS)
        self.report.add("commission_run_orders", orders, "orders")
        self.report.add("commission_run_records", records, "records")
        self._beside("commission", orders / seconds, "orders/s", len(naive) / naive_seconds)

    # --- profit and loss --------------------------------------------------------------------------------------------

    async def profit(self) -> None:
        """Over HTTP as somebody of the platform; the same sums row by row."""
        year = datetime.now(UTC).year - 1
        lines = await books.fill(self.owner, books.ENTRIES * self.scale, date(year - 1, 1, 1))
        async with self.database.session(SYSTEM) as session:
            entities = list(await session.scalars(select(BusinessEntity.id)))
            found = books.totals(await books.by_sums(session, entities, year))
        async with self.database.session(SYSTEM) as session:
            naive, naive_seconds = await books.by_rows(session, entities, year)
        if {code: cents for code, cents in naive.items() if cents} != found:
            raise Different("profit and loss by sums and by rows")
        asker = Asker(self.place, (await people(self.owner))["platform"])
        span = {"since": f"{year}-01-01", "until": f"{year + 1}-01-01"}
        told = (await asker.ask(PROFIT, **span))["profitAndLoss"]
        if {line["account"]["code"]: int(line["total"]["cents"]) for line in told["lines"]} != found:
            raise Different("profit and loss over HTTP and in the domain")
        measured = await asker.measured(PROFIT, _PROFIT_TIMES, **span)
        say(f"profit and loss of {lines:,} lines: {measured.p95_ms:.0f} ms (p95)")
        self.report.add("profit_and_loss_year", measured.p95_ms / 1000, "s", _PROFIT_SECONDS)
        self.report.add("profit_and_loss_lines", lines, "lines")
        self._beside("profit and loss", 1000 / measured.median_ms, "reports/s", 1 / naive_seconds)

    # --- invoices ---------------------------------------------------------------------------------------------------

    async def _issue(self) -> None:
        """Without documents and with, by one process and by two; then an order at a time."""
        for queues, name, documents in ((_BILLING, "invoices", False), (_BOTH, "invoices_with_documents", True)):
            for processes in (1, 2):

                async def measured(
                    queues: str = queues, name: str = name, documents: bool = documents, processes: int = processes
                ) -> None:
                    self._billed(f"{name}_{processes}", await self.issued(processes, queues, documents=documents))

                await self._part(f"{name}_{processes}", "invoices/s", None, measured)
        await self._part("invoices_one_by_one", "invoices/s", None, self._one_by_one)

    async def issued(self, processes: int, queues: str, *, documents: bool) -> Billed:
        """One batch by so many worker processes, which have warmed up."""
        with workers(self.place, processes, queues):
            await issuing.by_workers(
                self.owner, self.database, await self._orders(_WARM_UP * processes), documents=documents
            )
            ids = await self._orders(self._batch(documents=documents))
            return await issuing.by_workers(self.owner, self.database, ids, documents=documents)

    def _batch(self, *, documents: bool) -> int:
        most = min(_MOST_BATCH, _BATCH * self.scale)
        return most // 4 if documents else most

    async def _orders(self, many: int) -> list[UUID]:
        return await completed(self.owner, _ENTITY, many)

    async def _one_by_one(self) -> None:
        done = await issuing.one_by_one(self.owner, self.database, await self._orders(_NAIVE_ORDERS))
        self._billed("invoices_one_by_one", done)

    def _billed(self, name: str, done: Billed) -> None:
        say(f"{name}: {done.invoices} invoices of {done.orders} orders in {done.seconds:.1f} s: {done.rate:.0f}/s")
        self.report.add(name, done.rate, "invoices/s")
        self.cells[name, "invoices/s"] = f"{done.rate:.1f}"

    # --- explanations -----------------------------------------------------------------------------------------------

    async def explanation(self) -> None:
        """Every amount of the invoice with the most lines, each explained to the cent."""
        key = await self.owner.fetchval(
            "SELECT invoice_id FROM invoice_line GROUP BY invoice_id ORDER BY count(*) DESC, invoice_id LIMIT 1"
        )
        asker = Asker(self.place, (await people(self.owner))["staff"])
        invoice = (await asker.ask(EXPLAINED, id=invoice_id(key)))["invoice"]
        if missing := unexplained(invoice):
            raise Different(f"{len(missing)} of {len(amounts_of(invoice))} amounts are not explained to the cent")
        measured = await asker.measured(EXPLAINED, _EXPLAINED_TIMES, id=invoice_id(key))
        amounts = len(amounts_of(invoice))
        say(f"explanation of {amounts} amounts: {measured.p95_ms:.1f} ms (p95)")
        self.report.add("explanation_p95", measured.p95_ms, "ms")
        self.report.add("explanation_amounts", amounts, "amounts")

    # --- what came of it --------------------------------------------------------------------------------------------

    def _beside(self, name: str, ours: float, unit: str, naive: float) -> None:
        self.report.add(f"{name.replace(' ', '_')}_vs_row_by_row", ours / naive, "ratio")
        self.cells[name, unit] = f"{ours:.1f}"
        self.cells[name, "row by row"] = f"{naive:.1f}"
        self.cells[name, "times"] = f"{ours / naive:.1f}"

    def show(self) -> None:
        """A table to read."""
        rows = list(dict.fromkeys(row for row, _ in self.cells))
        columns = list(dict.fromkeys(column for _, column in self.cells))
        show_table(f"Money at scale {self.scale}", rows, columns, self.cells)
        figures = {(name, "value"): f"{f.value} {f.unit}" for name, f in self.report.figures.items()}
        show_table("Figures", list(self.report.figures), ["value"], figures)
