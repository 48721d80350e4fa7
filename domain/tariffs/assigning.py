"""Saying where a tariff holds, and taking that back. Sessions keep the version that they began with."""

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.ext.asyncio import AsyncSession

from domain.chargers.models import Charger
from domain.contacts.models import Contact
from domain.errors import NotFound
from domain.events.record import record
from domain.rows import actor_of, find
from domain.tariffs.errors import AssignmentEnded, NotTheOwners, OneTarget, TariffNotPublished
from domain.tariffs.events import TariffAssigned, TariffUnassigned
from domain.tariffs.models import Tariff, TariffAssignment
from domain.tariffs.publishing import starts_at
from tenants.base import moment

_LOCK = 33


async def assign(
    session: AsyncSession,
    tariff_id: UUID,
    *,
    charger_id: UUID | None = None,
    owner_contact_id: UUID | None = None,
    valid_from: datetime | None = None,
) -> TariffAssignment:
    """Let a tariff hold at a charger, at all of an owner, or (neither given) at all of its entity.

    It holds from a moment on, now where none is given, until what is assigned there for later. What held there ends.

    Raises: NotFound, OneTarget, TariffNotPublished, NotTheOwners, TariffInThePast, OutOfRange
    """
    tariff = await find(session, Tariff, tariff_id, field=("tariff_id",))
    if tariff.published_at is None:
        raise TariffNotPublished(field=("tariff_id",))
    await _check_target(session, tariff, charger_id, owner_contact_id)
    starts = starts_at(valid_from, datetime.now(UTC), "valid_from")
    target = await _target(session, tariff.entity_id, charger_id, owner_contact_id)
    before = await _held(session, target, starts)
    until = await _cut(session, target, before, starts)
    made = TariffAssignment(
        entity_id=tariff.entity_id,
        tariff_id=tariff.id,
        charger_id=charger_id,
        owner_contact_id=owner_contact_id,
        valid=Range(starts, until),
        replaces_id=before.id if before else None,
        made_by=actor_of(session).user_id,
    )
    session.add(made)
    if before is not None:
        await _told_ended(session, before, undone=False)
    await _told_assigned(session, tariff, made, starts)
    return made


async def undo(session: AsyncSession, assignment_id: UUID) -> TariffAssignment | None:
    """Take an assignment back: what held there before holds again, from now on or from when this was to begin.

    What holds there instead; None where nothing did. Raises: NotFound, AssignmentEnded
    """
    made, starts, until = await _end(session, assignment_id)
    made.undone_at = datetime.now(UTC)
    await session.flush()
    again = None
    if made.replaces_id is not None:
        before = await find(session, TariffAssignment, made.replaces_id)
        again = _again(session, before, Range(starts, until))
        session.add(again)
        await _told_assigned(session, await find(session, Tariff, before.tariff_id), again, starts)
    await _told_ended(session, made, undone=True)
    return again


async def end(session: AsyncSession, assignment_id: UUID) -> TariffAssignment:
    """Let an assignment end now: what is assigned more widely holds from then on. Raises: NotFound, AssignmentEnded"""
    made, _, _ = await _end(session, assignment_id)
    await _told_ended(session, made, undone=False)
    return made


async def _end(session: AsyncSession, assignment_id: UUID) -> tuple[TariffAssignment, datetime, datetime | None]:
    """End an assignment now, or before it begins; with the moment of its end, and when it was to end."""
    seen = await find(session, TariffAssignment, assignment_id)
    await _target(session, seen.entity_id, seen.charger_id, seen.owner_contact_id)
    made = await find(session, TariffAssignment, assignment_id, lock=True)
    now = datetime.now(UTC)
    lower, upper = made.valid.lower, made.valid.upper
    if made.undone_at is not None or made.valid.isempty or lower is None or (upper is not None and upper <= now):
        raise AssignmentEnded(field=("id",))
    starts = max(now, lower)
    made.valid = _span(lower, starts)
    await session.flush()
    return made, starts, upper


def _span(starts: datetime, until: datetime) -> Range[datetime]:
    return Range(starts, until) if starts < until else Range(empty=True)


def _again(session: AsyncSession, before: TariffAssignment, valid: Range[datetime]) -> TariffAssignment:
    return TariffAssignment(
        entity_id=before.entity_id,
        tariff_id=before.tariff_id,
        charger_id=before.charger_id,
        owner_contact_id=before.owner_contact_id,
        valid=valid,
        replaces_id=before.replaces_id,
        made_by=actor_of(session).user_id,
    )


async def _told_assigned(session: AsyncSession, tariff: Tariff, made: TariffAssignment, starts: datetime) -> None:
    happened = TariffAssigned(tariff.code, made.charger_id, made.owner_contact_id, starts.isoformat())
    await record(session, happened, entity_id=tariff.entity_id, subject_id=tariff.id)


async def _told_ended(session: AsyncSession, made: TariffAssignment, *, undone: bool) -> None:
    tariff = await find(session, Tariff, made.tariff_id)
    happened = TariffUnassigned(tariff.code, made.charger_id, made.owner_contact_id, undone)
    await record(session, happened, entity_id=made.entity_id, subject_id=tariff.id)


async def _check_target(
    session: AsyncSession, tariff: Tariff, charger_id: UUID | None, owner_contact_id: UUID | None
) -> None:
    if charger_id is not None and owner_contact_id is not None:
        raise OneTarget(field=("owner_id",))
    owner = owner_contact_id
    if charger_id is not None:
        charger = await find(session, Charger, charger_id, field=("charger_id",))
        if charger.entity_id != tariff.entity_id:
            raise NotFound(field=("charger_id",))
        owner = charger.owner_contact_id
    elif owner_contact_id is not None:
        await find(session, Contact, owner_contact_id, field=("owner_id",))
    if tariff.owner_contact_id is not None and tariff.owner_contact_id != owner:
        raise NotTheOwners(field=("tariff_id",))


async def _target(
    session: AsyncSession, entity_id: UUID, charger_id: UUID | None, owner_contact_id: UUID | None
) -> ColumnElement[bool]:
    """What is assigned to the same; others that assign there wait until this transaction ends."""
    key = f"tariff {entity_id} {charger_id} {owner_contact_id}"
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(key, _LOCK))))
    return and_(
        TariffAssignment.entity_id == entity_id,
        TariffAssignment.charger_id.is_not_distinct_from(charger_id),
        TariffAssignment.owner_contact_id.is_not_distinct_from(owner_contact_id),
    )


async def _held(session: AsyncSession, target: ColumnElement[bool], at: datetime) -> TariffAssignment | None:
    query = select(TariffAssignment).where(target, TariffAssignment.valid.op("@>")(moment(at)))
    return (await session.execute(query.execution_options(populate_existing=True))).scalar_one_or_none()


async def _cut(
    session: AsyncSession, target: ColumnElement[bool], before: TariffAssignment | None, starts: datetime
) -> datetime | None:
    """End what held before; until when there is room."""
    if before is None:
        later = select(func.min(func.lower(TariffAssignment.valid))).where(
            target, func.lower(TariffAssignment.valid) > starts
        )
        until: datetime | None = (await session.execute(later)).scalar_one()
        return until
    lower, upper = before.valid.lower, before.valid.upper
    before.valid = _span(lower or starts, starts)
    await session.flush()
    return upper
