"""No document over the demo costs more than was requested: every root list with what hangs below its rows."""

from collections.abc import Iterator

from graphql import get_named_type, is_leaf_type, is_required_argument

from api.admission import READS, admit
from api.cost import settled
from api.executor import execute
from api.reading.registry import is_many
from api.requests import Operation
from tenants.actor import Actor
from tenants.permissions import Role
from tests.tenancy.conftest import World
from tests.tenancy.documents import connections, list_document, root_fields, selection
from tests.tenancy.test_leaks import allowed


async def costs(world: World, actor: Actor, text: str) -> tuple[int, int]:
    """(requested, actual), the same in both lanes."""
    operation = Operation(text, None, {}, None)
    byte_lane, ordinary = world.context(actor), world.context(actor)
    written = await world.lane.answer(await admit(world.schema, operation, byte_lane, READS), byte_lane)
    result = await execute(world.schema, await admit(world.schema, operation, ordinary, READS), ordinary)
    assert not written.errors, (text, written.errors)
    assert not result.errors, (text, result.errors)
    one, other = settled(byte_lane, ()), settled(ordinary, ())
    assert one
    assert other
    assert one["actual"] == other["actual"], text
    return one["requested"], one["actual"]


async def test_requested_bounds_actual_for_every_list(world: World) -> None:
    measured = 0
    for actor in (actor for actor in world.few.values() if actor.role in (Role.TENANT_ADMIN, Role.PARTNER_ADMIN)):
        for text in documents(world, actor):
            requested_, actual = await costs(world, actor, text)
            assert actual <= requested_, (actor.role, text)
            measured += actual
    assert measured > 5_000


def documents(world: World, actor: Actor) -> Iterator[str]:
    """The root lists that the actor may read and that ask for no argument."""
    for name, field in root_fields(world.graphql).items():
        if not allowed(world, actor, name) or any(map(is_required_argument, field.args.values())):
            continue
        if name in connections(world.graphql):
            yield list_document(world.graphql, actor.audience, name, 2)
        elif is_many(field) and not is_leaf_type(get_named_type(field.type)):
            yield f"{{ {name} {selection(world.graphql, actor.audience, get_named_type(field.type), 2)} }}"
