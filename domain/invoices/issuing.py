"""Issuing invoices: those of orders by parts, each once, whoever asks and however often."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.invoices.drafting import Draft, OrderDrafts, Skipped, plan
from domain.invoices.loading import load
from domain.invoices.models import Invoice, InvoicePart
from domain.invoices.recognizing import recognize
from domain.invoices.self_billing import SelfBilledLine, issue_self_billing
from domain.invoices.writing import issue_all, note
from domain.orders.models import OrderStage

__all__ = ["Outcome", "SelfBilledLine", "issue", "issue_order", "issue_orders", "issue_self_billing"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one order: invoices, or why there is none."""

    order_id: UUID
    invoice_ids: list[UUID] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)


async def issue(session: AsyncSession, draft: Draft, *, issued_on: date | None = None) -> Invoice:
    """Issue one invoice. Raises: NoLines, InvoiceTooLarge, PeriodClosed. For staff and the system."""
    made = await issue_all(session, [draft], issued_on=issued_on)
    return (await session.execute(select(Invoice).where(Invoice.id == made[0].id))).scalar_one()


async def issue_order(session: AsyncSession, order_id: UUID) -> list[Invoice]:
    """Issue what is left to invoice of a completed order, one invoice per payer; none where that was done before."""
    outcome = (await issue_orders(session, [order_id]))[0]
    query = select(Invoice).where(Invoice.id.in_(outcome.invoice_ids)).order_by(Invoice.number)
    return list((await session.execute(query)).scalars())


async def issue_orders(
    session: AsyncSession,
    order_ids: Iterable[UUID],
    part: InvoicePart = InvoicePart.FINAL,
    *,
    step: int = 0,
    issued_on: date | None = None,
) -> list[Outcome]:
    """Issue a part of orders, in one transaction and a fixed number of statements; the outcomes in the order asked.

    Locks are taken as in crediting: orders, lines, the counter of numbers. What was invoiced before, is held, cancelled
    or not completed, or belongs on a collective invoice is left out, and said so.
    """
    asked = list(dict.fromkeys(order_ids))
    loaded = await load(session, asked)
    found = plan(loaded, part, step)
    await recognize(session, [order.id for order in loaded.orders if order.stage == OrderStage.COMPLETED])
    made = await issue_all(session, [draft for each in found for draft in each.drafts], issued_on=issued_on)
    await note(session, {key: None for each in found for key in each.noted})
    by_order: dict[UUID | None, list[UUID]] = {}
    for one in made:
        by_order.setdefault(one.draft.order_id, []).append(one.id)
    by_id = {each.order.id: each for each in found}
    return [_outcome(order_id, by_id.get(order_id), by_order.get(order_id, [])) for order_id in asked]


def _outcome(order_id: UUID, found: OrderDrafts | None, invoice_ids: list[UUID]) -> Outcome:
    if found is None:
        return Outcome(order_id, skipped=[Skipped.NOT_FOUND])
    return Outcome(order_id, invoice_ids, found.skipped)
