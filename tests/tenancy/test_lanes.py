"""Both lanes answer every generated document the same: bytes, since every order is total; and the same errors."""

from collections import Counter
from typing import Any

import pytest
from graphql import get_named_type, is_leaf_type, is_required_argument
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tenants.actor import Actor
from tenants.audience import Audience
from tests.both_lanes import WITH_ERRORS
from tests.tenancy.conftest import World
from tests.tenancy.documents import root_fields, selection
from tests.tenancy.generated import document
from tests.tenancy.ids import global_id, kinds_for
from tests.tenancy.test_leaks import allowed

_DOCUMENTS = 600


@pytest.mark.parametrize("part", range(4))
async def test_generated_documents_are_answered_the_same_in_both_lanes(world: World, part: int) -> None:
    """At least 500 of them; most have data, and none is left to graphql-core but what is refused."""
    drawn: list[tuple[Actor, str, dict[str, Any]]] = []
    draw(world, part, drawn)
    seen: Counter[str] = Counter()
    for actor, text, variables in drawn:
        byte, ordinary = await world.both(actor, text, variables)
        seen[byte.reason or "bytes"] += 1
        seen["with data"] += b":[{" in (ordinary.data or b"") or b"{" in (ordinary.data or b"")[1:]
        seen["with errors"] += bool(ordinary.errors)
        if byte.reason is None:
            assert byte == ordinary, (actor.role, text, variables)
        elif byte.reason != "derived":  # what Python makes, such as the address of a payment link, has one lane
            assert byte.reason in WITH_ERRORS, (byte.reason, text)
            assert ordinary.errors, (byte.cause, text, variables)
    assert len(drawn) == _DOCUMENTS // 4
    assert seen["bytes"] > len(drawn) / 3, seen
    assert seen["with data"] > len(drawn) / 10, seen
    assert seen["with errors"], seen


def draw(world: World, part: int, into: list[tuple[Actor, str, dict[str, Any]]]) -> None:
    """Documents are drawn first: hypothesis calls a plain function, and an answer needs the event loop."""
    actors = [world.actors[name] for name in sorted(world.actors)]
    known = _ids(world)
    roots = {actor: [name for name in root_fields(world.graphql) if allowed(world, actor, name)] for actor in actors}

    def ids(field: str, argument: str) -> list[str]:
        return [*_NO_IDS, *(id for kind in kinds_for(world, argument, field) for id in known[kind])]

    @settings(
        max_examples=_DOCUMENTS // 4,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.sampled_from(actors), st.integers(0, 2**48))
    def collect(actor: Actor, number: int) -> None:
        into.append((actor, *document(world.graphql, ids, roots[actor], number + part)))

    collect()


async def test_every_root_field_is_answered_in_bytes(world: World) -> None:
    """By the platform administrator, beside another field; nothing that reads is left to graphql-core."""
    actor = world.actors[next(name for name in sorted(world.actors) if name.startswith("PLATFORM_ADMIN"))]
    for name, field in root_fields(world.graphql).items():
        whole = _whole(world, name, field)
        if whole is None:
            continue
        byte, ordinary = await world.both(actor, f"{{ beside: orders {{ totalCount }} {whole} }}", {})
        assert byte.reason is None or ordinary.errors, (name, byte.reason, byte.cause)
        if byte.reason is None:
            assert byte.data == ordinary.data, (
                name,
                [i for i in range(len(byte.data)) if byte.data[i : i + 1] != ordinary.data[i : i + 1]][:1],
                byte.data[400:900],
                ordinary.data[400:900],
            )


def _whole(world: World, name: str, field: Any) -> str | None:
    if any(is_required_argument(argument) for argument in field.args.values()):
        return None
    named = get_named_type(field.type)
    below = "" if is_leaf_type(named) else selection(world.graphql, Audience.SYSTEM, named, 2)
    return f"{name} {below}"


_NO_IDS = ("", "not an id", "T3JkZXI6eA==")


def _ids(world: World) -> dict[str, list[str]]:
    """Some ids of every kind."""
    tables = world.oracle.tables
    return {kind: [global_id(kind, key) for key in sorted(tables[table])[:8]] for kind, table in world.kinds().items()}
