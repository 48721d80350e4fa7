"""Relay global ids: base64("Kind:uuid")."""

import base64
import binascii
import re
from uuid import UUID

from api.reading.errors import BadInput

_ID = re.compile(r"([A-Za-z][A-Za-z0-9]{0,63}):([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})")
_MAX_LENGTH = 200


def global_id(kind: str, key: UUID) -> str:
    """The id of row `key` of `kind` as clients see it."""
    return base64.b64encode(f"{kind}:{key}".encode()).decode()


def parse_id(value: str, argument: str) -> tuple[str, UUID]:
    """Kind and key of a global id; `argument` is named in the error (BAD_ID)."""
    match = _ID.fullmatch(_decoded(value))
    if match is None:
        raise BadInput("BAD_ID", argument, "this is not an id.")
    return match[1], UUID(match[2])


def parse_id_of(kinds: frozenset[str], value: str, argument: str) -> UUID:
    """The key of an id of one of `kinds` ("*": of any); one of another kind is BAD_ID too, whether or not it exists."""
    kind, key = parse_id(value, argument)
    if kind not in kinds and "*" not in kinds:
        raise BadInput("BAD_ID", argument, f"this is the id of a {kind}, not of a {' or '.join(sorted(kinds))}.")
    return key


def _decoded(value: str) -> str:
    if len(value) > _MAX_LENGTH:
        return ""
    try:
        return base64.b64decode(value, validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        return ""
