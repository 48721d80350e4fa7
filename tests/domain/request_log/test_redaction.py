"""What the log keeps says what was asked, and neither who a person is nor any secret."""

from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.request_log import redaction
from domain.request_log.histogram import BOUNDS, CLASSES, class_of, quantile
from domain.sandbox.replaying import rebuilt

DOCUMENT = {
    "partner_order_id": "GRO-123456",
    "customer": {
        "name": "Sanne de Vries",
        "email": "sanne@example.nl",
        "phone": "0612345678",
        "address": {"street": "Dorpsstraat", "house_number": "12a", "postal_code": "3511 AB", "city": "Utrecht"},
    },
    "products": [{"partner_sku": "GRO-ALFEN-11", "quantity": 1, "description": "Bel 06-12345678 of sanne@example.nl"}],
    "installation_preferences": {"preferred_date": "2026-07-20", "notes": "Sleutel bij de buren"},
    "partner_references": {"purchase_order": "PO-7"},
}


def kept(value: Any, most: int = 16_384) -> tuple[str, Any]:
    words, tree = redaction.redacted(orjson.dumps(value), most)
    return words or "", tree


def test_an_order_keeps_what_helps_and_nothing_of_the_customer() -> None:
    words, tree = kept(DOCUMENT)
    for personal in ("Sanne", "sanne@", "0612345678", "06-12345678", "Dorpsstraat", "12a", "Sleutel"):
        assert personal not in words, personal
    assert tree["partner_order_id"] == "GRO-123456"
    assert tree["products"][0]["partner_sku"] == "GRO-ALFEN-11"
    assert tree["customer"]["address"]["postal_code"] == "3511 AB"
    assert tree["installation_preferences"]["preferred_date"] == "2026-07-20"
    assert tree["customer"]["email"] == "[redacted: email]"


def test_what_was_taken_out_is_made_up_for_a_replay() -> None:
    made, paths = rebuilt(kept(DOCUMENT)[1])
    assert made["customer"]["email"] == "test@example.nl"
    assert made["products"][0]["partner_sku"] == "GRO-ALFEN-11"
    assert {"$.customer.name", "$.customer.phone", "$.products[0].description"} <= set(paths)
    assert "redacted" not in orjson.dumps(made).decode()


@pytest.mark.parametrize(
    "secret",
    [
        "cck_0123456789abcdef_" + "0" * 64,
        "ccsig_abcdefghijkl",
        "whsec_QUJDREVGR0hJSktM",
        "eyJhbGciOiJFUzI1NiJ9.e30.sig",
    ],
)
def test_no_secret_is_kept_wherever_it_stands(secret: str) -> None:
    for value in ({"note_to_self": secret}, {"products": [{"description": f"key {secret}"}]}, {"apiKey": secret}):
        assert secret not in kept(value)[0]
    assert secret not in (redaction.redacted(f"Authorization: Bearer {secret}".encode(), 1000)[0] or "")


def test_a_graphql_document_keeps_its_shape_and_no_literal() -> None:
    query = 'mutation Add { createContact(input: {name: "Jan Jansen", note: """Belt\n"laat" """}) { contact { id } } }'
    words, _ = kept({"query": query, "operationName": "Add", "variables": {"input": {"email": "jan@example.nl"}}})
    assert "Jan" not in words
    assert "laat" not in words
    assert "createContact(input: {name: " in words
    assert "jan@example.nl" not in words


def test_codes_of_every_form_of_answer() -> None:
    forms = (
        {"errors": [{"code": "INVALID_EMAIL", "field": "$.customer.email"}]},
        {"error": {"code": "INVALID_EMAIL"}},
        {"errors": [{"message": "x", "extensions": {"code": "INVALID_EMAIL"}}]},
        {"data": {"submitPartnerOrder": {"userErrors": [{"code": "INVALID_EMAIL"}]}}},
    )
    assert [redaction.codes(form) for form in forms] == [["INVALID_EMAIL"]] * 4
    assert redaction.codes({"data": {"orders": {"nodes": []}}}) == redaction.codes([1]) == redaction.codes(None) == []


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(_JSON | st.binary(max_size=300))
@settings(max_examples=60, deadline=None)
def test_any_body_can_be_kept_within_its_bounds(value: Any) -> None:
    body = value if isinstance(value, bytes) else orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS)
    words, tree = redaction.redacted(body, 100)
    assert words is None or (len(words) <= 100 and "\0" not in words)
    redaction.codes(tree)


@given(st.lists(st.integers(0, 60_000), min_size=1, max_size=60), st.sampled_from([0.5, 0.95, 1.0]))
@settings(max_examples=150, deadline=None)
def test_a_quantile_is_right_to_within_its_class(durations: list[int], share: float) -> None:
    histogram = [0] * CLASSES
    for each in durations:
        histogram[class_of(each)] += 1
    told = quantile(histogram, share, max(durations))
    exact = sorted(durations)[max(0, -(-len(durations) * share // 1).__int__() - 1)]
    assert told is not None
    assert class_of(told) <= class_of(exact) + 1
    assert class_of(told) >= class_of(exact) - 1
    assert told <= max(durations)


def test_classes_have_their_bounds() -> None:
    assert [class_of(bound) for bound in BOUNDS] == list(range(len(BOUNDS)))
    assert class_of(BOUNDS[-1] + 1) == len(BOUNDS)
    assert quantile([0] * CLASSES, 0.5, 0) is None
