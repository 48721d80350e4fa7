"""Invoicing many orders: asked for at once, done by workers in pieces that happen once, with a result per order."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from uuid import UUID

import structlog
from sqlalchemy import ColumnElement, Integer, cast, func, insert, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.errors import DomainError, DomainErrors, NotFound, TooMany
from domain.events.record import record
from domain.invoices.errors import MixedEntities, OrdersOrPeriod, PeriodTooLong
from domain.invoices.events import InvoiceRunRequested
from domain.invoices.issuing import Outcome, issue_orders
from domain.invoices.models import InvoiceRun, InvoiceRunOrder, RunOutcome
from domain.jobs.service import enqueue
from domain.numbering.service import AMSTERDAM
from domain.orders.models import Order, OrderStage
from domain.rows import actor_of, find
from tenants.models import BusinessEntity

QUEUE = "billing"
DIVIDE, CHUNK = "invoices.divide", "invoices.issue_chunk"
MOST_ORDERS = 1_000
MOST_DAYS = 366
CHUNK_SIZE = 25

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class RunRequest:
    """Which orders: named, or all that an entity completed from a day on (Amsterdam) until another, not included."""

    order_ids: Sequence[UUID] = ()
    entity_id: UUID | None = None
    completed_from: date | None = None
    completed_until: date | None = None


async def request(session: AsyncSession, wanted: RunRequest) -> InvoiceRun:
    """Ask for invoices; a worker begins when the transaction commits. For staff.

    Raises: OrdersOrPeriod, PeriodTooLong, TooMany, MixedEntities, NotFound.
    """
    entity_id = await _entity(session, wanted)
    run = InvoiceRun(
        entity_id=entity_id,
        requested_by=actor_of(session).user_id,
        completed_from=wanted.completed_from,
        completed_until=wanted.completed_until,
        asked_order_ids=list(dict.fromkeys(wanted.order_ids)),
    )
    session.add(run)
    await session.flush()
    run.job_id = await enqueue(session, DIVIDE, {"run_id": run.id}, key=str(run.id), queue=QUEUE, entity_id=entity_id)
    payload = InvoiceRunRequested(len(run.asked_order_ids))
    await record(session, payload, entity_id=entity_id, subject_id=run.id)
    return run


async def divide(session: AsyncSession, run_id: UUID) -> int:
    """Write down the orders of a run, and ask for its pieces; how many orders."""
    run = await find(session, InvoiceRun, run_id, lock=True)
    if run.divided_at is not None:
        return 0
    place = func.row_number().over(order_by=(Order.completed_at, Order.id)) - 1
    chosen = select(literal(run.id), Order.entity_id, Order.id, cast(func.floor(place / CHUNK_SIZE), Integer)).where(
        Order.entity_id == run.entity_id, *_chosen(run)
    )
    columns = ["run_id", "entity_id", "order_id", "chunk"]
    await session.execute(insert(InvoiceRunOrder).from_select(columns, chosen).inline())
    counted = select(func.count()).select_from(InvoiceRunOrder).where(InvoiceRunOrder.run_id == run.id)
    many: int = (await session.execute(counted)).scalar_one()
    for chunk in range(-(-many // CHUNK_SIZE)):
        wanted = {"run_id": run.id, "chunk": chunk}
        await enqueue(session, CHUNK, wanted, key=f"{run.id}:{chunk}", queue=QUEUE, entity_id=run.entity_id)
    run.divided_at = datetime.now(UTC)
    return many


async def issue_chunk(session: AsyncSession, run_id: UUID, chunk: int) -> list[Outcome]:
    """Issue the invoices of one piece of a run, and write down what became of each order."""
    query = select(InvoiceRunOrder).where(
        InvoiceRunOrder.run_id == run_id,
        InvoiceRunOrder.chunk == chunk,
        InvoiceRunOrder.outcome == RunOutcome.WAITING.value,
    )
    rows = {row.order_id: row for row in (await session.execute(query.with_for_update())).scalars()}
    outcomes = await _issued(session, list(rows))
    for outcome, failed in outcomes:
        row = rows[outcome.order_id]
        row.outcome = (RunOutcome.ISSUED if outcome.invoice_ids else RunOutcome.SKIPPED).value
        row.reason = failed or (outcome.skipped[0].value if outcome.skipped and not outcome.invoice_ids else None)
        row.invoice_ids = outcome.invoice_ids
    await session.flush()
    return [outcome for outcome, _ in outcomes]


async def _issued(session: AsyncSession, order_ids: list[UUID]) -> list[tuple[Outcome, str | None]]:
    """All at once; one by one where one of them is refused, so that the others are not.

    All orders are locked first and stay so: one by one, the counter of numbers is held while the next order is read.
    """
    await session.execute(select(Order.id).where(Order.id.in_(order_ids)).order_by(Order.id).with_for_update())
    try:
        async with session.begin_nested():
            return [(outcome, None) for outcome in await issue_orders(session, order_ids)]
    except (DomainError, DomainErrors):
        return [await _alone(session, order_id) for order_id in order_ids]


async def _alone(session: AsyncSession, order_id: UUID) -> tuple[Outcome, str | None]:
    try:
        async with session.begin_nested():
            return (await issue_orders(session, [order_id]))[0], None
    except (DomainError, DomainErrors) as refused:
        log.warning("invoice_refused", order_id=str(order_id), code=refused.errors[0].code)
        return Outcome(order_id), refused.errors[0].code


def _chosen(run: InvoiceRun) -> list[ColumnElement[bool]]:
    if run.completed_from is None or run.completed_until is None:
        return [Order.id.in_(run.asked_order_ids)]
    first, last = (_midnight(day) for day in (run.completed_from, run.completed_until))
    return [Order.stage == OrderStage.COMPLETED.value, Order.completed_at >= first, Order.completed_at < last]


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, AMSTERDAM)


async def _entity(session: AsyncSession, wanted: RunRequest) -> UUID:
    period = (wanted.entity_id, wanted.completed_from, wanted.completed_until)
    if bool(wanted.order_ids) == all(part is not None for part in period):
        raise OrdersOrPeriod(field=("order_ids",))
    if wanted.order_ids:
        if any(part is not None for part in period):
            raise OrdersOrPeriod(field=("order_ids",))
        return await _entity_of(session, wanted.order_ids)
    return await _entity_of_period(session, wanted)


async def _entity_of_period(session: AsyncSession, wanted: RunRequest) -> UUID:
    first, last = wanted.completed_from, wanted.completed_until
    assert wanted.entity_id is not None
    assert first is not None
    assert last is not None
    if not 0 < (last - first).days <= MOST_DAYS:
        raise PeriodTooLong(days=MOST_DAYS, field=("completed_until",))
    return (await find(session, BusinessEntity, wanted.entity_id, field=("entity_id",))).id


async def _entity_of(session: AsyncSession, order_ids: Sequence[UUID]) -> UUID:
    """The one entity of orders that the actor sees."""
    if len(order_ids) > MOST_ORDERS:
        raise TooMany(maximum=MOST_ORDERS, field=("order_ids",))
    rows = (await session.execute(select(Order.id, Order.entity_id).where(Order.id.in_(order_ids)))).all()
    entities = {row.id: row.entity_id for row in rows}
    for position, order_id in enumerate(order_ids):
        if order_id not in entities:
            raise NotFound(field=("order_ids", position))
    if len(set(entities.values())) > 1:
        raise MixedEntities(field=("order_ids",))
    found: UUID = rows[0].entity_id
    return found
