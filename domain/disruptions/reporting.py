"""Reporting what upsets planned days: checked, kept, the absence that it means written, the repair asked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain import validation
from domain.disruptions.errors import (
    OverrunIsToday,
    OverrunNeedsMinutes,
    TeamsNeeded,
    TeamsNotNeeded,
)
from domain.disruptions.events import DisruptionReported
from domain.disruptions.models import Disruption, DisruptionKind
from domain.errors import Duplicate, Faults, NotFound, OutOfRange, TooMany
from domain.jobs.service import enqueue
from domain.planning.arrival import AMSTERDAM
from domain.rows import actor_of
from domain.teams import absences, details
from domain.teams.details import Away
from domain.teams.models import AbsenceReason, Team
from domain.teams.telling import tell

JOB, QUEUE = "disruptions.repair", "repairs"
"""A queue of its own: nobody whose team is ill waits for a plan of three weeks."""
MOST_TEAMS, MOST_DAYS, AHEAD_DAYS = 50, 14, 60
LONGEST_OVERRUN = 720
MOST_NOTE = 500

_ABSENT = {DisruptionKind.TEAM_ILL: AbsenceReason.ILL, DisruptionKind.VEHICLE: AbsenceReason.VEHICLE}


@dataclass(frozen=True, slots=True)
class Report:
    """What somebody reports. `from_time`: on the first day, in Amsterdam; `last_day` None: that day alone."""

    kind: DisruptionKind
    first_day: date
    last_day: date | None = None
    team_ids: Sequence[UUID] = ()
    from_time: time | None = None
    minutes: int | None = None
    postcode_prefixes: Sequence[str] = ()
    note: str = ""

    @property
    def until(self) -> date:
        return self.last_day or self.first_day


async def report(
    session: AsyncSession, wanted: Report, *, entity_id: UUID | None, now: datetime | None = None
) -> Disruption:
    """The disruption, whose repaired plan a worker makes when the transaction commits; in a session of the system.

    Raises: DomainError for each fault of the report, nothing is written then.
    """
    checked(wanted, (now or datetime.now(AMSTERDAM)).astimezone(AMSTERDAM).date())
    await _known(session, wanted.team_ids)
    disruption = _row(wanted, entity_id)
    disruption.reported_by = actor_of(session).user_id
    disruption.absence_ids = await _absences(session, wanted)
    session.add(disruption)
    await session.flush()
    disruption.job_id = await enqueue(
        session, JOB, {"disruption_id": disruption.id}, queue=QUEUE, entity_id=entity_id, key=str(disruption.id)
    )
    await tell(session, DisruptionReported(*said(disruption), sorted(disruption.team_ids)), disruption.id)
    return disruption


def said(disruption: Disruption) -> tuple[str, str, str]:
    """What every event of it says first."""
    return disruption.kind, disruption.first_day.isoformat(), disruption.last_day.isoformat()


def checked(wanted: Report, today: date) -> None:
    """Raises: DomainErrors with all faults of a report."""
    with Faults() as faults:
        _days(faults, wanted, today)
        _teams(faults, wanted)
        overrun = wanted.kind is DisruptionKind.OVERRUN
        if overrun != (wanted.minutes is not None):
            faults.add(OverrunNeedsMinutes(field=("minutes",)))
        if wanted.minutes is not None:
            faults.take(lambda value: validation.integer(value, 1, LONGEST_OVERRUN, "minutes"), wanted.minutes)
        if overrun and wanted.until != wanted.first_day:
            faults.add(OverrunIsToday(field=("last_day",)))
        if wanted.postcode_prefixes:
            faults.take(details.prefixes, wanted.postcode_prefixes)
        faults.take(lambda text: validation.text(text, "note", minimum=0, maximum=MOST_NOTE), wanted.note)


def _days(faults: Faults, wanted: Report, today: date) -> None:
    furthest = today + timedelta(days=AHEAD_DAYS)
    if not today <= wanted.first_day <= furthest:
        faults.add(OutOfRange(minimum=today.isoformat(), maximum=furthest.isoformat(), field=("first_day",)))
    elif not 0 <= (wanted.until - wanted.first_day).days < MOST_DAYS:
        last = wanted.first_day + timedelta(days=MOST_DAYS - 1)
        given = {"minimum": wanted.first_day.isoformat(), "maximum": last.isoformat()}
        faults.add(OutOfRange(**given, field=("last_day",)))


def _teams(faults: Faults, wanted: Report) -> None:
    weather = wanted.kind is DisruptionKind.WEATHER
    if weather and wanted.team_ids:
        faults.add(TeamsNotNeeded(field=("team_ids",)))
    if not weather and not wanted.team_ids:
        faults.add(TeamsNeeded(field=("team_ids",)))
    if len(wanted.team_ids) > MOST_TEAMS:
        faults.add(TooMany(maximum=MOST_TEAMS, field=("team_ids",)))
    for position, id in enumerate(wanted.team_ids):
        if id in wanted.team_ids[:position]:
            faults.add(Duplicate(field=("team_ids", position)))


async def _known(session: AsyncSession, ids: Sequence[UUID]) -> None:
    known = set(await session.scalars(select(Team.id).where(Team.id.in_(ids), Team.active))) if ids else set()
    for position, id in enumerate(ids):
        if id not in known:
            raise NotFound(field=("team_ids", position))


def _row(wanted: Report, entity_id: UUID | None) -> Disruption:
    prefixes = details.prefixes(wanted.postcode_prefixes) if wanted.postcode_prefixes else []
    return Disruption(
        entity_id=entity_id,
        kind=wanted.kind.value,
        team_ids=sorted(wanted.team_ids),
        first_day=wanted.first_day,
        last_day=wanted.until,
        from_time=_minute(wanted.from_time),
        minutes=wanted.minutes,
        postcode_prefixes=prefixes,
        note=validation.text(wanted.note, "note", minimum=0, maximum=MOST_NOTE),
    )


def _minute(at: time | None) -> time | None:
    return None if at is None else at.replace(second=0, microsecond=0, tzinfo=None)


async def _absences(session: AsyncSession, wanted: Report) -> list[UUID]:
    """What the disruption means for the calendar: a team that is ill or has no vehicle does not work."""
    reason = _ABSENT.get(wanted.kind)
    made = []
    for team_id in sorted(wanted.team_ids) if reason else ():
        for away in _away(wanted):
            assert reason is not None
            made.append((await absences.set_absence(session, None, team_id, away, reason, wanted.note)).id)
    return made


def _away(wanted: Report) -> list[Away]:
    """Of the first day what comes after `from_time`, and all of the others."""
    since = _minute(wanted.from_time)
    if since is None or since == time.min:
        return [Away(wanted.first_day, wanted.until)]
    found = [Away(wanted.first_day, wanted.first_day, since, time(23, 59))] if since < time(23, 59) else []
    if wanted.until > wanted.first_day:
        found.append(Away(wanted.first_day + timedelta(days=1), wanted.until))
    return found
