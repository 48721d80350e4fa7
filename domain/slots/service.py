"""Holding, booking, moving, confirming and giving back the place of a visit.

Every function runs in a session of the system actor and is told for whom: what that one does not see does not exist,
and its rights are checked on its own rows. The calendar itself is shared by all business entities.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain import rows
from domain.errors import DomainError, PermissionDenied
from domain.slots import taking
from domain.slots.asking import Facts, facts_in, weathered
from domain.slots.cache import Boards
from domain.slots.errors import (
    HoldNotRenewable,
    NothingHeld,
    SlotFull,
    VisitBookedAlready,
    VisitNotOpen,
    VisitNotPlanned,
)
from domain.slots.models import SlotHold
from domain.slots.offering import around
from domain.slots.offers import Offer
from domain.slots.rules import SlotRules, restricted
from domain.slots.taking import Place
from domain.teams.planning_days import lock
from domain.visits.events import (
    VisitBooked,
    VisitCancelled,
    VisitConfirmed,
    VisitHeld,
    VisitMoved,
    VisitReleased,
    VisitUnplanned,
)
from domain.visits.models import DayBlock, Visit, VisitOutcome, VisitStatus
from domain.visits.telling import tell
from tenants.acting import acting_as
from tenants.actor import Actor


@dataclass(frozen=True, slots=True)
class Desk:
    """For whom places are taken, by which rules, and what this process remembers of the days."""

    actor: Actor
    rules: SlotRules
    memory: Boards


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was taken, by id; or why not, the slot as it is, and the nearest that are free."""

    id: UUID | None = None
    refused: DomainError | None = None
    slot: Offer | None = None
    nearest: Sequence[Offer] = field(default_factory=list)


async def hold(session: AsyncSession, desk: Desk, visit_id: UUID, day: date, block: DayBlock) -> Outcome:
    """Keep a place for some minutes; the same slot again prolongs that, once. Another slot takes the place of it.

    Raises: NotFound, SlotNotOffered, VisitNotOpen, TooLateToChange, HoldNotRenewable
    """
    return await _unless_full(session, desk, visit_id, day, block, lambda: _hold(session, desk, visit_id, day, block))


async def _hold(session: AsyncSession, desk: Desk, visit_id: UUID, day: date, block: DayBlock) -> UUID:
    visit, facts = await _opened(session, desk, visit_id, day)
    until = facts.now + timedelta(minutes=desk.rules.hold_minutes)
    if facts.hold and (facts.hold.day, facts.hold.block) == (day, block):
        return await _prolong(session, facts, until)
    place = await taking.write(session, await taking.find(session, desk.memory, facts, day, block))
    id = await _insert(session, visit, desk.actor, day, block, place, until)
    await tell(session, visit, VisitHeld(*_of(visit), day.isoformat(), block, until.isoformat()))
    return id


async def _prolong(session: AsyncSession, facts: Facts, until: datetime) -> UUID:
    assert facts.hold is not None
    if facts.hold.renewed:
        raise HoldNotRenewable(field=("visit_id",))
    held = await session.get_one(SlotHold, facts.hold.id, populate_existing=True)
    held.expires_at, held.renewed = until, True
    await session.flush()
    return held.id


async def _insert(
    session: AsyncSession, visit: Visit, actor: Actor, day: date, block: DayBlock, place: Place, until: datetime
) -> UUID:
    """A visit holds one place: an older hold of it, living or not, becomes this one."""
    values: dict[str, Any] = {
        "day": day, "block": block.value, "team_id": place.team_id, "starts_at": place.starts_at,
        "ends_at": place.ends_at, "expires_at": until, "renewed": False, "held_by": actor.user_id,
    }  # fmt: skip
    made = insert(SlotHold).values(
        visit_id=visit.id,
        entity_id=visit.entity_id,
        channel_organization_ids=visit.channel_organization_ids,
        end_customer_contact_id=visit.end_customer_contact_id,
        **values,
    )
    id: UUID | None = await session.scalar(
        made.on_conflict_do_update(index_elements=["visit_id"], set_=values).returning(SlotHold.id)
    )
    assert id is not None
    return id


async def release(session: AsyncSession, desk: Desk, visit_id: UUID) -> UUID:
    """Give back a held place; that nothing is held is nobody's error. The visit's id. Raises: NotFound"""
    await _seen(session, desk, visit_id)
    visit, facts = await taking.locked(session, visit_id, None)
    gone = await session.execute(delete(SlotHold).where(SlotHold.visit_id == visit_id))
    if facts.hold and gone:
        await tell(session, visit, VisitReleased(*_of(visit), facts.hold.day.isoformat(), facts.hold.block))
    return visit_id


async def book(session: AsyncSession, desk: Desk, visit_id: UUID, day: date | None, block: DayBlock | None) -> Outcome:
    """Promise the customer a day and block; without them, those that are held. A visit that waits for a promise only.

    Raises: NotFound, SlotNotOffered, VisitNotOpen, TooLateToChange, NothingHeld, VisitBookedAlready
    """
    await _seen(session, desk, visit_id)
    if day is None or block is None:
        day, block = await _what_is_held(session, visit_id)
    return await _unless_full(session, desk, visit_id, day, block, lambda: _book(session, desk, visit_id, day, block))


async def _what_is_held(session: AsyncSession, visit_id: UUID) -> tuple[date, DayBlock]:
    facts = await facts_in(session, visit_id, date.min, date.min)
    if facts.hold is None:
        raise NothingHeld(field=("visit_id",))
    return facts.hold.day, facts.hold.block


async def _book(session: AsyncSession, desk: Desk, visit_id: UUID, day: date, block: DayBlock) -> UUID:
    visit, facts = await _opened(session, desk, visit_id, day)
    if facts.promised and facts.day is not None:
        if (facts.day, facts.block) == (day, block):
            return visit.id
        raise VisitBookedAlready(day=facts.day.isoformat(), field=("visit_id",))
    await _place(session, desk, visit, facts, day, block)
    before = [facts.team_id] if facts.team_id else []
    await tell(session, visit, VisitBooked(*_of(visit), day.isoformat(), block), also_teams=before)
    return visit.id


async def reschedule(session: AsyncSession, desk: Desk, visit_id: UUID, day: date, block: DayBlock) -> Outcome:
    """Promise another day and block to a visit that has one.

    Raises: NotFound, SlotNotOffered, VisitNotOpen, TooLateToChange, VisitNotPlanned
    """
    return await _unless_full(
        session, desk, visit_id, day, block, lambda: _reschedule(session, desk, visit_id, day, block)
    )


async def _reschedule(session: AsyncSession, desk: Desk, visit_id: UUID, day: date, block: DayBlock) -> UUID:
    visit, facts = await _opened(session, desk, visit_id, day)
    if not facts.planned or facts.day is None:
        raise VisitNotPlanned(field=("visit_id",))
    if facts.promised and (facts.day, facts.block, bool(facts.team_id)) == (day, block, True):
        return visit.id
    before, team = (facts.day.isoformat(), str(facts.block)), facts.team_id
    await _place(session, desk, visit, facts, day, block)
    moved = VisitMoved(*_of(visit), day.isoformat(), block, visit.team_id, *before)
    await tell(session, visit, moved, also_teams=[team] if team else [])
    return visit.id


async def confirm(session: AsyncSession, desk: Desk, visit_id: UUID) -> UUID:
    """Promise what was announced. The visit's id. Raises: NotFound, VisitNotOpen, VisitNotPlanned"""
    await _seen(session, desk, visit_id)
    visit, facts = await taking.locked(session, visit_id, None)
    if facts.promised:
        return visit.id
    if not facts.open:
        raise VisitNotOpen(field=("visit_id",))
    if not facts.planned or visit.day is None or visit.block is None or visit.team_id is None:
        raise VisitNotPlanned(field=("visit_id",))
    visit.promised_at, visit.promised_by = facts.now, desk.actor.user_id
    await tell(session, visit, VisitConfirmed(*_of(visit), visit.day.isoformat(), visit.block))
    return visit.id


async def cancel(session: AsyncSession, desk: Desk, visit_id: UUID, reason: str, *, call_off: bool = False) -> UUID:
    """Give the visit's day back: it waits for another one, or is called off, which staff may. The visit's id.

    Raises: NotFound, VisitNotOpen, TooLateToChange, VisitNotPlanned, PermissionDenied
    """
    await _seen(session, desk, visit_id)
    if call_off and restricted(desk.actor):
        raise PermissionDenied(field=("call_off",))
    visit, facts = await taking.locked(session, visit_id, None)
    desk.rules.check_change(desk.actor, facts)
    if not call_off and not facts.planned:
        raise VisitNotPlanned(field=("visit_id",))
    await session.execute(delete(SlotHold).where(SlotHold.visit_id == visit_id))
    team, before = visit.team_id, (str(visit.day or ""), visit.block or "")
    _vacate(visit, call_off)
    gone = VisitCancelled(*_of(visit), reason) if call_off else VisitUnplanned(*_of(visit), *before, reason)
    await tell(session, visit, gone, also_teams=[team] if team else [])
    return visit.id


def _vacate(visit: Visit, call_off: bool) -> None:
    for name in _PLACE:
        setattr(visit, name, None)
    visit.pinned = False
    visit.status = VisitStatus.CANCELLED if call_off else VisitStatus.REQUIRED
    visit.outcome = VisitOutcome.CANCELLED if call_off else None


_PLACE = ("team_id", "day", "block", "route_order", "starts_at", "ends_at", "arrival_from", "arrival_until",
          "promised_at", "promised_by")  # fmt: skip


async def sweep(session: AsyncSession) -> int:
    """Delete holds that ran out; the number of them. Their days are locked in order first."""
    ended = select(SlotHold.id, SlotHold.day).where(SlotHold.expires_at <= func.clock_timestamp()).limit(1_000)
    found = (await session.execute(ended)).all()
    await lock(session, {row.day for row in found})
    gone = delete(SlotHold).where(
        SlotHold.id.in_([row.id for row in found]), SlotHold.expires_at <= func.clock_timestamp()
    )
    return len((await session.execute(gone.returning(SlotHold.id))).all())


# --- what they share ----------------------------------------------------------------------------------------------


async def _unless_full(
    session: AsyncSession, desk: Desk, visit_id: UUID, day: date, block: DayBlock, work: Callable[[], Awaitable[UUID]]
) -> Outcome:
    """The work within a savepoint: where the slot is full its locks are given back, then the nearest are looked for."""
    await _seen(session, desk, visit_id)
    try:
        async with session.begin_nested():
            return Outcome(await work())
    except SlotFull as full:
        slot, near = await around(session, desk.memory, desk.rules, visit_id, day, block)
        return Outcome(refused=full, slot=slot, nearest=near)


async def _seen(session: AsyncSession, desk: Desk, visit_id: UUID) -> None:
    async with acting_as(session, desk.actor):
        await rows.find(session, Visit, visit_id, field=("visit_id",))
    session.expunge_all()  # what was read as the actor has not all the columns


async def _opened(session: AsyncSession, desk: Desk, visit_id: UUID, day: date) -> tuple[Visit, Facts]:
    """The visit with its days locked, where the actor may give it this day."""
    visit, facts = await taking.locked(session, visit_id, day)
    desk.rules.check_change(desk.actor, facts)
    desk.rules.check_day(day, facts.now)
    return visit, await weathered(session, facts, desk.rules.weather)


async def _place(session: AsyncSession, desk: Desk, visit: Visit, facts: Facts, day: date, block: DayBlock) -> None:
    place = await taking.write(session, await taking.find(session, desk.memory, facts, day, block))
    await session.execute(delete(SlotHold).where(SlotHold.visit_id == visit.id))
    visit.status, visit.day, visit.block, visit.team_id = VisitStatus.PLANNED, day, block, place.team_id
    visit.route_order, visit.starts_at, visit.ends_at = place.route_order, place.starts_at, place.ends_at
    visit.arrival_from = visit.arrival_until = None  # told at dispatch; earlier it would tell what else the team has
    visit.promised_at, visit.promised_by = facts.now, desk.actor.user_id
    await session.flush()


def _of(visit: Visit) -> tuple[UUID, int, str]:
    return visit.order_id, visit.position, visit.kind
