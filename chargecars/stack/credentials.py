"""Generated secrets of an installation that was given none: `secrets.json` in the data directory, closed to others."""

import contextlib
import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from chargecars.stack.errors import StackError
from chargecars.stack.files import write_atomically


@dataclass(frozen=True)
class Credentials:
    """Passwords of the embedded servers, and the two keys that a development set-up needs."""

    postgres: str
    owner: str
    valkey: str
    secret_key: str
    signing_key: str


def credentials(data_dir: Path) -> Credentials:
    """Read them; the first call makes them, and of two first calls at once one wins for both."""
    path = data_dir / "secrets.json"
    if not path.exists():
        _make(path)
    try:
        return Credentials(**json.loads(path.read_text()))
    except (ValueError, TypeError) as error:
        raise StackError(f"{path} is damaged: restore it, or remove {data_dir} to start anew") from error


def _make(path: Path) -> None:
    draft = path.with_name(f"secrets.{os.getpid()}.json")
    write_atomically(draft, json.dumps(asdict(_generate()), indent=1))
    with contextlib.suppress(FileExistsError):
        os.link(draft, path)
    draft.unlink()


def _generate() -> Credentials:
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return Credentials(_token(), _token(), _token(), _token(), pem)


def _token() -> str:
    return secrets.token_hex(24)
