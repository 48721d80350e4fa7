"""Jobs as administrators and those who ask for them see them; what becomes of failed ones."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from domain.jobs import failures, lifecycle
from domain.jobs import service as jobs
from tenants.actor import SYSTEM, Actor
from tenants.engine import Database
from tenants.models import BusinessEntity
from tenants.permissions import Role
from tenants.settings import Settings
from tests import factories
from tests.api.shell import client_of
from tests.asking import Asker, codes, gid

RETRY = """mutation R($id: ID!) { retryFailedJob(id: $id) {
  failedJob { state resolvedAt resolvedBy { id } } job { state attempts failures } userErrors { code field } } }"""
DISCARD = """mutation D($id: ID!, $reason: String!) { discardFailedJob(id: $id, reason: $reason) {
  failedJob { state reason } userErrors { code field } } }"""
ALL = "mutation A($name: String) { retryFailedJobs(name: $name) { retried userErrors { code } } }"
FAILED = "{ failedJobs(first: 50) { nodes { id name arguments error logReference attempts job { id state } } } }"
JOB = "query J($id: ID!) { job(id: $id) { name state progress progressText failures } }"


@dataclass
class World:
    database: Database
    entity: BusinessEntity
    admin: Actor
    partner: Actor
    stranger: Actor
    as_: Callable[[Actor], Asker]

    async def job(self, name: str | None = None, actor: Actor | None = None, **arguments: Any) -> UUID:
        async with self.database.session(actor or SYSTEM) as session:
            return await jobs.enqueue(session, name or factories.unique("test."), arguments, entity_id=self.entity.id)

    async def failed(self, name: str | None = None, **arguments: Any) -> tuple[UUID, UUID]:
        """A job that failed, and its row of failed_job."""
        id = await self.job(name, **arguments)
        await self.fail(id)
        async with self.database.session(SYSTEM) as session:
            found = await session.execute(failures.open_ones().where(failures.FailedJob.job_id == id))
            return id, found.scalar_one()

    async def fail(self, id: UUID) -> None:
        async with self.database.session(SYSTEM) as session:
            row = await session.get_one(failures.Job, id)
            begun = await lifecycle.begin(session, id, row.attempts, [row.name], lifecycle.HAND_OVER_AGAIN)
            assert begun
            assert await failures.fail(session, id, begun.attempt, "RuntimeError: no", "e1")


@pytest.fixture
async def world(database: Database, settings: Settings) -> World:
    async with database.session(SYSTEM) as session:
        entity = await factories.business_entity(session)
        partner = await factories.organization(session, entity)
        return World(
            database,
            entity,
            await factories.actor_with(session, Role.TENANT_ADMIN, entity),
            await factories.actor_with(session, Role.PARTNER_USER, entity, organization=partner),
            await factories.actor_with(session, Role.TENANT_ADMIN, await factories.business_entity(session)),
            lambda actor: Asker(database, settings, actor),
        )


async def test_administrators_see_what_failed_in_their_entity(world: World) -> None:
    id, failed = await world.failed("test.seen", order_id=7, email="jan@example.nl", note="for jan@example.nl")
    [node] = (await world.as_(world.admin).ask(FAILED))["failedJobs"]["nodes"]
    assert node == {
        "id": gid("FailedJob", failed),
        "name": "test.seen",
        "arguments": {"order_id": 7, "email": "…", "note": "for …"},
        "error": "RuntimeError: no",
        "logReference": "e1",
        "attempts": 1,
        "job": {"id": gid("Job", id), "state": "FAILED"},
    }
    assert (await world.as_(world.stranger).ask(FAILED))["failedJobs"]["nodes"] == []
    assert await world.as_(world.partner).error(FAILED) == "FORBIDDEN"


async def test_who_asked_for_a_job_sees_how_far_it_is(world: World) -> None:
    name = factories.unique("test.")
    id = await world.job(name, world.partner)
    async with world.database.session(SYSTEM) as session:
        assert await lifecycle.begin(session, id, 0, [name], lifecycle.HAND_OVER_AGAIN)
        await lifecycle.tell_progress(session, id, 1, 0.25, "one of four")
    expected = {"name": name, "state": "RUNNING", "progress": 0.25, "progressText": "one of four", "failures": 0}
    for actor in (world.partner, world.admin):
        assert (await world.as_(actor).ask(JOB, id=gid("Job", id)))["job"] == expected
    assert (await world.as_(world.stranger).ask(JOB, id=gid("Job", id)))["job"] is None


async def test_a_failed_job_is_retried_once(world: World, owner: "asyncpg.Connection[asyncpg.Record]") -> None:
    _, failed = await world.failed(order_id=7, email="jan@example.nl")
    admin = world.as_(world.admin)
    answer = (await admin.ask(RETRY, id=gid("FailedJob", failed)))["retryFailedJob"]
    assert answer["userErrors"] == []
    assert answer["failedJob"]["state"] == "RETRIED"
    assert answer["failedJob"]["resolvedBy"] == {"id": gid("User", world.admin.user_id or failed)}
    assert answer["job"] == {"state": "QUEUED", "attempts": 1, "failures": 0}
    again = (await admin.ask(RETRY, id=gid("FailedJob", failed)))["retryFailedJob"]
    assert codes(again) == [("JOB_ALREADY_RESOLVED", ["id"])]
    query = "SELECT type FROM event WHERE subject_id = $1 AND internal ORDER BY id"
    assert [row["type"] for row in await owner.fetch(query, failed)] == ["job.failed", "job.retried"]
    kept = "SELECT arguments ->> 'email' FROM job WHERE id = (SELECT job_id FROM failed_job WHERE id = $1)"
    assert await owner.fetchval(kept, failed) == "jan@example.nl", "it runs with what it was given"


async def test_a_job_that_fails_anew_is_a_failure_anew(world: World) -> None:
    id, failed = await world.failed()
    admin = world.as_(world.admin)
    await admin.ask(RETRY, id=gid("FailedJob", failed))
    await world.fail(id)
    nodes = (await admin.ask("{ failedJobs(first: 9) { nodes { id state attempts } } }"))["failedJobs"]["nodes"]
    assert sorted((node["state"], node["attempts"]) for node in nodes) == [("OPEN", 2), ("RETRIED", 1)]


async def test_a_failed_job_is_discarded_with_a_reason(world: World) -> None:
    _, failed = await world.failed()
    admin = world.as_(world.admin)
    short = (await admin.ask(DISCARD, id=gid("FailedJob", failed), reason=" "))["discardFailedJob"]
    assert [field for _, field in codes(short)] == [["reason"]]
    answer = (await admin.ask(DISCARD, id=gid("FailedJob", failed), reason="Done by hand"))["discardFailedJob"]
    assert answer["failedJob"] == {"state": "DISCARDED", "reason": "Done by hand"}
    for document, values in ((DISCARD, {"reason": "x"}), (RETRY, {})):
        [payload] = (await admin.ask(document, id=gid("FailedJob", failed), **values)).values()
        assert codes(payload) == [("JOB_ALREADY_RESOLVED", ["id"])]


@pytest.mark.parametrize(("document", "values"), [(RETRY, {}), (DISCARD, {"reason": "x"})])
async def test_what_belongs_to_another_entity_does_not_exist(world: World, document: str, values: Any) -> None:
    _, failed = await world.failed()
    [payload] = (await world.as_(world.stranger).ask(document, id=gid("FailedJob", failed), **values)).values()
    assert codes(payload) == [("NOT_FOUND", ["id"])]


async def test_many_are_retried_at_once_in_ones_own_entity(world: World) -> None:
    name = factories.unique("test.")
    for _ in range(3):
        await world.failed(name)
    await world.failed()
    asked: list[tuple[Actor, str | None]] = [(world.stranger, None), (world.admin, name), (world.admin, name)]
    answers = [(await world.as_(actor).ask(ALL, name=only))["retryFailedJobs"]["retried"] for actor, only in asked]
    assert answers == [0, 3, 0]
    assert (await world.as_(world.admin).ask(ALL))["retryFailedJobs"]["retried"] == 1


async def test_what_is_old_is_forgotten(world: World, owner: "asyncpg.Connection[asyncpg.Record]") -> None:
    kept, _ = await world.failed()
    gone, failed = await world.failed()
    done = await world.job()
    async with world.database.session(SYSTEM) as session:
        row = await session.get_one(failures.Job, done)
        assert await lifecycle.begin(session, done, 0, [row.name], lifecycle.HAND_OVER_AGAIN)
        assert await lifecycle.conclude(session, done, 1)
    await owner.execute("UPDATE job SET finished_at = now() - interval '8 days' WHERE id = ANY ($1)", [kept, done])
    await owner.execute("UPDATE job SET finished_at = now() - interval '91 days' WHERE id = $1", gone)
    await owner.execute("UPDATE failed_job SET created_at = now() - interval '91 days' WHERE id = $1", failed)
    async with world.database.session(SYSTEM) as session:
        assert await failures.sweep(session) >= 3
    left = {row["id"] for row in await owner.fetch("SELECT id FROM job WHERE id = ANY ($1)", [kept, gone, done])}
    assert left == {kept}


async def test_metrics_tell_of_the_queues(world: World, settings: Settings) -> None:
    queue = factories.unique("q")
    async with world.database.session(SYSTEM) as session:
        await jobs.enqueue(session, "test.waits", {}, queue=queue)
    async with client_of(settings) as client:
        text = (await client.http.get("/metrics")).text
    assert f'chargecars_jobs{{queue="{queue}",state="due"}} 1.0' in text
    assert f'chargecars_job_oldest_seconds{{queue="{queue}"}}' in text
