"""Proofs of senders: every other one is refused."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.errors import DomainError, DomainErrors
from domain.ways_in.authentication import checked, prove
from domain.ways_in.errors import WebhookUnauthenticated

NOW = datetime(2026, 2, 3, 12, tzinfo=UTC)
SECRET, OTHER = b"s" * 32, b"t" * 32
BODY = b'{"order": 1}'
HMAC = {"kind": "HMAC", "header": "X-Signature", "prefix": "sha256=", "timestamp_header": "X-Time"}


def signed(secret: bytes = SECRET, at: datetime = NOW, body: bytes = BODY) -> dict[str, str]:
    stamp = str(int(at.timestamp()))
    digest = hmac.new(secret, f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    return {"x-signature": f"sha256={digest}", "x-time": stamp}


def holds(settings: dict[str, Any], headers: dict[str, str], body: bytes = BODY, secrets: Any = (SECRET,)) -> bool:
    try:
        prove(checked(settings), list(secrets), headers, body, NOW)
    except WebhookUnauthenticated:
        return False
    return True


def test_a_signature_of_theirs() -> None:
    assert holds(HMAC, signed())
    assert holds(HMAC, signed(OTHER), secrets=(SECRET, OTHER))
    assert holds(HMAC, signed(at=NOW - timedelta(minutes=4)))


@pytest.mark.parametrize(
    "headers",
    [
        {},
        signed(OTHER),
        signed(at=NOW - timedelta(minutes=6)),
        signed(at=NOW + timedelta(minutes=6)),
        signed() | {"x-time": str(int(NOW.timestamp()) + 1)},
        signed() | {"x-time": "now"},
        signed() | {"x-signature": signed()["x-signature"].removeprefix("sha256=")},
        signed() | {"x-signature": "sha256=zz"},
        signed() | {"x-signature": "sha256="},
        signed() | {"x-signature": "sha256=é"},
        {"x-signature": signed()["x-signature"]},
    ],
    ids=[
        "none",
        "wrong key",
        "old",
        "future",
        "other time",
        "no time",
        "no prefix",
        "no hex",
        "empty",
        "not ascii",
        "timeless",
    ],
)
def test_what_is_no_signature_of_theirs(headers: dict[str, str]) -> None:
    assert not holds(HMAC, headers)


def test_an_altered_body() -> None:
    assert not holds(HMAC, signed(), body=BODY + b" ")


def test_base64_over_the_body_alone() -> None:
    settings = {"kind": "HMAC", "header": "X-Hmac", "algorithm": "sha512", "encoding": "base64"}
    digest = base64.b64encode(hmac.new(SECRET, BODY, hashlib.sha512).digest()).decode()
    assert holds(settings, {"x-hmac": digest})
    assert not holds(settings, {"x-hmac": digest[:-4]})
    assert not holds(settings, {"x-hmac": "!"})


def test_basic_and_bearer() -> None:
    basic = {"kind": "BASIC", "user": "essent"}
    login = base64.b64encode(b"essent:" + SECRET).decode()
    assert holds(basic, {"authorization": f"Basic {login}"})
    assert not holds(basic, {"authorization": f"Bearer {login}"})
    assert not holds(basic, {"authorization": "Basic " + base64.b64encode(b"other:" + SECRET).decode()})
    assert not holds(basic, {"authorization": "Basic ~"})
    assert holds({"kind": "BEARER"}, {"authorization": f"Bearer {SECRET.decode()}"})
    assert holds({"kind": "BEARER", "header": "X-Token"}, {"x-token": SECRET.decode()})
    assert not holds({"kind": "BEARER"}, {"authorization": "Bearer "})
    assert not holds({"kind": "BEARER"}, {"authorization": f"Bearer {SECRET.decode()}"}, secrets=())


@pytest.mark.parametrize(
    ("given", "fields"),
    [
        ({}, {"kind"}),
        ({"kind": "NONE"}, {"kind"}),
        ({"kind": "HMAC"}, {"header"}),
        (
            {"kind": "HMAC", "header": "a b", "algorithm": "md5", "encoding": "x", "signs": "{x}"},
            {"header", "algorithm", "encoding", "signs"},
        ),
        ({"kind": "BASIC", "user": "a:b"}, {"user"}),
        ({"kind": "BEARER", "secret": "x"}, {"secret"}),
    ],
)
def test_settings_that_make_no_sense(given: dict[str, Any], fields: set[str]) -> None:
    with pytest.raises((DomainError, DomainErrors)) as caught:
        checked(given)
    assert {error.field[1] for error in caught.value.errors} == fields
    assert {error.field[0] for error in caught.value.errors} == {"authentication"}
