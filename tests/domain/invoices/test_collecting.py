"""Collective invoices: who sees them, and that a month has one; what is not invoiced at all is told."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from sqlalchemy import select, text

from domain.contacts import tree
from domain.events.models import Event
from domain.invoices import reactions
from domain.invoices.collecting import due, issue_collective
from domain.invoices.issuing import issue_orders
from domain.invoices.models import BillingPart, Invoice
from domain.ledger.posting import today
from domain.orders.completing import complete
from tenants.actor import SYSTEM
from tenants.engine import Database
from tests import factories
from tests.invoicing import completed, invoices_of, profile
from tests.quoting import Market, market

THIS = today().replace(day=1)
LAST = (THIS - timedelta(days=1)).replace(day=1)


async def _last_month(m: Market) -> UUID:
    """An order of the dealer that was completed in the month before, and is not looked at yet."""
    order_id = await completed(m, m.line("station", payer_id=m.dealer.id), m.line("installation"))
    at = datetime(LAST.year, LAST.month, 28, 12, tzinfo=UTC)
    async with m.database.session(SYSTEM) as session:
        await session.execute(text('UPDATE "order" SET completed_at = :at WHERE id = :id'), {"at": at, "id": order_id})
    return order_id


async def _collected(m: Market) -> list[Invoice]:
    return [invoice for invoice in await invoices_of(m) if invoice.part == "COLLECTIVE"]


async def test_a_former_parent_does_not_see_orders_of_after_the_move(database: Database) -> None:
    m = await market(database)
    await profile(m, m.dealer.id, collective=True)
    first = await _last_month(m)
    async with database.session(SYSTEM) as session:
        parent = await factories.organization(session, m.entity)
    async with database.session(SYSTEM) as session:
        await tree.move(session, m.actors["staff"], m.dealer.id, parent.id)
    second = await _last_month(m)
    async with database.session(SYSTEM) as session:
        await issue_orders(session, [first, second])
        made = await issue_collective(session, m.entity.id, m.dealer.id, LAST)
    assert made is not None
    assert made.net_cents == 2 * 899_95
    assert set(made.payer_chain_ids) == {m.dealer.id, parent.id}


async def test_what_comes_after_its_month_was_collected_waits_for_the_next_invoice(database: Database) -> None:
    m = await market(database)
    await profile(m, m.dealer.id, collective=True)
    first, late = await _last_month(m), await _last_month(m)
    collect = {"entity_id": str(m.entity.id), "payer_id": str(m.dealer.id), "month": LAST.isoformat()}
    for order_id in (first, late):
        async with database.session(SYSTEM) as session:
            await issue_orders(session, [order_id])
            await reactions.collect(session, collect)
    assert [invoice.period_month for invoice in await _collected(m)] == [LAST]
    async with database.session(SYSTEM) as session:
        waiting = select(BillingPart.due_month).where(
            BillingPart.order_id == late, BillingPart.payer_contact_id == m.dealer.id
        )
        assert (await session.execute(waiting)).scalars().all() == [THIS]
        assert [each.month for each in await due(session, _next(THIS), m.entity.id)] == [THIS]


def _next(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1)


async def test_an_order_without_its_purchase_order_is_told_to_staff(database: Database) -> None:
    m = await market(database, agreement={})
    await profile(m, m.dealer.id, purchase_order_required=True)
    order_id = await m.ordered()
    async with database.session(SYSTEM) as session:
        await reactions.issue(session, {"order_id": str(order_id), "part": "DEPOSIT"})  # there is none
        order = await complete(session, order_id)
        await reactions.issue(session, {"order_id": str(order_id), "part": "FINAL"})
        number = order.number
    async with database.session(SYSTEM) as session:
        query = select(Event).where(Event.type == "invoice.skipped", Event.subject_id == order_id)
        event = (await session.execute(query)).scalar_one()
    assert event.payload == {"number": number, "part": "FINAL", "reason": "PURCHASE_ORDER_MISSING"}
    assert event.internal
