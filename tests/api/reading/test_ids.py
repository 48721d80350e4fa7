"""Global ids round trip; what is no id says so."""

import base64
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.reading import BadInput, global_id, parse_id, parse_id_of

KEY = UUID("0198c5a1-0000-7000-8000-000000000001")


@given(kind=st.from_regex(r"[A-Z][A-Za-z0-9]{0,40}", fullmatch=True), key=st.uuids())
def test_round_trip(kind: str, key: UUID) -> None:
    assert parse_id(global_id(kind, key), "id") == (kind, key)
    assert parse_id_of(frozenset([kind, "Other"]), global_id(kind, key), "id") == key


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "é",
        str(KEY),
        f"Order:{KEY}",
        base64.b64encode(f"Order{KEY}".encode()).decode(),
        base64.b64encode(f"Order:{KEY}x".encode()).decode(),
        base64.b64encode(f"Order:{str(KEY).upper()}".encode()).decode(),
        base64.b64encode(f"Or der:{KEY}".encode()).decode(),
        global_id("Order", KEY) + "\n",
        global_id("Order", KEY).rstrip("=") + "=" * 300,
    ],
)
def test_what_is_no_id(text: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse_id(text, "customer")
    assert caught.value.extensions == {"code": "BAD_ID", "argument": "customer"}


def test_id_of_another_kind() -> None:
    with pytest.raises(BadInput, match="this is the id of a Order, not of a Contact or Organization"):
        parse_id_of(frozenset(["Contact", "Organization"]), global_id("Order", KEY), "id")
