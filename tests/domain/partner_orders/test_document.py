"""Reading a document: whatever is sent, it is an order or named faults; what is understood means the same again."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import DomainError, DomainErrors
from domain.partner_orders.document import parse
from domain.partner_orders.repeating import differences

VALID: dict[str, Any] = {
    "partner_order_id": " GRO-1 ",
    "customer": {
        "name": "Sanne  de Vries",
        "email": "Sanne@Example.NL",
        "phone": "06-12345678",
        "address": {"street": None, "house_number": 12, "postal_code": "3511 AB"},
    },
    "products": [{"partner_sku": "A", "quantity": 1.5}, {"description": "Een paal", "quantity": None}],
    "installation_preferences": {"preferred_date": "2026-12-01", "notes": "Regel 1\r\nRegel 2"},
    "partner_references": {"customer_account": 4711},
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
NAMES = st.sampled_from(["partner_order_id", "customer", "products", "installation_preferences", "partner_references"])
WITHIN = st.sampled_from(["name", "email", "phone", "address", "postal_code", "partner_sku", "quantity", "notes"])


def faults_of(given: Any) -> list[tuple[str, tuple[str | int, ...]]]:
    with pytest.raises((DomainError, DomainErrors)) as raised:
        parse(given)
    return [(error.code, error.field) for error in raised.value.errors]  # type: ignore[attr-defined]  # of both


def test_the_normal_form() -> None:
    document = parse(VALID)
    assert document.normal == {
        "partner_order_id": "GRO-1",
        "customer": {
            "name": "Sanne de Vries",
            "email": "sanne@example.nl",
            "phone": "+31612345678",
            "address": {"house_number": "12", "postal_code": "3511 AB"},
        },
        "products": [{"partner_sku": "A", "quantity": "1.5"}, {"description": "Een paal", "quantity": "1"}],
        "installation_preferences": {"preferred_date": "2026-12-01", "notes": "Regel 1\nRegel 2"},
        "partner_references": {"customer_account": "4711"},
    }
    assert document.given == VALID


def test_what_we_do_not_know_is_kept_and_named() -> None:
    extra = VALID | {
        "campaign": 7,
        "customer": VALID["customer"] | {"age": 44},
        "products": [{"partner_sku": "A", "x": 1}],
    }
    document = parse(extra)
    assert sorted(document.unknown) == ["$.campaign", "$.customer.age", "$.products[0].x"]
    assert document.given["campaign"] == 7


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"products": [{"partner_sku": "A", "quantity": True}]}, "WRONG_TYPE"),
        ({"products": [{"partner_sku": "A", "quantity": 0.0001}]}, "WRONG_TYPE"),
        ({"products": [{"partner_sku": "A", "quantity": -1}]}, "OUT_OF_RANGE"),
        ({"products": [{"partner_sku": "A"}] * 101}, "TOO_MANY"),
        ({"products": {}}, "WRONG_TYPE"),
        ({"partner_order_id": "x" * 101}, "TOO_LONG"),
        ({"partner_order_id": "A\u202eB"}, "UNSAFE_TEXT"),
        ({"partner_order_id": 7}, "WRONG_TYPE"),
        ({"installation_preferences": {"preferred_date": "2026-02-30"}}, "INVALID_DATE"),
        ({"partner_references": {"purchase_order": {}}}, "WRONG_TYPE"),
        ({"campaign": "\0"}, "UNSAFE_TEXT"),
    ],
)
def test_single_faults(changed: dict[str, Any], code: str) -> None:
    assert [found for found, _ in faults_of(VALID | changed)] == [code]


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b'"x"', b"{", b"\xff\xfe", b'{"a": NaN}', b"[" * 5000])
def test_what_is_no_object(body: bytes) -> None:
    assert faults_of(body)[0][0] in ("INVALID_JSON", "WRONG_TYPE")


@settings(max_examples=50, deadline=None)
@given(st.dictionaries(NAMES | WITHIN, JSON | st.dictionaries(WITHIN, JSON, max_size=4), max_size=5))
def test_anything_is_an_order_or_named_faults(anything: dict[str, Any]) -> None:
    try:
        found: list[Any] = [parse(anything).normal]
    except (DomainError, DomainErrors) as refused:
        found = [error.message("nl") for error in refused.errors if error.code]
    assert found
    assert all(found)


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_an_order_or_named_faults(body: bytes) -> None:
    with pytest.raises((DomainError, DomainErrors)):
        parse(body)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.text(max_size=8), st.integers(1, 99)), max_size=4))
def test_the_normal_form_is_read_as_itself(products: list[tuple[str, int]]) -> None:
    wanted = [{"partner_sku": f"S{name}", "quantity": number} for name, number in products]
    try:
        first = parse(VALID | {"products": wanted})
    except (DomainError, DomainErrors):
        return
    again = json.loads(json.dumps(first.normal))
    again["products"] = [each | {"quantity": float(each["quantity"])} for each in again["products"]]
    assert differences(first.normal, parse(again).normal) == [
        {"path": f"$.products[{place}].quantity", "first": each["quantity"], "now": f"{float(each['quantity'])}"}
        for place, each in enumerate(first.normal["products"])
        if each["quantity"] != f"{float(each['quantity'])}"
    ]
