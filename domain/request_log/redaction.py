"""What the log keeps of a body: its shape, numbers and codes; no secret, and nothing that says who a person is.

By the name of a field first, then by the form of what is left. What was taken out says what it was
(`[redacted: email]`), so that a request can be replayed with made-up values in their place.
"""

import re
from collections.abc import Mapping
from typing import Any

import orjson

MOST_PARSED = 256 * 1024
"""Bytes of a body that is read as JSON; of a longer one only what shows by its form is taken out."""
_DEEPEST = 40
MARKS = (
    "secret",
    "email",
    "phone",
    "iban",
    "name",
    "street",
    "house_number",
    "text",
    "date",
    "number",
)
_SECRET = re.compile(
    r"password|secret|token|authorization|cookie|signature|api_?key|totp|otp|recovery|verifier|credential"
)
_BY_NAME: dict[str, str] = {
    **dict.fromkeys(("email", "emails", "contactemails", "notifyemails", "recipient", "sender"), "email"),
    **dict.fromkeys(("phone", "telephone", "mobile", "phonenumber"), "phone"),
    **dict.fromkeys(("iban", "accountnumber"), "iban"),
    **dict.fromkeys(("firstname", "lastname", "fullname", "customername", "signername", "contactname"), "name"),
    **dict.fromkeys(("street", "addressline", "address1", "address2"), "street"),
    **dict.fromkeys(("housenumber", "addition"), "house_number"),
    **dict.fromkeys(("notes", "note", "comment", "remarks", "reason", "text", "body", "html"), "text"),
    **dict.fromkeys(("birthdate", "dateofbirth"), "date"),
    **dict.fromkeys(("bsn", "serialnumber", "customeraccount", "latitude", "longitude", "ipaddress"), "number"),
}
_NAMED_THINGS = frozenset({"customer", "contact", "person", "endcustomer", "signer", "user", "party"})
"""Below these, `name` is a person's."""
_EMAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b")
_PHONE = re.compile(r"(?<![\w/-])(?:\+\d{2}|00\d{2}|0)(?:[ -]?\(?\d\)?){8,10}(?![\w-])")
_TOKEN = re.compile(
    r"\b(?:cck|ccsig|whsec|ccp|cct)_[A-Za-z0-9+/=_-]{8,}|\beyJ[\w-]{8,}\.[\w-]+\.[\w-]+|(?i:\bbearer )\S+"
)
_FORMS = ((_TOKEN, "secret"), (_EMAIL, "email"), (_IBAN, "iban"), (_PHONE, "phone"))
_MAY_HOLD = re.compile(r"[@_]|\d{3}|eyJ|(?i:bearer)")
"""What every one of the forms has something of: most texts are looked at once."""
_LITERALS = re.compile(r'"""(?:\\"""|(?!""").)*"""|"(?:\\.|[^"\\\n])*"', re.DOTALL)


def mark(what: str) -> str:
    """What stands for something that was taken out."""
    return f"[redacted: {what}]"


def redacted(body: bytes, most: int) -> tuple[str | None, Any]:
    """The text to keep, at most so many characters, and the redacted JSON where the body is some."""
    if not body:
        return None, None
    parsed = _parsed(body)
    if parsed is None:
        return _clean(by_form(body[: most * 4].decode("utf-8", "replace")), most), None
    tree = _walked(parsed, False, 0)
    return _clean(orjson.dumps(tree).decode(), most), tree


def by_form(words: str) -> str:
    """A text without what looks like a secret, an address for mail, a bank account or a telephone number."""
    if not _MAY_HOLD.search(words):
        return words
    for form, what in _FORMS:
        words = form.sub(mark(what), words)
    return words


def document(query: str) -> str:
    """A GraphQL document without its literals of text; the words of a person stand in variables or in these."""
    return _LITERALS.sub('"…"', query)


def _parsed(body: bytes) -> Any:
    if len(body) > MOST_PARSED or body[:1] not in (b"{", b"["):
        return None
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None


def _walked(value: Any, of_somebody: bool, depth: int) -> Any:
    if depth > _DEEPEST:
        return mark("text")
    match value:
        case dict():
            return {name: _field(name, each, of_somebody, depth) for name, each in value.items()}
        case list():
            return [_walked(each, of_somebody, depth + 1) for each in value]
        case str():
            return by_form(value)
        case _:
            return value


def _field(name: str, value: Any, of_somebody: bool, depth: int) -> Any:
    plain = name.replace("_", "").replace("-", "").lower()
    if isinstance(value, dict | list):
        return _walked(value, of_somebody or plain in _NAMED_THINGS, depth + 1)
    if value is None or value == "" or isinstance(value, bool):
        return value
    if _SECRET.search(name.lower()):
        return mark("secret")
    if plain == "query" and isinstance(value, str):
        return document(by_form(value))
    what = "name" if plain == "name" and of_somebody else _BY_NAME.get(plain)
    return mark(what) if what else _walked(value, of_somebody, depth + 1)


def _clean(words: str, most: int) -> str:
    """Text that PostgreSQL holds."""
    return words[:most].replace("\0", "\N{REPLACEMENT CHARACTER}")


_HEADERS = (b"content-type", b"user-agent", b"idempotency-key", b"chargecars-timestamp", b"accept", b"if-none-match")


def headers(given: Mapping[bytes, bytes]) -> dict[str, str]:
    """The few headers that help to find a fault; of a signature only that there was one."""
    kept = {name.decode(): by_form(given[name].decode("latin-1")[:200]) for name in _HEADERS if name in given}
    return kept | ({"chargecars-signature": mark("secret")} if b"chargecars-signature" in given else {})


def codes(answer: Any) -> list[str]:
    """The codes of the errors in an answer: of HTTP endpoints, of GraphQL, of payloads of mutations; at most 20."""
    found: dict[str, None] = {}
    if isinstance(answer, dict):
        single = answer.get("error")
        several = answer.get("errors")
        for error in [single, *(several if isinstance(several, list) else [])]:
            _note(found, error)
        for payload in (answer.get("data") or {}).values() if isinstance(answer.get("data"), dict) else ():
            for error in (payload.get("userErrors") or []) if isinstance(payload, dict) else ():
                _note(found, error)
    return list(found)[:20]


def _note(found: dict[str, None], error: Any) -> None:
    if isinstance(error, dict):
        extensions = error.get("extensions")
        code = error.get("code") or (extensions.get("code") if isinstance(extensions, dict) else None)
        if isinstance(code, str):
            found[code[:100]] = None
