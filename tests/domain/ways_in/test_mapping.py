"""Mappings: what they read, what they refuse when saved, and that no message makes them fail."""

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import DomainError, DomainErrors
from domain.partner_orders.document import parse
from domain.ways_in import reading
from domain.ways_in.expressions import Scope
from domain.ways_in.expressions import parse as expression
from domain.ways_in.mapping import REQUIRED, Applied, apply, checked

ESSENT: dict[str, Any] = {
    "fields": {
        "$.partner_order_id": {"concat": [{"value": "ESS"}, "$.order.number"]},
        "$.customer.name": {"concat": ["$.klant.voornaam", "$.klant.achternaam"], "separator": " "},
        "$.customer.email": "$.klant['e-mail']",
        "$.customer.phone": {"first": ["$.klant.telefoons[?soort=mobiel].nummer", "$.klant.telefoons[0].nummer"]},
        "$.customer.address.street": {"address": "$.adresregel", "part": "street"},
        "$.customer.address.house_number": {"address": "$.adresregel", "part": "house_number"},
        "$.customer.address.postal_code": {"cut": "$.plaatsregel", "before": "  "},
        "$.customer.address.city": {"cut": "$.plaatsregel", "after": "  "},
        "$.installation_preferences.preferred_date": {"date": "$.wens", "formats": ["dd-MM-yyyy", "iso"]},
        "$.installation_preferences.notes": {"concat": ["$.opmerkingen[*].tekst"], "separator": "\n"},
        "$.partner_references.dealer_group_id": {
            "lookup": "$.regio",
            "table": {"N": "noord"},
            "default": {"value": "?"},
        },
    },
    "products": [
        {
            "each": "$.regels[*]",
            "when": "@.leveren",
            "fields": {
                "partner_sku": {"lookup": "@.type", "table": {"wb22": "ESS-WALLBOX-22"}, "default": "@.type"},
                "quantity": {"number": "@.aantal", "decimal": ","},
                "description": "@.naam",
            },
        },
        {"when": "$.installatie", "fields": {"partner_sku": {"value": "ESS-INSTALL"}}},
    ],
}
MESSAGE: dict[str, Any] = {
    "order": {"number": 4711},
    "klant": {
        "voornaam": "Sanne",
        "achternaam": " de Vries ",
        "e-mail": "sanne@example.nl",
        "telefoons": [{"soort": "vast", "nummer": "0301234567"}, {"soort": "mobiel", "nummer": "0612345678"}],
    },
    "adresregel": "Laan van Meerdervoort 12-A",
    "plaatsregel": "2517 AK  Den Haag",
    "wens": "24-12-2026",
    "opmerkingen": [{"tekst": "Bel eerst"}, {"tekst": ""}, {"tekst": "Hond"}],
    "regio": "Z",
    "regels": [
        {"type": "WB22", "aantal": "1,0", "naam": "Wallbox", "leveren": True},
        {"type": "KABEL", "aantal": 2, "leveren": "ja"},
        {"type": "NIET", "aantal": 1, "leveren": False},
    ],
    "installatie": "ja",
}


def done(message: Any, mapping: Any = ESSENT) -> Applied:
    return apply(checked(mapping), message)


def refused(mapping: Any) -> dict[str, str]:
    with pytest.raises((DomainError, DomainErrors)) as caught:
        checked(mapping)
    return {".".join(map(str, error.field)): error.code for error in caught.value.errors}


def test_a_message_of_a_partners_own_making_becomes_an_order() -> None:
    applied = done(MESSAGE)
    assert applied.faults == []
    assert applied.document == {
        "partner_order_id": "ESS4711",
        "customer": {
            "name": "Sanne de Vries",
            "email": "sanne@example.nl",
            "phone": "0612345678",
            "address": {
                "street": "Laan van Meerdervoort",
                "house_number": "12-A",
                "postal_code": "2517 AK",
                "city": "Den Haag",
            },
        },
        "installation_preferences": {"preferred_date": "2026-12-24", "notes": "Bel eerst\nHond"},
        "partner_references": {"dealer_group_id": "?"},
        "products": [
            {"partner_sku": "ESS-WALLBOX-22", "quantity": 1, "description": "Wallbox"},
            {"partner_sku": "KABEL", "quantity": 2},
            {"partner_sku": "ESS-INSTALL"},
        ],
    }
    assert parse(applied.document).customer.phone == "+31612345678"


def test_the_trace_says_where_each_value_came_from() -> None:
    trace = {each.target: each for each in done(MESSAGE).trace}
    assert trace["$.customer.name"].sources == ("$.klant.voornaam", "$.klant.achternaam")
    assert trace["$.products[0].quantity"].value == 1


def test_every_fault_of_a_message_is_named_at_once() -> None:
    wrong = MESSAGE | {
        "wens": "morgen",
        "order": {"number": {"a": 1}},
        "regels": [{"type": "X", "aantal": "veel", "leveren": 1}],
    }
    faults = {".".join(map(str, fault.field)): fault.code for fault in done(wrong).faults}
    assert faults == {
        "partner_order_id": "MAPPING_VALUE_UNREADABLE",
        "installation_preferences.preferred_date": "MAPPING_VALUE_UNREADABLE",
        "products.0.quantity": "MAPPING_VALUE_UNREADABLE",
    }


def test_what_is_not_in_a_table_without_a_default_is_a_fault() -> None:
    mapping = ESSENT | {
        "fields": ESSENT["fields"] | {"$.customer.address.city": {"lookup": "$.regio", "table": {"N": "x"}}}
    }
    [fault] = done(MESSAGE, mapping).faults
    assert (fault.code, fault.field) == ("MAPPING_NOT_IN_TABLE", ("customer", "address", "city"))


def test_every_fault_of_a_mapping_is_named_when_it_is_saved() -> None:
    fields = {path: "$.x" for path in REQUIRED if path != "$.customer.phone"}
    wrong = {
        "fields": fields
        | {
            "$.price": "$.x",
            "$.customer.address.city": {"exec": "import os"},
            "$.customer.name": {"concat": ["$.a", "a.b", {"date": "$.d", "formats": ["gisteren"]}]},
        },
        "products": [{"each": "regels", "fields": {"colour": "$.x"}}],
        "script": "x",
    }
    assert refused(wrong) == {
        "mapping.script": "MAPPING_INVALID",
        "mapping.fields.$.price": "MAPPING_INVALID",
        "mapping.fields.$.customer.address.city": "MAPPING_INVALID",
        "mapping.fields.$.customer.name.concat.1": "MAPPING_INVALID",
        "mapping.fields.$.customer.name.concat.2.formats.0": "MAPPING_INVALID",
        "mapping.fields.$.customer.phone": "REQUIRED",
        "mapping.products.0.each": "MAPPING_INVALID",
        "mapping.products.0.fields.colour": "MAPPING_INVALID",
        "mapping.products.0.fields.partner_sku": "REQUIRED",
    }


def test_a_mapping_is_bounded() -> None:
    deep: Any = "$.x"
    for _ in range(20):
        deep = {"first": [deep]}
    fields = dict.fromkeys(REQUIRED, "$.x")
    assert set(refused({"fields": fields | {"$.customer.name": deep}}).values()) == {"MAPPING_INVALID"}
    assert refused({"fields": fields | {"$.customer.name": {"value": "x" * 70_000}}}) == {"mapping": "TOO_LONG"}
    assert refused({"fields": fields | {"$.customer.name": "$" + ".a" * 40}}).popitem()[1] == "MAPPING_INVALID"
    many = {"fields": fields, "products": {"each": "$.l[*]", "fields": {"partner_sku": "@.s"}}}
    applied = done({"x": "y", "l": [{"s": "A"}] * 900}, many)
    assert len(applied.document["products"]) == 500
    assert [fault.code for fault in applied.faults] == ["TOO_MANY"]


@pytest.mark.parametrize(
    ("written", "text", "day"),
    [
        ("dd-MM-yyyy", "03-02-2026", date(2026, 2, 3)),
        ("d/M/yy", "3/2/26", date(2026, 2, 3)),
        ("yyyyMMdd", "20260203", date(2026, 2, 3)),
        ("yyyy-MM-dd HH:mm", "2026-02-03 10:00", date(2026, 2, 3)),
        ("iso", "2026-02-03T23:30:00Z", date(2026, 2, 4)),
        ("iso", "2026-02-03T23:30:00", date(2026, 2, 3)),
        ("unix", "1770161400", date(2026, 2, 4)),
        ("unix_ms", "1770161400000", date(2026, 2, 4)),
        ("dd-MM-yyyy", "31-02-2026", None),
        ("dd-MM-yyyy", "3-2-2026", None),
    ],
)
def test_days_as_others_write_them(written: str, text: str, day: date | None) -> None:
    reader = reading.day_format(written)
    assert reader is not None
    assert reader(text) == day


@pytest.mark.parametrize("written", ["dd-MM", "yyyy", "dd-dd-yyyy", "", "dd-MM-yyyy" * 10])
def test_what_is_no_form_of_a_day(written: str) -> None:
    assert reading.day_format(written) is None


@pytest.mark.parametrize(
    ("line", "street", "number"),
    [
        ("Dorpsstraat 12", "Dorpsstraat", "12"),
        ("Dorpsstraat 12 bis", "Dorpsstraat", "12 bis"),
        ("2e Hugo de Grootstraat 14-3", "2e Hugo de Grootstraat", "14-3"),
        ("Plein 1944 nr 5", "Plein 1944 nr", "5"),
        ("Hof, 7 A-2", "Hof", "7 A-2"),
        ("Postbus", "Postbus", None),
    ],
)
def test_an_address_line_taken_apart(line: str, street: str, number: str | None) -> None:
    assert reading.address(line) == (street, number)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from([*MESSAGE, "nummer", "soort", "type", "aantal"]) | st.text(max_size=5), inner, max_size=5
        )
    ),
    max_leaves=25,
)


@settings(max_examples=60, deadline=None)
@given(_JSON, st.dictionaries(st.sampled_from(list(MESSAGE)), _JSON, max_size=6))
def test_no_message_makes_a_mapping_fail(whole: Any, parts: dict[str, Any]) -> None:
    for message in (whole, MESSAGE | parts):
        applied = done(message)
        json.dumps(applied.document)
        assert all(isinstance(fault, DomainError) and fault.message("nl") for fault in applied.faults)


@settings(max_examples=80, deadline=None)
@given(_JSON)
def test_no_expression_is_run_and_none_makes_the_check_fail(given_expression: Any) -> None:
    try:
        made = expression(given_expression)
    except (DomainError, DomainErrors):
        return
    try:
        made(Scope(MESSAGE))
    except DomainError:
        return
