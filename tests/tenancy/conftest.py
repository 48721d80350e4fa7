"""A small world of five entities in a database of its own, everybody who works in it, and the oracle."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from graphql import ExecutionResult, GraphQLSchema

import domain.tables  # noqa: F401  # completes the registries
from api.context import Context, RequestFacts
from api.schema import platform_schema
from chargecars.demo import load
from tenants.access import actor_of
from tenants.actor import Actor, anonymous
from tenants.engine import Database, role_password
from tenants.permissions import PERMISSIONS_OF, Role
from tenants.rls import REGISTRY
from tenants.settings import Settings
from tests.tenancy.extras import add_extras
from tests.tenancy.oracle import Oracle

SCALE = Fraction(1, 50)


@dataclass
class World:
    """The database, its schema, its rows as the owner sees them, and one actor per role and view of it."""

    database: Database
    settings: Settings
    schema: Any
    oracle: Oracle
    actors: dict[str, Actor]

    @property
    def graphql(self) -> GraphQLSchema:
        schema: GraphQLSchema = self.schema._schema
        return schema

    async def execute(self, actor: Actor, document: str, variables: dict[str, Any] | None = None) -> ExecutionResult:
        """Run a document as an actor, as the HTTP endpoint would."""
        request = RequestFacts("test", "127.0.0.1", "test", "localhost", idempotency_key=str(uuid4()))
        context = Context(actor, self.database, self.settings, request)
        result: ExecutionResult = await self.schema.execute(document, variables or {}, context_value=context)
        return result

    @cached_property
    def few(self) -> dict[str, Actor]:
        """One actor per role, of the same entity where it has one: for questions that are many."""
        chosen: dict[Role, str] = {}
        for name, actor in sorted(self.actors.items(), key=lambda item: item[0][::-1]):
            chosen.setdefault(actor.role, name)
        return {name: self.actors[name] for name in chosen.values()}

    def kinds(self) -> dict[str, str]:
        """Kinds of global ids and their tables."""
        readables = self.graphql.extensions["reading"].registry.readable.values()
        return {r.kind: r.reads.model.__tablename__ for r in readables if r.reads.model is not None and "id" in r.specs}


@pytest.fixture(scope="session")
async def world(
    test_run: dict[str, str], worker_database: str, worker_id: str, settings: Settings
) -> AsyncIterator[World]:
    """Also lets generated documents be parsed once, which are longer than what the platform keeps."""
    name = f"tenancy_{worker_id}"
    superuser = await asyncpg.connect(test_run["super"])
    await superuser.execute(f'CREATE DATABASE "{name}" TEMPLATE chargecars OWNER chargecars_owner STRATEGY FILE_COPY')
    await superuser.close()
    url = test_run["owner"].replace("/chargecars?", f"/{name}?")
    await load(url, scale=SCALE)
    database = Database(url, role_password(settings))
    await add_extras(database)
    owner = await asyncpg.connect(url)
    oracle = await Oracle.read(owner, REGISTRY)
    await owner.close()
    unlimited = settings.model_copy(update=dict.fromkeys(("max_tokens", "max_depth", "max_aliases"), 1_000_000))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("api.limits._LONGEST_CACHED", 1_000_000)
        yield World(database, unlimited, platform_schema("secret"), oracle, await _actors(database, oracle))
    await database.close()


async def _actors(database: Database, oracle: Oracle) -> dict[str, Actor]:
    """Every role of every entity: the member who has most to see and, of partners and customers, one who has less."""
    actors: dict[str, Actor] = {}
    names = {entity["id"]: entity["code"] for entity in oracle.tables["business_entity"].values()}
    for membership in sorted(oracle.tables["membership"].values(), key=lambda m: m["id"]):
        name = f"{membership['role']} of {names.get(membership['entity_id'], 'platform')}"
        name = name if name not in actors else f"another {name}"
        if name not in actors:
            actors[name] = _with_rights(await actor_of(database, membership["id"]))
    for entity_id, code in names.items():
        actors[f"visitor of {code}"] = anonymous(entity_id)
    return actors


def _with_rights(actor: Actor) -> Actor:
    return Actor(
        actor.role,
        actor.entity_ids,
        actor.user_id,
        actor.organization_id,
        actor.contact_id,
        actor.team_id,
        PERMISSIONS_OF[Role(actor.role)],
        name="Test",
    )


def missing(table: dict[UUID, Any]) -> UUID:
    """An id of the same kind that no row has."""
    id = UUID("01900000-0000-7000-8000-000000000001")
    assert id not in table
    return id
