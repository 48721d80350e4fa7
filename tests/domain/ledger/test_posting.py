"""Posting: once per key, balanced, on open days; what the database refuses whoever inserts."""

import asyncio
import contextlib
from datetime import date
from random import Random
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError

from domain.ledger import posting
from domain.ledger.errors import AlreadyReversed, PostedDifferently, Unbalanced
from domain.ledger.models import AccountRole, EntryKind, JournalEntry, JournalLine, LedgerAccount
from domain.ledger.posting import Entry, Leg, credit, debit, post_many, reverse, seal, today
from domain.ledger.recognition import DeferredLine, recognition, revenue
from domain.money import CurrencyMismatch, Money, allocate, total
from tenants.actor import SYSTEM, Actor
from tenants.engine import Database
from tenants.permissions import Role
from tests.domain.ledger.books import SOURCE, entity_of, posted, sale

ROLES = st.sampled_from(list(AccountRole))
CENTS = st.integers(-(10**15) // 20, 10**15 // 20)


def entry(legs: list[Leg], key: str = "k") -> Entry:
    return Entry(UUID(int=7), EntryKind.INVOICE, key, SOURCE, legs)


# --- without a database -----------------------------------------------------------------------------------------------


@given(st.lists(st.tuples(ROLES, CENTS), min_size=1, max_size=12), ROLES)
def test_legs_that_add_up_are_taken_and_a_cent_more_is_refused(
    given_legs: list[tuple[AccountRole, int]], role: AccountRole
) -> None:
    legs = [Leg(each, Money(cents)) for each, cents in given_legs]
    rest = -total(leg.amount for leg in legs)
    if sum(1 for leg in [*legs, Leg(role, rest)] if leg.amount) >= 2:
        entry([*legs, Leg(role, rest)]).check()
    with pytest.raises(Unbalanced) as refused:
        entry([*legs, Leg(role, rest + Money(1))]).check()
    assert refused.value.parameters["difference"] in (1, rest.cents + 1)


@given(st.lists(st.tuples(ROLES, CENTS.filter(bool)), min_size=2, max_size=6), st.randoms())
def test_the_fingerprint_is_of_what_is_posted_and_not_of_the_order(
    legs: list[tuple[AccountRole, int]], chance: Random
) -> None:
    made = [Leg(role, Money(cents)) for role, cents in legs]
    shuffled = [*made, Leg(AccountRole.ROUNDING, Money(0))]
    chance.shuffle(shuffled)
    assert entry(made).fingerprint() == entry(shuffled).fingerprint()
    other = [Leg(made[0].role, made[0].amount + Money(1)), *made[1:]]
    assert entry(made).fingerprint() != entry(other).fingerprint()


@given(CENTS.filter(bool), st.integers(1, 5), st.sampled_from([None, "OTHER", "CHARGING_STATION"]))
def test_what_is_deferred_is_recognized_whole(cents: int, parts: int, category: str | None) -> None:
    """Billed in parts and recognized in parts, deferred revenue ends at nothing and revenue at the whole."""
    sums: dict[AccountRole, int] = {}
    for part in allocate(Money(cents), [1] * parts):
        line = DeferredLine(UUID(int=1), uuid4(), category, part)
        legs = [revenue(category, part, deferred=True), *recognition(UUID(int=7), line).legs]
        for leg in legs:
            sums[leg.role] = sums.get(leg.role, 0) + leg.amount.cents
    assert sums == {AccountRole.DEFERRED_REVENUE: 0, AccountRole.revenue(category): -cents}


def test_two_currencies_do_not_go_together() -> None:
    with pytest.raises(CurrencyMismatch):
        entry([debit(AccountRole.BANK, Money(5)), credit(AccountRole.WALLET, Money(5, "USD"))]).check()


def test_one_leg_is_no_entry() -> None:
    with pytest.raises(Unbalanced):
        entry([debit(AccountRole.BANK, Money(0)), credit(AccountRole.WALLET, Money(0))]).check()


# --- in the database --------------------------------------------------------------------------------------------------


async def test_an_entry_and_its_lines_are_of_one_day_though_midnight_passes(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    entity_id = await entity_of(database)
    days = (date(2026, 3, day) for day in range(1, 32))
    monkeypatch.setattr(posting, "today", lambda: next(days))
    async with database.session(SYSTEM) as session:
        id = await posted(session, entity_id)
    async with database.session(SYSTEM) as session:
        lines = select(JournalLine.booked_on).where(JournalLine.entry_id == id)
        entries = select(JournalEntry.booked_on).where(JournalEntry.id == id)
        booked = [*(await session.execute(lines)).scalars(), *(await session.execute(entries)).scalars()]
    assert set(booked) == {date(2026, 3, 1)}


async def test_an_entity_has_an_account_for_every_role(database: Database) -> None:
    entity = await entity_of(database)
    async with database.session(SYSTEM) as session:
        roles = select(LedgerAccount.role).where(LedgerAccount.entity_id == entity)
        assert set((await session.execute(roles)).scalars()) == {role.value for role in AccountRole}


async def rolled_back(database: Database, actor: Actor, entity: UUID) -> None:
    """An entry that has its number already when the transaction is given up."""
    with contextlib.suppress(RuntimeError):
        async with database.session(actor) as session:
            await posted(session, entity, "lost")
            await seal(session)
            raise RuntimeError


async def test_entries_are_numbered_without_gap_whatever_failed_between(database: Database) -> None:
    entity = await entity_of(database)
    staff = Actor(role=Role.FINANCE, entity_ids=(entity,), user_id=uuid4())
    year = today().year
    async with database.session(staff) as session:
        first = await posted(session, entity)
        assert await posted(session, entity) == first
        await posted(session, entity, "last year", booked_on=date(year - 1, 12, 31))
    await rolled_back(database, staff, entity)
    async with database.session(staff) as session:
        await posted(session, entity, "b")
        await seal(session)
        await posted(session, entity, "c")
    async with database.session(staff) as session:
        rows = (await session.execute(select(JournalEntry).order_by(JournalEntry.number))).scalars().all()
        assert [row.number.partition("-J-")[2] for row in rows if row.number] == [
            f"{year - 1}-00001",
            *(f"{year}-0000{n}" for n in (1, 2, 3)),
        ]
        assert [row.key for row in rows] == ["last year", "a", "b", "c"]
        assert {row.recorded_by for row in rows} == {staff.user_id}


async def test_the_same_key_is_one_entry_under_concurrency(database: Database) -> None:
    entity = await entity_of(database)

    async def once(number: int) -> UUID:
        async with database.session(SYSTEM) as session:
            await posted(session, entity, f"own {number}")
            return await posted(session, entity, "shared")

    ids = await asyncio.gather(*(once(number) for number in range(6)))
    assert len(set(ids)) == 1
    async with database.session(SYSTEM) as session:
        of_entity = JournalEntry.entity_id == entity
        numbers = (await session.execute(select(JournalEntry.number).where(of_entity))).scalars().all()
        assert sorted(number[-5:] for number in numbers if number) == [f"0000{n}" for n in range(1, 8)]
        lines = select(func.count()).where(JournalLine.entry_id == ids[0])
        assert (await session.execute(lines)).scalar_one() == 3


async def test_a_key_that_comes_again_with_other_amounts_is_refused(database: Database) -> None:
    entity = await entity_of(database)
    async with database.session(SYSTEM) as session:
        await posted(session, entity)
    with pytest.raises(PostedDifferently):
        async with database.session(SYSTEM) as session:
            await posted(session, entity, legs=sale(12101, 2101))
    twins = [Entry(entity, EntryKind.INVOICE, "t", SOURCE, sale(gross)) for gross in (5000, 5001)]
    with pytest.raises(PostedDifferently):
        async with database.session(SYSTEM) as session:
            await post_many(session, twins)


async def test_many_entries_are_posted_at_once_in_their_order(database: Database) -> None:
    one, two = await entity_of(database), await entity_of(database)
    entries = [Entry(e, EntryKind.INVOICE, f"m{n}", SOURCE, sale(100 + n, n)) for n in range(40) for e in (one, two)]
    async with database.session(SYSTEM) as session:
        ids = await post_many(session, [*entries, entries[3]])
        assert ids[-1] == ids[3]
        assert len(set(ids)) == 80
        assert await post_many(session, entries) == ids[:-1]
    async with database.session(SYSTEM) as session:
        keys = select(JournalEntry.id, JournalEntry.key).where(JournalEntry.id.in_(ids))
        found = {row.id: row.key for row in await session.execute(keys)}
        assert [found[id] for id in ids[:-1]] == [each.key for each in entries]


async def test_an_entry_is_reversed_once_and_exactly(database: Database) -> None:
    entity = await entity_of(database)
    async with database.session(SYSTEM) as session:
        first = await posted(session, entity)
        undone = await reverse(session, first, "undo")
        assert await reverse(session, first, "undo") == undone
        with pytest.raises(AlreadyReversed):
            await reverse(session, first, "undo again")
    async with database.session(SYSTEM) as session:
        net = select(JournalLine.account_id, func.sum(JournalLine.debit_cents - JournalLine.credit_cents))
        rows = await session.execute(net.where(JournalLine.entity_id == entity).group_by(JournalLine.account_id))
        assert {int(cents) for _, cents in rows} == {0}


async def test_another_entitys_books_take_nothing_from_staff(database: Database) -> None:
    mine, other = await entity_of(database), await entity_of(database)
    staff = Actor(role=Role.FINANCE, entity_ids=(mine,), user_id=uuid4())
    with pytest.raises(DBAPIError, match="row-level security"):
        async with database.session(staff) as session:
            await posted(session, other)


@pytest.mark.parametrize("role", [Role.PARTNER_ADMIN, Role.CUSTOMER, Role.TECHNICIAN])
async def test_parties_and_technicians_neither_read_nor_post(database: Database, role: Role) -> None:
    entity = await entity_of(database)
    actor = Actor(role=role, entity_ids=(entity,), user_id=uuid4())
    with pytest.raises(DBAPIError, match="permission denied"):
        async with database.session(actor) as session:
            await posted(session, entity)
    with pytest.raises(DBAPIError, match="permission denied"):
        async with database.session(actor) as session:
            await session.execute(select(JournalLine.debit_cents))
