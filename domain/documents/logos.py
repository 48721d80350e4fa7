"""Logos that lie on this machine: `logos/<host of the brand>.svg` or `.png` in the data directory."""

import re
from pathlib import Path

from domain.documents.printable import Logo, LogoFormat

FOLDER = "logos"
LARGEST = 256 * 1024
_HOST = re.compile(r"[a-z0-9][a-z0-9.-]{0,252}")


def logo_of(data_dir: Path, host: str) -> Logo | None:
    """The brand's logo; None where there is none, or one too large for a letterhead. Nothing is fetched."""
    if not _HOST.fullmatch(host) or ".." in host:
        return None
    for format in LogoFormat:
        path = data_dir / FOLDER / f"{host}.{format.value}"
        if path.is_file() and 0 < path.stat().st_size <= LARGEST:
            return Logo(format, path.read_bytes())
    return None
