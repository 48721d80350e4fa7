"""What can go wrong before the platform runs, as one line for a person."""

import errno

_REASONS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EACCES: "no permission",
    errno.EPERM: "no permission",
    errno.EROFS: "the file system is read-only",
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


def explain_log(program: str, log: str) -> str:
    """The reason a program gave in its log, in one line where it is a known one."""
    if "No space left on device" in log or "Disk quota exceeded" in log:
        return f"{program} could not start: the disk is full"
    if "could not create shared memory segment" in log or "could not resize shared memory" in log:
        return f"{program} could not start: not enough shared memory"
    if "Permission denied" in log:
        return f"{program} could not start: no permission"
    return f"{program} could not start"
