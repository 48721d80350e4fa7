"""Profit and loss, balances, checks, and work between entities."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import pairwise
from uuid import UUID, uuid4

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from domain.catalog.models import ArticleCategory
from domain.errors import OutOfRange
from domain.events.models import Event
from domain.ledger.checks import check_books
from domain.ledger.errors import MirrorDiffers, NothingToSettle, PeriodNotOver, WithItself
from domain.ledger.executing import Share, both_sides, share_of
from domain.ledger.intercompany import GivenRate, save_rate, settle, undo_settlement
from domain.ledger.models import AccountRole, AccountType, EntryKind, IntercompanyRate, LedgerAccount
from domain.ledger.months import Step, later, month_of
from domain.ledger.posting import Entry, credit, debit, post_many, today
from domain.ledger.reports import balances, profit_and_loss
from domain.money import Money
from tenants.actor import SYSTEM, Actor
from tenants.engine import Database
from tenants.permissions import Role
from tests.domain.ledger.books import entity_of, posted, sale
from workers.ledger import BooksDiffer, check_the_books

LAST = later(month_of(today()), -1)
STATION = AccountRole.REVENUE_CHARGING_STATION


async def test_profit_and_loss_by_month_beside_the_year_before(database: Database) -> None:
    entity = await entity_of(database)
    async with database.session(SYSTEM) as session:
        for day, gross in ((date(2024, 5, 5), 500), (date(2025, 1, 31), 1000), (date(2025, 2, 1), 2000)):
            await posted(session, entity, f"{day}", booked_on=day, legs=sale(gross, 0 + gross // 10, STATION))
        cost = [debit(AccountRole.COMMISSION_EXPENSE, Money(70)), credit(AccountRole.COMMISSION_ACCRUED, Money(70))]
        await posted(session, entity, "c", kind=EntryKind.COMMISSION, booked_on=date(2025, 2, 28), legs=cost)
        made = await profit_and_loss(session, [entity], date(2025, 1, 1), date(2026, 1, 1))
        assert made.previous_since == date(2024, 1, 1)
        assert [made.cents_of(AccountType.REVENUE, month) for month in range(3)] == [900, 1800, 0]
        assert [made.cents_of(AccountType.EXPENSE, month) for month in range(3)] == [0, 70, 0]
        assert (made.cents_of(AccountType.REVENUE), made.previous_of(AccountType.REVENUE)) == (2700, 450)
        quarters = await profit_and_loss(session, [entity], date(2025, 1, 1), date(2026, 1, 1), by=Step.QUARTER)
        assert [row.cents for row in quarters.rows] == [[70, 0, 0, 0], [2700, 0, 0, 0]]
        odd = await profit_and_loss(session, [entity], date(2025, 1, 31), date(2025, 2, 2), by=Step.YEAR)
        assert [(row.cents, row.previous_cents) for row in odd.rows] == [([2700], 0)]
        other = await profit_and_loss(session, [entity], date(2025, 1, 1), date(2026, 1, 1), currency="USD")
        assert other.rows == []
        with pytest.raises(OutOfRange):
            await profit_and_loss(session, [entity], date(2025, 1, 1), date(2025, 1, 1))


async def test_balances_are_opening_movements_and_closing(database: Database) -> None:
    entity = await entity_of(database)
    async with database.session(SYSTEM) as session:
        for day in (date(2025, 1, 31), date(2025, 2, 1), date(2025, 3, 1)):
            await posted(session, entity, f"{day}", booked_on=day)
        found = await balances(session, [entity], date(2025, 2, 1), date(2025, 3, 1))
    moved = {(each.opening_cents, each.debit_cents, each.credit_cents, each.closing_cents) for each in found}
    assert moved == {(12100, 12100, 0, 24200), (-10000, 0, 10000, -20000), (-2100, 0, 2100, -4200), (0, 0, 0, 0)}
    assert sum(each.closing_cents for each in found) == 0


async def test_it_is_read_along_the_covering_index(database: Database, owner: asyncpg.Connection) -> None:
    await owner.execute("SET enable_seqscan = off")
    plan = await owner.fetch(
        "EXPLAIN SELECT account_id, width_bucket(booked_on, ARRAY['2025-01-01'::date]), sum(credit_cents - debit_cents)"
        " FROM journal_line WHERE entity_id = ANY ($1) AND account_id = ANY ($1) AND currency = 'EUR' AND booked_on >= "
        "'2024-01-01' AND booked_on < '2026-01-01' AND NOT (true AND intercompany_entity_id IS NOT NULL AND "
        "intercompany_entity_id = ANY ($1)) GROUP BY 1, 2",
        [uuid4(), uuid4()],
    )
    assert any("Index Only Scan using ix_journal_line_account" in row[0] for row in plan)


# --- checks -----------------------------------------------------------------------------------------------------------


async def test_the_nightly_look_finds_what_was_planted_and_tells_once(fresh_database, database: Database) -> None:
    url = await fresh_database()
    own = Database(url, database._password)
    entity = await entity_of(own)
    async with own.session(SYSTEM) as session:
        await posted(session, entity)
    assert await check_the_books(own) >= 2
    owner = await asyncpg.connect(url)
    await owner.execute("ALTER TABLE journal_line DISABLE TRIGGER append_only")
    await owner.execute("UPDATE journal_line SET debit_cents = debit_cents + 1 WHERE debit_cents > 0")
    await owner.close()
    for _ in range(2):
        with pytest.raises(BooksDiffer, match="balance"):
            await check_the_books(own)
    async with own.session(SYSTEM) as session:
        told = (await session.execute(select(Event).where(Event.type == "ledger.differs"))).scalars().all()
        payloads = [each.payload for each in told if each.payload["check"] == "balance"]
        assert [(each["booked_cents"], each["expected_cents"]) for each in payloads] == [(12101, 12100)]
    await own.close()


async def test_numbers_that_are_missing_are_found(fresh_database, database: Database) -> None:
    url = await fresh_database()
    own = Database(url, database._password)
    entity = await entity_of(own)
    async with own.session(SYSTEM) as session:
        await posted(session, entity)
    owner = await asyncpg.connect(url)
    await owner.execute("UPDATE counter SET last = 2 WHERE kind = 'journal'")
    await owner.close()
    async with own.session(SYSTEM) as session:
        assert [each.name for each in await check_books(session) if not each.holds] == ["numbers"]
    await own.close()


# --- between entities -------------------------------------------------------------------------------------------------


@given(
    st.lists(
        st.tuples(st.sampled_from([UUID(int=2), UUID(int=3)]), st.integers(0, 10**9), st.integers(0, 10000)), max_size=9
    )
)
def test_both_sides_mirror_each_other(given_lines: list[tuple[UUID, int, int]]) -> None:
    shares = [Share(to, uuid4(), share_of(Money(net), Decimal(part).scaleb(-2))) for to, net, part in given_lines]
    assert all(0 <= share.amount.cents <= net for share, (_, net, _) in zip(shares, given_lines, strict=True))
    made = both_sides(UUID(int=9), UUID(int=1), shares)
    for entry in made:
        entry.check()
    for seller, executor in zip(made[::2], made[1::2], strict=True):
        assert (seller.entity_id, seller.key) == (UUID(int=1), executor.key)
        owed = sum(leg.amount.cents for leg in seller.legs if leg.role is AccountRole.INTERCOMPANY_PAYABLE)
        due = sum(leg.amount.cents for leg in executor.legs if leg.role is AccountRole.INTERCOMPANY_RECEIVABLE)
        assert (
            due
            == -owed
            == sum(share.amount.cents for share in shares if share.executing_entity_id == executor.entity_id)
        )


def worked(seller: UUID, executor: UUID, cents: int) -> list[Entry]:
    """What an order of the seller that the executor carried out comes to, without the order."""
    made = both_sides(uuid4(), seller, [Share(executor, uuid4(), Money(cents))])
    legs = [[replace(leg, order_id=None, line_item_id=None) for leg in entry.legs] for entry in made]
    return [replace(entry, legs=own, booked_on=LAST) for entry, own in zip(made, legs, strict=True)]


async def test_a_month_is_settled_once_and_falls_out_of_the_consolidation(database: Database) -> None:
    one, two, third = [await entity_of(database) for _ in range(3)]
    staff = Actor(role=Role.FINANCE, entity_ids=(one, two, third))
    async with database.session(staff) as session:
        await post_many(session, [*worked(one, two, 7000), *worked(two, one, 1500), *worked(one, third, 900)])
        await posted(session, one, "s", booked_on=LAST)
        until = later(LAST, 1)
        alone = await profit_and_loss(session, [one], LAST, until, consolidated=True)
        assert alone.cents_of(AccountType.EXPENSE) == 7900
        apart = await profit_and_loss(session, [one, two], LAST, until)
        both = await profit_and_loss(session, [one, two], LAST, until, consolidated=True)
        assert (apart.cents_of(AccountType.REVENUE), apart.cents_of(AccountType.EXPENSE)) == (18500, 9400)
        assert (both.cents_of(AccountType.REVENUE), both.cents_of(AccountType.EXPENSE)) == (10000, 900)
        ids = await settle(session, one, two, LAST)
        assert await settle(session, one, two, LAST) == ids
        assert await settle(session, two, one, LAST) == ids[::-1]
        owed = {each.account_id: each.closing_cents for each in await balances(session, [one], LAST, until)}
        accounts = await session.execute(select(LedgerAccount).where(LedgerAccount.entity_id == one))
        stood = {AccountRole(account.role): owed[account.id] for account in accounts.scalars()}
        assert stood[AccountRole.INTERCOMPANY_RECEIVABLE] == 0
        assert stood[AccountRole.INTERCOMPANY_PAYABLE] == -900
        assert stood[AccountRole.TRANSIT] == -5500
        await undo_settlement(session, two, one, LAST)
        with pytest.raises(NothingToSettle):
            await undo_settlement(session, one, two, LAST)
        again = await settle(session, one, two, LAST)
        assert set(again).isdisjoint(ids)
        with pytest.raises(NothingToSettle):
            await settle(session, two, third, LAST)
        with pytest.raises(PeriodNotOver):
            await settle(session, one, two, today())
        with pytest.raises(WithItself):
            await settle(session, one, one, LAST)
    async with database.session(SYSTEM) as session:
        assert all(check.holds for check in await check_books(session, [one, two, third]))


async def test_what_a_later_settlement_cleared_is_not_cleared_again(database: Database) -> None:
    one, two = await entity_of(database), await entity_of(database)
    before = later(LAST, -1)
    async with database.session(SYSTEM) as session:
        await post_many(session, [replace(each, booked_on=before) for each in worked(one, two, 7000)])
        made = await settle(session, one, two, LAST)
        with pytest.raises(NothingToSettle):
            await settle(session, two, one, before)
        await undo_settlement(session, one, two, LAST)
        assert set(await settle(session, one, two, before)).isdisjoint(made)


async def test_books_that_disagree_are_not_settled(database: Database) -> None:
    one, two = await entity_of(database), await entity_of(database)
    async with database.session(SYSTEM) as session:
        await post_many(session, worked(one, two, 7000)[:1])
        with pytest.raises(MirrorDiffers):
            await settle(session, one, two, LAST)
        failed = [each.name for each in await check_books(session, [one, two]) if not each.holds]
        assert set(failed) == {"intercompany"}


async def test_a_rate_holds_from_a_day_until_the_next(database: Database) -> None:
    one, two = await entity_of(database), await entity_of(database)

    async def agree(percent: str, since: date, by: Actor = SYSTEM) -> None:
        async with database.session(by) as session:
            given = GivenRate(one, two, ArticleCategory.INSTALLATION_SERVICE, Decimal(percent), since)
            await save_rate(session, given)

    await agree("70", date(2025, 1, 1))
    await agree("80", date(2026, 1, 1))
    await agree("75.5", date(2025, 7, 1))
    await agree("82", date(2026, 1, 1))
    async with database.session(SYSTEM) as session:
        rows = (
            await session.execute(select(IntercompanyRate).where(IntercompanyRate.seller_entity_id == one))
        ).scalars()
        held = sorted((row.valid.lower, row.valid.upper, row.percent) for row in rows if row.valid.lower)
    days = [date(2025, 1, 1), date(2025, 7, 1), date(2026, 1, 1), None]
    assert [(start, end) for start, end, _ in held] == list(pairwise(days))
    assert [percent for *_, percent in held] == [Decimal(70), Decimal("75.5"), Decimal(82)]
    with pytest.raises(Exception, match="NOT_FOUND"):
        await agree("1", date(2027, 1, 1), Actor(role=Role.FINANCE, entity_ids=(one,)))
    with pytest.raises(OutOfRange):
        await agree("100.01", date(2027, 1, 1))
