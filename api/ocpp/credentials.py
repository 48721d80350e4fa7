"""HTTP Basic authentication of the protocol's security profiles 1 and 2."""

import base64
import binascii
import re

IDENTITY = re.compile(r"[A-Za-z0-9._-]{3,48}")
_LONGEST = 512


def basic(header: bytes | None) -> tuple[str, bytes] | None:
    """User and password of an `Authorization` header; None where it has none that can be read.

    The password is bytes: it is text, or the key's own 20 bytes, which may hold anything.
    """
    if header is None or len(header) > _LONGEST:
        return None
    scheme, _, given = header.strip().partition(b" ")
    if scheme.lower() != b"basic":
        return None
    try:
        user, colon, password = base64.b64decode(given.strip(), validate=True).partition(b":")
        return (user.decode("ascii"), password) if colon else None
    except (binascii.Error, UnicodeDecodeError):
        return None
