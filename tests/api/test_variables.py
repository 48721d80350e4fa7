"""What is taken as it comes is what graphql-core would make of it; everything else is left to it."""

from typing import Any

import pytest
from graphql import GraphQLSchema, build_schema, parse
from graphql.execution.values import VariableValues, get_variable_values
from hypothesis import given
from hypothesis import strategies as st

from api.documents import Document
from api.variables import plainly_coerced

SCHEMA: GraphQLSchema = build_schema("type Query { a(id: ID): Int } input I { a: Int b: Float } enum E { A }")
TYPES = ("ID", "String!", "Int", "Int!", "Boolean!", "Float", "[Int]", "I", "E")
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**31) - 1, 2**31),
    st.floats(allow_nan=False),
    st.text(max_size=3),
    st.lists(st.integers(0, 3), max_size=2),
    st.just({"a": 1}),
)


def asked(*types: str) -> Document:
    declared = ", ".join(f"$v{place}: {type_}" for place, type_ in enumerate(types))
    text = f"query({declared}) {{ a }}"
    return Document(text, parse(text))


@given(
    types=st.lists(st.sampled_from(TYPES), min_size=1, max_size=3),
    values=st.lists(VALUES, max_size=3),
    twice=st.booleans(),
)
def test_plain_values_are_those_of_graphql_core(types: list[str], values: list[Any], twice: bool) -> None:
    document, sent = asked(*types), {f"v{place}": value for place, value in enumerate(values)}
    operation = document.operations[""]
    for _ in range(1 + twice):
        found = plainly_coerced(SCHEMA, document, operation, sent)
    if found is not None:
        expected = get_variable_values(SCHEMA, operation.variable_definitions or (), sent)
        assert isinstance(expected, VariableValues)
        assert found.coerced == expected.coerced
        assert {name: source.value for name, source in found.sources.items()} == {
            name: source.value for name, source in expected.sources.items()
        }


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        ("Int!", True),
        ("Int!", 2**31),
        ("Int!", 1.0),
        ("ID!", 1),
        ("String!", 1),
        ("Boolean!", 1),
        ("Int", None),
        ("E", "A"),
    ],
)
def test_others_are_left_to_it(type_: str, value: Any) -> None:
    document = asked(type_)
    assert plainly_coerced(SCHEMA, document, document.operations[""], {"v0": value}) is None
    assert plainly_coerced(SCHEMA, document, document.operations[""], {}) is None
