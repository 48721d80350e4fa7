"""A private directory for Unix sockets whose path is short enough for the kernel (108 bytes, with a margin)."""

import contextlib
import os
import shutil
import tempfile
from pathlib import Path

from chargecars.stack.account import Account
from chargecars.stack.files import make_private, write_atomically

_LONGEST = 100
_LONGEST_NAME = ".s.PGSQL.5432.lock"


def find_socket_directory(home: Path) -> Path:
    """Where the sockets of a prepared home are."""
    pointer = home / "sockets"
    return Path(pointer.read_text()) if pointer.is_file() else home / "run"


def make_socket_directory(home: Path, account: Account) -> Path:
    """`run` in the home, or a private directory under the temporary one that the file `sockets` names."""
    directory = home / "run"
    if len(os.fsencode(directory / _LONGEST_NAME)) < _LONGEST:
        (home / "sockets").unlink(missing_ok=True)
        return make_private(directory, account.uid, account.gid)
    directory = find_socket_directory(home)
    if not _ours(directory, account):
        directory = Path(tempfile.mkdtemp(prefix="chargecars-"))
        write_atomically(home / "sockets", str(directory))
    return make_private(directory, account.uid, account.gid)


def remove_socket_directory(home: Path) -> None:
    """After a clean stop nothing stays in the temporary directory."""
    if (home / "sockets").is_file():
        with contextlib.suppress(OSError):
            shutil.rmtree(find_socket_directory(home))
            (home / "sockets").unlink()


def _ours(directory: Path, account: Account) -> bool:
    """Anyone may make names in the temporary directory: take only a real directory of our own, closed to others."""
    with contextlib.suppress(FileNotFoundError):
        status = directory.lstat()
        owner = account.uid if account.lent else os.geteuid()
        return (
            directory.is_dir() and not directory.is_symlink() and status.st_uid == owner and not status.st_mode & 0o077
        )
    return False
