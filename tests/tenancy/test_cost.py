"""No document over the demo costs more than was requested: every root list, and every list three objects deep."""

from collections.abc import Iterator
from uuid import uuid4

from graphql import get_named_type, is_leaf_type, is_required_argument, parse
from graphql.execution.values import get_variable_values

from api.context import Context, RequestFacts
from api.cost import requested
from api.documents import Document
from api.reading.registry import is_many
from tenants.actor import Actor
from tests.tenancy.conftest import World
from tests.tenancy.documents import connections, list_document, root_fields, selection
from tests.tenancy.test_leaks import allowed


async def costs(world: World, actor: Actor, text: str) -> tuple[int, int]:
    """(requested, actual)"""
    document = Document(text, parse(text))
    (operation,) = document.operations.values()
    variables = get_variable_values(world.graphql, operation.variable_definitions or (), {})
    assert not isinstance(variables, list)
    context = Context(actor, world.database, world.settings, RequestFacts(uuid4().hex))
    result = await world.schema.execute(text, context_value=context)
    assert not result.errors, (text, result.errors)
    before = requested(world.schema, document, operation, variables.coerced)
    return before.total, context.spent + before.base


async def test_requested_bounds_actual_for_every_list(world: World) -> None:
    measured = 0
    for actor in {actor.audience: actor for actor in world.few.values()}.values():
        for text in documents(world, actor):
            requested_, actual = await costs(world, actor, text)
            assert actual <= requested_, (actor.role, text)
            measured += actual
    assert measured > 10_000


def documents(world: World, actor: Actor) -> Iterator[str]:
    """The root lists that the actor may read and that ask for no argument."""
    for name, field in root_fields(world.graphql).items():
        if not allowed(world, actor, name) or any(map(is_required_argument, field.args.values())):
            continue
        if name in connections(world.graphql):
            yield list_document(world.graphql, actor.audience, name, 3)
        elif is_many(field) and not is_leaf_type(get_named_type(field.type)):
            yield f"{{ {name} {selection(world.graphql, actor.audience, get_named_type(field.type), 3)} }}"
