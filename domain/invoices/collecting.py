"""Collective invoices: one per payer, entity and month over all orders that wait for it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from sqlalchemy import func, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from domain.contacts.models import Contact
from domain.invoices.billing import BillLine
from domain.invoices.drafting import Draft, waiting_drafts
from domain.invoices.loading import Loaded, load
from domain.invoices.models import BillingPart, Invoice, InvoiceKind, InvoicePart, InvoiceStatus, PartState
from domain.invoices.recognizing import recognize
from domain.invoices.writing import issue_all
from domain.orders.models import OrderStage


@dataclass(frozen=True, slots=True)
class Due:
    """A payer with orders that wait, and the last month of them that is over."""

    entity_id: UUID
    payer_id: UUID
    month: date


async def carry_over(session: AsyncSession, until: date, payer_id: UUID | None = None) -> None:
    """Let what waits for a month that already has its collective invoice wait for the month of `until` instead.

    An order completed on the last day may be looked at after the month was collected: the month gets no second invoice,
    unless all of the first was credited.
    """
    now, named, billed = until.replace(day=1), aliased(Contact), aliased(Contact)
    payer = func.coalesce(named.merged_into_id, named.id)
    collected = (
        select(Invoice.id)
        .join(billed, billed.id == Invoice.payer_contact_id)
        .join(named, or_(billed.id == payer, billed.merged_into_id == payer))
        .where(
            named.id == BillingPart.payer_contact_id,
            Invoice.entity_id == BillingPart.entity_id,
            Invoice.period_month == BillingPart.due_month,
            Invoice.kind == InvoiceKind.INVOICE.value,
            Invoice.part == InvoicePart.COLLECTIVE.value,
            Invoice.status != InvoiceStatus.CREDITED.value,
        )
        .correlate(BillingPart)
    )
    if payer_id is not None:
        collected = collected.where(payer == payer_id)
    late = update(BillingPart).where(
        BillingPart.state == PartState.WAITING.value, BillingPart.due_month < now, collected.exists()
    )
    await session.execute(late.values(due_month=now).execution_options(synchronize_session=False))


async def due(session: AsyncSession, until: date, entity_id: UUID | None = None) -> list[Due]:
    """Who has orders of months before the one of `until` that wait for a collective invoice."""
    payer = func.coalesce(Contact.merged_into_id, Contact.id)
    month = func.max(BillingPart.due_month)
    query = (
        select(BillingPart.entity_id, payer, month)
        .join(Contact, Contact.id == BillingPart.payer_contact_id)
        .where(BillingPart.state == PartState.WAITING.value, BillingPart.due_month < until.replace(day=1))
        .group_by(BillingPart.entity_id, payer)
        .order_by(BillingPart.entity_id, payer)
    )
    if entity_id is not None:
        query = query.where(BillingPart.entity_id == entity_id)
    return [Due(row[0], row[1], row[2]) for row in (await session.execute(query)).all() if row[2]]


async def issue_collective(
    session: AsyncSession, entity_id: UUID, payer_id: UUID, month: date, *, issued_on: date | None = None
) -> Invoice | None:
    """Issue the invoice over what a payer's orders of a month, and of months before, wait for; None for nothing.

    Orders that are not completed any more wait on. Raises: InvoiceTooLarge, PeriodClosed.
    """
    first = month.replace(day=1)
    loaded = await load(session, await _waiting(session, entity_id, payer_id, first))
    drafts = [draft for order in loaded.orders for draft in waiting_drafts(loaded, order, payer_id)]
    if not drafts:
        return None
    await recognize(session, [order.id for order in loaded.orders if order.stage == OrderStage.COMPLETED])
    made = (await issue_all(session, [_together(loaded, drafts, first)], issued_on=issued_on))[0]
    await _invoiced(session, drafts, made.id)
    return (await session.execute(select(Invoice).where(Invoice.id == made.id))).scalar_one()


async def _waiting(session: AsyncSession, entity_id: UUID, payer_id: UUID, month: date) -> list[UUID]:
    named = aliased(Contact)
    query = (
        select(BillingPart.order_id)
        .join(named, named.id == BillingPart.payer_contact_id)
        .where(
            BillingPart.entity_id == entity_id,
            BillingPart.state == PartState.WAITING.value,
            BillingPart.due_month <= month,
            func.coalesce(named.merged_into_id, named.id) == payer_id,
        )
    )
    return list((await session.execute(query)).scalars())


def _together(loaded: Loaded, drafts: Sequence[Draft], month: date) -> Draft:
    """One draft of many: lines by order, each with the order's number; for those who may see every one of them."""
    numbers = {order.id: order.number for order in loaded.orders}
    lines = [_of_order(line, numbers) for draft in drafts for line in draft.lines]
    seen_by_all = set.intersection(*(set(draft.payer_chain_ids) for draft in drafts))
    references = dict.fromkeys(draft.reference for draft in drafts if draft.reference)
    return replace(
        drafts[-1],
        part=InvoicePart.COLLECTIVE,
        order_id=None,
        payer_chain_ids=sorted(seen_by_all | {drafts[-1].payer_id}),
        lines=lines,
        parts=[],
        reference=next(iter(references)) if len(references) == 1 else "",
        supplied_on=max((draft.supplied_on for draft in drafts if draft.supplied_on), default=None),
        period_month=month,
    )


def _of_order(line: BillLine, numbers: dict[UUID, str]) -> BillLine:
    number = numbers[line.order_id] if line.order_id else ""
    return replace(line, description=f"{number}: {line.description}")


async def _invoiced(session: AsyncSession, drafts: Sequence[Draft], invoice_id: UUID) -> None:
    keys = [(key.order_id, key.payer_contact_id) for draft in drafts for key in draft.parts]
    mine = select(BillingPart.id).where(
        BillingPart.state == PartState.WAITING.value,
        tuple_(BillingPart.order_id, BillingPart.payer_contact_id).in_(keys),
    )
    done = update(BillingPart).where(BillingPart.id.in_(mine))
    done = done.values(state=PartState.INVOICED.value, invoice_id=invoice_id)
    await session.execute(done.execution_options(synchronize_session=False))
