"""Loading: once, whole or not at all, the same every time, and nothing of the schema is lost."""

from datetime import date
from fractions import Fraction
from typing import Any

import asyncpg
import pytest

from chargecars.demo import DemoRefused, Loaded, load, work
from chargecars.demo.charging import TABLES as CHARGING
from chargecars.demo.demand import draw_demand
from chargecars.demo.encode import Rows
from chargecars.demo.figures import Figures
from chargecars.demo.finance import TABLES
from chargecars.demo.partnerships import SET_UP
from chargecars.demo.plan import draw_quotes
from chargecars.demo.world import build
from tenants.settings import Settings
from tests.chargecars.demo.rows import Connection

SMALL = Fraction(1, 60)
NO_MONTH = r"!~ '^(event|telemetry_(reading|minute|hour))_\d{4}_\d{2}$'"
"""The demo makes the months that it needs."""


async def test_loading_leaves_the_schema_as_it_was(rows: Connection, worker_database: str) -> None:
    untouched = await asyncpg.connect(worker_database)
    try:
        for query in (
            "SELECT relname, relrowsecurity, relforcerowsecurity FROM pg_class WHERE relkind IN ('r', 'p') "
            f"AND relnamespace = 'public'::regnamespace AND relname {NO_MONTH} ORDER BY 1",
            "SELECT tgrelid::regclass::text, tgname, tgenabled FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid "
            f"WHERE NOT tgisinternal AND relname {NO_MONTH} ORDER BY 1, 2",
            "SELECT conrelid::regclass::text, conname, convalidated, condeferrable, pg_get_constraintdef(t.oid) "
            "FROM pg_constraint t JOIN pg_class c ON c.oid = conrelid "
            f"WHERE connamespace = 'public'::regnamespace AND relname {NO_MONTH} ORDER BY 1, 2",
            "SELECT indexname, indexdef FROM pg_indexes "
            f"WHERE schemaname = 'public' AND tablename {NO_MONTH} ORDER BY 1",
            "SELECT tgname, tgenabled, count(DISTINCT tgrelid) = (SELECT count(*) FROM pg_inherits WHERE inhparent = "
            "'event'::regclass) + 1 FROM pg_trigger WHERE NOT tgisinternal AND tgrelid IN (SELECT inhrelid "
            "FROM pg_inherits WHERE inhparent = 'event'::regclass UNION SELECT 'event'::regclass) "
            "GROUP BY 1, 2 ORDER BY 1",
            "SELECT DISTINCT i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid "
            "WHERE c.relnamespace = 'public'::regnamespace",
        ):
            assert await rows.fetch(query) == await untouched.fetch(query)
    finally:
        await untouched.close()
    forced = await rows.fetch(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace "
        "AND NOT relforcerowsecurity ORDER BY 1"
    )
    assert {row[0] for row in forced} <= {"alembic_version", "schema_state"}


async def test_a_second_load_does_nothing(demo_url: str, rows: Connection, loaded: Loaded) -> None:
    again = await load(demo_url)
    assert (again.fresh, again.counts) == (False, {})
    assert await rows.fetchval("SELECT count(*) FROM contact") == loaded.counts["contact"]


async def test_another_scale_is_refused(demo_url: str, loaded: Loaded) -> None:
    with pytest.raises(DemoRefused, match="scale 1: for scale 10"):
        await load(demo_url, scale=10)


async def test_the_demo_is_refused_in_production(demo_url: str, settings: Settings) -> None:
    with pytest.raises(DemoRefused, match="production"):
        await load(demo_url, settings=settings.model_copy(update={"environment": "production"}))


async def test_the_demo_is_refused_beside_other_data(fresh_database: Any, settings: Settings) -> None:
    url = await fresh_database()
    connection = await asyncpg.connect(url)
    texts = "name, legal_name, kvk_number, vat_number, iban, email, phone, street, house_number, postal_code, city"
    await connection.execute(
        f"INSERT INTO business_entity (code, invoice_prefix, {texts}) VALUES ('XX', 'XX'" + ", ''" * 11 + ")"
    )
    with pytest.raises(DemoRefused, match="not the demo's"):
        await load(url)
    assert await connection.fetchval("SELECT count(*) FROM contact") == 0
    await connection.close()


async def test_the_same_day_makes_the_same_world(fresh_database: Any, settings: Settings) -> None:
    day = date(2026, 5, 20)
    first, second = [await _contents(await fresh_database(), day) for _ in range(2)]
    assert first == second
    assert len(first) > 25


_PLANNED = {
    "event": "WHERE created_at < '2026-05-20'",
    "counter": "WHERE kind IN ('lead', 'quote', 'order', 'ticket')",
}
_COMPUTED = {"partner_scorecard": "to_jsonb(t) - 'id' - 'created_at'"}
"""What is computed of the other rows while loading: its figures are the same."""


async def _contents(url: str, day: date) -> dict[str, str]:
    """A digest of every table that the demo fills, but for money, charging and what partners set up: of the hour."""
    loaded = await load(url, scale=SMALL, today=day)
    connection = await asyncpg.connect(url)
    try:
        return {
            table: await connection.fetchval(
                f"SELECT md5(string_agg(made::text, E'\\n' ORDER BY made::text)) FROM "
                f'(SELECT {_COMPUTED.get(table, "t")} FROM "{table}" t {_PLANNED.get(table, "")}) all_rows (made)'
            )
            for table in loaded.counts
            if table not in {*TABLES, *CHARGING, *SET_UP}
        }
    finally:
        await connection.close()


async def test_processes_beside_make_the_same_rows() -> None:
    """As scale 10 is loaded."""
    world = build(Rows(), Figures(SMALL), date(2026, 5, 20), "localhost")
    plans = draw_quotes(world, Figures(SMALL))
    customers = draw_demand(world, Figures(SMALL), plans).customers
    made = []
    for processes in (1, 2):
        with work.workshop(world, processes) as shop:
            jobs = ((work.write_customers, *piece) for piece in work.in_chunks(customers, 40))
            made.append([chunk async for chunk in work.made(shop, jobs)])
    assert len(made[0]) == 3
    assert made[0] == made[1]
