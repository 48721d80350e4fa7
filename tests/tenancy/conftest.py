"""A small world of five entities in a database of its own, everybody who works in it, and the oracle."""

import gc
from collections.abc import AsyncIterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import orjson
import pytest
from graphql import ExecutionResult, GraphQLSchema, OperationType

import domain.tables  # noqa: F401  # completes the registries
from api.admission import READS_AND_WRITES, Admitted, Refused, admit
from api.context import Context, RequestFacts
from api.executor import execute
from api.lane import Lane, Ordinary
from api.requests import Operation
from api.schema import platform_schema
from chargecars.demo import load
from tenants.access import actor_of
from tenants.actor import Actor, anonymous
from tenants.engine import Database, role_password
from tenants.permissions import PERMISSIONS_OF, Role
from tenants.rls import REGISTRY
from tenants.settings import Settings
from tests.both_lanes import WITH_ERRORS, Answer, in_both, without_meter
from tests.tenancy.extras import add_extras
from tests.tenancy.oracle import Oracle

SCALE = Fraction(1, 50)
_COSTS = ("cost_maximum", "cost_budget", "cost_restore_per_second")
_BOUNDS = ("max_tokens", "max_depth", "max_aliases", *_COSTS, *(f"anonymous_{name}" for name in _COSTS))


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
        """Run a document as an actor over both lanes, as the HTTP endpoint would; they have to answer the same."""
        operation = Operation(document, None, variables or {}, None)
        context = self.context(actor)
        try:
            admitted = await admit(self.schema, operation, context, READS_AND_WRITES)
        except Refused as refused:
            return ExecutionResult(None, refused.errors)
        result: ExecutionResult = await execute(self.schema, admitted, context)
        if admitted.operation_type is OperationType.QUERY:
            await self._compare(admitted, actor, result)
        return result

    async def _compare(self, admitted: Admitted, actor: Actor, result: ExecutionResult) -> None:
        try:
            written = await self.lane.answer(admitted, self.context(actor))
        except Ordinary as ordinary:
            if ordinary.reason == "derived":
                return  # a field that Python makes, such as the address of a payment link, has the one lane only
            if ordinary.reason not in WITH_ERRORS or not result.errors:
                raise
            return
        assert without_meter(written.data) == orjson.dumps(result.data), admitted.document.text

    async def in_bytes(self, actor: Actor, document: str, variables: dict[str, Any] | None = None) -> ExecutionResult:
        """Run a query over the byte lane alone."""
        context = self.context(actor)
        operation = Operation(document, None, variables or {}, None)
        try:
            admitted = await admit(self.schema, operation, context, READS_AND_WRITES)
        except Refused as refused:
            return ExecutionResult(None, refused.errors)
        try:
            written = await self.lane.answer(admitted, context)
        except Ordinary as ordinary:
            if ordinary.reason not in ("derived", "refused"):
                raise
            return await execute(self.schema, admitted, self.context(actor))
        return ExecutionResult(orjson.loads(written.data), None)

    async def both(self, actor: Actor, document: str, variables: dict[str, Any]) -> tuple[Answer, Answer]:
        """What the byte lane and the ordinary lane answer."""
        return await in_both(self.lane, self.schema, lambda: self.context(actor), document, variables)

    def context(self, actor: Actor) -> Context:
        """Of a request of its own."""
        request = RequestFacts("test", "127.0.0.1", "test", "localhost", idempotency_key=str(uuid4()))
        return Context(actor, self.database, self.settings, request)

    @cached_property
    def lane(self) -> Lane:
        return Lane(self.schema)

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
    unlimited = settings.model_copy(update=dict.fromkeys(_BOUNDS, 10**12))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("api.documents._LONGEST_KEPT", 1_000_000)
        patch.setattr("api.documents._MOST_CHARACTERS", 20_000_000)
        world = World(database, unlimited, platform_schema("secret"), oracle, await _actors(database, oracle))
        gc.freeze()  # the oracle's rows need not be looked through again and again
        yield world
        gc.unfreeze()
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
