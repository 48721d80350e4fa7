"""A piece of a run that is done one by one holds its orders as it did at once."""

from collections.abc import Sequence
from uuid import UUID

import pytest
from sqlalchemy import select

from domain.invoices import runs
from domain.invoices.errors import InvoiceTooLarge
from domain.invoices.issuing import Outcome
from domain.orders.models import Order
from tenants.actor import SYSTEM
from tenants.engine import Database
from tests.quoting import market


async def test_orders_stay_locked_where_a_piece_is_done_one_by_one(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else one waits for the next order with the counter of numbers in hand, and who has that order for the counter."""
    m = await market(database)
    ids = [await m.ordered(m.line("cable"), partner=False) for _ in range(2)]
    free: list[UUID] = []

    async def refusing(session: object, order_ids: Sequence[UUID]) -> list[Outcome]:
        if len(order_ids) > 1:
            raise InvoiceTooLarge()
        async with database.session(SYSTEM) as other:
            query = select(Order.id).where(Order.id.in_(ids)).with_for_update(skip_locked=True)
            free.extend((await other.execute(query)).scalars())
        return [Outcome(order_ids[0])]

    monkeypatch.setattr(runs, "issue_orders", refusing)
    async with database.session(m.actors["staff"]) as session:
        run = await runs.request(session, runs.RunRequest(order_ids=ids))
    async with database.session(SYSTEM) as session:
        assert await runs.divide(session, run.id) == 2
    async with database.session(SYSTEM) as session:
        assert len(await runs.issue_chunk(session, run.id, 0)) == 2
    assert free == []
