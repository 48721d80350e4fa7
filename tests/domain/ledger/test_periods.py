"""Months close in their order once the books are right; nothing is posted behind their back."""

import asyncio
from datetime import date, timedelta
from itertools import pairwise
from uuid import UUID

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.ledger.errors import ChecksFailed, NoClosedPeriod, PeriodClosed, PeriodNotOver, PeriodOrder
from domain.ledger.models import AccountRole, EntryKind
from domain.ledger.months import Step, begin, later, month_of, spans
from domain.ledger.periods import close_period, next_to_close, reopen_period
from domain.ledger.posting import credit, debit, first_open_day, open_day, today
from domain.money import Money
from tenants.actor import SYSTEM, Actor
from tenants.engine import Database
from tenants.permissions import Role
from tests.domain.ledger.books import entity_of, posted

THIS = month_of(today())
LAST, BEFORE = later(THIS, -1), later(THIS, -2)


@given(st.dates(date(2000, 1, 1), date(2190, 1, 1)), st.integers(1, 2000), st.sampled_from(Step))
def test_spans_cover_every_day_once(since: date, days: int, step: Step) -> None:
    cut = list(spans(since, since + timedelta(days=days), step))
    assert cut[0][0] == since
    assert cut[-1][1] == since + timedelta(days=days)
    assert all(one[1] == other[0] for one, other in pairwise(cut))
    assert all(start == begin(start, step) for start, _ in cut[1:])
    assert all(end <= later(begin(start, step), step.months) for start, end in cut)


@given(st.dates(date(2001, 1, 1), date(2190, 1, 1)), st.integers(-12, 500))
def test_months_later_and_back(day: date, months: int) -> None:
    assert later(later(month_of(day), months), -months) == month_of(day)


async def close(database: Database, entity: UUID, month: date, **values: bool) -> None:
    async with database.session(SYSTEM) as session:
        await close_period(session, entity, month, **values)


async def test_months_close_in_order_and_only_the_last_opens(database: Database) -> None:
    entity = await entity_of(database)
    with pytest.raises(PeriodNotOver):
        await close(database, entity, THIS)
    await close(database, entity, BEFORE + timedelta(days=9))
    with pytest.raises(PeriodOrder):
        await close(database, entity, BEFORE)
    with pytest.raises(PeriodOrder):
        await close(database, entity, THIS)
    await close(database, entity, LAST)
    async with database.session(SYSTEM) as session:
        assert await first_open_day(session, entity) == THIS == await next_to_close(session, entity)
        with pytest.raises(NoClosedPeriod):
            await reopen_period(session, entity, BEFORE)
        await reopen_period(session, entity, LAST)
        assert await first_open_day(session, entity) == LAST
        await posted(session, entity, booked_on=LAST)
    await close(database, entity, LAST)


async def test_a_closed_month_takes_nothing_and_says_from_when(database: Database, owner: asyncpg.Connection) -> None:
    entity = await entity_of(database)
    async with database.session(SYSTEM) as session:
        first = await posted(session, entity, booked_on=LAST)
    await close(database, entity, LAST)
    with pytest.raises(PeriodClosed) as refused:
        async with database.session(SYSTEM) as session:
            await posted(session, entity, "b", booked_on=THIS - timedelta(days=1))
    assert refused.value.parameters["first_open"] == THIS.isoformat()
    async with database.session(SYSTEM) as session:
        assert await posted(session, entity, booked_on=LAST) == first  # what is there already is no posting
        assert await open_day(session, entity, LAST) == THIS
        assert await open_day(session, entity, today()) == today()
    with pytest.raises(asyncpg.CheckViolationError, match="closed period"):
        async with owner.transaction():
            await owner.execute(
                "WITH e AS (INSERT INTO journal_entry (entity_id, kind, key, booked_on, source_type, source_id, "
                "fingerprint) VALUES ($1, 'BANK', 'by hand', $2, 'X', $1, '') RETURNING *) "
                "INSERT INTO journal_line (entry_id, entity_id, position, account_id, debit_cents, credit_cents, "
                "currency, booked_on) SELECT e.id, $1, p, (SELECT id FROM ledger_account WHERE entity_id = $1 LIMIT 1),"
                " p - 1, 2 - p, 'EUR', $2 FROM e, generate_series(1, 2) p",
                entity,
                LAST,
            )


async def test_a_posting_that_waits_while_the_month_closes_is_refused(database: Database) -> None:
    """Not in the check of the posting, which was made before: in its commit."""
    entity = await entity_of(database)
    ready, closing = asyncio.Event(), asyncio.Event()

    async def late() -> None:
        async with database.session(SYSTEM) as session:
            await posted(session, entity, booked_on=LAST)
            ready.set()
            await closing.wait()

    task = asyncio.create_task(late())
    await ready.wait()
    await close(database, entity, LAST)
    closing.set()
    with pytest.raises(Exception, match="closed period"):
        await task


async def test_unmatched_receipts_warn_and_are_passed_over_by_force(database: Database) -> None:
    entity = await entity_of(database)
    async with database.session(SYSTEM) as session:
        legs = [debit(AccountRole.BANK, Money(500)), credit(AccountRole.SUSPENSE, Money(500))]
        await posted(session, entity, kind=EntryKind.BANK, legs=legs, booked_on=LAST)
    with pytest.raises(ChecksFailed) as refused:
        await close(database, entity, LAST)
    assert refused.value.parameters["checks"] == "suspense"
    await close(database, entity, LAST, force=True)


async def test_staff_close_the_books_of_their_own_entities(database: Database) -> None:
    mine, other = await entity_of(database), await entity_of(database)
    staff = Actor(role=Role.FINANCE, entity_ids=(mine,))
    async with database.session(staff) as session:
        closed = await close_period(session, mine, LAST)
        assert all(check.holds for check in closed.checks)
    with pytest.raises(Exception, match="NOT_FOUND"):
        async with database.session(staff) as session:
            await close_period(session, other, LAST)
