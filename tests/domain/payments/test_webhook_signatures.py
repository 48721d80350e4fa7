"""Stripe's signatures: what holds, to the second."""

import pytest

from domain.payments.webhook_signatures import holds, signature

BODY = b'{"id": "evt_1"}'
NOW = 1_800_000_000


def header(at: int, *secrets: str) -> str:
    return ",".join([f"t={at}", *(f"v1={signature(each, str(at), BODY)}" for each in secrets)])


def test_a_known_signature() -> None:
    # HMAC-SHA-256 of "12345.body" under "whsec_key", computed with another program.
    assert (
        signature("whsec_key", "12345", b"body") == "440c7a8e3a48db48908c5ef403f78d14baa9adee19c53ce1903e09779e9e7bfe"
    )


@pytest.mark.parametrize(("at", "wanted"), [(NOW, True), (NOW - 300, True), (NOW - 301, False), (NOW + 301, False)])
def test_five_minutes(at: int, wanted: bool) -> None:
    assert holds(header(at, "one"), BODY, ["one"], NOW) is wanted


def test_any_signature_of_any_secret_is_enough() -> None:
    assert holds(header(NOW, "old", "new"), BODY, ["new"], NOW)
    assert holds(header(NOW, "old"), BODY, ["new", "old"], NOW)
    assert not holds(header(NOW, "old"), BODY, ["new"], NOW)
    assert not holds(header(NOW, "old"), BODY, [], NOW)


@pytest.mark.parametrize(
    "given", ["", "t=", f"t={NOW}", "v1=00", f"t={NOW},t={NOW},v1=é", f"t=-{NOW},v1=00", "t=²,v1=0"]
)
def test_what_is_no_signature(given: str) -> None:
    assert not holds(given, BODY, ["one"], NOW)
