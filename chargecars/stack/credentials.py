"""Generated secrets of an installation that was given none: `secrets.json` in the data directory, closed to others."""

from dataclasses import dataclass
from pathlib import Path

from chargecars.stack.errors import StackError
from tenants.secrets import FILE, kept


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
    try:
        return Credentials(**kept(data_dir))
    except (ValueError, TypeError) as error:
        raise StackError(f"{data_dir / FILE} is damaged: restore it, or remove {data_dir} to start anew") from error
