"""Rules are tried by position; the first whose conditions all hold decides."""

from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import DomainError, DomainErrors
from domain.leads.models import LeadSource
from domain.leads.routing import (
    Condition,
    RoutingField,
    RoutingOperator,
    Rule,
    Submitted,
    checked,
    conditions_of,
    route,
)

F, O = RoutingField, RoutingOperator  # noqa: E741
HERE = UUID(int=1)
CONSUMER_AT_CHARGECARS = Submitted("CC", LeadSource.PORTAL)


def condition(field: RoutingField, operator: RoutingOperator, *values: str) -> Condition:
    return Condition(field, operator, values)


def rule(position: int, *conditions: Condition, to: UUID | None = None) -> Rule:
    return Rule(uuid4(), to or uuid4(), position, f"rule {position}", conditions)


NO_PARTNER = rule(
    10,
    condition(F.ENTITY, O.IS, "CC"),
    condition(F.HAS_PARTNER, O.IS, "false"),
    condition(F.CUSTOMER_TYPE, O.IS, "CONSUMER"),
)


def test_a_consumer_without_a_partner_leaves_chargecars() -> None:
    found = route(CONSUMER_AT_CHARGECARS, [NO_PARTNER], HERE)
    assert found.entity_id == NO_PARTNER.entity_id
    assert found.explanation["rule_id"] == str(NO_PARTNER.id)
    assert NO_PARTNER.name in found.explanation["reason"]


@pytest.mark.parametrize(
    "submitted",
    [
        Submitted("CC", LeadSource.PORTAL, has_partner=True),
        Submitted("CC", LeadSource.PORTAL, is_business=True),
        Submitted("LT", LeadSource.PORTAL),
    ],
)
def test_others_stay_where_they_came(submitted: Submitted) -> None:
    found = route(submitted, [NO_PARTNER], HERE)
    assert found.entity_id == HERE
    assert found.rule is None
    assert found.explanation["rule_id"] is None
    assert found.steps[0].failed in NO_PARTNER.conditions


def test_the_lowest_position_decides_and_later_rules_are_not_tried() -> None:
    first, second = (rule(at, condition(F.ENTITY, O.IS, "CC")) for at in (1, 2))
    found = route(CONSUMER_AT_CHARGECARS, [second, first], HERE)
    assert found.rule == first
    assert [step.rule for step in found.steps] == [first]


@pytest.mark.parametrize(
    ("held", "which"),
    [
        (True, condition(F.POSTCODE, O.STARTS_WITH, "99", "3861")),
        (True, condition(F.POSTCODE, O.STARTS_WITH, "3861 a")),
        (False, condition(F.POSTCODE, O.STARTS_WITH, "861")),
        (True, condition(F.POSTCODE, O.IS, "3861ab")),
        (True, condition(F.PRODUCT_WISH, O.CONTAINS, "ZAPTEC")),
        (False, condition(F.PRODUCT_WISH, O.CONTAINS, "ratio", "alfen")),
        (True, condition(F.PARTNER_MODEL, O.IS_NOT, "ENERGY")),
        (False, condition(F.PARTNER_MODEL, O.IS, "ENERGY")),
        (False, condition(F.SOURCE, O.IS_NOT, "PORTAL", "STAFF")),
    ],
)
def test_comparisons(held: bool, which: Condition) -> None:
    submitted = Submitted("CC", LeadSource.PORTAL, postal_code="3861 AB", product_wish="Een Zaptec Go")
    assert which.holds(submitted.facts) is held


@given(st.permutations([rule(position, condition(F.ENTITY, O.IS, "CC")) for position in (1, 1, 2, 3)]))
def test_the_order_in_which_rules_are_read_does_not_matter(rules: list[Rule]) -> None:
    assert route(CONSUMER_AT_CHARGECARS, rules, HERE).rule == min(rules, key=lambda each: (each.position, each.id))


def test_conditions_survive_storage() -> None:
    assert conditions_of([each.stored for each in NO_PARTNER.conditions]) == NO_PARTNER.conditions


def test_all_faults_of_a_rule_come_at_once_with_their_paths() -> None:
    faulty = [
        condition(F.HAS_PARTNER, O.STARTS_WITH, "perhaps"),
        condition(F.PRODUCT_WISH, O.CONTAINS),
        condition(F.POSTCODE, O.IS, "1234AB", "x" * 101),
    ]
    with pytest.raises(DomainErrors) as caught:
        checked(faulty, "conditions")
    assert [(error.code, error.field) for error in caught.value.errors] == [
        ("OPERATOR_NOT_FOR_FIELD", ("conditions", 0, "operator")),
        ("NOT_A_CHOICE", ("conditions", 0, "values", 0)),
        ("TOO_FEW", ("conditions", 1, "values")),
        ("TOO_LONG", ("conditions", 2, "values", 1)),
    ]


@pytest.mark.parametrize("count", [0, 11])
def test_a_rule_has_1_to_10_conditions(count: int) -> None:
    with pytest.raises(DomainError) as caught:
        checked([condition(F.ENTITY, O.IS, "CC")] * count, "conditions")
    assert caught.value.field == ("conditions",)
