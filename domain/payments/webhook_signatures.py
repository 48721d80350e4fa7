"""Stripe's webhook signatures: https://docs.stripe.com/webhooks#verify-manually

`Stripe-Signature: t=<seconds>,v1=<hex>[,v1=…]`, each v1 an HMAC-SHA-256 over `<t>.<body>` under one of the secrets.
"""

import hashlib
import hmac
from collections.abc import Sequence

TOLERANCE_SECONDS = 300
_LONGEST_HEADER = 2_000


def holds(header: str, body: bytes, secrets: Sequence[str], now: float) -> bool:
    """Whether any signature is of any of the secrets, and made within five minutes of `now`."""
    parts = [part.strip().partition("=") for part in header[:_LONGEST_HEADER].split(",")]
    stamps = [value for name, _, value in parts if name == "t"]
    given = [value for name, _, value in parts if name == "v1"]
    if len(stamps) != 1 or not (stamps[0].isascii() and stamps[0].isdigit()) or len(stamps[0]) > 12:
        return False
    if abs(now - int(stamps[0])) > TOLERANCE_SECONDS:
        return False
    wanted = [signature(secret, stamps[0], body) for secret in secrets]
    return any([hmac.compare_digest(one.encode(), other.encode()) for one in wanted for other in given])


def signature(secret: str, stamp: str, body: bytes) -> str:
    """The v1 signature of a body at a time."""
    return hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
