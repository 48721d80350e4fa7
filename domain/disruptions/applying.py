"""A repaired plan is put in force, whole or not at all; or put aside. In sessions of the system."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.days.dispatching import dispatch
from domain.days.errors import UnknownShift
from domain.days.models import DispatchedStop
from domain.disruptions.errors import DisruptionConcluded, DisruptionNotProposed
from domain.disruptions.events import DisruptionApplied, DisruptionDiscarded, VisitPromiseBroken
from domain.disruptions.models import Disruption, DisruptionEffect, DisruptionOffer, DisruptionState, DisruptionVisit
from domain.disruptions.proposing import hold
from domain.disruptions.reporting import said
from domain.events.record import changes_of
from domain.planning.arrival import AMSTERDAM
from domain.plans.errors import PlanOutdated
from domain.rows import actor_of, find
from domain.slots.cache import Boards
from domain.slots.models import SlotHold
from domain.teams import planning_days
from domain.teams.telling import tell as tell_all
from domain.visits.events import VisitMoved, VisitUnplanned
from domain.visits.models import DayBlock, Visit, VisitStatus
from domain.visits.telling import tell

HELD_FOR_AN_ANSWER = timedelta(hours=24)
REASON = "DISRUPTION"
_PLACE = ("team_id", "day", "block", "route_order", "starts_at", "ends_at")
_TOLD = ("arrival_from", "arrival_until", "dispatched_at")
_PROMISE = ("promised_at", "promised_by")


async def apply(session: AsyncSession, memory: Boards, disruption_id: UUID, now: datetime | None = None) -> Disruption:
    """Put the repaired plan in force, tell those concerned, and give teams that are out their new routes.

    Raises: NotFound, DisruptionNotProposed, DisruptionConcluded; PlanOutdated naming the days that have changed since.
    """
    now = now or datetime.now(UTC)
    disruption = await _decided(session, disruption_id)
    changes, offers = await _read(session, disruption)
    await _refuse_outdated(session, disruption)
    out = await _given(session, disruption)
    await _write(session, changes, offers)
    await _keep_places(session, memory, changes, offers, now)
    await _give(session, out, now)
    broken = sum(each.change == DisruptionEffect.PROMISE_BROKEN for each in changes)
    disruption.state, disruption.applied_at = DisruptionState.APPLIED, now
    disruption.applied_by = actor_of(session).user_id
    await tell_all(session, DisruptionApplied(*said(disruption), disruption.changed, broken), disruption.id)
    return disruption


async def discard(session: AsyncSession, disruption_id: UUID, now: datetime | None = None) -> Disruption:
    """Put the repaired plan aside and give back the places that were held for it; what was reported stays true.

    Raises: NotFound, DisruptionConcluded
    """
    disruption = await _decided(session, disruption_id, discarding=True)
    _, offers = await _read(session, disruption)
    await session.execute(delete(SlotHold).where(SlotHold.id.in_(_holds(offers))))
    disruption.state, disruption.discarded_at = DisruptionState.DISCARDED, now or datetime.now(UTC)
    await tell_all(session, DisruptionDiscarded(*said(disruption)), disruption.id)
    return disruption


async def _decided(session: AsyncSession, id: UUID, *, discarding: bool = False) -> Disruption:
    """The disruption for change, after all days that its plan touches."""
    seen = await find(session, Disruption, id)
    offered = select(DisruptionOffer.day).join(DisruptionVisit).where(DisruptionVisit.disruption_id == id)
    days = {date.fromisoformat(day) for day in seen.day_versions} | set(await session.scalars(offered))
    await planning_days.lock(session, days)
    disruption = await find(session, Disruption, id, lock=True)
    if disruption.state in (DisruptionState.APPLIED, DisruptionState.DISCARDED):
        raise DisruptionConcluded(field=("id",))
    if disruption.state != DisruptionState.PROPOSED and not discarding:
        raise DisruptionNotProposed(field=("id",))
    return disruption


async def _read(
    session: AsyncSession, disruption: Disruption
) -> tuple[Sequence[DisruptionVisit], Mapping[UUID, list[DisruptionOffer]]]:
    """What changes, and by it the offers, the nearest first."""
    query = select(DisruptionVisit).where(DisruptionVisit.disruption_id == disruption.id)
    changes = (await session.scalars(query.order_by(DisruptionVisit.visit_id))).all()
    of_these = DisruptionOffer.disruption_visit_id.in_([each.id for each in changes])
    offers: defaultdict[UUID, list[DisruptionOffer]] = defaultdict(list)
    for each in await session.scalars(select(DisruptionOffer).where(of_these).order_by(DisruptionOffer.position)):
        offers[each.disruption_visit_id].append(each)
    return changes, offers


async def _refuse_outdated(session: AsyncSession, disruption: Disruption) -> None:
    read = {date.fromisoformat(day): version for day, version in disruption.day_versions.items()}
    now = await planning_days.versions(session, read)
    changed = sorted(day.isoformat() for day, version in now.items() if version != read[day])
    if changed:
        raise PlanOutdated(days=", ".join(changed), field=("id",))


async def _given(session: AsyncSession, disruption: Disruption) -> list[tuple[UUID, date]]:
    """Teams that have been given their route of a day that changes."""
    stop = DispatchedStop
    days = [date.fromisoformat(day) for day in disruption.day_versions]
    query = select(stop.team_id, stop.day).where(stop.day.in_(days), stop.withdrawn_at.is_(None)).distinct()
    return [(row.team_id, row.day) for row in await session.execute(query.order_by(stop.day, stop.team_id))]


async def _write(
    session: AsyncSession, changes: Sequence[DisruptionVisit], offers: Mapping[UUID, list[DisruptionOffer]]
) -> None:
    wanted = select(Visit).where(Visit.id.in_([each.visit_id for each in changes if not each.held]))
    locked = wanted.order_by(Visit.id).with_for_update().execution_options(populate_existing=True)
    visits = {visit.id: visit for visit in await session.scalars(locked)}
    for each in changes:
        if each.held:
            await _move_hold(session, each)
        elif each.change in (DisruptionEffect.MOVED, DisruptionEffect.RETIMED):
            await _place(session, visits[each.visit_id], each)
        else:
            await _unplan(session, visits[each.visit_id], each, offers.get(each.id, []))
    await session.flush()


async def _move_hold(session: AsyncSession, change: DisruptionVisit) -> None:
    """A held place rests on another team from now on; one that is gone is given back."""
    if change.team_id is None:
        await session.execute(delete(SlotHold).where(SlotHold.visit_id == change.visit_id))
        return
    there = {"team_id": change.team_id, "starts_at": change.starts_at, "ends_at": change.ends_at}
    await session.execute(update(SlotHold).where(SlotHold.visit_id == change.visit_id).values(**there))


async def _place(session: AsyncSession, visit: Visit, change: DisruptionVisit) -> None:
    other_team = visit.team_id != change.team_id
    for name in _PLACE:
        setattr(visit, name, getattr(change, name))
    if other_team:
        visit.pinned = False
        for name in _TOLD:
            setattr(visit, name, None)
    assert change.day is not None  # the table holds it to have a place
    what = (visit.order_id, visit.position, visit.kind, change.day.isoformat(), change.block or "", change.team_id)
    moved = VisitMoved(*what, change.from_day.isoformat(), change.from_block)
    if change.change == DisruptionEffect.MOVED:
        await tell(session, visit, moved, changes=changes_of(visit), also_teams=[change.from_team_id])


async def _unplan(
    session: AsyncSession, visit: Visit, change: DisruptionVisit, offers: Sequence[DisruptionOffer]
) -> None:
    for name in (*_PLACE, *_TOLD, *_PROMISE):
        setattr(visit, name, None)
    visit.status, visit.pinned = VisitStatus.REQUIRED, False
    what, was = (visit.order_id, visit.position, visit.kind), (change.from_day.isoformat(), change.from_block)
    gone = VisitUnplanned(*what, *was, REASON)
    await tell(session, visit, gone, changes=changes_of(visit), also_teams=[change.from_team_id])
    if change.change == DisruptionEffect.PROMISE_BROKEN:
        instead = [{"day": offer.day.isoformat(), "block": offer.block} for offer in offers]
        await tell(session, visit, VisitPromiseBroken(*what, *was, instead))


async def _keep_places(
    session: AsyncSession,
    memory: Boards,
    changes: Iterable[DisruptionVisit],
    offers: Mapping[UUID, list[DisruptionOffer]],
    now: datetime,
) -> None:
    """The nearest place that is still free is kept for each customer until an answer can be expected."""
    until = now + HELD_FOR_AN_ANSWER
    for change in changes:
        if change.change == DisruptionEffect.PROMISE_BROKEN:
            await _keep_one(session, memory, change.visit_id, offers.get(change.id, []), until)


async def _keep_one(
    session: AsyncSession, memory: Boards, visit_id: UUID, offers: Sequence[DisruptionOffer], until: datetime
) -> None:
    """What the customer has taken into its hand meanwhile stays so."""
    living = select(SlotHold).where(SlotHold.visit_id == visit_id, SlotHold.expires_at > datetime.now(UTC))
    held = await session.scalar(living)
    for offer in offers:
        if held is not None:
            mine = held.id == offer.hold_id
            held.expires_at = until if mine else held.expires_at
            offer.held_until = until if mine else None
        elif place := await hold(session, memory, visit_id, offer.day, DayBlock(offer.block), until):
            for name, value in place.items():
                setattr(offer, name, value)
            return


def _holds(offers: Mapping[UUID, list[DisruptionOffer]]) -> list[UUID]:
    return [offer.hold_id for each in offers.values() for offer in each if offer.hold_id]


async def _give(session: AsyncSession, out: Iterable[tuple[UUID, date]], now: datetime) -> None:
    """Teams on the road are told what has changed of their routes; one that does not work has none."""
    today = now.astimezone(AMSTERDAM).date()
    for team_id, day in out:
        if day < today:
            continue
        try:
            async with session.begin_nested():
                await dispatch(session, None, team_id, day, now)
        except UnknownShift:
            await _withdraw(session, team_id, day, now)


async def _withdraw(session: AsyncSession, team_id: UUID, day: date, now: datetime) -> None:
    """All that the team had of the day and has no longer."""
    still = select(Visit.id).where(Visit.team_id == team_id, Visit.day == day)
    gone = update(DispatchedStop).where(DispatchedStop.team_id == team_id, DispatchedStop.day == day)
    gone = gone.where(DispatchedStop.withdrawn_at.is_(None), DispatchedStop.visit_id.not_in(still))
    await session.execute(gone.values(withdrawn_at=now))
