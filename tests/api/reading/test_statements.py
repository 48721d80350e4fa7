"""The SQL itself: the context is set before anything is read, and no value of a request is part of the text."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import asyncpg
import orjson
import pytest
from graphql import FieldNode, OperationDefinitionNode, parse
from graphql.execution.values import get_variable_values

from api.reading import global_id
from api.reading.execute import Document
from api.reading.plan import Plan, Scope
from tenants.actor import Actor, actor
from tenants.engine import connect_args
from tenants.permissions import Role
from tests.api.reading.naive import Naive, cursor
from tests.api.reading.shop_api import BRANDS, DEALERS, PARTNER, PASSWORD, PREFIX, STAFF, ShopApi, key
from tests.api.reading.shop_schema import schema

FORMS = {
    "one": f'{{ order(id: "{global_id("Order", key("order 0"))}") {{ number person {{ name }} lines {{ sku }} }} }}',
    "list": "{ people { id name } }",
    "rows": '{ skuTotals(besides: "SKU-0") { sku total { cents } } }',
    "connection": "{ orders { totalCount nodes { id number linePage { totalCount nodes { sku } } } } }",
    "node": f'{{ node(id: "{global_id("Order", key("order 2"))}") {{ id ... on Order {{ twin {{ id }} }} }} }}',
    "nodes": f'{{ nodes(ids: ["{global_id("Order", key("order 2"))}"]) {{ id ... on Order {{ note }} }} }}',
    "search": '{ search(text: "jansen") { ... on Person { name orders { totalCount } } } }',
    "count": "{ orders { totalCount } }",
    "page info": "{ orders { pageInfo { hasNextPage endCursor } } }",
}
OTHER = actor(Role.OPERATIONS, BRANDS[1])


def planned(who: Actor, text: str, **variables: Any) -> tuple[Plan, list[Any]]:
    """The plan of a document with one root field, and its parameters."""
    document = parse(text)
    operation = document.definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    (node,) = operation.selection_set.selections
    assert isinstance(node, FieldNode)
    values: Any = get_variable_values(schema._schema, operation.variable_definitions or (), variables)
    assert schema._schema.query_type is not None
    field = schema._schema.query_type.fields[node.name.value]
    plan, prepared = schema.reading.plan(field, [node], Document({}, values.coerced), Scope.of(who))
    return plan, plan.bind(prepared, who)


@asynccontextmanager
async def parallel_connection(shop: ShopApi, who: Actor) -> AsyncIterator[Any]:
    """A connection of the actor's role that would use parallel workers for anything."""
    connection = await asyncpg.connect(**connect_args(shop.pools.url, f"{PREFIX}{who.audience}", PASSWORD))
    for setting in ("debug_parallel_query = on", "parallel_setup_cost = 0", "parallel_tuple_cost = 0"):
        await connection.execute(f"SET {setting}")
    await connection.execute("SET min_parallel_table_scan_size = 0")
    yield connection
    await connection.close()


@pytest.fixture
async def staff_connection(shop: ShopApi) -> AsyncIterator[Any]:
    """Such a connection for staff."""
    async with parallel_connection(shop, STAFF) as connection:
        yield connection


OTHERS = {"staff": (STAFF, OTHER), "partner": (PARTNER, replace(PARTNER, organization_id=DEALERS[1]))}


@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("audience", OTHERS)
async def test_own_context_wins_over_what_was_there(shop: ShopApi, audience: str, form: str, mode: str) -> None:
    """The connection stands in another tenant's context: a row read too early would be that tenant's."""
    who, other = OTHERS[audience]
    async with parallel_connection(shop, who) as connection:
        for name, value in other.settings().items():
            await connection.execute("SELECT set_config($1, $2, false)", name, value)
        await connection.execute(f"SET plan_cache_mode = {mode}")
        plan, values = planned(who, FORMS[form])
        found = orjson.loads(await connection.fetchval(plan.sql, *values))
    expected = next(iter(Naive(shop.rows, who).execute(FORMS[form], {}).values()))
    assert list(named(found)) == list(named(expected))


def named(value: Any) -> Any:
    """The values of an answer, without the types that are there for graphql-core alone and without cursors' names."""
    if isinstance(value, dict):
        for name, item in value.items():
            if name != "$type":
                yield from named(item)
    elif isinstance(value, list):
        for item in value:
            yield from named(item)
    else:
        yield value


async def test_that_test_can_fail(shop: ShopApi, staff_connection: Any) -> None:
    """The same statement without its context reads the other tenant's rows."""
    for name, value in OTHER.settings().items():
        await staff_connection.execute("SELECT set_config($1, $2, false)", name, value)
    people = await staff_connection.fetch("SELECT entity_id FROM person")
    assert {row["entity_id"] for row in people} == {BRANDS[1]}


@pytest.mark.parametrize("form", FORMS)
async def test_nothing_without_a_tenant(staff_connection: Any, form: str) -> None:
    plan, values = planned(actor(Role.OPERATIONS), FORMS[form])
    found = orjson.loads(await staff_connection.fetchval(plan.sql, *values))
    assert not [value for value in named(found) if value not in (None, 0, False)]


async def test_context_is_gone_after_the_statement(staff_connection: Any) -> None:
    plan, values = planned(STAFF, FORMS["list"])
    assert await staff_connection.fetchval(plan.sql, *values) != "[]"
    assert await staff_connection.fetchval("SELECT current_setting('chargecars.entity_ids', true)") in ("", None)
    assert await staff_connection.fetch("SELECT 1 FROM person") == []


def test_a_statement_that_sets_its_context_has_no_parallel_plan() -> None:
    """`set_config` is parallel unsafe; a statement without it could be run by workers that read first."""
    for form in FORMS.values():
        assert planned(STAFF, form)[0].sql.count("set_config(") == 7


SHAPES: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    (
        "query($id: ID!) { order(id: $id) { id } }",
        {"id": global_id("Order", key("a"))},
        {"id": global_id("Order", key("b"))},
    ),
    (
        "query($ids: [ID!]!) { nodes(ids: $ids) { id } }",
        {"ids": [global_id("Order", key("a"))]},
        {"ids": [global_id("Order", key(str(n))) for n in range(9)]},
    ),
    (
        "query($f: OrderFilter, $n: Int, $c: String) { orders(filter: $f, first: $n, after: $c) { nodes { id } } }",
        {
            "f": {"status": {"in": ["DONE"]}, "number": {"contains": "x"}, "paid": True},
            "n": 1,
            "c": cursor("Order", "created_at", datetime(2026, 1, 1, tzinfo=UTC), key("a")),
        },
        {
            "f": {"status": {"in": []}, "number": {"contains": "'; --"}, "paid": False},
            "n": 250,
            "c": cursor("Order", "created_at", datetime(2027, 1, 1, tzinfo=UTC), key("b")),
        },
    ),
    (
        "query($t: String!, $s: Float!) { broken(text: $t, seconds: $s) { sku } }",
        {"t": "a", "s": 0.5},
        {"t": "b' OR 1=1", "s": 2.5},
    ),
]


@pytest.mark.parametrize(("text", "one", "other"), SHAPES)
def test_values_are_not_part_of_the_text(text: str, one: dict[str, Any], other: dict[str, Any]) -> None:
    first, first_values = planned(STAFF, text, **one)
    second, second_values = planned(actor(Role.OPERATIONS, BRANDS[1]), text, **other)
    assert first.sql == second.sql
    assert first_values != second_values


def test_what_shapes_the_text() -> None:
    text = "query($f: OrderFilter, $o: OrderSort) { orders(filter: $f, orderBy: $o) { nodes { id } } }"
    variants: list[dict[str, Any]] = [
        {},
        {"f": {"paid": True}},
        {"f": {"note": {"isNull": True}}},
        {"f": {"note": {"isNull": False}}},
        {"o": {"field": "NUMBER"}},
        {"o": {"field": "NUMBER", "direction": "DESC"}},
    ]
    assert len({planned(STAFF, text, **given)[0].sql for given in variants}) == len(variants)
    assert planned(STAFF, text)[0].sql == planned(STAFF, text, f={}, o=None)[0].sql
    assert planned(STAFF, text)[0].sql != planned(PARTNER, text)[0].sql


NASTY = ["'; DROP TABLE shop_order; --", "' OR '1'='1", "$1", "\\'; --", "%", "{}", ":name", "/*", "\u2028", "$tag$"]


@pytest.mark.parametrize("nasty", NASTY)
async def test_injection(shop: ShopApi, nasty: str) -> None:
    """Whatever text comes in any place is compared, never executed, and is not in the statement."""
    filter_ = {"number": {"contains": nasty, "eq": nasty}, "note": {"in": [nasty]}, "hasSku": nasty, "tagged": [nasty]}
    text = """query($f: OrderFilter, $t: String!) {
      a: orders(filter: $f) { totalCount } b: search(text: $t) { __typename } }"""
    assert await shop.data(STAFF, text, f=filter_, t=nasty) == Naive(shop.rows, STAFF).execute(
        text, {"f": filter_, "t": nasty}
    )
    plan, _ = planned(STAFF, "query($f: OrderFilter) { orders(filter: $f) { totalCount } }", f=filter_)
    assert nasty in ("$1", "%") or nasty not in plan.sql
    assert (await shop.data(STAFF, "{ orders { totalCount } }"))["orders"]["totalCount"] == 30


async def test_a_list_walks_its_index(shop: ShopApi) -> None:
    """Staff of one entity and partners have their explicit source beside row-level security."""
    staff, _ = planned(STAFF, FORMS["connection"])
    both, _ = planned(actor(Role.OPERATIONS, *BRANDS), FORMS["connection"])
    partner, values = planned(PARTNER, FORMS["connection"])
    assert "entity_id = $" in staff.sql
    assert "entity_id = $" not in both.sql
    assert "FROM link AS link JOIN LATERAL (SELECT" in partner.sql
    assert DEALERS[0] in values
