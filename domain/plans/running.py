"""A plan while it is made: begun, further, done. In sessions of the system, by the worker that makes it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.plans.events import PlanFinished, PlanProgressed, PlanStarted, PlanStopped
from domain.plans.models import UNDER_WAY, Plan, PlanState, PlanTeamDay, PlanVisit
from domain.plans.requests import fail
from domain.plans.results import Results
from domain.plans.telling import tell_all, tell_requester
from domain.rows import find


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the solver is."""

    seconds: float
    value: int
    bound: float | None
    placed: int
    of: int


async def begin(session: AsyncSession, plan_id: UUID) -> Plan | None:
    """The plan, which is being made from now on; None where there is nothing to make any more."""
    plan = await find(session, Plan, plan_id, lock=True)
    if plan.state not in UNDER_WAY:
        return None
    if plan.state == PlanState.REQUESTED:
        plan.state = PlanState.RUNNING
        await tell_all(session, plan, PlanStarted(plan.number))
    plan.started_at, plan.value, plan.bound, plan.placed, plan.elapsed = datetime.now(UTC), None, None, 0, 0.0
    await session.flush()
    return plan


async def further(session: AsyncSession, plan_id: UUID, progress: Progress) -> bool:
    """Show how far it is; whether it goes on: nobody has asked for its best so far, or failed it."""
    running = update(Plan).where(Plan.id == plan_id, Plan.state == PlanState.RUNNING)
    shown = running.values(
        value=progress.value,
        bound=progress.bound,
        placed=progress.placed,
        jobs=progress.of,
        elapsed=progress.seconds,
    ).returning(Plan.number, Plan.entity_id, Plan.stop_asked_at)
    row = (await session.execute(shown.execution_options(synchronize_session=False))).first()
    if row is None:
        return False
    told = PlanProgressed(row.number, progress.placed, progress.of)
    await tell_requester(session, plan_id, row.entity_id, told)
    return row.stop_asked_at is None


async def goes_on(session: AsyncSession, plan_id: UUID) -> bool:
    """Whether nobody has asked for its best so far."""
    query = select(Plan.id).where(Plan.id == plan_id, Plan.state == PlanState.RUNNING, Plan.stop_asked_at.is_(None))
    return (await session.execute(query)).first() is not None


async def finish(session: AsyncSession, plan_id: UUID, results: Results, seconds: float) -> None:
    """Keep what came of it, in the place of what an earlier attempt may have kept."""
    plan = await find(session, Plan, plan_id, lock=True)
    if plan.state not in UNDER_WAY:
        return
    await _write(session, PlanVisit, plan_id, results.visits)
    await _write(session, PlanTeamDay, plan_id, results.team_days)
    for name, value in results.figures.items():
        setattr(plan, name, value)
    plan.day_versions = {day.isoformat(): version for day, version in results.versions.items()}
    plan.elapsed, plan.finished_at = round(seconds, 1), datetime.now(UTC)
    stopped = plan.stop_asked_at is not None
    plan.state = PlanState.STOPPED if stopped else PlanState.FINISHED
    told = (PlanStopped if stopped else PlanFinished)(plan.number, plan.placed, plan.jobs)
    await tell_all(session, plan, told)


async def fail_run(session: AsyncSession, plan_id: UUID, failure: str) -> None:
    """End it as failed, where it has not ended yet."""
    plan = await find(session, Plan, plan_id, lock=True)
    if plan.state in UNDER_WAY:
        await fail(session, plan, failure)


async def _write(session: AsyncSession, model: type[PlanVisit | PlanTeamDay], plan_id: UUID, rows: Any) -> None:
    await session.execute(delete(model).where(model.plan_id == plan_id))
    if rows:
        await session.execute(insert(model), [{"plan_id": plan_id, **row} for row in rows])
