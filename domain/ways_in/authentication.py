"""How the sender of a mapped webhook proves who it is: our signature, one of its own making, or a secret as it is.

{"kind": "SIGNATURE"}
{"kind": "HMAC", "header": "x-essent-signature", "algorithm": "sha256", "encoding": "hex", "prefix": "sha256=",
 "timestamp_header": "x-essent-timestamp", "signs": "{timestamp}.{body}"}
{"kind": "BASIC", "user": "essent"}
{"kind": "BEARER", "header": "authorization"}
"""

import base64
import binascii
import hmac
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from domain.errors import Faults, NotAChoice, Required, TooLong, TooShort, WrongType
from domain.ways_in.errors import WebhookUnauthenticated
from domain.ways_in.models import MappedWebhook
from tenants.auth.sealing import seal, unseal
from tenants.settings import Settings

WINDOW = timedelta(minutes=5)
"""How far a timestamp may be from our clock, either way."""
SHORTEST, LONGEST = 16, 256
_PURPOSE = "mapped webhook secret"
_ALGORITHMS = ("sha256", "sha512", "sha1")
_ENCODINGS = ("hex", "base64")
_BODY = "{body}"
_TIMED = re.compile(r"\{timestamp\}[.:|\n]?\{body\}")
_HEADER = re.compile(r"[a-z0-9!#$%&'*+.^_`|~-]{1,80}")
_BASIC_USER = re.compile(r"[\x21-\x39\x3b-\x7e]{1,100}")


class Kind(StrEnum):
    """What is asked of the sender."""

    SIGNATURE = "SIGNATURE"
    """Our own signature, with the secrets of the partner's integration."""
    HMAC = "HMAC"
    """A signature of the sender's own form."""
    BASIC = "BASIC"
    """HTTP Basic."""
    BEARER = "BEARER"
    """A secret in a header."""


# --- settings -----------------------------------------------------------------------------------------------------


def checked(given: Mapping[str, Any]) -> dict[str, Any]:
    """The settings in their normal form. Raises InvalidInput or DomainErrors, below `authentication`."""
    made: dict[str, Any] = {}
    with Faults() as faults, faults.at("authentication"):
        kind = Kind(_one_of(given.get("kind"), tuple(Kind), "kind"))
        if unknown := sorted(str(name) for name in given.keys() - {"kind", *_KNOWN[kind]}):
            choices = ", ".join(("kind", *_KNOWN[kind]))
            faults.add(NotAChoice(choices=choices, field=("authentication", unknown[0][:60])))
        made = {"kind": kind.value} | _SETTINGS[kind](given)
    return made


def _hmac(given: Mapping[str, Any]) -> dict[str, Any]:
    with Faults() as faults:
        timed = faults.take(_header, given["timestamp_header"], "timestamp_header") if _has(given) else None
        made = {
            "header": faults.take(_header, given.get("header"), "header"),
            "algorithm": faults.take(lambda v: _one_of(v, _ALGORITHMS), given.get("algorithm", "sha256"), "algorithm"),
            "encoding": faults.take(lambda v: _one_of(v, _ENCODINGS), given.get("encoding", "hex"), "encoding"),
            "prefix": faults.take(_prefix, given.get("prefix", ""), "prefix"),
            "timestamp_header": timed,
            "signs": faults.take(lambda v: _signs(v, timed), given.get("signs"), "signs"),
        }
    return made


def _has(given: Mapping[str, Any]) -> bool:
    return given.get("timestamp_header") is not None


def _signs(value: Any, timed: str | None) -> str:
    standard = "{timestamp}.{body}" if timed else _BODY
    if value is None or value == standard:
        return standard
    if not isinstance(value, str) or not timed or not _TIMED.fullmatch(value):
        raise NotAChoice(choices="{body}, {timestamp}.{body}, {timestamp}{body}")
    return value


def _basic(given: Mapping[str, Any]) -> dict[str, Any]:
    user = given.get("user")
    if not isinstance(user, str) or not _BASIC_USER.fullmatch(user):
        expected = {
            "nl": "1 tot 100 zichtbare tekens zonder dubbele punt",
            "en": "1 to 100 visible characters, no colon",
        }
        raise WrongType(expected=expected, field=("user",))
    return {"user": user}


def _bearer(given: Mapping[str, Any]) -> dict[str, Any]:
    return {"header": _header(given.get("header", "authorization"))}


def _header(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise Required()
    if not _HEADER.fullmatch(value.lower()):
        raise WrongType(expected={"nl": "de naam van een header", "en": "the name of a header"})
    return value.lower()


def _prefix(value: Any) -> str:
    if not isinstance(value, str) or len(value) > 40 or not value.isascii():
        raise WrongType(expected={"nl": "tekst van hoogstens 40 tekens", "en": "text of at most 40 characters"})
    return value


def _one_of(value: Any, choices: Iterable[str], *field: str) -> str:
    if not isinstance(value, str) or value not in tuple(choices):
        raise NotAChoice(choices=", ".join(choices), field=field)
    return str(value)


_KNOWN: dict[Kind, tuple[str, ...]] = {
    Kind.SIGNATURE: (),
    Kind.HMAC: ("header", "algorithm", "encoding", "prefix", "timestamp_header", "signs"),
    Kind.BASIC: ("user",),
    Kind.BEARER: ("header",),
}
_SETTINGS: dict[Kind, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    Kind.SIGNATURE: lambda given: {},
    Kind.HMAC: _hmac,
    Kind.BASIC: _basic,
    Kind.BEARER: _bearer,
}


# --- secrets ------------------------------------------------------------------------------------------------------


def checked_secret(value: str) -> str:
    """A secret that the sender chose. Raises: TooShort, TooLong, WrongType."""
    if len(value) < SHORTEST:
        raise TooShort(minimum=SHORTEST, field=("secret",))
    if len(value) > LONGEST:
        raise TooLong(maximum=LONGEST, field=("secret",))
    if not re.fullmatch(r"[\x21-\x7e]+", value):
        raise WrongType(expected={"nl": "zichtbare ASCII-tekens", "en": "visible ASCII characters"}, field=("secret",))
    return value


def sealed(settings: Settings, hook_id: object, secret: str) -> bytes:
    """A secret as it is kept: encrypted, bound to its webhook."""
    return seal(settings, _PURPOSE, str(hook_id), secret.encode())


def secrets_of(settings: Settings, hook: MappedWebhook, now: datetime) -> list[bytes]:
    """The secrets that hold now, the newest first."""
    kept = [hook.secret]
    if hook.previous_secret and hook.overlap_until and hook.overlap_until > now:
        kept.append(hook.previous_secret)
    return [unseal(settings, _PURPOSE, str(hook.id), each) for each in kept if each]


# --- proving ------------------------------------------------------------------------------------------------------


def prove(
    settings: Mapping[str, Any], secrets: list[bytes], headers: Mapping[str, str], body: bytes, now: datetime
) -> None:
    """Raise WebhookUnauthenticated unless a secret of the sender stands behind the request; in constant time.

    `headers` have names in lower case. SIGNATURE is proven by the integration's own secrets and not here.
    """
    match Kind(settings["kind"]):
        case Kind.HMAC:
            _prove_hmac(settings, secrets, headers, body, now)
        case Kind.BASIC:
            _prove_basic(settings, secrets, headers)
        case Kind.BEARER:
            given = _given(headers, settings["header"])
            _require(_any_equal(secrets, given.removeprefix("Bearer ").strip().encode()), "het geheim", "the secret")
        case Kind.SIGNATURE:
            raise ValueError("our own signature is proven by the integration")


def _prove_hmac(
    settings: Mapping[str, Any], secrets: list[bytes], headers: Mapping[str, str], body: bytes, now: datetime
) -> None:
    given = _given(headers, settings["header"])
    if not given.startswith(settings["prefix"]):
        raise _unproven("de handtekening heeft niet de afgesproken vorm", "the signature has not the agreed form")
    try:
        signature = _decoded(given.removeprefix(settings["prefix"]).strip(), settings["encoding"])
    except (ValueError, binascii.Error):
        raise _unproven("de handtekening is onleesbaar", "the signature cannot be read") from None
    signed = _signed(settings, headers, body, now)
    made = [hmac.new(secret, signed, settings["algorithm"]).digest() for secret in secrets]
    _require(_any_equal(made, signature), "de handtekening", "the signature")


def _signed(settings: Mapping[str, Any], headers: Mapping[str, str], body: bytes, now: datetime) -> bytes:
    if not settings["timestamp_header"]:
        return body
    stamp = _given(headers, settings["timestamp_header"]).strip()
    if not re.fullmatch(r"[0-9]{1,14}", stamp):
        raise _unproven("het tijdstip is onleesbaar", "the timestamp cannot be read")
    seconds = int(stamp) / 1000 if len(stamp) > 11 else int(stamp)
    if abs(seconds - now.timestamp()) > WINDOW.total_seconds():
        raise _unproven("het tijdstip wijkt meer dan vijf minuten af", "the timestamp is more than five minutes off")
    before, _, _ = str(settings["signs"]).partition(_BODY)
    return before.replace("{timestamp}", stamp).encode() + body


def _prove_basic(settings: Mapping[str, Any], secrets: list[bytes], headers: Mapping[str, str]) -> None:
    scheme, _, encoded = _given(headers, "authorization").partition(" ")
    try:
        user, _, password = base64.b64decode(encoded.strip(), validate=True).partition(b":")
    except (ValueError, binascii.Error):
        user, password = b"", b""
    known = hmac.compare_digest(user, settings["user"].encode())
    _require(scheme.lower() == "basic" and _any_equal(secrets, password) and known, "de inlog", "the login")


def _decoded(text: str, encoding: str) -> bytes:
    if encoding == "hex":
        return bytes.fromhex(text)
    return base64.b64decode(text, validate=True)


def _any_equal(secrets: list[bytes], given: bytes) -> bool:
    """Every one is compared, so that time tells nothing."""
    return any([hmac.compare_digest(secret, given) for secret in secrets])


def _given(headers: Mapping[str, str], name: str) -> str:
    if not (value := headers.get(name, "")):
        raise _unproven(f"de header {name} ontbreekt", f"the header {name} is missing")
    return value


def _require(holds: bool, nl: str, en: str) -> None:
    if not holds:
        raise _unproven(f"{nl} klopt niet", f"{en} is not right")


def _unproven(nl: str, en: str) -> WebhookUnauthenticated:
    return WebhookUnauthenticated(reason={"nl": nl, "en": en})


def needs_secret(settings: Mapping[str, Any]) -> bool:
    """Whether the webhook has a secret of its own."""
    return Kind(settings["kind"]) is not Kind.SIGNATURE
