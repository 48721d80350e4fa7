"""A plan becomes the plan in force, whole or not at all; and is taken back while nothing has happened since.

The days are locked first, in their order, then the visits: whoever books, moves or is absent meanwhile waits, or was
there before and has raised the version of a day.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, case, func, insert, or_, select, text, tuple_, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from domain.events.record import record_all
from domain.orders.models import Order
from domain.plans.changes import Changed, counted, droppable, told
from domain.plans.errors import PlanDoesNotFit, PlanNotPublishable, PlanNotRevertible, PlanOutdated
from domain.plans.events import PlanPublished, PlanReverted, PlanSuperseded
from domain.plans.fingerprints import fingerprint
from domain.plans.models import PUBLISHABLE, Plan, PlanFormer, PlanState, PlanVisit
from domain.plans.telling import tell_all
from domain.rows import actor_of, find
from domain.teams.planning_days import lock, versions
from domain.visits.models import Visit, VisitStatus

_PLACE = ("status", "team_id", "day", "block", "route_order", "starts_at", "ends_at")
MOST_DAYS_NAMED = 28


async def publish(session: AsyncSession, plan_id: UUID) -> Plan:
    """Put a plan in force; in a session of the system.

    Raises: PlanNotPublishable; PlanOutdated naming the days that have changed since its world was read; PlanDoesNotFit.
    """
    plan = await find(session, Plan, plan_id, lock=True)
    if plan.state not in PUBLISHABLE:
        raise PlanNotPublishable(field=("id",))
    days = [date.fromisoformat(day) for day in plan.day_versions]
    await lock(session, days)
    await _refuse_outdated(session, plan.day_versions)
    await _refuse_changed(session, plan)
    await _remember(session, plan)
    changed = await _apply(session, plan)
    await _conclude(session, plan, days, changed)
    return plan


async def revert(session: AsyncSession, plan_id: UUID) -> Plan:
    """Put every visit where it was before the plan was published; in a session of the system.

    Raises: PlanNotRevertible; PlanOutdated naming the days that have changed since.
    """
    plan = await find(session, Plan, plan_id, lock=True)
    if plan.state != PlanState.PUBLISHED:
        raise PlanNotRevertible(field=("id",))
    await lock(session, (date.fromisoformat(day) for day in plan.published_versions))
    await _refuse_outdated(session, plan.published_versions)
    await _refuse_touched(session, plan)
    changed = await _restore(session, plan)
    await record_all(session, told(changed))
    plan.state, plan.reverted_at = PlanState.REVERTED, datetime.now(UTC)
    await tell_all(session, plan, PlanReverted(plan.number))
    return plan


async def _refuse_outdated(session: AsyncSession, read: dict[str, int]) -> None:
    now = await versions(session, (date.fromisoformat(day) for day in read))
    _refuse(day for day, version in now.items() if read[day.isoformat()] != version)


def _refuse(days: Iterable[date | None]) -> None:
    changed = sorted({day.isoformat() for day in days if day is not None})
    if changed:
        raise PlanOutdated(days=", ".join(changed[:MOST_DAYS_NAMED]), field=("id",))


async def _refuse_changed(session: AsyncSession, plan: Plan) -> None:
    """Visits that have no day yet are in no day's version: they are as they were, and their orders go on."""
    rests = and_(Visit.status == VisitStatus.REQUIRED, Order.on_hold)
    query = (
        select(PlanVisit.day, fingerprint() != PlanVisit.fingerprint, rests)
        .join(Visit, Visit.id == PlanVisit.visit_id)
        .join(Order, Order.id == Visit.order_id)
        .where(PlanVisit.plan_id == plan.id, PlanVisit.day.is_not(None), ~PlanVisit.held)
        .order_by(Visit.id)
        .with_for_update(of=Visit)
    )
    _refuse(day for day, other, on_hold in await session.execute(query) if other or on_hold)


async def _refuse_touched(session: AsyncSession, plan: Plan) -> None:
    query = (
        select(func.coalesce(Visit.day, PlanFormer.day, plan.first_day))
        .join(PlanFormer, PlanFormer.visit_id == Visit.id)
        .where(PlanFormer.plan_id == plan.id, fingerprint() != PlanFormer.fingerprint)
        .order_by(Visit.id)
        .with_for_update(of=Visit)
    )
    _refuse((await session.scalars(query)).all())


# --- putting in force ---------------------------------------------------------------------------------------------


def _differs(visit: Any = Visit) -> Any:
    """Whether the plan puts the visit elsewhere, or at another time of the same day."""
    new = (PlanVisit.team_id, PlanVisit.day, PlanVisit.block, PlanVisit.route_order, PlanVisit.starts_at)
    old = (visit.team_id, visit.day, visit.block, visit.route_order, visit.starts_at)
    placed = and_(PlanVisit.day.is_not(None), tuple_(*old).is_distinct_from(tuple_(*new)))
    return or_(placed, and_(PlanVisit.day.is_(None), ~PlanVisit.pinned, droppable(visit)))


def _of(plan: Plan) -> Any:
    return and_(PlanVisit.plan_id == plan.id, ~PlanVisit.held, PlanVisit.visit_id == Visit.id)


async def _remember(session: AsyncSession, plan: Plan) -> None:
    """Where what will change is now."""
    columns = [getattr(Visit, name) for name in _PLACE]
    rows = select(PlanVisit.plan_id, Visit.id, *columns).where(_of(plan), _differs())
    await session.execute(insert(PlanFormer).from_select(["plan_id", "visit_id", *_PLACE], rows))


async def _apply(session: AsyncSession, plan: Plan) -> Sequence[Changed]:
    new = aliased(PlanVisit)
    of = and_(new.plan_id == plan.id, new.visit_id == Visit.id, ~new.held)
    former = select(PlanFormer.visit_id).where(PlanFormer.plan_id == plan.id)
    base = update(Visit).where(of, Visit.id.in_(former)).execution_options(synchronize_session=False)
    planned = func.coalesce(func.nullif(Visit.status, VisitStatus.REQUIRED), VisitStatus.PLANNED)
    places = {name: getattr(new, name) for name in _PLACE if name != "status"}
    await session.execute(base.where(new.day.is_not(None)).values(status=planned, **places, **_window(new)))
    gone = {"team_id": None, "route_order": None, "starts_at": None, "ends_at": None}
    out = base.where(new.day.is_(None))
    await session.execute(out.where(Visit.promised_at.is_not(None)).values(**gone))
    waits = {"status": VisitStatus.REQUIRED, "day": None, "block": None, "arrival_from": None, "arrival_until": None}
    await session.execute(out.where(Visit.promised_at.is_(None)).values(**gone, **waits))
    await session.execute(_HELD, {"plan": plan.id})
    await _refuse_too_full(session, plan)
    return await _changed(session, plan)


def _window(new: Any) -> dict[str, Any]:
    """A window that was told holds until another is told; with another day or block there is none."""
    same = and_(Visit.day == new.day, Visit.block == new.block)
    return {name: case((same, getattr(Visit, name))) for name in ("arrival_from", "arrival_until")}


_HELD = text(
    """
UPDATE slot_hold h SET team_id = p.team_id, starts_at = p.starts_at, ends_at = p.ends_at
FROM plan_visit p
WHERE p.plan_id = :plan AND p.held AND p.visit_id = h.visit_id AND p.day = h.day AND p.block = h.block
  AND (h.team_id, h.starts_at, h.ends_at) IS DISTINCT FROM (p.team_id, p.starts_at, p.ends_at)"""
)
"""Held places rest on the routes of the plan from now on."""


async def _refuse_too_full(session: AsyncSession, plan: Plan) -> None:
    """What the database refuses at the commit is refused here, where it can be told."""
    stays = select(Visit.day).join(PlanVisit, PlanVisit.visit_id == Visit.id)
    stays = stays.where(PlanVisit.plan_id == plan.id, PlanVisit.day.is_(None), Visit.team_id.is_not(None))
    days = sorted({day.isoformat() for day in (await session.scalars(stays)).all() if day is not None})
    try:
        await session.execute(text(f"SET CONSTRAINTS {_GUARDS} IMMEDIATE"))
    except IntegrityError as error:
        raise PlanDoesNotFit(days=", ".join(days), field=("id",)) from error
    await session.execute(text(f"SET CONSTRAINTS {_GUARDS} DEFERRED"))


_GUARDS = "visit_has_room_update, slot_hold_has_room_update, uq_visit_team_id_day_route_order"


async def _restore(session: AsyncSession, plan: Plan) -> Sequence[Changed]:
    changed = await _changed(session, plan)
    places = {name: getattr(PlanFormer, name) for name in _PLACE}
    back = update(Visit).where(PlanFormer.plan_id == plan.id, PlanFormer.visit_id == Visit.id)
    await session.execute(back.values(**places, **_window(PlanFormer)).execution_options(synchronize_session=False))
    return [each.reversed() for each in changed]


async def _changed(session: AsyncSession, plan: Plan) -> Sequence[Changed]:
    """What there is to tell of the visits that the plan has changed."""
    query = (
        select(*Changed.columns())
        .join(PlanFormer, PlanFormer.visit_id == Visit.id)
        .where(PlanFormer.plan_id == plan.id)
        .order_by(Visit.id)
    )
    found = [Changed(*row) for row in await session.execute(query)]
    return [each for each in found if each.differs or each.retimed]


async def _conclude(session: AsyncSession, plan: Plan, days: Sequence[date], changed: Sequence[Changed]) -> None:
    await record_all(session, told(changed))
    after = update(PlanFormer).where(PlanFormer.plan_id == plan.id, PlanFormer.visit_id == Visit.id)
    await session.execute(after.values(fingerprint=fingerprint()).execution_options(synchronize_session=False))
    await _supersede(session, plan)
    now = await versions(session, days)
    plan.published_versions = {day.isoformat(): version for day, version in now.items()}
    plan.state, plan.published_at = PlanState.PUBLISHED, datetime.now(UTC)
    plan.published_by = actor_of(session).user_id
    await tell_all(session, plan, PlanPublished(plan.number, **counted(changed)))


async def _supersede(session: AsyncSession, plan: Plan) -> None:
    horizon = func.daterange(Plan.first_day, Plan.last_day, "[]")
    same = horizon.op("&&")(func.daterange(plan.first_day, plan.last_day, "[]"))
    older = select(Plan).where(Plan.state == PlanState.PUBLISHED, Plan.id != plan.id, same).with_for_update(of=Plan)
    for each in (await session.scalars(older)).all():
        each.state = PlanState.SUPERSEDED
        await tell_all(session, each, PlanSuperseded(each.number, plan.number))
