"""The keys of an installation that was given none: made once, kept in the data directory, closed to others.

The embedded stack keeps the passwords of its servers in the same file.
"""

import contextlib
import json
import os
import secrets
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pydantic import SecretStr

from tenants.settings import Settings

FILE = "secrets.json"
SERVERS = ("postgres", "owner", "valkey")
_KEYS = ("secret_key", "signing_key")


def with_secrets(settings: Settings) -> Settings:
    """The settings with both keys set, so that logins outlive a restart. In production they have to be given."""
    missing = [name for name in _KEYS if not getattr(settings, name).get_secret_value()]
    if settings.production or not missing:
        return settings
    kept = _kept(settings.data_dir / FILE)
    return settings.model_copy(update={name: SecretStr(kept[name]) for name in missing})


def is_generated(settings: Settings, name: str) -> bool:
    """Whether a key is one that was made here and not given by an administrator."""
    path = settings.data_dir / FILE
    if not path.exists():
        return False
    kept = json.loads(path.read_text()).get(name)
    return bool(kept) and getattr(settings, name).get_secret_value().strip() == str(kept).strip()


def kept(data_dir: Path) -> dict[str, str]:
    """The passwords of the embedded servers and the two keys; ValueError where the file is damaged."""
    found = _kept(data_dir / FILE)
    if not {*SERVERS, *_KEYS} <= found.keys():
        raise ValueError(f"{data_dir / FILE} lacks a key")
    return found


def _kept(path: Path) -> dict[str, Any]:
    """Read the file; the first call makes it, and of two first calls at once one wins for both."""
    if not path.exists():
        _make(path)
    return dict(json.loads(path.read_text()))


def _make(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{FILE}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(_generate(), file, indent=1)
    with contextlib.suppress(FileExistsError):
        os.link(draft, path)
    draft.unlink()


def _generate() -> dict[str, str]:
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return {name: secrets.token_hex(24) for name in (*SERVERS, "secret_key")} | {"signing_key": pem}
