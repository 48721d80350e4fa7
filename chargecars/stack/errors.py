"""What can go wrong before the platform runs, as one line for a person."""

import errno

_REASONS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EACCES: "no permission",
    errno.EPERM: "no permission",
    errno.EROFS: "the file system is read-only",
}
_SIGNS = {
    "No space left on device": "the disk is full",
    "Check free disk space": "the disk is full",
    "Disk quota exceeded": "the disk quota is used up",
    "could not create shared memory segment": "not enough shared memory",
    "could not resize shared memory": "not enough shared memory",
    "Permission denied": "no permission",
}


class StackError(Exception):
    """One clear line: what is wrong, where, and what to do about it; `detail` is the end of a log."""

    def __init__(self, message: str, detail: str = "") -> None:
        super().__init__(message)
        self.detail = detail


def explain(error: OSError) -> str:
    """An operating system error in one line, with its path."""
    reason = _REASONS.get(error.errno or 0) or (error.strerror or str(error)).lower()
    return f"{error.filename}: {reason}" if error.filename else reason[:1].upper() + reason[1:]


def not_started(program: str, log: str) -> StackError:
    """Why a program did not start, from the end of its log, which is shown where the reason is not a known one."""
    reason = next((text for sign, text in _SIGNS.items() if sign in log), "")
    message = f"{program} could not start"
    return StackError(f"{message}: {reason}") if reason else StackError(message, log)
