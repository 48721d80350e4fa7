"""What teams report of their visits: on the way, arrived, over.

Telephones are offline for hours and send what happened later, twice, and in any order. A report says when it happened
and carries a number of its own, under which it has one effect. Each kind sets one time, to the earliest that was
reported, and the status follows from the times that are known: whatever the order of arrival, the visit ends up the
same. What contradicts what is known changes nothing, is kept with its reason, and is shown to the planner.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.days import events, follow_ups, orders, whereabouts, windows
from domain.days.errors import (
    NotPlanned,
    NotTheDay,
    ReportConflict,
    ReportInFuture,
    ReportReused,
    ReportTooOld,
    TimesContradict,
    VisitAlreadyCompleted,
    VisitCalledOff,
    VisitReassigned,
)
from domain.days.models import DispatchedStop, ReportKind, VisitReport
from domain.errors import OutOfRange, Required
from domain.planning.arrival import AMSTERDAM
from domain.rows import find
from domain.teams import planning_days
from domain.validation import optional, text
from domain.visits import telling
from domain.visits.models import Visit, VisitOutcome, VisitStatus

CLOCK_SKEW = timedelta(minutes=5)
OLDEST_DAYS = 14
LONGEST_NOTE = 2_000
MOST_MINUTES = 1_440
_UNFINISHED = (VisitOutcome.PARTIAL, VisitOutcome.RESCHEDULED)


@dataclass(frozen=True, slots=True)
class Report:
    """What happened, when by the clock of the device, and under which number of the device."""

    client_id: UUID
    kind: ReportKind
    at: datetime
    outcome: VisitOutcome | None = None
    minutes_left: int | None = None
    """PARTIAL: how long the rest takes; as long as the visit where nothing is said."""
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Reported:
    """What came of a report. The conflict is kept in this transaction: raise it when that is committed."""

    visit: Visit | None
    follow_up_id: UUID | None = None
    conflict: ReportConflict | None = None
    changed: bool = False


def checked(report: Report, now: datetime) -> Report:
    """The report in normal form; InvalidInput for what cannot be."""
    if report.at > now + CLOCK_SKEW:
        raise ReportInFuture(field=("at",))
    if report.at < now - timedelta(days=OLDEST_DAYS):
        raise ReportTooOld(days=OLDEST_DAYS, field=("at",))
    if (report.kind is ReportKind.COMPLETION) and report.outcome is None:
        raise Required(field=("outcome",))
    if report.minutes_left is not None and not 1 <= report.minutes_left <= MOST_MINUTES:
        raise OutOfRange(minimum=1, maximum=MOST_MINUTES, field=("minutes_left",))
    note = optional(lambda value, *field: text(value, *field, maximum=LONGEST_NOTE), report.note, "note")
    return Report(report.client_id, report.kind, min(report.at, now), report.outcome, report.minutes_left, note)


async def report(session: AsyncSession, visit_id: UUID, team_id: UUID | None, said: Report, now: datetime) -> Reported:
    """Take a report. A session of the system; `team_id` is the technician's, None for who works for all teams.

    The caller has checked that the actor may see the visit, or was given it once: `known`.
    """
    checked_report = checked(said, now)
    visit = await _locked(session, visit_id)
    team = team_id or visit.team_id
    if team is None:
        raise NotPlanned(field=("id",))
    if (before := await _said_before(session, team, said.client_id)) is not None:
        return await _again(session, before, visit, checked_report)
    conflict = _conflict(visit, team, checked_report)
    if conflict is not None:
        await _refuse(session, visit, team, checked_report, conflict)
        return Reported(visit, conflict=conflict)
    _keep(session, visit, team, checked_report)
    done = await _apply(session, visit, checked_report)
    await _tell_again(session, visit)
    return done


async def follow(session: AsyncSession, done: Reported, now: datetime) -> None:
    """Tell the customers ahead what a report means for them; in the session of the report."""
    if done.changed and done.visit is not None and done.visit.team_id is not None and done.visit.day is not None:
        await session.flush()
        await windows.keep_up(session, done.visit.team_id, done.visit.day, now)


async def given_to(session: AsyncSession, visit_id: UUID, team_id: UUID) -> bool:
    """Whether a team was given the visit at some time; a session of the system."""
    query = select(DispatchedStop.visit_id).where(
        DispatchedStop.visit_id == visit_id, DispatchedStop.team_id == team_id
    )
    return (await session.execute(query)).first() is not None


async def _locked(session: AsyncSession, visit_id: UUID) -> Visit:
    """The visit, its day held before it."""
    day = (await session.execute(select(Visit.day).where(Visit.id == visit_id))).scalar_one_or_none()
    await planning_days.lock(session, [day])
    return await find(session, Visit, visit_id, lock=True)


# --- what was said before -----------------------------------------------------------------------------------------


async def _said_before(session: AsyncSession, team_id: UUID, client_id: UUID) -> VisitReport | None:
    query = select(VisitReport).where(VisitReport.team_id == team_id, VisitReport.client_id == client_id)
    return (await session.execute(query)).scalar_one_or_none()


async def _again(session: AsyncSession, before: VisitReport, visit: Visit, said: Report) -> Reported:
    """The answer that the report got the first time."""
    same = (before.visit_id, before.kind, before.outcome) == (visit.id, said.kind.value, said.outcome)
    if not same:
        raise ReportReused(field=("client_id",))
    if before.refused is not None:
        return Reported(visit, conflict=_CONFLICTS[before.refused](visit))
    follow_up = select(Visit.id).where(Visit.follow_up_of_id == visit.id)
    return Reported(visit, (await session.execute(follow_up)).scalar_one_or_none())


# --- conflicts ----------------------------------------------------------------------------------------------------


def _conflict(visit: Visit, team_id: UUID, said: Report) -> ReportConflict | None:
    if visit.status == VisitStatus.CANCELLED:
        return VisitCalledOff(field=("id",))
    if visit.team_id != team_id:
        return VisitReassigned(field=("id",))
    if not _on_its_day(visit, said):
        return _not_the_day(visit)
    if said.outcome is not None and visit.outcome not in (None, said.outcome):
        return _completed(visit)
    return None if _in_order(visit, said) else TimesContradict(field=("at",))


def _on_its_day(visit: Visit, said: Report) -> bool:
    """Work begins on the day of the visit; it may end after it."""
    day: date = said.at.astimezone(AMSTERDAM).date()
    assert visit.day is not None
    return day >= visit.day if said.kind is ReportKind.COMPLETION else day == visit.day


def _in_order(visit: Visit, said: Report) -> bool:
    times = {
        ReportKind.TRAVEL: visit.en_route_at,
        ReportKind.ARRIVAL: visit.started_at,
        ReportKind.COMPLETION: visit.finished_at,
    }
    known = times[said.kind]
    times[said.kind] = said.at if known is None else min(known, said.at)
    in_order = [at for at in times.values() if at is not None]
    return in_order == sorted(in_order)


def _not_the_day(visit: Visit) -> ReportConflict:
    return NotTheDay(day=visit.day.isoformat() if visit.day else "?", field=("at",))


def _completed(visit: Visit) -> ReportConflict:
    return VisitAlreadyCompleted(outcome=visit.outcome or "?", field=("outcome",))


_CONFLICTS: dict[str, Callable[[Visit], ReportConflict]] = {
    VisitCalledOff.code: lambda _: VisitCalledOff(field=("id",)),
    VisitReassigned.code: lambda _: VisitReassigned(field=("id",)),
    TimesContradict.code: lambda _: TimesContradict(field=("at",)),
    NotTheDay.code: _not_the_day,
    VisitAlreadyCompleted.code: _completed,
}


async def _refuse(session: AsyncSession, visit: Visit, team_id: UUID, said: Report, conflict: ReportConflict) -> None:
    _keep(session, visit, team_id, said, conflict.code)
    happened = events.VisitReportRefused(
        visit.order_id, visit.position, visit.kind, said.kind.value, said.at.isoformat(), conflict.code
    )
    await telling.tell(session, visit, happened)


# --- effects ------------------------------------------------------------------------------------------------------


def _keep(session: AsyncSession, visit: Visit, team_id: UUID, said: Report, refused: str | None = None) -> None:
    session.add(
        VisitReport(
            team_id=team_id,
            client_id=said.client_id,
            visit_id=visit.id,
            kind=said.kind.value,
            at=said.at,
            outcome=said.outcome.value if said.outcome else None,
            minutes_left=said.minutes_left,
            note=said.note,
            refused=refused,
        )
    )


async def _apply(session: AsyncSession, visit: Visit, said: Report) -> Reported:
    match said.kind:
        case ReportKind.TRAVEL:
            return await _set_out(session, visit, said)
        case ReportKind.ARRIVAL:
            return await _arrive(session, visit, said)
        case ReportKind.COMPLETION:
            return await _complete(session, visit, said)


async def _tell_again(session: AsyncSession, visit: Visit) -> None:
    """Places that the team told before it told this may be another entity's."""
    await session.flush()
    if visit.team_id is not None and visit.day is not None:
        await whereabouts.tell_again(session, visit.team_id, visit.day)


async def _set_out(session: AsyncSession, visit: Visit, said: Report) -> Reported:
    first, visit.en_route_at = visit.en_route_at is None, _earlier(visit.en_route_at, said.at)
    if first:
        await _now(session, visit, events.VisitEnRoute(*_about(visit), said.at.isoformat()))
    return Reported(visit, changed=True)


async def _arrive(session: AsyncSession, visit: Visit, said: Report) -> Reported:
    first, visit.started_at = visit.started_at is None, _earlier(visit.started_at, said.at)
    if first:
        await _now(session, visit, events.VisitArrived(*_about(visit), said.at.isoformat()))
        await orders.follow(session, visit.order_id)
    return Reported(visit, changed=True)


async def _complete(session: AsyncSession, visit: Visit, said: Report) -> Reported:
    assert said.outcome is not None
    first, visit.finished_at = visit.finished_at is None, _earlier(visit.finished_at, said.at)
    if not first:
        return Reported(visit, changed=True)
    visit.outcome = said.outcome.value
    left = said.minutes_left if said.outcome is VisitOutcome.PARTIAL else None
    again = said.outcome in _UNFINISHED
    await _now(session, visit, events.VisitCompleted(*_about(visit), said.at.isoformat(), said.outcome.value, again))
    follow_up = await follow_ups.require(session, visit, left or visit.minutes) if again else None
    await orders.follow(session, visit.order_id)
    return Reported(visit, follow_up, changed=True)


async def _now(session: AsyncSession, visit: Visit, happened: telling.VisitEvent) -> None:
    """The status that follows from what is known, and the event."""
    visit.status = _status(visit).value
    await telling.tell(session, visit, happened)


def _status(visit: Visit) -> VisitStatus:
    if visit.finished_at is not None:
        return VisitStatus.DONE
    if visit.started_at is not None:
        return VisitStatus.IN_PROGRESS
    return VisitStatus.EN_ROUTE if visit.en_route_at is not None else VisitStatus.PLANNED


def _earlier(known: datetime | None, said: datetime) -> datetime:
    return said if known is None else min(known, said)


def _about(visit: Visit) -> tuple[UUID, int, str]:
    return visit.order_id, visit.position, visit.kind
