"""What the database refuses, whoever inserts: here it is the owner of the tables, past all of our functions."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from domain.ledger.posting import today
from tenants.actor import SYSTEM
from tenants.engine import Database
from tests.domain.ledger.books import entity_of

Owner = "asyncpg.Connection[asyncpg.Record]"


async def insert_by_hand(owner: Owner, entity: UUID, cents: list[int], day: date | None = None, **values: Any) -> UUID:
    """An entry of lines (debit positive) as the tables' owner, past all of our functions."""
    day = day or today()
    id = await owner.fetchval(
        "INSERT INTO journal_entry (entity_id, kind, key, booked_on, source_type, source_id, fingerprint, number) "
        "VALUES ($1, 'INVOICE', $2, $3, 'Invoice', $1, '', $4) RETURNING id",
        entity,
        str(uuid4()),
        day,
        values.get("number"),
    )
    await add_lines(owner, id, values.get("of", entity), cents, values.get("line_day", day), values.get("currency"))
    return id


async def add_lines(
    owner: Owner, entry: UUID, entity: UUID, cents: list[int], day: date, currency: str | None = None, at: int = 0
) -> None:
    await owner.execute(
        "INSERT INTO journal_line (entry_id, entity_id, position, account_id, debit_cents, credit_cents, currency, "
        "booked_on) SELECT $1, $2, $6 + place, (SELECT id FROM ledger_account WHERE entity_id = $2 AND role = 'BANK'), "
        "greatest(cents, 0), greatest(-cents, 0), $5, $4 FROM unnest($3::bigint[]) WITH ORDINALITY AS c (cents, place)",
        entry,
        entity,
        cents,
        day,
        currency or "EUR",
        at,
    )


@pytest.mark.parametrize("cents", [[100, -99], [100], [], [100, -50, -49], [1, 1]])
async def test_an_entry_that_does_not_balance_is_refused_from_the_owner_too(
    database: Database, owner: Owner, cents: list[int]
) -> None:
    entity = await entity_of(database)
    with pytest.raises(asyncpg.CheckViolationError, match="does not balance"):
        async with owner.transaction():
            await insert_by_hand(owner, entity, cents)
    assert not await owner.fetchval("SELECT count(*) FROM journal_entry WHERE entity_id = $1", entity)


@pytest.mark.parametrize("cents", [[0, 0], [10**15 + 1, -(10**15) - 1]])
async def test_amounts_have_bounds(database: Database, owner: Owner, cents: list[int]) -> None:
    entity = await entity_of(database)
    with pytest.raises(asyncpg.CheckViolationError, match="ck_journal_line_amount"):
        async with owner.transaction():
            await insert_by_hand(owner, entity, cents)


async def test_lines_are_of_their_entrys_entity_day_and_currency(database: Database, owner: Owner) -> None:
    entity, other = await entity_of(database), await entity_of(database)
    for wrong in ({"of": other}, {"line_day": today() - timedelta(days=1)}, {"currency": "USD"}):
        with pytest.raises(asyncpg.RestrictViolationError, match="does not fit"):
            async with owner.transaction():
                await insert_by_hand(owner, entity, [5, -5], **wrong)


async def test_what_is_posted_is_never_changed_by_anybody(database: Database, owner: Owner) -> None:
    entity = await entity_of(database)
    async with owner.transaction():
        id = await insert_by_hand(owner, entity, [5, -5], number="CC-J-1999-00001")
    assert (await owner.fetchval("SELECT number FROM journal_entry WHERE id = $1", id)).endswith("-00001")
    with pytest.raises(asyncpg.RestrictViolationError, match="sealed"):
        await add_lines(owner, id, entity, [7, -7], today(), at=5)
    for change in (
        "UPDATE journal_entry SET text = 'other' WHERE id = $1",
        "UPDATE journal_entry SET number = NULL WHERE id = $1",
        "UPDATE journal_line SET debit_cents = debit_cents + 1 WHERE entry_id = $1",
        "DELETE FROM journal_line WHERE entry_id = $1",
        "DELETE FROM journal_entry WHERE id = $1",
    ):
        with pytest.raises(asyncpg.RestrictViolationError, match="append-only"):
            await owner.execute(change, id)
    with pytest.raises(asyncpg.RestrictViolationError, match="append-only"):
        await owner.execute("TRUNCATE journal_line")


@examples(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parts=st.lists(st.integers(1, 10**9), min_size=2, max_size=9), wrong=st.integers(-2, 2))
async def test_the_commit_takes_what_balances_and_nothing_else(
    database: Database, owner: Owner, parts: list[int], wrong: int
) -> None:
    entity = await entity_of(database)
    refused = False
    try:
        async with owner.transaction():
            await insert_by_hand(owner, entity, [*parts, wrong - sum(parts)])
    except asyncpg.CheckViolationError:
        refused = True
    assert refused == (wrong != 0)


async def test_the_system_cannot_change_the_chart(database: Database) -> None:
    with pytest.raises(DBAPIError, match="permission denied"):
        async with database.session(SYSTEM) as session:
            await session.execute(text("UPDATE ledger_account SET role = 'BANK'"))
