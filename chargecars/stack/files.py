"""Private directories, locks with the holder's name, and logs."""

import contextlib
import errno
import fcntl
import os
import sys
import tempfile
from pathlib import Path

_LOG_BYTES = 20_000_000


def inherit_owner(path: Path) -> None:
    """What root makes inside a user's directory stays the user's, who may come back without root."""
    if os.geteuid() == 0:
        above = path.parent.stat()
        os.chown(path, above.st_uid, above.st_gid)


def make_private(directory: Path, uid: int = -1, gid: int = -1, mode: int = 0o700) -> Path:
    """The directory, made when missing, owned by `uid` and closed to everyone else."""
    if not directory.is_dir():
        directory.mkdir(parents=True, exist_ok=True)
        inherit_owner(directory)
    if uid >= 0 and directory.stat().st_uid != uid:
        os.chown(directory, uid, gid)
    if directory.stat().st_mode & 0o777 != mode:
        directory.chmod(mode)
    return directory


def make_data_dir(directory: Path) -> Path:
    """`.data`: others may pass through to what is theirs (the servers' user under root), never list it."""
    if not directory.is_dir():
        make_private(directory, mode=0o711)
    with tempfile.TemporaryFile(dir=directory):
        return directory


def write_atomically(path: Path, text: str) -> None:
    """A file only the owner of its directory can read, whole or not there."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        inherit_owner(Path(temporary))
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise


def sync_directory(directory: Path) -> None:
    """Make a rename inside the directory survive a power cut."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class Lock:
    """A lock that the kernel releases when its holder dies; the file says who holds it and how far it is."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._handle: int | None = None

    def acquire(self) -> bool:
        """Take it without waiting; False when another process holds it."""
        handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            return False
        self._handle = handle
        inherit_owner(self.path)
        self.note("starting")
        return True

    def note(self, state: str) -> None:
        """Write pid, state and command for whoever finds the lock taken."""
        assert self._handle is not None
        command = " ".join([Path(sys.argv[0]).name, *sys.argv[1:]])[:200].replace("\n", " ")
        os.pwrite(self._handle, f"{os.getpid()}\n{state}\n{command}\n".ljust(300).encode(), 0)

    def holder(self) -> tuple[int, str, str]:
        """Pid, state and command of the living process that holds it; (0, '', '') while it has not written them."""
        lines = [line.strip() for line in self.path.read_text().splitlines()] if self.path.exists() else []
        known = len(lines) >= 3 and lines[0].isdigit() and _alive(int(lines[0]))
        return (int(lines[0]), lines[1], lines[2]) if known else (0, "", "")

    @property
    def held(self) -> bool:
        return self._handle is not None

    def release(self) -> None:
        """Let go; the file stays, it is the lock's place."""
        if self._handle is not None:
            self.note("released")
            os.close(self._handle)
            self._handle = None


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError as error:
        return error.errno == errno.EPERM
    return True


def open_log(path: Path) -> int:
    """A descriptor that appends to a private log; a long log of earlier runs is set aside once."""
    make_private(path.parent)
    if path.exists() and path.stat().st_size > _LOG_BYTES:
        path.replace(path.with_suffix(".old.log"))
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    inherit_owner(path)
    return handle


def tail(path: Path, start: int = 0, lines: int = 20) -> str:
    """The last lines of a log from byte `start` on."""
    if not path.exists():
        return ""
    with path.open("rb") as file:
        file.seek(max(start, path.stat().st_size - 16_384))
        return "\n".join(file.read().decode(errors="replace").splitlines()[-lines:])
