"""Everybody follows everything from the first event on: each is told of exactly what it may see, and shown no more.

Generated from the schema, as the proof of reads is; a new subscription is covered when it is declared.
"""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import orjson
import pytest
from graphql import GraphQLObjectType, get_named_type

from api.admission import EVERYTHING, admit
from api.live.frames import Batch
from api.live.live import Live
from api.live.routing import routes_of, routes_to
from api.live.specs import UpdatesSpec
from api.live.subscriber import Subscriber
from api.reading.registry import Registry, spec_of
from api.reading.schema import permission_of
from api.requests import Operation
from domain.events.addressed import Addressed, addressed_after
from domain.events.cursor import cursor_of, position_of
from tenants.actor import SYSTEM, Actor
from tests.tenancy.conftest import World
from tests.tenancy.documents import selection
from tests.tenancy.ids import parsed
from tests.tenancy.test_leaks import leaks


class Collected:
    """An outlet that keeps what it is sent."""

    def __init__(self) -> None:
        self.updates: list[Any] = []

    def send(self, batch: Batch) -> None:
        for text in batch.texts:
            (update,) = orjson.loads(text).values()
            self.updates.append(update)

    async def drained(self) -> None:
        """Nothing ever waits."""


@pytest.fixture(scope="module")
async def live(world: World) -> AsyncIterator[Live]:
    made = Live(world.settings, world.database, world.schema)
    yield made
    await made.close()


async def followed(world: World, live: Live, actor: Actor, document: str) -> list[Any]:
    """All that an actor would be told, from the first event on."""
    context = world.context(actor)
    admitted = await admit(world.schema, Operation(document, None, None, None), context, EVERYTHING)
    collected = Collected()
    subscriber = Subscriber(collected, lambda errors: pytest.fail(str(errors)))
    try:
        await live.run(await live.ready(admitted, actor, cursor_of(0)), subscriber)
    finally:
        subscriber.leave()
    return collected.updates


def subscriptions(world: World) -> dict[str, UpdatesSpec]:
    """The fields of Subscription that push one update per event."""
    assert world.graphql.subscription_type
    specs = {name: spec_of(field) for name, field in world.graphql.subscription_type.fields.items()}
    return {name: spec for name, spec in specs.items() if isinstance(spec, UpdatesSpec)}


def update_type(world: World, name: str) -> GraphQLObjectType:
    assert world.graphql.subscription_type
    named: Any = get_named_type(world.graphql.subscription_type.fields[name].type)
    assert isinstance(named, GraphQLObjectType)
    return named


def allowed(world: World, actor: Actor, name: str) -> bool:
    assert world.graphql.subscription_type
    return actor.may(permission_of(world.graphql.subscription_type.fields[name]))


def expected(world: World, actor: Actor, spec: UpdatesSpec) -> set[UUID]:
    """The events that an actor may see, about subjects that it may see too."""
    events = world.oracle.tables["event"]
    seen = world.oracle.seen(actor, "event")
    if spec.subject_type is None:
        return set(seen)
    registry: Registry = world.graphql.extensions["reading"].registry
    if registry.concrete(world.graphql.type_map[spec.subject_type], actor.audience) is None:
        return set()
    table = world.kinds()[spec.subject_type]
    about = {id for id in seen if events[id]["subject_type"] == spec.subject_type}
    visible = {id for id in about if world.oracle.visible(actor, table, events[id]["subject_id"])}
    rows = world.oracle.tables[table]
    return {id for id in visible if rows[events[id]["subject_id"]].get("in_app", True)}  # what else is in no inbox


async def test_each_actor_is_told_of_exactly_its_own(world: World, live: Live) -> None:
    for name, spec in subscriptions(world).items():
        chosen = world.actors if spec.subject is None else world.few
        document = f"subscription {{ {name} {{ cursor event {{ id }} }} }}"
        for who, actor in chosen.items():
            if not allowed(world, actor, name):
                continue
            updates = await followed(world, live, actor, document)
            ids = [parsed(update["event"]["id"]) for update in updates]
            told = [id[1] for id in ids if id]
            assert set(told) == expected(world, actor, spec), f"{name} as {who}"
            assert len(told) == len(set(told)), f"{name} as {who}"
            positions = [position_of(update["cursor"]) for update in updates]
            assert positions == sorted(positions), f"{name} as {who}"
    assert not live.hub.groups


async def test_nothing_of_anybody_else_hangs_below_an_update(world: World, live: Live) -> None:
    for name in subscriptions(world):
        for who, actor in world.few.items():
            if not allowed(world, actor, name):
                continue
            selected = selection(world.graphql, actor.audience, update_type(world, name), 2)
            for update in await followed(world, live, actor, f"subscription {{ {name} {selected} }}"):
                assert not leaks(world, actor, update), f"{name} as {who}"


async def test_every_event_is_routed_to_everybody_who_may_see_it(world: World) -> None:
    """What is not routed is not read: the routes have to be as wide as row-level security."""
    async with world.database.session(SYSTEM) as session:
        events: list[Addressed] = await addressed_after(session, 0, 1_000_000)
    for who, actor in world.actors.items():
        mine = {*routes_of(actor)}
        routed = {event.at.event_id for event in events if mine & {*routes_to(event)}}
        assert world.oracle.seen(actor, "event") <= routed, who
