"""The form of an API key: `cck_<prefix>_<secret>`. The prefix finds it, the secret proves it."""

import re
import secrets
from dataclasses import dataclass

from tenants.auth.errors import Unauthenticated
from tenants.auth.sealing import fingerprint

_MARK = "cck_"
_FORM = re.compile(r"cck_([0-9a-f]{16})_([0-9a-f]{64})")


@dataclass(frozen=True)
class NewKey:
    """A key at the one moment its secret is known."""

    prefix: str
    secret_hash: str
    shown_once: str


def generate() -> NewKey:
    """A key with 256 random bits."""
    prefix, secret = secrets.token_hex(8), secrets.token_hex(32)
    return NewKey(prefix, fingerprint(secret), f"{_MARK}{prefix}_{secret}")


def looks_like_one(bearer: str) -> bool:
    """Whether a bearer credential is meant as an API key."""
    return bearer.startswith(_MARK)


def split(bearer: str) -> tuple[str, str]:
    """Prefix and secret; KEY_INVALID where the form is wrong."""
    match = _FORM.fullmatch(bearer)
    if match is None:
        raise Unauthenticated("KEY_INVALID", "The API key is not valid.")
    return match.group(1), match.group(2)
