"""Addresses that stand for one row and cannot be guessed: the id and a keyed digest of it. Nothing is kept of them."""

import hmac
from uuid import UUID

from tenants.auth.sealing import peppered
from tenants.settings import Settings

LINK = "payment link"
WEBHOOK = "payment webhook"
_ID_LENGTH = 32
_DIGEST_LENGTH = 32
"""128 bits."""


def token(settings: Settings, purpose: str, id: UUID) -> str:
    """64 hexadecimal digits."""
    return id.hex + peppered(settings, purpose, str(id))[:_DIGEST_LENGTH]


def opened(settings: Settings, purpose: str, given: str) -> UUID | None:
    """The id behind a token of this purpose; None for anything else."""
    try:
        id = UUID(hex=given[:_ID_LENGTH])
    except ValueError:
        return None
    return id if hmac.compare_digest(given.encode(), token(settings, purpose, id).encode()) else None
