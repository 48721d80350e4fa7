"""A job can do what its actor could do, no more: whatever it is given, and not after the actor has lost its rights."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from domain.contacts.models import Contact
from domain.jobs import actors
from domain.rows import find
from tenants.actor import SYSTEM, Actor, anonymous
from tenants.models import BusinessEntity
from tenants.permissions import Role
from tests import factories
from tests.workers.jobs.conftest import Bench
from workers.jobs import job
from workers.run import Run

pytestmark = pytest.mark.usefixtures("declared")


@dataclass
class Rivals:
    entity: BusinessEntity
    one: Actor
    other: Actor
    person_of_other: UUID


@pytest.fixture
async def rivals(bench: Bench) -> Rivals:
    async with bench.database.session(SYSTEM) as session:
        entity = await factories.business_entity(session)
        first, second = [await factories.organization(session, entity) for _ in range(2)]
        person = await factories.person(session, entity, partner=second)
        users = [
            await factories.actor_with(session, Role.PARTNER_USER, entity, organization=organization)
            for organization in (first, second)
        ]
        return Rivals(entity, users[0], users[1], person.id)


async def test_a_partners_job_sees_that_partners_rows(bench: Bench, rivals: Rivals) -> None:
    @job("test.look", attempts=1)
    async def look(session: AsyncSession, arguments: Mapping[str, Any], run: Run) -> None:
        await find(session, Contact, UUID(arguments["id"]))

    ids = [
        await bench.ask("test.look", {"id": rivals.person_of_other}, asking=actor)
        for actor in (rivals.other, rivals.one)
    ]
    async with bench.workers():
        await bench.ended(ids[0])
        await bench.ended(ids[1], state="FAILED")
    error = (await bench.job(ids[1]))["error"]
    assert "NOT_FOUND" in error


async def test_the_actor_is_itself_and_named(bench: Bench, rivals: Rivals) -> None:
    seen: list[Any] = []

    @job("test.who")
    async def who(session: AsyncSession, _arguments: object, run: Run) -> None:
        seen.append(run.actor)
        seen.append((await session.execute(text("SELECT session_user"))).scalar())

    id = await bench.ask("test.who", asking=rivals.one)
    async with bench.workers():
        await bench.ended(id)
    [actor, role] = seen
    assert role == "chargecars_partner"
    assert actor.name.startswith("User ")
    assert (actor.settings(), actor.permissions) == (rivals.one.settings(), rivals.one.permissions)
    row = await bench.job(id)
    assert actor.name not in row["actor"]
    assert row["entity_id"] == rivals.entity.id


async def test_only_the_platform_asks_as_somebody_else(bench: Bench, rivals: Rivals) -> None:
    with pytest.raises(ValueError, match="only the platform"):
        await bench.ask("test.x", asking=rivals.one, actor=rivals.other)
    id = await bench.ask("test.x", asking=SYSTEM, actor=rivals.other)
    assert (await bench.job(id))["user_id"] == rivals.other.user_id


async def test_the_database_writes_down_who_asks(bench: Bench, rivals: Rivals) -> None:
    """Whatever it is told: statements of a partner's connection become jobs of that partner."""
    call = text("SELECT enqueue_job('x', 'default', '{}', NULL, CAST(:actor AS jsonb), NULL, NULL)")
    forged = actors.written(SYSTEM) | {"user_id": str(uuid4())}
    async with bench.database.session(rivals.one) as session:
        id = (
            await session.execute(
                call, {"actor": str(forged).replace("'", '"').replace("None", "null").replace("False", "false")}
            )
        ).scalar()
    row = await bench.owner.fetchrow("SELECT actor ->> 'audience' AS audience, user_id FROM job WHERE id = $1", id)
    assert row is not None
    assert tuple(row) == ("partner", rivals.one.user_id)


async def test_a_job_is_for_an_entity_of_its_actor(bench: Bench, rivals: Rivals) -> None:
    async with bench.database.session(SYSTEM) as session:
        foreign = await factories.business_entity(session)
    for asking in (rivals.one, anonymous(None)):
        with pytest.raises(DBAPIError, match="not the actor"):
            await bench.ask("test.x", asking=asking, entity_id=foreign.id)


async def test_nobody_writes_the_table_itself(bench: Bench, rivals: Rivals) -> None:
    await bench.ask("test.x", asking=rivals.one)
    for statement in ("UPDATE job SET state = 'DONE'", "DELETE FROM job", "SELECT arguments FROM job"):
        with pytest.raises(DBAPIError, match="permission denied"):
            async with bench.database.session(rivals.one) as session:
                await session.execute(text(statement))


async def test_who_has_lost_its_access_does_nothing_any_more(bench: Bench, rivals: Rivals) -> None:
    ran = []

    @job("test.spy")
    async def spy(_session: AsyncSession, _arguments: object, run: Run) -> None:
        ran.append(run.actor.user_id)

    ids = {actor: await bench.ask("test.spy", asking=actor) for actor in (rivals.one, rivals.other)}
    query = "UPDATE membership SET status = 'REVOKED' WHERE user_id = $1"
    await bench.owner.execute(query, rivals.one.user_id)
    async with bench.workers():
        await bench.ended(ids[rivals.one], state="FAILED")
        await bench.ended(ids[rivals.other])
    assert ran == [rivals.other.user_id]


async def test_entities_in_which_the_role_was_lost_are_left_out(bench: Bench) -> None:
    async with bench.database.session(SYSTEM) as session:
        entities = [await factories.business_entity(session) for _ in range(2)]
        staff = await factories.actor_with(session, Role.OPERATIONS, entities)
    await bench.owner.execute("UPDATE membership SET status = 'SUSPENDED' WHERE entity_id = $1", entities[0].id)
    async with bench.database.session(SYSTEM) as session:
        now = await actors.standing(session, staff)
    assert now is not None
    assert now.entity_ids == (entities[1].id,)


@pytest.mark.parametrize("broken", [{"role": "PARTNER_USER"}, {"audience": "staff"}])
def test_an_actor_of_another_audience_than_written_is_refused(broken: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="is not of the audience"):
        actors.read(actors.written(SYSTEM) | broken)


async def test_everybody_sees_its_own_jobs_and_admins_those_of_their_entities(bench: Bench, rivals: Rivals) -> None:
    async with bench.database.session(SYSTEM) as session:
        admin = await factories.actor_with(session, Role.TENANT_ADMIN, rivals.entity)
        planner = await factories.actor_with(session, Role.PLANNER, rivals.entity)
        stranger = await factories.actor_with(session, Role.TENANT_ADMIN, await factories.business_entity(session))
    id = await bench.ask("test.x", asking=rivals.one)
    seen = {}
    for name, actor in {
        "own": rivals.one,
        "other": rivals.other,
        "admin": admin,
        "planner": planner,
        "stranger": stranger,
    }.items():
        async with bench.database.session(actor) as session:
            seen[name] = (await session.execute(text("SELECT id FROM job"))).scalars().all()
    assert seen == {"own": [id], "other": [], "admin": [id], "planner": [], "stranger": []}


async def test_a_written_actor_is_read_back() -> None:
    entity = uuid4()
    for given in (SYSTEM, anonymous(entity), anonymous(None)):
        assert actors.read(actors.written(given)) == given
