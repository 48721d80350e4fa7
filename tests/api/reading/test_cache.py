"""Plans are found again for the same document, and are bounded whatever clients send."""

from graphql import FieldNode, OperationDefinitionNode, parse

from api.reading.cache import Bounded
from api.reading.execute import Document
from api.reading.plan import Plan, Scope
from tests.api.reading.shop_api import PARTNER, STAFF
from tests.api.reading.shop_schema import schema

TEXT = "query($go: Boolean!) { orders { nodes { number @include(if: $go) note } } }"


def node_of(text: str) -> FieldNode:
    operation = parse(text).definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    node = operation.selection_set.selections[0]
    assert isinstance(node, FieldNode)
    return node


def plan_of(node: FieldNode, scope: Scope, *, go: bool = True) -> Plan:
    assert schema._schema.query_type is not None
    field = schema._schema.query_type.fields["orders"]
    return schema.reading.plan(field, [node], Document({}, {"go": go}), scope)[0]


def test_same_document_same_plan() -> None:
    node, staff = node_of(TEXT), Scope.of(STAFF)
    assert plan_of(node, staff) is plan_of(node, staff)


def test_what_makes_another_plan() -> None:
    node, staff = node_of(TEXT), Scope.of(STAFF)
    plans = [plan_of(node, staff), plan_of(node, staff, go=False), plan_of(node, Scope.of(PARTNER))]
    assert len({plan.sql for plan in plans}) == 3


def test_nodes_that_take_the_place_of_others() -> None:
    """Python gives a freed node's identity to a new one; the plan must not go with it."""
    for number in range(800):
        name = ("number", "note")[number % 2]
        plan = plan_of(node_of(f"{{ orders {{ nodes {{ {name} }} }} }}"), Scope.of(STAFF))
        assert f".{name}" in plan.sql


def test_bounded_by_weight() -> None:
    held: Bounded[str] = Bounded(10, len)
    for text in ("aaaa", "bbbb", "aaaa", "cccc"):
        held.get(text, lambda text=text: text)  # type: ignore[misc]  # mypy does not infer the default
    assert list(held._entries) == ["aaaa", "cccc"]
    held.get("d" * 50, lambda: "d" * 50)
    assert list(held._entries) == ["d" * 50]
