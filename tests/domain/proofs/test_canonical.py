import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.money import Money, VatClass
from domain.proofs import canonical as canonical_module
from domain.proofs.canonical import MAX_DEPTH, MAX_INTEGER, NotCanonical, canonical, plain

texts = st.text(st.characters(codec="utf-8"), max_size=20)
scalars = st.one_of(st.none(), st.booleans(), st.integers(-MAX_INTEGER, MAX_INTEGER), texts)
values: st.SearchStrategy[Any] = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4), max_leaves=12
)
as_canonical = values.filter(lambda value: _has_form(value))


def _has_form(value: Any) -> bool:
    try:
        canonical(value)
    except NotCanonical:
        return False
    return True


def test_the_key_order_of_the_standard() -> None:
    # RFC 8785, 3.2.3: sorted by UTF-16 code units, so the emoji (a surrogate pair) comes before U+FB00. That key
    # stands for the U+FB33 of the example, which normalization form C writes as two characters.
    keys = ["€", "\r", "ﬀ", "1", "\U0001f600", "\x80", "ö"]
    sent = canonical(dict.fromkeys(keys, 0))
    assert list(json.loads(sent)) == ["\r", "1", "\x80", "ö", "€", "\U0001f600", "ﬀ"]


def test_the_escapes_of_the_standard() -> None:
    # RFC 8785, 3.2.2.2 and the string of its example.
    assert canonical('€$\x0f\nA\'B"\\\\"/') == b'"\xe2\x82\xac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"'
    assert canonical("\b\t\n\f\r\x00\x1f\x7f") == b'"\\b\\t\\n\\f\\r\\u0000\\u001f\x7f"'


def test_literals_and_white_space() -> None:
    assert canonical({"b": [True, False, None, -7], "a": {}}) == b'{"a":{},"b":[true,false,null,-7]}'


@given(as_canonical)
def test_reading_the_canonical_form_and_writing_it_again_changes_nothing(value: Any) -> None:
    once = canonical(value)
    assert canonical(json.loads(once)) == once


@given(st.dictionaries(texts, scalars, max_size=6).filter(_has_form))
def test_the_order_of_members_does_not_matter(value: dict[str, Any]) -> None:
    assert canonical(dict(reversed(value.items()))) == canonical(value)


@given(as_canonical, as_canonical)
def test_different_values_have_different_forms(left: Any, right: Any) -> None:
    same = canonical(left) == canonical(right)
    assert same == (json.loads(canonical(left)) == json.loads(canonical(right)) and _types(left) == _types(right))


def _types(value: Any) -> Any:
    # True == 1 in Python, not in JSON.
    if isinstance(value, dict):
        return {key: _types(member) for key, member in json.loads(canonical(value)).items()}
    return [_types(item) for item in value] if isinstance(value, list) else type(value)


def test_composed_and_decomposed_text_are_one_value() -> None:
    assert canonical({"Cafe\u0301": "e\u0301"}) == canonical({"Caf\u00e9": "\u00e9"})


def test_keys_that_become_one_are_refused() -> None:
    with pytest.raises(NotCanonical, match=r"\$\.line: two keys"):
        canonical({"line": {"e\u0301": 1, "\u00e9": 2}})


@pytest.mark.parametrize(
    "value", [1.0, float("nan"), MAX_INTEGER + 1, -MAX_INTEGER - 1, Decimal(1), b"x", {1: 2}, {"a": {1}}, "\ud800"]
)
def test_what_has_no_form_is_refused(value: Any) -> None:
    with pytest.raises(NotCanonical):
        canonical(value)
    with pytest.raises(NotCanonical, match=r"\$\.a\[1\]"):
        canonical({"a": [0, value]})


def test_nesting_is_bounded() -> None:
    deep: Any = []
    for _ in range(MAX_DEPTH):
        deep = [deep]
    canonical(deep)
    with pytest.raises(NotCanonical, match="nested"):
        canonical([deep])


def test_plain_values() -> None:
    moment = datetime(2026, 3, 1, 13, 0, 0, 5, timezone(timedelta(hours=1)))
    given_values = {
        "quantity": Decimal("2.500"),
        "hundred": Decimal("1E+2"),
        "nothing": Decimal("-0.00"),
        "at": moment,
        "on": date(2026, 3, 1),
        "id": UUID(int=7),
        "price": Money(-5),
        "vat": VatClass.STANDARD,
        "hash": b"\x0a",
        "list": (True, None),
    }
    assert plain(given_values) == {
        "quantity": "2.5",
        "hundred": "100",
        "nothing": "0",
        "at": "2026-03-01T12:00:00.000005Z",
        "on": "2026-03-01",
        "id": "00000000-0000-0000-0000-000000000007",
        "price": {"cents": -5, "currency": "EUR"},
        "vat": "STANDARD",
        "hash": "0a",
        "list": [True, None],
    }
    assert plain(moment) == plain(moment.astimezone(UTC))
    assert type(plain(VatClass.STANDARD)) is str


@pytest.mark.parametrize("value", [1.5, Decimal("NaN"), datetime(2026, 1, 1), object()])  # noqa: DTZ001  # naive on purpose
def test_values_without_a_plain_form(value: object) -> None:
    with pytest.raises(NotCanonical):
        plain(value)


mixed = st.one_of(texts, st.sampled_from(["é", "e\u0301", "\n\u0303", "\u0303", "\ud800", "\u2028", '"', "\\"]))
anything: st.SearchStrategy[Any] = st.recursive(
    st.one_of(scalars, mixed, st.integers(), st.floats(), st.decimals()),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(mixed | st.integers(), inner, max_size=4),
    max_leaves=12,
)


@given(anything)
def test_the_fast_way_is_the_careful_way_or_none(value: Any) -> None:
    fast = canonical_module._fast(value)
    if fast is not None:
        assert fast == canonical_module._encode(value, "$", 0).encode()


def test_nearly_everything_is_encoded_fast() -> None:
    assert canonical_module._fast({"b": [1, None, True], "a": "3 × 16 A, één"}) is not None
    deep: Any = 1
    for _ in range(MAX_DEPTH):
        deep = [deep]
    assert canonical_module._fast(deep) == canonical(deep)
    assert canonical_module._fast([deep]) is None
