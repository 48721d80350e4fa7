"""What an error code means, in words: of the domain's registry, else of the requests' own table."""

from string import Formatter
from typing import Any

from api.openapi.request_codes import REQUEST_CODES
from domain.errors import registry


def words_of(code: str, language: str) -> str:
    """The message of a code in `nl` or `en`, its placeholders named; empty for a code that nobody states."""
    own = REQUEST_CODES.get(code)
    if own is not None:
        return own.nl if language == "nl" else own.en
    error = registry().get(code)
    if error is None:
        return ""
    return _shown(error.nl if language == "nl" else error.en)


def example_of(code: str, form: str) -> dict[str, Any]:
    """A refusal with this code, as it is sent."""
    if form == "errors":
        return {"errors": [{"code": code, "field": "$", "message": words_of(code, "en")}], "request_id": "6f1c9a2e"}
    return {"error": {"message": words_of(code, "en"), "code": code}}


def _shown(template: str) -> str:
    """`At least {minimum} characters.` → `At least … characters.`"""
    return "".join(text + ("…" if name else "") for text, name, _, _ in Formatter().parse(template))
