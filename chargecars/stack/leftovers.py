"""Servers that outlived a killed parent, known by their working directory: both work in their data directory."""

import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

_PATIENCE_SECONDS = 1.0
_PROC = Path("/proc")
SEEN = sys.platform == "linux" and (_PROC / "self" / "cwd").exists()
"""Whether other processes can be looked at here; elsewhere the servers' own lock files must do."""


def find(directory: Path, program: str) -> set[int]:
    """Pids of `program` that work in `directory`."""
    if not directory.exists():
        return set()
    home = directory.stat()
    return {pid for pid in _pids() if _works_in(pid, home, program)}


def stop(directory: Path, program: str, leader: int | None, signals: Sequence[signal.Signals]) -> bool:
    """End what still works there: the leader is asked by each signal in turn, then all are killed.

    Without a leader its orphans get a moment to notice. Returns whether there was anything.
    """
    if not (found := find(directory, program)):
        return False
    for number in signals:
        _send((pid for pid in found if pid == leader), number)
        if _gone(directory, program):
            return True
    _send(find(directory, program), signal.SIGKILL)
    _gone(directory, program)
    return True


def _pids() -> list[int]:
    return [int(entry) for entry in os.listdir(_PROC) if entry.isdigit()] if SEEN else []


def _works_in(pid: int, home: os.stat_result, program: str) -> bool:
    """Compare by inode: the directory may be known by another path; exe of a replaced wheel reads `… (deleted)`."""
    try:
        executable = Path(os.readlink(f"/proc/{pid}/exe").removesuffix(" (deleted)")).name
        place = os.stat(f"/proc/{pid}/cwd")
    except OSError:
        return False
    return executable == program and (place.st_dev, place.st_ino) == (home.st_dev, home.st_ino)


def _send(pids: Iterable[int], number: signal.Signals) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def _gone(directory: Path, program: str) -> bool:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while find(directory, program):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
