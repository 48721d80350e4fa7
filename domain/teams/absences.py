"""Days on which teams do not work: their absences, and what is changed about the public holidays."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import Range, insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain import validation
from domain.errors import NotFound
from domain.events.record import changes_of
from domain.rows import find
from domain.teams import details, events
from domain.teams.days_off import public
from domain.teams.details import Away
from domain.teams.models import Absence, AbsenceReason, HolidayChange, Team
from domain.teams.telling import tell

_MOST_NOTE = 500


async def set_absence(
    session: AsyncSession, id: UUID | None, team_id: UUID, away: Away, reason: AbsenceReason, note: str = ""
) -> Absence:
    """A team is absent, or an absence is another; visits that it had are left for a plan to move."""
    away = details.away(away)
    team = await find(session, Team, team_id, field=("team_id",))
    absence = await find(session, Absence, id, lock=True) if id else Absence()
    for column, value in _columns(team.id, away, reason, note).items():
        setattr(absence, column, value)
    changes = _readable(changes_of(absence)) if id else {}
    session.add(absence)
    await session.flush()
    if changes or id is None:
        await _tell(session, events.AbsenceSet, absence, changes)
    return absence


async def remove_absence(session: AsyncSession, id: UUID) -> UUID:
    """It was none, or is over sooner than was said."""
    absence = await find(session, Absence, id, lock=True)
    await session.delete(absence)
    await _tell(session, events.AbsenceRemoved, absence, {})
    return id


async def set_holiday(session: AsyncSession, day: date, name: str | None, *, working: bool) -> None:
    """Make a day one off, or one on which work goes on; the calendar's name stays where none is given."""
    details.calendar_day(day, "day")
    known = public(day, day).get(day)
    named = validation.name(name or known or "", "name", maximum=80)
    change = insert(HolidayChange).values(day=day, name=named, working=working)
    changed = {"name": named, "working": working, "updated_at": func.now()}
    saved = change.on_conflict_do_update(
        index_elements=["day"],
        set_=changed,
        where=(HolidayChange.name != named) | (HolidayChange.working != working),
    )
    id = await session.scalar(saved.returning(HolidayChange.id))
    if id is not None:
        await tell(session, events.HolidaySet(day.isoformat(), named, working), id)


async def restore_holiday(session: AsyncSession, day: date) -> None:
    """The day is again what the calendar says; NOT_FOUND where nothing was changed of it."""
    of_day = select(HolidayChange).where(HolidayChange.day == day).with_for_update()
    change = await session.scalar(of_day)
    if change is None:
        raise NotFound(field=("day",))
    await session.delete(change)
    await tell(session, events.HolidayRestored(day.isoformat(), change.name), change.id)


def span(absence: Absence) -> tuple[date, date]:
    """Its first and its last day."""
    first, end = absence.days.lower, absence.days.upper
    assert first is not None  # the database holds them to have both ends
    assert end is not None
    return first, end - timedelta(days=1)


def _columns(team_id: UUID, away: Away, reason: AbsenceReason, note: str) -> dict[str, Any]:
    return {
        "team_id": team_id,
        "days": Range(away.first, away.last + timedelta(days=1)),
        "starts": away.starts,
        "ends": away.ends,
        "reason": reason.value,
        "note": validation.text(note, "note", minimum=0, maximum=_MOST_NOTE),
    }


def _readable(changes: dict[str, list[Any]]) -> dict[str, list[Any]]:
    return {column: [None if value is None else str(value) for value in pair] for column, pair in changes.items()}


async def _tell(
    session: AsyncSession,
    happened: type[events.AbsenceSet | events.AbsenceRemoved],
    absence: Absence,
    changes: dict[str, list[Any]],
) -> None:
    first, last = span(absence)
    payload = happened(absence.team_id, first.isoformat(), last.isoformat(), absence.reason)
    await tell(session, payload, absence.id, team_ids=[absence.team_id], changes=changes)
