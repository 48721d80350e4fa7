"""Asking for a plan, and asking for its best so far."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, exists, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from domain.errors import NotFound, OutOfRange
from domain.jobs.models import Job, JobState
from domain.jobs.service import enqueue
from domain.planning.arrival import AMSTERDAM
from domain.plans.errors import NoTeamsToPlan, PlanNotRunning, PlanRunning
from domain.plans.events import PlanFailed, PlanRequested, PlanStopAsked
from domain.plans.models import UNDER_WAY, Plan, PlanState
from domain.plans.telling import tell_all
from domain.rows import find
from domain.teams.calendar import calendar
from domain.teams.models import Region, Team, TeamRegion
from domain.validation import integer

QUEUE, JOB = "planning", "plans.make"
DAYS, MOST_DAYS = 21, 28
SECONDS, MOST_SECONDS = 60, 300
AHEAD_DAYS = 180
MOST_TEAMS = 250
MOST_SEED = 2**31 - 1
KEPT = timedelta(days=90)
_LOCK = 0x706C_616E_73  # an arbitrary constant: the advisory lock of asking for plans


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """What somebody wants planned: from `first_day`, tomorrow where it is not given."""

    first_day: date | None = None
    days: int = DAYS
    seconds: int = SECONDS
    seed: int = 0
    team_ids: Collection[UUID] = ()
    region_ids: Collection[UUID] = ()


async def request(session: AsyncSession, wanted: PlanRequest, *, entity_id: UUID | None) -> Plan:
    """A plan that a worker begins to make when the transaction commits; in a session of the system.

    Raises: PlanRunning where one for any of these days is under way.
    """
    first_day, last_day = _horizon(wanted)
    integer(wanted.seconds, 1, MOST_SECONDS, "seconds")
    integer(wanted.seed, 0, MOST_SEED, "seed")
    teams = await _teams(session, wanted)
    await session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    await give_up_abandoned(session)
    await _refuse_second(session, first_day, last_day)
    await _refuse_idle(session, first_day, wanted.days, teams)
    number = (await session.execute(select(func.coalesce(func.max(Plan.number), 0) + 1))).scalar_one()
    plan = Plan(number=number, entity_id=entity_id, first_day=first_day, last_day=last_day, team_ids=sorted(teams))
    plan.seconds, plan.seed, plan.requested_by = wanted.seconds, wanted.seed, session.info["actor"].user_id
    session.add(plan)
    await session.flush()
    plan.job_id = await enqueue(session, JOB, {"plan_id": plan.id}, queue=QUEUE, entity_id=entity_id)
    told = PlanRequested(plan.number, first_day.isoformat(), last_day.isoformat(), plan.seconds)
    await tell_all(session, plan, told)
    return plan


async def stop(session: AsyncSession, plan_id: UUID) -> Plan:
    """Ask for the best so far, once; in a session of the system. Raises: PlanNotRunning."""
    plan = await find(session, Plan, plan_id, lock=True)
    if plan.state not in UNDER_WAY:
        raise PlanNotRunning(field=("id",))
    if plan.stop_asked_at is None:
        plan.stop_asked_at = datetime.now(UTC)
        await tell_all(session, plan, PlanStopAsked(plan.number))
    return plan


async def give_up_abandoned(session: AsyncSession) -> Sequence[UUID]:
    """Fail the plans whose job has ended without them, as it does when its workers die again and again."""
    at_work = exists().where(Job.id == Plan.job_id, Job.state.in_((JobState.QUEUED, JobState.RUNNING)))
    gone = select(Plan).where(Plan.state.in_(UNDER_WAY), Plan.job_id.is_not(None), ~at_work)
    plans = (await session.scalars(gone.with_for_update(of=Plan, skip_locked=True))).all()
    for plan in plans:
        await fail(session, plan, "ABANDONED")
    return [plan.id for plan in plans]


async def forget_old(session: AsyncSession) -> int:
    """Remove plans that are older than KEPT and not in force; how many. In a session of the system."""
    old = delete(Plan).where(Plan.created_at < func.now() - KEPT, Plan.state.not_in((*UNDER_WAY, PlanState.PUBLISHED)))
    return len((await session.execute(old.returning(Plan.id))).all())


async def fail(session: AsyncSession, plan: Plan, failure: str) -> None:
    """End a plan that could not be made; the plan in force stays."""
    plan.state, plan.failure, plan.finished_at = PlanState.FAILED, failure, datetime.now(UTC)
    await tell_all(session, plan, PlanFailed(plan.number, failure))


def today() -> date:
    """In Amsterdam."""
    return datetime.now(AMSTERDAM).date()


def _horizon(wanted: PlanRequest) -> tuple[date, date]:
    tomorrow = today() + timedelta(days=1)
    first = wanted.first_day or tomorrow
    if not tomorrow <= first <= tomorrow + timedelta(days=AHEAD_DAYS):
        last = tomorrow + timedelta(days=AHEAD_DAYS)
        raise OutOfRange(minimum=tomorrow.isoformat(), maximum=last.isoformat(), field=("first_day",))
    integer(wanted.days, 1, MOST_DAYS, "days")
    return first, first + timedelta(days=wanted.days - 1)


async def _teams(session: AsyncSession, wanted: PlanRequest) -> set[UUID]:
    """The chosen teams and those of the chosen regions; none for all."""
    for name, model, ids in (("team_ids", Team, wanted.team_ids), ("region_ids", Region, wanted.region_ids)):
        integer(len(ids), 0, MOST_TEAMS, name)
        known = set(await session.scalars(select(model.id).where(model.id.in_(ids)))) if ids else set()
        for position, id in enumerate(ids):
            if id not in known:
                raise NotFound(field=(name, position))
    chosen = set(wanted.team_ids)
    if wanted.region_ids:
        of_regions = select(TeamRegion.team_id).where(TeamRegion.region_id.in_(wanted.region_ids))
        chosen |= set(await session.scalars(of_regions))
        if not chosen:
            raise NoTeamsToPlan(field=("region_ids",))
    return chosen


async def _refuse_second(session: AsyncSession, first_day: date, last_day: date) -> None:
    horizon = func.daterange(Plan.first_day, Plan.last_day, "[]")
    query = select(Plan.number).where(
        Plan.state.in_(UNDER_WAY), horizon.op("&&")(func.daterange(first_day, last_day, "[]"))
    )
    running = (await session.scalars(query.order_by(Plan.number))).first()
    if running is not None:
        raise PlanRunning(number=running, field=("first_day",))


async def _refuse_idle(session: AsyncSession, first_day: date, days: int, teams: Collection[UUID]) -> None:
    known = await calendar(session, first_day, days)
    working = {known.teams[day.team].id for day in known.team_days}
    if not (working & set(teams) if teams else working):
        raise NoTeamsToPlan(field=("first_day",))
