"""Invoicing without anybody asking: what events make due, and the work of the jobs that they ask for."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.events.models import Event
from domain.events.record import record
from domain.invoices import runs
from domain.invoices.collecting import carry_over, due, issue_collective
from domain.invoices.drafting import Skipped
from domain.invoices.events import InvoiceSkipped
from domain.invoices.issuing import issue_orders
from domain.invoices.models import InvoicePart
from domain.invoices.withdrawing import credit_deposits
from domain.jobs.service import enqueue
from domain.ledger.posting import today
from domain.orders.models import Order, OrderStage
from domain.rows import find
from domain.visits.models import Visit, VisitOutcome, VisitStatus

QUEUE = runs.QUEUE
ISSUE, WITHDRAW, COLLECT = "invoices.issue", "invoices.withdraw", "invoices.collect"
_DEPOSIT = ("order.received", "order.reopened", "order.resumed")
_NEEDS_SOMEBODY = (Skipped.PURCHASE_ORDER_MISSING,)
"""Nothing that happens by itself brings these invoices about."""
EVENTS = frozenset({*_DEPOSIT, "order.stage_changed", "order.cancelled", "visit.completed"})


async def react(session: AsyncSession, event: Event) -> None:
    """Ask for what an event makes due. The event is in the key: an order that is completed again is looked at again."""
    if event.type == "visit.completed":
        await _progress(session, event)
    elif event.type == "order.cancelled":
        await _ask(session, event, WITHDRAW, event.subject_id, {})
    elif event.type in _DEPOSIT:
        await _ask(session, event, ISSUE, event.subject_id, {"part": InvoicePart.DEPOSIT.value})
    elif event.payload["stage"] == OrderStage.COMPLETED:
        await _ask(session, event, ISSUE, event.subject_id, {"part": InvoicePart.FINAL.value})


async def issue(session: AsyncSession, arguments: Mapping[str, Any]) -> None:
    """Issue a part of one order to each of its payers, where that was not done before."""
    part, order_id = InvoicePart(arguments["part"]), UUID(arguments["order_id"])
    (outcome,) = await issue_orders(session, [order_id], part, step=int(arguments.get("step", 0)))
    for reason in dict.fromkeys(outcome.skipped):
        if reason in _NEEDS_SOMEBODY:
            order = await find(session, Order, order_id)
            skipped = InvoiceSkipped(order.number, part.value, reason.value)
            await record(session, skipped, entity_id=order.entity_id, subject_id=order.id)


async def withdraw(session: AsyncSession, arguments: Mapping[str, Any]) -> None:
    """Credit the deposits of a cancelled order."""
    await credit_deposits(session, UUID(arguments["order_id"]))


async def collect(session: AsyncSession, arguments: Mapping[str, Any]) -> None:
    """Issue one collective invoice."""
    entity_id, payer_id = (UUID(arguments[name]) for name in ("entity_id", "payer_id"))
    await carry_over(session, today(), payer_id)
    await issue_collective(session, entity_id, payer_id, date.fromisoformat(arguments["month"]))


async def divide(session: AsyncSession, arguments: Mapping[str, Any]) -> None:
    """Find the orders of a run, and ask for its pieces."""
    await runs.divide(session, UUID(arguments["run_id"]))


async def issue_chunk(session: AsyncSession, arguments: Mapping[str, Any]) -> None:
    """Issue the invoices of one piece of a run: all that it does happens, or nothing."""
    await runs.issue_chunk(session, UUID(arguments["run_id"]), int(arguments["chunk"]))


WORK = {ISSUE: issue, WITHDRAW: withdraw, COLLECT: collect, runs.DIVIDE: divide, runs.CHUNK: issue_chunk}
"""By name of the job."""


async def ask_for_collective_invoices(session: AsyncSession) -> int:
    """Ask for the collective invoices of months that are over; how many. For the system."""
    day = today()
    await carry_over(session, day)
    found = await due(session, day)
    for each in found:
        arguments = {"entity_id": each.entity_id, "payer_id": each.payer_id, "month": each.month}
        key = f"{each.entity_id}:{each.payer_id}:{each.month}:{day}"
        await enqueue(session, COLLECT, arguments, key=key, queue=QUEUE, entity_id=each.entity_id)
    return len(found)


async def _progress(session: AsyncSession, event: Event) -> None:
    """The progress invoice after as many visits as were made of the order."""
    if event.payload["outcome"] != VisitOutcome.COMPLETED:
        return
    order_id = UUID(event.payload["order_id"])
    made = select(func.count()).where(
        Visit.order_id == order_id,
        Visit.status == VisitStatus.DONE.value,
        Visit.outcome == VisitOutcome.COMPLETED.value,
    )
    step = (await session.execute(made)).scalar_one()
    await _ask(session, event, ISSUE, order_id, {"part": InvoicePart.PROGRESS.value, "step": step})


async def _ask(session: AsyncSession, event: Event, name: str, order_id: UUID, more: dict[str, Any]) -> None:
    key = ":".join(map(str, (order_id, more.get("part", ""), event.id)))
    await enqueue(session, name, {"order_id": order_id, **more}, key=key, queue=QUEUE, entity_id=event.entity_id)
