"""Signatures: one changed byte, second or secret is noticed; the window is closed at its ends."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.partner_orders.errors import SignatureExpired, SignatureFault, SignatureInvalid
from domain.partner_orders.signing import SIGNATURE_HEADER, TIMESTAMP_HEADER, WINDOW, Secret, sign, verify

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
OURS = Secret(uuid4(), "ccsig_ours")


def check(headers: dict[str, str], body: bytes, at: datetime = NOW) -> Secret:
    return verify(
        [Secret(uuid4(), "ccsig_other"), OURS], headers[TIMESTAMP_HEADER], headers[SIGNATURE_HEADER], body, at
    )


def test_the_documented_signature() -> None:
    headers = sign("ccsig_test", datetime.fromtimestamp(1_790_000_000, UTC), b'{"partner_order_id":"GRO-1"}')
    assert headers == {
        TIMESTAMP_HEADER: "1790000000",
        SIGNATURE_HEADER: "v1=c2dd56086b2a5a3d117216fe77c7517bebc4218c8165f0559802640f164dc1be",
    }


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=300), st.integers(-300, 300))
def test_what_was_signed_holds_within_the_window(body: bytes, seconds: int) -> None:
    assert check(sign(OURS.text, NOW, body), body, NOW + timedelta(seconds=seconds)) is OURS


@settings(max_examples=40, deadline=None)
@given(st.binary(min_size=1, max_size=100), st.data())
def test_one_changed_bit_is_noticed(body: bytes, data: st.DataObject) -> None:
    place, bit = data.draw(st.integers(0, len(body) - 1)), data.draw(st.integers(0, 7))
    altered = body[:place] + bytes([body[place] ^ (1 << bit)]) + body[place + 1 :]
    with pytest.raises(SignatureInvalid):
        check(sign(OURS.text, NOW, body), altered)


@pytest.mark.parametrize("away", [-1, 1])
def test_the_window_ends(away: int) -> None:
    headers = sign(OURS.text, NOW, b"{}")
    assert check(headers, b"{}", NOW + away * WINDOW) is OURS
    with pytest.raises(SignatureExpired):
        check(headers, b"{}", NOW + away * (WINDOW + timedelta(seconds=1)))


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=40), st.text(max_size=120))
def test_any_headers_are_refused_by_name(timestamp: str, signature: str) -> None:
    with pytest.raises(SignatureFault):
        verify([OURS], timestamp, signature, b"{}", NOW)


def test_a_version_that_we_do_not_know_is_passed_over() -> None:
    headers = sign(OURS.text, NOW, b"{}")
    headers[SIGNATURE_HEADER] = f"v2=AAAA {headers[SIGNATURE_HEADER]}"
    assert check(headers, b"{}") is OURS
