"""Loading the demo: planned here, made in pieces, copied in one transaction, once."""

import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from fractions import Fraction
from typing import Any
from uuid import UUID

import asyncpg

from chargecars.demo import work
from chargecars.demo.bulk import Loader, bulk_load
from chargecars.demo.charging import TABLES as CHARGING
from chargecars.demo.charging import add_charging
from chargecars.demo.demand import Demand, draw_demand
from chargecars.demo.encode import Rows
from chargecars.demo.figures import COUNTED, Figures
from chargecars.demo.finance import TABLES, add_finance
from chargecars.demo.numbers import Numbers
from chargecars.demo.ordering import plan_orders
from chargecars.demo.partnerships import TABLES as PARTNERSHIPS
from chargecars.demo.partnerships import add_partnerships
from chargecars.demo.plan import QuotePlan, draw_quotes, spread_lines, spread_visits
from chargecars.demo.signing import SignaturePlan
from chargecars.demo.webhooks import add_webhooks
from chargecars.demo.work import Workshop
from chargecars.demo.world import World, build
from domain.leads.scoring import PartnerRecord
from domain.numbering.service import AMSTERDAM
from domain.quotes.models import QuoteStatus
from tenants.engine import connect_args
from tenants.settings import Settings
from tenants.settings import settings as current_settings

Progress = Callable[[str, float], None]
_ONE_AT_A_TIME = 0x64_656D_6F  # an arbitrary constant: the advisory lock of loading
_CUSTOMERS_AT_ONCE, _LEADS_AT_ONCE, _QUOTES_AT_ONCE = 2_000, 500, 400
_DERIVED = ("channel_row", "search_row", "timeline_row", "event_position", "position_row")
_ENOUGH_FOR_TWO = 10_000
"""Quotes from which a second process is worth its start."""


class DemoRefused(Exception):
    """The demo cannot be loaded here; says why in one line."""


@dataclass(frozen=True)
class Loaded:
    """What there is now; `fresh` when this call loaded it."""

    fresh: bool
    scale: int | Fraction
    counts: dict[str, int] = field(default_factory=dict)
    """Rows by table."""
    seconds: float = 0.0

    @property
    def records(self) -> int:
        """The records of D6."""
        return sum(self.counts.get(table, 0) for table in COUNTED)


async def load(
    owner_url: str,
    *,
    scale: int | Fraction = 1,
    progress: Progress | None = None,
    today: date | None = None,
    settings: Settings | None = None,
) -> Loaded:
    """Load the demo as the owner of the tables, unless it is there already.

    The same scale and day make the same rows. Raises: DemoRefused in production, where other data is, and where the
    demo was loaded at another scale; then nothing is changed.
    """
    settings = settings or current_settings()
    if settings.production:
        raise DemoRefused("The demo has logins that everybody knows: it is not loaded in production")
    began = time.monotonic()
    connection = await asyncpg.connect(**connect_args(owner_url), statement_cache_size=0)
    try:
        async with connection.transaction():
            await connection.execute(f"SELECT pg_advisory_xact_lock({_ONE_AT_A_TIME})")
            if await _is_there(connection, scale):
                return Loaded(False, scale)
            run = _Run(settings, Figures(scale), today or datetime.now(AMSTERDAM).date(), progress or _quiet)
            async with bulk_load(connection) as loader:
                await run.fill(loader)
                run.progress("indexes and references", 0.7)
            await connection.execute("SELECT ensure_ledger_accounts(id) FROM business_entity")
            await add_webhooks(connection, settings, run.world)
        run.progress("statistics", 0.9)
        for table in (*loader.counts, *_DERIVED):
            await connection.execute(f'VACUUM (ANALYZE) "{table}"')
        run.progress("invoices and payments", 0.95)
        await add_finance(owner_url, settings, run.today, scale)
        run.progress("partner platform", 0.96)
        await add_partnerships(owner_url, settings, run.today, scale)
        run.progress("chargers and charging", 0.97)
        await add_charging(owner_url, settings, run.today, scale)
        counts = dict(loader.counts) | await _counted(
            connection, (*TABLES, *CHARGING, *PARTNERSHIPS, "event", "counter")
        )
    finally:
        await connection.close()
    run.progress("done", 1.0)
    return Loaded(True, scale, counts, time.monotonic() - began)


async def _counted(connection: "asyncpg.Connection[Any]", tables: Iterable[str]) -> dict[str, int]:
    """How many rows there are, once the planner knows them too."""
    for table in tables:
        await connection.execute(f'VACUUM (ANALYZE) "{table}"')
    return {table: await connection.fetchval(f'SELECT count(*) FROM "{table}"') for table in tables}  # noqa: S608  # declared names


def _quiet(step: str, done: float) -> None:
    """Show no progress."""


async def _is_there(connection: "asyncpg.Connection[Any]", scale: int | Fraction) -> bool:
    """Whether this very demo is there already. Raises: DemoRefused where something else is."""
    if not await connection.fetchval("SELECT EXISTS (SELECT 1 FROM business_entity)"):
        return False
    partners = await connection.fetchval(
        r"SELECT count(*) FROM contact WHERE partner_code ~ '^partner-\d+$' AND EXISTS "
        "(SELECT 1 FROM contact WHERE partner_code = 'groendus')"
    )
    if not partners:
        raise DemoRefused("The database has data that is not the demo's: the demo is loaded into an empty one only")
    found = Fraction(round((partners + 5) / Figures(1).partners * 100), 100)
    if round(found) != round(scale):
        raise DemoRefused(
            f"The database has the demo at scale {round(found)}: for scale {scale} use an empty database, "
            "for instance with another DATA_DIR"
        )
    return True


@dataclass
class _Run:
    """One load: plans first, then the pieces, each copied as soon as it is made."""

    settings: Settings
    figures: Figures
    today: date
    progress: Progress
    signatures: dict[UUID, list[SignaturePlan]] = field(default_factory=dict)
    world: World = field(init=False)

    async def fill(self, loader: Loader) -> None:
        self.progress("partners and catalog", 0.0)
        rows, numbers = Rows(), Numbers()
        world = build(rows, self.figures, self.today, self.settings.base_domain)
        self.world = world
        plans, demand = self._plan(world, numbers)
        numbers.write(rows)
        await loader.write(rows.take())
        with work.workshop(world, self._processes(len(plans))) as shop:
            await self._fill_contacts(loader, shop, demand, plans)
            await self._fill_quotes(loader, shop, plans)
            await self._fill_signatures(loader, shop)
        self.progress("timeline", 0.6)
        await loader.write_events(rows.event_columns())

    def _plan(self, world: World, numbers: Numbers) -> tuple[list[QuotePlan], Demand]:
        plans = draw_quotes(world, self.figures)
        draw = world.draw("spread")
        spread_visits(draw, plans, self.figures)
        spread_lines(draw, plans, self.figures)
        demand = draw_demand(world, self.figures, plans)
        for lead in demand.leads:
            lead.number = numbers.next(lead.entity, "lead", lead.at)
            if lead.quote:
                lead.quote.lead_id, lead.quote.lead_number = lead.id, lead.number
        for plan in plans:
            plan.number = numbers.next(plan.entity, "quote", plan.at)
        plan_orders(world, self.figures, plans, numbers)
        return plans, demand

    def _processes(self, quotes: int) -> int:
        return min(2, os.cpu_count() or 1) if quotes > _ENOUGH_FOR_TWO else 1

    async def _fill_contacts(self, loader: Loader, shop: Workshop, demand: Demand, plans: list[QuotePlan]) -> None:
        self.progress("customers and leads", 0.05)
        customers = work.in_chunks(demand.customers, _CUSTOMERS_AT_ONCE)
        async for chunk in work.made(shop, ((work.write_customers, *piece) for piece in customers)):
            await loader.write(chunk)
        records, leads = _records(plans), work.in_chunks(demand.leads, _LEADS_AT_ONCE)
        async for chunk in work.made(shop, ((work.write_leads, *piece, records) for piece in leads)):
            await loader.write(chunk)

    async def _fill_quotes(self, loader: Loader, shop: Workshop, plans: list[QuotePlan]) -> None:
        written, pieces = 0, work.in_chunks(plans, _QUOTES_AT_ONCE)
        async for quotes in work.made(shop, ((work.write_quotes, *piece) for piece in pieces)):
            self.progress("quotes and orders", 0.1 + 0.45 * written / len(plans))
            await loader.write(quotes.chunk)
            written += _QUOTES_AT_ONCE
            for signature in quotes.signatures:
                self.signatures.setdefault(signature.entity_id, []).append(signature)

    async def _fill_signatures(self, loader: Loader, shop: Workshop) -> None:
        self.progress("signatures", 0.55)
        chains = sorted(self.signatures.items(), key=lambda chain: -len(chain[1]))
        async for chunk in work.made(shop, ((work.write_signatures, self.settings, *chain) for chain in chains)):
            await loader.write(chunk)


def _records(plans: list[QuotePlan]) -> dict[UUID, PartnerRecord]:
    """What came of the quotes that were sent in the channel of each partner."""
    sent: dict[UUID, int] = {}
    ordered: dict[UUID, int] = {}
    for plan in plans:
        for id in plan.partner.chain if plan.partner and plan.course.sent else ():
            sent[id] = sent.get(id, 0) + 1
            ordered[id] = ordered.get(id, 0) + (plan.status is QuoteStatus.ORDERED)
    return {id: PartnerRecord(sent[id], ordered[id]) for id in sent}
