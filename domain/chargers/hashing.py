"""Secrets of devices: 20 random bytes, written as 40 hexadecimal digits, kept as Mosquitto keeps passwords.

That length fits OCPP 1.6's AuthorizationKey and OCPP 2.0.1's BasicAuthPassword. With 160 random bits nobody guesses
one, so the hash is made of few iterations: it is computed at each connection.
"""

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass

ITERATIONS = 101
"""Mosquitto's own default."""
_SALT_BYTES = 12
_HASH_BYTES = 64
SECRET_BYTES = 20


@dataclass(frozen=True, slots=True)
class Hashed:
    salt: bytes
    hash: bytes
    iterations: int


def new_secret() -> str:
    """40 lower-case hexadecimal digits."""
    return secrets.token_hex(SECRET_BYTES)


def hashed(secret: str) -> Hashed:
    salt = secrets.token_bytes(_SALT_BYTES)
    return Hashed(salt, _derive(secret.encode(), salt, ITERATIONS), ITERATIONS)


def holds(kept: Hashed, given: bytes) -> bool:
    """Whether what a device sent, the text or the 20 bytes that it stands for, is the secret."""
    return hmac.compare_digest(kept.hash, _derive(_text(given), kept.salt, kept.iterations))


def waste(given: bytes) -> None:
    """What `holds` costs, for an identity that nobody has."""
    _derive(_text(given), bytes(_SALT_BYTES), ITERATIONS)


def mosquitto(kept: Hashed) -> str:
    """The form of Mosquitto's password files: `$7$iterations$salt$hash`."""
    salt, digest = (base64.b64encode(part).decode() for part in (kept.salt, kept.hash))
    return f"$7${kept.iterations}${salt}${digest}"


def _text(given: bytes) -> bytes:
    return given.hex().encode() if len(given) == SECRET_BYTES else given[: 4 * SECRET_BYTES].lower()


def _derive(secret: bytes, salt: bytes, iterations: int) -> bytes:
    return hashlib.pbkdf2_hmac("sha512", secret, salt, iterations, _HASH_BYTES)
