"""Everybody asks for everything: nothing of anybody else's comes back, and nothing of their own is kept from them.

Generated from the schema and the database; a new root field, type, filter or mutation is covered when it is declared.
"""

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias
from uuid import UUID

from graphql import ExecutionResult, GraphQLField, GraphQLObjectType, get_named_type, is_leaf_type

from api.reading.schema import permission_of
from tenants.actor import Actor
from tenants.audience import Audience
from tenants.permissions import Permission
from tests.tenancy.conftest import World, missing
from tests.tenancy.documents import (
    connections,
    fragment,
    list_document,
    objects,
    root_fields,
    selection,
)
from tests.tenancy.ids import column_of, global_id, kinds_for, parsed

Ask: TypeAlias = Callable[[Actor, str, dict[str, Any]], Awaitable[ExecutionResult]]


def keys(items: list[Any]) -> list[UUID]:
    """The keys of listed items."""
    found = [parsed(item["id"]) for item in items]
    return [id[1] for id in found if id]


def asking(world: World, actor: Actor) -> Ask:
    """For questions that are many: one actor of each role over both lanes, all others over the byte lane."""
    return world.execute if actor in world.few.values() else world.in_bytes


def allowed(world: World, actor: Actor, name: str) -> bool:
    return actor.may(permission_of(root_fields(world.graphql)[name]))


def leaks(world: World, actor: Actor, answer: Any) -> list[str]:
    """Where an answer holds an object that the oracle hides from the actor."""
    kinds = world.kinds()
    found = []
    for path, item in objects(answer):
        id = parsed(item["id"])
        if id and id[0] in kinds and not world.oracle.visible(actor, kinds[id[0]], id[1]):
            found.append(f"{path}: {id}")
    return found


async def pages(
    world: World, actor: Actor, name: str, *, depth: int, filter: Any = None, ask: Ask | None = None
) -> tuple[Any, list[Any]]:
    """All pages of a root connection: its total count and its items."""
    ask = ask or asking(world, actor)
    document = list_document(world.graphql, actor.audience, name, depth)
    after, items = None, []
    while True:
        result = await ask(actor, document, {"after": after, "filter": filter})
        assert not result.errors, (name, result.errors)
        assert result.data is not None
        page = result.data[name]
        assert not leaks(world, actor, page)
        items += [edge["node"] for edge in page["edges"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            return page["totalCount"], items


async def test_every_root_list_shows_each_actor_exactly_its_own(world: World) -> None:
    for name, field in connections(world.graphql).items():
        kind = _kind_of_items(world, field)
        for who, actor in world.actors.items():
            if not allowed(world, actor, name):
                continue
            total, items = await pages(world, actor, name, depth=1)
            ids = keys(items)
            expected = _listed(world, actor, name, kind)
            assert set(ids) == expected, f"{name} as {who}: {len(ids)} instead of {len(expected)}"
            assert total == len(ids) == len(set(ids)), f"{name} as {who}"


async def test_nothing_of_anybody_else_hangs_below_what_is_seen(world: World) -> None:
    """Two objects deep from every list for everybody, three for one of each role, nested lists included.

    The platform's own people may see it all.
    """
    for name in connections(world.graphql):
        for actor in world.actors.values():
            if actor.audience is not Audience.SYSTEM and allowed(world, actor, name):
                depth = 3 if actor in world.few.values() else 2
                await pages(world, actor, name, depth=depth, ask=world.in_bytes)


async def test_what_hides_is_worth_hiding(world: World) -> None:
    """The proof would prove nothing over tables that everybody sees, or that are empty."""
    for name, field in connections(world.graphql).items():
        table = world.kinds()[_kind_of_items(world, field)]
        rows = world.oracle.tables[table]
        assert rows, f"{table} is empty: {name} is not tested"
        blind = [w for w, a in world.actors.items() if len(world.oracle.seen(a, table)) < len(rows)]
        assert blind or table == "team", table


async def test_nothing_is_found_by_id(world: World) -> None:
    """`node` of each type, visible or not: what is hidden answers as what does not exist."""
    listed = {_kind_of_items(world, field) for field in connections(world.graphql).values()}
    for kind, table in world.kinds().items():
        depth = 1 if kind in listed else 2  # what hangs below those of a list is asked there
        for who, actor in world.actors.items():
            if not actor.may(Permission.SIGNED_IN):
                continue
            ask = asking(world, actor)
            document = f"query($id: ID!) {{ node(id: $id) {{ __typename id {_fragment(world, actor, kind, depth)} }} }}"
            seen = world.oracle.seen(actor, table)
            hidden = [id for id in world.oracle.tables[table] if id not in seen][:2]
            absent = await ask(actor, document, {"id": global_id(kind, missing(world.oracle.tables[table]))})
            assert absent.errors is None, (kind, who, absent.errors)
            for id in hidden:
                result = await ask(actor, document, {"id": global_id(kind, id)})
                assert (result.data, result.errors) == (absent.data, absent.errors), f"{kind} {id} as {who}"
            for id in sorted(seen)[:1]:
                result = await ask(actor, document, {"id": global_id(kind, id)})
                assert not result.errors, (kind, who, result.errors)
                assert not leaks(world, actor, result.data), (kind, who)


async def test_single_roots_hide_what_lists_hide(world: World) -> None:
    """Root fields that take an id, a number or another key."""
    for name, field in root_fields(world.graphql).items():
        for argument, kind, column in _keys(world, name, field):
            for who, actor in world.actors.items():
                if allowed(world, actor, name):
                    await _ask_for_one(world, who, name, argument, kind, column)


async def _ask_for_one(world: World, who: str, name: str, argument: str, kind: str, column: str) -> None:
    actor, rows = world.actors[who], world.oracle.tables[world.kinds()[kind]]
    document, ask = _single(world, actor, name, argument), asking(world, actor)
    absent = await ask(actor, document, {"key": _absent(world, argument, kind, column)})
    seen = world.oracle.seen(actor, world.kinds()[kind])
    shown = {rows[id][column] for id in seen}
    hidden = [row[column] for id, row in rows.items() if id not in seen and row[column] not in shown | {None}]
    for value in hidden[:3]:
        result = await ask(actor, document, {"key": _given(world, argument, kind, column, value)})
        assert (result.data, result.errors) == (absent.data, absent.errors), f"{name}({argument}) as {who}"


async def test_no_filter_counts_or_finds_what_is_hidden(world: World) -> None:
    """Each filter, with a value taken from a row that the actor must not see."""
    for name, field in connections(world.graphql).items():
        if "filter" not in field.args:
            continue
        table = world.kinds()[_kind_of_items(world, field)]
        for who, actor in world.actors.items():
            if not allowed(world, actor, name):
                continue
            seen = world.oracle.seen(actor, table)
            hidden = next((row for id, row in world.oracle.tables[table].items() if id not in seen), None)
            for filter in _filters(world, field, hidden or {}):
                total, items = await pages(world, actor, name, depth=0, filter=filter)
                ids = set(keys(items))
                assert ids <= seen, f"{name} {filter} as {who}"
                assert total == len(ids), f"{name} {filter} as {who}"


async def test_search_finds_only_what_is_seen(world: World) -> None:
    document = "query($text: String!) { search(text: $text) { __typename id } }"
    words = [row["number"] for row in list(world.oracle.tables["order"].values())[::40]]
    words += [row["name"] for row in list(world.oracle.tables["contact"].values())[::60]]
    words += ["an", "CC-2026", "%", "_", "\\", "@"]
    for who, actor in world.actors.items():
        if not allowed(world, actor, "search"):
            continue
        ask = asking(world, actor)
        for word in words:
            result = await ask(actor, document, {"text": word})
            if len(word) > 1:
                assert not result.errors, (word, who, result.errors)
            assert not leaks(world, actor, result.data), (word, who)


async def test_nobody_reads_without_the_permission(world: World) -> None:
    for name, field in root_fields(world.graphql).items():
        if any(str(a.type).endswith("!") for a in field.args.values()):
            continue
        named = get_named_type(field.type)
        for who, actor in world.actors.items():
            if not allowed(world, actor, name):
                body = "" if is_leaf_type(named) else selection(world.graphql, actor.audience, named, 1)
                result = await world.execute(actor, f"{{ {name} {body} }}")
                assert _refused(result.errors), f"{name} as {who}: {result}"


def _refused(errors: Any) -> bool:
    codes = {(error.extensions or {}).get("code") for error in errors or []}
    return bool(codes) and codes <= {"FORBIDDEN", "UNAUTHENTICATED"}


# --- from the schema to kinds, values and documents ---------------------------------------------------------------


def _kind_of_items(world: World, field: GraphQLField) -> str:
    connection: Any = get_named_type(field.type)
    edge: Any = get_named_type(connection.fields["edges"].type)
    readable = world.graphql.extensions["reading"].registry.readable[get_named_type(edge.fields["node"].type).name]
    return str(readable.kind)


def _fragment(world: World, actor: Actor, kind: str, depth: int) -> str:
    """The fields of the type that stands for a kind."""
    registry = world.graphql.extensions["reading"].registry
    nodes = [r for r in registry.readable.values() if r.kind == kind and "id" in r.specs]
    members = [r.type for r in nodes if actor.audience in r.audiences]
    concrete = [member for member in members if isinstance(member, GraphQLObjectType)]
    return " ".join(fragment(world.graphql, actor.audience, member, depth) for member in concrete)


def _listed(world: World, actor: Actor, name: str, kind: str) -> set[UUID]:
    """What a list holds: what the actor may see, less what is not listed for a reason of its own."""
    if name in INBOXES and actor.audience is Audience.SYSTEM:
        return set()
    table = world.kinds()[kind]
    seen = world.oracle.seen(actor, table)
    rows = world.oracle.tables[table]
    unlisted = UNLISTED.get(name, lambda row: False)
    if name == "backlog":
        return {id for id in seen if _waits(world, rows[id])}
    return {id for id in seen if not unlisted(rows[id])}


def _waits(world: World, visit: Any) -> bool:
    """Called for, of an order that goes on."""
    order = world.oracle.tables["order"][visit["order_id"]]
    return visit["status"] == "REQUIRED" and not order["on_hold"] and order["stage"] not in ("COMPLETED", "CANCELLED")


UNLISTED: dict[str, Any] = {
    "contacts": lambda row: row["merged_into_id"] is not None,
    "suspendedPayments": lambda row: not row["suspense_cents"] and not row["missing_cents"],
    "organizations": lambda row: row["contact_type"] != "ORGANIZATION" or row["merged_into_id"] is not None,
}
"""Lists that leave out rows which their readers may see: merged duplicates, and persons among organizations."""

INBOXES = ("notifications",)
"""Lists of what is addressed to oneself: to the platform nothing is."""


def _keys(world: World, name: str, field: GraphQLField) -> list[tuple[str, str, str]]:
    """(argument, kind, column) of a root field that reads one row."""
    readable = world.graphql.extensions["reading"].registry.readable.get(get_named_type(field.type).name)
    if readable is None or readable.kind not in world.kinds():
        return []
    found = []
    for argument in field.args:
        column = column_of(argument)
        if column in readable.model.__table__.columns:
            found.append((argument, readable.kind, column))
    return found


def _single(world: World, actor: Actor, name: str, argument: str) -> str:
    field = root_fields(world.graphql)[name]
    body = selection(world.graphql, actor.audience, field.type, 1)
    return f"query($key: {str(field.args[argument].type).removesuffix('!')}!) {{ {name}({argument}: $key) {body} }}"


def _given(world: World, argument: str, kind: str, column: str, value: Any) -> Any:
    """A column's value as the argument takes it: ids as global ids."""
    if column == "id":
        return global_id(kind, value)
    return global_id(kinds_for(world, argument)[0], value) if isinstance(value, UUID) else value


def _absent(world: World, argument: str, kind: str, column: str) -> Any:
    some = next(iter(world.oracle.tables[world.kinds()[kind]].values()))[column]
    nobody = missing(world.oracle.tables[world.kinds()[kind]])
    return _given(world, argument, kind, column, nobody) if isinstance(some, UUID) else "XX-2020-99999"


def _filters(world: World, field: GraphQLField, row: dict[str, Any]) -> list[dict[str, Any]]:
    """One filter per filter field whose column a row has a value for."""
    made: list[dict[str, Any]] = []
    given: Any = get_named_type(field.args["filter"].type)
    for name, input_field in given.fields.items():
        column = column_of(name)
        value = row.get(column)
        named = get_named_type(input_field.type)
        if named.name == "IDFilter" and value is not None:
            made += [{name: {"eq": global_id(kind, value)}} for kind in kinds_for(world, name)]
        elif named.name == "ID" and value is not None:
            made += [{name: global_id(kind, value)} for kind in kinds_for(world, name)]
        elif (named.name in ("TextFilter", "TextSearchFilter") and value is not None) or (
            named.name.endswith("Filter") and isinstance(value, str) and "eq" in getattr(named, "fields", {})
        ):
            made.append({name: {"eq": value}})
        elif named.name == "String" and (found := value or row.get("number") or row.get("name") or row.get("sku")):
            made.append({name: str(found)})
        elif named.name == "Boolean" and isinstance(value, bool):
            made.append({name: value})
    return made
