"""Secrets at rest: encrypted where they must be read again, hashed where they are only compared."""

import hashlib
import hmac
import secrets
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tenants.settings import Settings

_VERSION = b"\x01"
_NONCE_BYTES = 12


class CannotUnseal(Exception):
    """The value was sealed with another secret key, for another row, or was changed."""


def seal(settings: Settings, purpose: str, context: str, plain: bytes) -> bytes:
    """AES-256-GCM under a key derived from the secret key for `purpose`, bound to `context` (the row it belongs to)."""
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return _VERSION + nonce + _cipher(settings, purpose).encrypt(nonce, plain, context.encode())


def unseal(settings: Settings, purpose: str, context: str, sealed: bytes) -> bytes:
    """What `seal` was given, or CannotUnseal."""
    nonce, body = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
    try:
        return _cipher(settings, purpose).decrypt(nonce, body, context.encode())
    except (InvalidTag, ValueError) as error:
        raise CannotUnseal(purpose) from error


def random_secret(size: int = 32) -> str:
    """`size` random bytes in URL-safe text."""
    return secrets.token_urlsafe(size)


def fingerprint(secret: str) -> str:
    """SHA-256 of a secret of high entropy; what people choose goes through Argon2 instead."""
    return hashlib.sha256(secret.encode()).hexdigest()


def peppered(settings: Settings, purpose: str, *parts: str) -> str:
    """HMAC-SHA-256 of something that can be guessed (a code of eight digits): of no use to who has only the table."""
    key = _derive(settings.secret_key.get_secret_value(), purpose)
    return hmac.new(key, "\0".join(parts).encode(), hashlib.sha256).hexdigest()


def _cipher(settings: Settings, purpose: str) -> AESGCM:
    return AESGCM(_derive(settings.secret_key.get_secret_value(), purpose))


@lru_cache(maxsize=32)
def _derive(secret_key: str, purpose: str) -> bytes:
    """RFC 5869."""
    if not secret_key:
        raise RuntimeError("SECRET_KEY is not set; secrets cannot be kept without it")
    info = f"chargecars at rest: {purpose}".encode()
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(secret_key.encode())
