"""Orders on their way: stages, cancelling, holding."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.agreements.enforcing import check_cancelling
from domain.agreements.partner_terms import terms_for
from domain.errors import InvalidState
from domain.events.record import Payload, changes_of, record
from domain.numbering.service import AMSTERDAM
from domain.orders import events
from domain.orders.errors import NotOnHold, OrderOnHold, WorkHasBegun
from domain.orders.models import Order, OrderMilestone, OrderStage
from domain.orders.stages import BEFORE_WORK, OPEN, PROGRESS, require
from domain.rows import actor_of, find
from domain.validation import text
from domain.visits import service as visits
from tenants.audience import Audience

LONGEST_REASON = 1_000
LONGEST_NOTE = 4_000
_OURS = (Audience.STAFF, Audience.SYSTEM)


async def cancel(session: AsyncSession, order_id: UUID, reason: str) -> Order:
    """Stop the order: staff until it is completed, its partner or customer until the work begins."""
    why = text(reason, "reason", maximum=LONGEST_REASON)
    order = await find(session, Order, order_id, lock=True)
    require(order.stage, OrderStage.CANCELLED)
    if order.stage not in BEFORE_WORK and actor_of(session).audience not in _OURS:
        raise WorkHasBegun(field=("id",))
    if actor_of(session).audience is Audience.PARTNER:
        await _require_agreed(session, order)
    order.stage, order.cancelled_at, order.cancel_reason = OrderStage.CANCELLED, datetime.now(UTC), why
    order.on_hold, order.hold_reason, order.held_at = False, None, None
    changes = changes_of(order)
    await _reached(session, order)
    await visits.call_off(session, order.id)
    await _tell(session, order, events.OrderCancelled(order.number, why), changes)
    return order


async def reopen(session: AsyncSession, order_id: UUID, reason: str) -> Order:
    """Undo a cancellation: the order is received anew and its visits are required again. For staff."""
    why = text(reason, "reason", maximum=LONGEST_REASON)
    order = await find(session, Order, order_id, lock=True)
    if order.stage != OrderStage.CANCELLED:
        raise InvalidState(current=order.stage, wanted=OrderStage.RECEIVED, field=("id",))
    order.stage, order.progress = OrderStage.RECEIVED, PROGRESS[OrderStage.RECEIVED]
    order.cancelled_at = order.cancel_reason = None
    changes = changes_of(order)
    await session.flush()
    await session.execute(delete(OrderMilestone).where(OrderMilestone.order_id == order.id, _NOT_FIRST))
    await visits.call_again(session, order.id)
    await _tell(session, order, events.OrderReopened(order.number, why), changes)
    return order


async def hold(session: AsyncSession, order_id: UUID, reason: str) -> Order:
    """Let nothing happen to the order for now. For staff."""
    why = text(reason, "reason", maximum=LONGEST_REASON)
    order = await find(session, Order, order_id, lock=True)
    if order.stage not in OPEN:
        raise InvalidState(current=order.stage, wanted="ON_HOLD", field=("id",))
    if order.on_hold:
        raise OrderOnHold(reason=order.hold_reason or "", field=("id",))
    order.on_hold, order.hold_reason, order.held_at = True, why, datetime.now(UTC)
    changes = changes_of(order)
    await _tell(session, order, events.OrderHeld(order.number, why), changes)
    return order


async def resume(session: AsyncSession, order_id: UUID) -> Order:
    """End the hold; the order is where it was. For staff."""
    order = await find(session, Order, order_id, lock=True)
    if not order.on_hold:
        raise NotOnHold(field=("id",))
    order.on_hold, order.hold_reason, order.held_at = False, None, None
    changes = changes_of(order)
    await _tell(session, order, events.OrderResumed(order.number), changes)
    return order


async def move(session: AsyncSession, order_id: UUID, stage: OrderStage) -> Order:
    """Bring the order to another stage; planning, field work and billing call this. Not for cancelling."""
    order = await find(session, Order, order_id, lock=True)
    require(order.stage, stage)
    if stage is OrderStage.CANCELLED or order.stage == OrderStage.CANCELLED:
        raise InvalidState(current=order.stage, wanted=stage, field=("id",))
    if order.on_hold:
        raise OrderOnHold(reason=order.hold_reason or "", field=("id",))
    order.stage, order.progress = stage, PROGRESS[stage]
    order.completed_at = datetime.now(UTC) if stage is OrderStage.COMPLETED else None
    changes = changes_of(order)
    await _reached(session, order)
    await _tell(session, order, events.OrderStageChanged(order.number, stage, order.progress), changes)
    return order


async def note(session: AsyncSession, order_id: UUID, words: str, *, internal: bool) -> Order:
    """Write a note into the order's timeline; only staff write internal ones."""
    said = text(words, "note", maximum=LONGEST_NOTE)
    order = await find(session, Order, order_id)
    made = events.OrderNotedInternally if internal else events.OrderNoted
    await _tell(session, order, made(order.number, said), {})
    return order


async def _require_agreed(session: AsyncSession, order: Order) -> None:
    """A partner cancels as its agreement has it (K5). Raises: CancellationTooLate, CancellationsUsedUp."""
    if order.account_contact_id is None:
        return
    terms = await terms_for(session, order.entity_id, order.account_contact_id)
    if terms.cancellable_until_hours is None and terms.free_cancellations_per_month is None:
        return
    first = await visits.first_planned(session, order.id)
    cancelled = await _cancelled_this_month(session, order.entity_id, order.account_contact_id)
    check_cancelling(terms, datetime.now(UTC), first, cancelled)


async def _cancelled_this_month(session: AsyncSession, entity_id: UUID, account_id: UUID) -> int:
    """One after the other for an account: two at once do not both get the last place."""
    month = datetime.now(AMSTERDAM).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"cancelling {account_id}", 0))))
    many = select(func.count()).where(
        Order.entity_id == entity_id, Order.account_contact_id == account_id, Order.cancelled_at >= month
    )
    return int((await session.execute(many)).scalar_one())


_NOT_FIRST = OrderMilestone.stage != OrderStage.RECEIVED


async def _reached(session: AsyncSession, order: Order) -> None:
    """Keep the first time that the stage was reached."""
    await session.flush()
    reached = insert(OrderMilestone).values(
        entity_id=order.entity_id, order_id=order.id, stage=order.stage, reached_at=func.now()
    )
    await session.execute(reached.on_conflict_do_nothing().inline())


async def _tell(session: AsyncSession, order: Order, payload: Payload, changes: dict[str, list[Any]]) -> None:
    await record(
        session,
        payload,
        entity_id=order.entity_id,
        subject_id=order.id,
        organization_ids=[order.account_contact_id],
        channel=order.channel_organization_ids,
        contact_ids=[order.end_customer_contact_id],
        team_ids=order.team_ids,
        changes=changes,
    )
