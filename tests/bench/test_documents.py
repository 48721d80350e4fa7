"""What the benchmark asks is what the schema offers, and all of it."""

import pytest
from graphql import GraphQLSchema, parse, validate

from api.schema import platform_schema
from chargecars.bench.documents import DETAILS, TABLES, detail_question, ids_document, list_question, root_lists
from tenants.permissions import Permission

SCHEMA: GraphQLSchema = platform_schema("a secret of these tests")._schema
LISTS = root_lists(SCHEMA)


def test_every_root_list_has_its_table() -> None:
    assert set(TABLES) == set(LISTS)


@pytest.mark.parametrize("name", sorted(LISTS))
def test_a_list_is_asked_for_in_a_valid_document(name: str) -> None:
    question = list_question(SCHEMA, name)
    assert validate(SCHEMA, parse(question.document)) == []
    assert validate(SCHEMA, parse(ids_document(name))) == []
    assert question.requires in Permission
    assert " id " in question.document


@pytest.mark.parametrize("name", sorted(DETAILS))
def test_a_detail_is_asked_for_in_a_valid_document(name: str) -> None:
    question = detail_question(SCHEMA, name)
    assert validate(SCHEMA, parse(question.document)) == []
    assert DETAILS[name] in LISTS


def test_what_one_audience_sees_is_asked_under_its_own_type() -> None:
    assert "... on StaffOrder {" in list_question(SCHEMA, "orders").document


def test_an_order_is_shown_with_its_lines_and_amounts() -> None:
    document = detail_question(SCHEMA, "order").document
    assert "milestones {" in document
    assert "lines {" in document
    assert "gross { cents amount currency }" in document
