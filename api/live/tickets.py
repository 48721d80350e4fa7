"""Tickets for event streams: an EventSource cannot send headers, and a token does not belong into an address.

A ticket is sealed with the installation's key. It opens one operation at one portal, again and again so that an
EventSource can reconnect by itself, until it expires, which is never later than the login that asked for it; and the
login is looked up anew at every use.
"""

import base64
import binascii
import hashlib
import time

import orjson

from api.requests import Operation
from tenants.auth.errors import Unauthenticated
from tenants.auth.sealing import CannotUnseal, seal, unseal
from tenants.settings import Settings

_PURPOSE = "stream ticket"
_LONGEST = 8_192


def issue(
    settings: Settings, bearer: str, host: str, operation: Operation, expires_at: float | None
) -> dict[str, str | int]:
    """`{"ticket", "expiresIn"}`: for this operation only; `expires_at` is that of the bearer."""
    until = min(time.time() + settings.stream_ticket_seconds, expires_at or float("inf"))
    plain = orjson.dumps({"bearer": bearer, "until": until})
    sealed = seal(settings, _PURPOSE, _context(host, operation), plain)
    return {
        "ticket": base64.urlsafe_b64encode(sealed).rstrip(b"=").decode(),
        "expiresIn": max(0, int(until - time.time())),
    }


def bearer_in(settings: Settings, ticket: str, host: str, operation: Operation) -> str:
    """The bearer behind a ticket. Raises: Unauthenticated where it is none, of something else, or too old."""
    if len(ticket) > _LONGEST:
        raise Unauthenticated("TICKET_INVALID", "The ticket is not valid.")
    try:
        sealed = base64.urlsafe_b64decode(ticket + "=" * (-len(ticket) % 4))
        found = orjson.loads(unseal(settings, _PURPOSE, _context(host, operation), sealed))
    except (CannotUnseal, binascii.Error, ValueError):
        raise Unauthenticated("TICKET_INVALID", "The ticket is not valid for this operation.") from None
    if found["until"] <= time.time():
        raise Unauthenticated("TICKET_EXPIRED", "The ticket has expired.")
    return str(found["bearer"])


def _context(host: str, operation: Operation) -> str:
    """What a ticket is bound to."""
    parts = [host, operation.query, operation.name, operation.variables or {}, operation.document_hash]
    return hashlib.sha256(orjson.dumps(parts, option=orjson.OPT_SORT_KEYS)).hexdigest()
