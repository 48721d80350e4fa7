"""Cursors of the event log: a position, encrypted so that nobody can count events, invent a cursor or go back further.

One AES block over a mark and the position: a cursor that was changed decrypts to another mark. The same position
always has the same cursor.
"""

import base64
import hashlib
import hmac
from functools import lru_cache

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

from tenants.secrets import with_secrets
from tenants.settings import settings

_MARK = b"position"
_LENGTH = 22
_HIGHEST = 2**63 - 1


class BadCursor(ValueError):
    """The text is not a cursor of this installation's event log."""


def cursor_of(position: int) -> str:
    """The cursor of a position; 0 is before all events."""
    block = _cipher().encryptor().update(_MARK + position.to_bytes(8))
    return base64.urlsafe_b64encode(block).rstrip(b"=").decode()


def position_of(cursor: str) -> int:
    """The position of a cursor. Raises: BadCursor."""
    block = _cipher().decryptor().update(_decoded(cursor))
    position = int.from_bytes(block[8:])
    if not hmac.compare_digest(block[:8], _MARK) or position > _HIGHEST or cursor_of(position) != cursor:
        raise BadCursor("this is not a cursor of the event log")
    return position


def _decoded(cursor: str) -> bytes:
    if len(cursor) != _LENGTH or not cursor.isascii():
        raise BadCursor("this is not a cursor of the event log")
    try:
        return base64.b64decode(cursor + "==", altchars=b"-_", validate=True)
    except ValueError as error:
        raise BadCursor("this is not a cursor of the event log") from error


@lru_cache
def _cipher() -> Cipher[ECB]:
    secret = with_secrets(settings()).secret_key.get_secret_value()
    key = hmac.new(secret.encode(), b"event cursors", hashlib.sha256).digest()[:16]
    return Cipher(AES(key), ECB())  # noqa: S305  # a single block, which holds its own mark
