"""Plans are made by a process of their own: followed, stopped, killed, begun anew, and kept once."""

import asyncio
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from subprocess import PIPE, Popen
from uuid import UUID

import pytest
from sqlalchemy import func, select, text

from domain.events.models import Event
from domain.jobs.models import Job
from domain.plans import requests, running
from domain.plans.loading import load
from domain.plans.models import Plan, PlanState, PlanVisit
from domain.plans.requests import PlanRequest
from domain.plans.results import Results, results
from tenants.actor import SYSTEM
from tenants.engine import Database, role_password
from tenants.settings import Settings
from tests.domain.plans.making import solved
from tests.visiting import Work, monday, work
from workers import planning, solving
from workers.attempts import Lost
from workers.planning import SolverDied, make, tidy_plans
from workers.run import Run

MONDAY = monday()


@dataclass
class Planning:
    """Asks for plans and makes them as a worker does."""

    work: Work
    settings: Settings

    async def asked(self, seconds: int = 1) -> UUID:
        async with self.work.database.session(SYSTEM) as session:
            wanted = PlanRequest(MONDAY, 5, seconds)
            return (await requests.request(session, wanted, entity_id=None)).id

    async def begun(self, plan_id: UUID, attempt: int = 1, failures: int = 0) -> Run:
        """An attempt of the plan's job, as this worker's own."""
        async with self.work.database.session(SYSTEM) as session:
            begin = "UPDATE job SET state = 'RUNNING', attempts = :attempt, lease_until = now() + interval '1 minute' "
            of = "WHERE id = (SELECT job_id FROM plan WHERE id = :plan) RETURNING id"
            job_id = (await session.execute(text(begin + of), {"attempt": attempt, "plan": plan_id})).scalar_one()
        given = (job_id, requests.JOB, requests.QUEUE, attempt, failures, SYSTEM, None)
        return Run(*given, self.work.database, self.settings)

    async def plan(self, plan_id: UUID) -> Plan:
        async with self.work.database.session(SYSTEM) as session:
            return (await session.scalars(select(Plan).where(Plan.id == plan_id))).one()

    async def placed(self, plan_id: UUID) -> int:
        async with self.work.database.session(SYSTEM) as session:
            counted = select(func.count()).where(PlanVisit.plan_id == plan_id, PlanVisit.day.is_not(None))
            return (await session.execute(counted)).scalar_one()

    async def job_state(self, run: Run) -> str:
        async with self.work.database.session(SYSTEM) as session:
            return (await session.scalars(select(Job.state).where(Job.id == run.id))).one()

    async def told(self, plan_id: UUID) -> set[str]:
        async with self.work.database.session(SYSTEM) as session:
            return set(await session.scalars(select(Event.type).where(Event.subject_id == plan_id)))


@pytest.fixture(scope="module")
async def some(story_database: str, settings: Settings) -> AsyncIterator[Planning]:
    database = Database(story_database, role_password(settings))
    yield Planning(await work(database), settings.model_copy(update={"database_url": story_database}))
    await database.close()


@pytest.fixture
async def plans(some: Planning) -> Planning:
    """Two teams, twelve visits."""
    await some.work.clear()
    for _ in range(2):
        await some.work.team()
    await some.work.visits(12)
    return some


def without_solver(plans: Planning, monkeypatch: pytest.MonkeyPatch) -> None:
    """The solver answers at once that nothing is placed."""

    async def answer(_following: object) -> Results:
        async with plans.work.database.session(SYSTEM) as session:
            loaded = await load(session, MONDAY, 5)
        return results(loaded, solved(loaded, {}))

    @asynccontextmanager
    async def process() -> AsyncIterator[object]:
        yield type("Process", (), {"stdin": object(), "stdout": object()})()

    monkeypatch.setattr(planning, "_process", process)
    monkeypatch.setattr(planning._Following, "answer", answer)


async def test_a_plan_is_made_and_the_job_ends_with_it(plans: Planning) -> None:
    plan_id = await plans.asked()
    run = await plans.begun(plan_id)
    await make(run, {"plan_id": str(plan_id)})
    made = await plans.plan(plan_id)
    assert (made.state, made.jobs, made.placed) == (PlanState.FINISHED, 12, 12)
    assert made.value is not None
    assert made.bound is None or made.bound >= made.value
    assert await plans.placed(plan_id) == 12
    assert await plans.job_state(run) == "DONE"
    assert await plans.told(plan_id) == {"plan.requested", "plan.started", "plan.progressed", "plan.finished"}


async def test_a_plan_that_is_stopped_keeps_its_best(plans: Planning) -> None:
    plan_id = await plans.asked(seconds=300)
    async with plans.work.database.session(SYSTEM) as session:
        await requests.stop(session, plan_id)
        await requests.stop(session, plan_id)
    run = await plans.begun(plan_id)
    async with asyncio.timeout(60):
        await make(run, {"plan_id": str(plan_id)})
    made = await plans.plan(plan_id)
    assert made.state == PlanState.STOPPED
    assert made.placed == await plans.placed(plan_id) > 0
    assert "plan.stopped" in await plans.told(plan_id)


async def test_the_attempt_that_was_taken_over_keeps_nothing(plans: Planning, monkeypatch: pytest.MonkeyPatch) -> None:
    without_solver(plans, monkeypatch)
    plan_id = await plans.asked()
    first = await plans.begun(plan_id)
    async with plans.work.database.session(SYSTEM) as session:
        await running.begin(session, plan_id)  # and its worker is killed
    second = await plans.begun(plan_id, attempt=2)
    with pytest.raises(Lost):
        await make(first, {"plan_id": str(plan_id)})
    assert (await plans.plan(plan_id)).state == PlanState.RUNNING
    await make(second, {"plan_id": str(plan_id)})
    assert (await plans.plan(plan_id)).state == PlanState.FINISHED
    assert await plans.job_state(second) == "DONE"


async def test_a_solver_that_dies_is_tried_again_and_then_given_up(
    plans: Planning, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    plan_id = await plans.asked()
    with pytest.raises(SolverDied):
        await make(await plans.begun(plan_id), {"plan_id": str(plan_id)})
    assert (await plans.plan(plan_id)).state == PlanState.RUNNING
    with pytest.raises(SolverDied):
        await make(await plans.begun(plan_id, 3, failures=2), {"plan_id": str(plan_id)})
    failed = await plans.plan(plan_id)
    assert (failed.state, failed.failure) == (PlanState.FAILED, "SOLVER_DIED")
    await plans.asked()


async def test_a_plan_whose_job_has_failed_is_given_up(plans: Planning) -> None:
    plan_id = await plans.asked()
    assert await tidy_plans(plans.work.database) == 0
    run = await plans.begun(plan_id)
    async with plans.work.database.session(SYSTEM) as session:
        fail = "UPDATE job SET state = 'FAILED', lease_until = NULL WHERE id = :id"
        await session.execute(text(fail), {"id": run.id})
    assert await tidy_plans(plans.work.database) == 1
    failed = await plans.plan(plan_id)
    assert (failed.state, failed.failure) == (PlanState.FAILED, "ABANDONED")


def test_a_solver_ends_with_its_worker(settings: Settings) -> None:
    """A database that never answers keeps it waiting until the worker is not there any more."""
    command = [sys.executable, "-m", "workers.solving"]
    with socket.create_server(("127.0.0.1", 0)) as silent:
        nowhere = f"postgresql://127.0.0.1:{silent.getsockname()[1]}/none"
        task = solving.Task(settings.model_copy(update={"database_url": nowhere}), MONDAY, 5, 300, 0, ())
        with Popen(command, stdin=PIPE, stdout=PIPE, env=solving.environment()) as process:
            assert process.stdin is not None
            process.stdin.write(solving.packed(task))
            process.stdin.close()
            assert process.wait(60) == solving.WORKER_GONE
