"""Terms about a partner's orders: read from JSON with all faults at once, kept in a normal form, enforced."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.agreements.enforcing import check_cancelling, check_document, check_volume
from domain.agreements.partner_terms import FIELDS, STANDARD, Creates, PartnerTerms, ServiceLevels, as_json, parse
from domain.errors import DomainError, DomainErrors

levels = st.builds(
    ServiceLevels,
    response_ms=st.integers(50, 60_000),
    processing_minutes=st.integers(1, 10_080),
    status_seconds=st.integers(1, 86_400),
    uptime=st.decimals(50, 100, places=3),
)
terms = st.builds(
    PartnerTerms,
    creates=st.sampled_from(Creates),
    required_fields=st.lists(st.sampled_from(FIELDS), unique=True).map(
        lambda found: tuple(path for path in FIELDS if path in found)
    ),
    orders_per_day=st.none() | st.integers(0, 1_000_000),
    requests_per_minute=st.none() | st.integers(1, 10_000),
    most_lines=st.integers(1, 200),
    retention_days=st.none() | st.integers(30, 3_650),
    cancellable_until_hours=st.none() | st.integers(0, 8_760),
    free_cancellations_per_month=st.none() | st.integers(0, 100_000),
    sla=levels,
)


@given(terms)
@settings(max_examples=60)
def test_terms_come_back_as_they_were_written(agreed: PartnerTerms) -> None:
    assert parse(as_json(agreed)) == agreed


def test_nothing_agreed_is_the_standard() -> None:
    assert parse({}) == STANDARD
    assert as_json(STANDARD) == {}


def test_every_fault_is_told_at_its_place() -> None:
    wrong = {
        "creates": "BOTH",
        "required_fields": ["$.products", "$.nothing", "$.products"],
        "most_lines": 0,
        "orders": 3,
        "sla": {"uptime": "101", "response_ms": "fast"},
    }
    with pytest.raises(DomainErrors) as raised:
        parse(wrong)
    assert {(error.code, error.field) for error in raised.value.errors} == {
        ("UNKNOWN_TERM", ("orders",)),
        ("NOT_A_CHOICE", ("creates",)),
        ("NOT_A_CHOICE", ("required_fields", 1)),
        ("DUPLICATE_VALUE", ("required_fields", 2)),
        ("OUT_OF_RANGE", ("most_lines",)),
        ("WRONG_TYPE", ("sla", "response_ms")),
        ("OUT_OF_RANGE", ("sla", "uptime")),
    }


def test_a_document_tells_every_gap() -> None:
    agreed = PartnerTerms(required_fields=("$.customer.address.street", "$.products[*].description"), most_lines=1)
    document = {
        "customer": {"address": {"street": "  "}},
        "products": [{"partner_sku": "A", "description": "Alfen"}, {"partner_sku": "B", "description": None}],
    }
    with pytest.raises(DomainErrors) as raised:
        check_document(agreed, document)
    assert [(error.code, error.field) for error in raised.value.errors] == [
        ("TERMS_FIELD_REQUIRED", ("customer", "address", "street")),
        ("TERMS_FIELD_REQUIRED", ("products", 1, "description")),
        ("TERMS_TOO_MANY_LINES", ("products",)),
    ]


def test_what_is_missing_altogether_is_missing_at_its_own_place() -> None:
    agreed = PartnerTerms(required_fields=("$.partner_references.purchase_order", "$.products"))
    with pytest.raises(DomainErrors) as raised:
        check_document(agreed, {})
    assert [error.field for error in raised.value.errors] == [
        ("partner_references", "purchase_order"),
        ("products",),
    ]
    check_document(agreed, {"products": [{"partner_sku": "A"}], "partner_references": {"purchase_order": "PO 1"}})


def test_a_day_takes_as_many_as_agreed() -> None:
    check_volume(PartnerTerms(orders_per_day=2), 1)
    check_volume(STANDARD, 10**9)
    with pytest.raises(DomainError, match="TERMS_LIMIT_REACHED"):
        check_volume(PartnerTerms(orders_per_day=2), 2)


def test_cancelling_ends_at_the_hour_agreed() -> None:
    agreed, visit = PartnerTerms(cancellable_until_hours=24), datetime(2026, 5, 4, 8, tzinfo=UTC)
    check_cancelling(agreed, visit - timedelta(hours=24), visit, 0)
    check_cancelling(agreed, visit, None, 0)
    with pytest.raises(DomainError, match="CANCELLATION_TOO_LATE"):
        check_cancelling(agreed, visit - timedelta(hours=23, minutes=59), visit, 0)
    with pytest.raises(DomainError, match="CANCELLATIONS_USED_UP"):
        check_cancelling(PartnerTerms(free_cancellations_per_month=3), visit, None, 3)


def test_levels_are_those_promised() -> None:
    assert ServiceLevels() == ServiceLevels(500, 5, 60, Decimal("99.9"))
