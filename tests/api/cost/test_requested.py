"""What documents are said to cost before they run, to the unit."""

import time
from typing import Any
from uuid import UUID

import pytest
from graphql import GraphQLError

from api.cost.formula import MOST
from api.reading.registry import Registry, is_many, spec_of
from api.reading.specs import ComputedSpec, ListSpec, RootListSpec, SearchSpec
from tests.api.cost.asked import Costed, cost_of
from tests.api.reading.shop_schema import schema
from tests.asking import SCHEMA

LINES = 100
"""Rows of a list that declares no bound of its own."""


@pytest.mark.parametrize(
    ("document", "cost"),
    [
        ("{ __typename }", 0),
        ("{ orders(first: 0) { nodes { number } } }", 1),
        ("{ orders(first: 10) { nodes { number total { cents } } } }", 1 + 10),
        ("{ orders(last: 10) { edges { cursor node { number } } pageInfo { endCursor } } }", 1 + 10),
        ("{ orders { nodes { number } } }", 1 + 50),
        ("{ orders(first: null, last: 7) { nodes { number } } }", 1 + 7),
        ("{ orders(first: 10) { pageInfo { hasNextPage } } }", 1),
        ("{ orders(first: 10) { edges { node { id } } nodes { id } } }", 1 + 20),
        ("{ orders(first: 3) { nodes { lines { sku } } } }", 1 + 3 * (1 + LINES)),
        ("{ orders(first: 3) { nodes { linePage(first: 4) { nodes { sku } } } } }", 1 + 3 * (1 + 4)),
        ("{ orders(first: 3) { nodes { delivery { dueOn } datedDelivery { dueOn } person { name } } } }", 1 + 3 * 4),
        ("{ orders(first: 3) { nodes { totals { sku } largest { sku } headline } } }", 1 + 3 * (2 + LINES)),
        ('{ order(id: "x") { number twin { twin { number } } } }', 1 + 3),
        ('{ nodes(ids: ["a", "b", "c"]) { id } }', 1 + 3),
        ("{ people { name } }", 1 + 1000),
        ('{ search(text: "x") { ... on Order { number } ... on Person { name } } }', 1 + LINES),
        ("{ price { cents } }", 10),
        ("{ a: price { cents } b: price { cents } }", 20),
        ("{ __schema { types { name } } }", 100),
    ],
)
def test_costs(document: str, cost: int) -> None:
    assert cost_of(schema, document).total == cost


def test_mutations_cost_what_they_do_and_what_they_return() -> None:
    payload = "{ person { name } people { name } done }"
    found = cost_of(schema, f'mutation {{ rename(id: "{UUID(int=1)}", name: "x") {payload} }}')
    assert (found.total, found.base) == (10 + 1 + 250, 10)


@pytest.mark.parametrize(
    ("variables", "cost"),
    [
        ({"n": 20, "lines": True}, 1 + 20 * (1 + LINES)),
        ({"n": 20, "lines": False}, 1 + 20),
        ({"lines": False}, 1 + 7),
        ({"n": None, "lines": False}, 1 + 50),
        ({"n": -5, "lines": True}, 1),
    ],
)
def test_variables_decide(variables: dict[str, Any], cost: int) -> None:
    document = Costed(
        schema,
        "query ($n: Int = 7, $lines: Boolean!) { orders(first: $n) { nodes { number lines @include(if: $lines) { sku }"
        " person @skip(if: true) { name } ... @include(if: false) { twin { id } } } } }",
    )
    assert document.requested(variables).total == cost


def test_ids_in_variables() -> None:
    document = Costed(schema, "query ($ids: [ID!]!, $id: ID!) { nodes(ids: $ids) { id } b: nodes(ids: [$id]) { id } }")
    assert document.requested({"ids": ["a"] * 40, "id": "a"}).total == (1 + 40) + (1 + 1)
    assert document.requested({"ids": "a", "id": "a"}).total == (1 + 1) * 2


def test_the_same_field_twice_costs_once() -> None:
    once = "{ orders(first: 5) { nodes { lines { sku } } } }"
    twice = """
        { orders(first: 5) { nodes { lines { sku } ...more } ...page } orders(first: 5) { nodes { lines { id } } } }
        fragment more on Order { lines { position } }
        fragment page on OrderConnection { nodes { lines { sku } } }
    """
    assert cost_of(schema, twice).total == cost_of(schema, once).total


def test_an_abstract_type_costs_what_its_costliest_member_does() -> None:
    parts = {
        "Order": "... on Order { lines { sku } }",
        "Person": "... on Person { orders(first: 3) { nodes { id } } }",
        "Remark": "... on Remark { subject { id } }",
    }
    all_ = " ".join(parts.values())
    assert cost_of(schema, f'{{ node(id: "x") {{ {all_} }} }}').total == 1 + 1 + LINES
    assert cost_of(schema, f'{{ node(id: "x") {{ {parts["Person"]} }} }}').total == 1 + 1 + 3
    assert cost_of(schema, f'{{ node(id: "x") {{ {parts["Remark"]} }} }}').total == 1 + 1 + 1


@pytest.mark.parametrize(
    ("document", "path"),
    [
        ("{ orders(first: 250) { nodes { number lines { sku } person { name } } } }", "orders(first: 250).lines"),
        ("{ mine: orders(last: 9) { edges { node { person { orders(first: 2) { nodes { id } } } } } } }",
         "orders(last: 9).person.orders(first: 2)"),
        ("{ orders(first: 9) { nodes { id } } people { name } }", "people"),
        ('{ nodes(ids: ["a", "b"]) { ... on Order { lines { sku } } } }', "nodes(ids: 2 items).lines"),
        ("query ($n: Int = 30) { orders(first: $n) { nodes { id person { id } } } }", "orders(first: 30)"),
    ],
)  # fmt: skip
def test_the_costliest_path(document: str, path: str) -> None:
    assert cost_of(schema, document).path == path


def test_what_multiplies_without_end_stays_a_number() -> None:
    document = "{ number }"
    for _ in range(12):
        document = f"{{ person {{ orders(first: 1000000000) {{ nodes {document} }} }} }}"
    assert cost_of(schema, f'{{ order(id: "x") {document} }}').total == MOST


def test_fragments_that_multiply_take_no_time() -> None:
    """Each level selects the next under two fields and spreads it under two conditions: 6 ** 13 fields in all."""
    spread = " ".join(
        f"fragment f{level} on Order {{ twin {{ ...f{level + 1} }} t{level}: twin {{ ...f{level + 1} @include(if: $a)"
        f" ...f{level + 1} @include(if: $b) ...f{level + 1} }} }}"
        for level in range(13)
    )
    document = Costed(
        schema,
        'query ($a: Boolean!, $b: Boolean!) { order(id: "x") { ...f0 } } ' + spread + " fragment f13 on Order { id }",
    )
    started = time.process_time()
    assert document.requested({"a": False, "b": False}).total == 1 + 2**14 - 1
    assert document.requested({"a": True, "b": True}).total > 2**14
    assert time.process_time() - started < 2


def test_documents_of_too_many_fields_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.cost.compile._MOST_FIELDS", 20)
    fields = " ".join(f"f{number}: twin {{ id }}" for number in range(20))
    with pytest.raises(GraphQLError) as refused:
        cost_of(schema, f'{{ order(id: "x") {{ {fields} }} }}')
    assert refused.value.extensions == {"code": "TOO_LARGE"}


def test_a_formula_is_made_once() -> None:
    document = Costed(schema, "query ($n: Int) { orders(first: $n) { nodes { id } } }")
    first, second = document.requested({"n": 5}), document.requested({"n": 6})
    assert first.formula is second.formula
    assert (first.total, second.total) == (6, 7)


def test_every_list_of_the_platform_has_a_bound() -> None:
    registry: Registry = SCHEMA._schema.extensions["reading"].registry
    types = [readable.type for readable in registry.readable.values()]
    query = SCHEMA._schema.query_type
    assert query is not None
    lists = [
        (f"{type_.name}.{name}", spec)
        for type_ in [*types, query]
        for name, field in type_.fields.items()
        if isinstance(spec := spec_of(field), ListSpec | ComputedSpec | RootListSpec | SearchSpec) and is_many(field)
    ]
    assert len(lists) > 30
    assert {name: spec.limit for name, spec in lists if not 0 < spec.limit <= 5_000} == {}
