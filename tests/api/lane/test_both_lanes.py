"""Every root field, asked as everybody, is answered with the same bytes by both lanes."""

import json
from collections.abc import Iterator
from typing import Any

from graphql import GraphQLField, get_named_type, is_leaf_type

from tenants.actor import Actor
from tests.lanes import Lanes, Said
from tests.tenancy.conftest import World
from tests.tenancy.documents import arguments, is_connection, root_fields, selection
from tests.tenancy.ids import kinds_for, seen_id


def document(world: World, actor: Actor, name: str, field: GraphQLField) -> tuple[str, dict[str, Any]]:
    """The field with everything below it that needs no argument, and arguments that find something."""

    def give_id(path: str, required: bool) -> str | None:
        kinds = [kind for kind in kinds_for(world, path, name, field) if kind in world.kinds()]
        return seen_id(world, actor, kinds[0]) if required and kinds else None

    needed = {key: given for key, given in field.args.items() if str(given.type).endswith("!")}
    values = arguments(needed, give_id)
    declared = ", ".join(f"${key}: {field.args[key].type}" for key in values)
    passed = ", ".join(f"{key}: ${key}" for key in values)
    named = get_named_type(field.type)
    body = (
        "" if is_leaf_type(named) else selection(world.graphql, actor.audience, named, 3 if is_connection(named) else 2)
    )
    return f"query{f'({declared})' if declared else ''} {{ {name}{f'({passed})' if passed else ''} {body} }}", values


def same(ordinary: Said, byte: Said) -> bool:
    """Byte by byte, but for the spaces that PostgreSQL writes into a JSON scalar."""
    if ordinary.status != byte.status:
        return False
    return ordinary.body == byte.body or json.loads(ordinary.body) == json.loads(byte.body)


def _fields(world: World) -> Iterator[tuple[str, GraphQLField]]:
    yield from root_fields(world.graphql).items()


async def test_every_root_field(world: World, lanes: Lanes) -> None:
    answered = 0
    for name, field in _fields(world):
        for who, actor in world.few.items():
            asked, values = document(world, actor, name, field)
            ordinary, byte = await lanes.both(actor, asked, values)
            assert same(ordinary, byte), (name, who, asked, values, ordinary.body[:2000], byte.body[:2000], byte.reason)
            assert byte.reason in ("", "refused"), (name, who, byte.reason, byte.body[:500])
            answered += not byte.reason
    assert answered > 200
