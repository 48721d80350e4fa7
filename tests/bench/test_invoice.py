"""The benchmark of money: its books balance, its two ways agree, and it leaves nothing behind."""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any

import asyncpg
import pytest
from sqlalchemy import select

from chargecars.bench.invoicing import books
from chargecars.bench.invoicing.clearing import clear
from chargecars.bench.invoicing.explaining import amounts_of, unexplained
from domain.ledger.errors import Unbalanced
from domain.ledger.models import AccountRole
from domain.ledger.posting import debit
from domain.money import Money
from tenants.actor import SYSTEM
from tenants.engine import Database
from tenants.models import BusinessEntity
from tests import factories
from tests.domain.ledger.books import posted


async def test_sums_and_rows_agree_and_the_guards_are_back_afterwards(
    fresh_database: Callable[[], Awaitable[str]], database: Database
) -> None:
    url = await fresh_database()
    own = Database(url, database._password)
    owner = await asyncpg.connect(url)
    try:
        async with own.session(SYSTEM) as session:
            for _ in range(3):
                await factories.business_entity(session)
        await clear(owner)
        assert await books.fill(owner, 400, date(2024, 1, 1)) == 1_200
        await _balanced(owner)
        async with own.session(SYSTEM) as session:
            entities = list(await session.scalars(select(BusinessEntity.id)))
            found = books.totals(await books.by_sums(session, entities, 2025))
            rows, _ = await books.by_rows(session, entities, 2025)
            assert rows == found
            assert "8500" not in found
            with pytest.raises(Unbalanced):
                await posted(session, entities[0], legs=[debit(AccountRole.CASH, Money(1))])
        with pytest.raises(asyncpg.PostgresError):
            await owner.execute("DELETE FROM journal_line")
        await clear(owner)
        assert await owner.fetchval("SELECT count(*) FROM journal_line") == 0
    finally:
        await owner.close()
        await own.close()


async def _balanced(owner: "asyncpg.Connection[Any]") -> None:
    query = "SELECT entry_id FROM journal_line GROUP BY 1 HAVING sum(debit_cents - credit_cents) <> 0"
    assert await owner.fetch(query) == []


def test_an_amount_that_is_explained_otherwise_is_found() -> None:
    good = {"cents": "5", "explanation": {"result": "5"}}
    invoice = {"net": good, "vat": good, "gross": good, "lines": {"nodes": [{"net": good, "vat": good, "gross": good}]}}
    assert len(amounts_of(invoice)) == 6
    assert unexplained(invoice) == []
    for bad in ({"cents": "5", "explanation": {"result": "6"}}, {"cents": "5", "explanation": None}):
        assert unexplained(invoice | {"vat": bad}) == [bad]
