"""Run in a fresh child as a script: become the server's user, die with the parent, then turn into the program.

Arguments: parent pid, uid (-1 keeps it), gid, the signal for the parent's death, then the program and its arguments.
Only the standard library: it runs before anything else is set up.
"""

import ctypes
import os
import sys

_PR_SET_PDEATHSIG = 1


def become(uid: int, gid: int) -> None:
    """Drop root for good, supplementary groups first."""
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)


def die_with(parent: int, signal: int) -> None:
    """Ask the kernel for a signal when the parent ends; leave at once when it already has."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit(1)


def main(parent: str, uid: str, gid: str, signal: str, *program: str) -> None:
    """The kernel clears the death signal on setuid, hence the order."""
    if int(uid) >= 0:
        become(int(uid), int(gid))
        os.umask(0o077)
    die_with(int(parent), int(signal))
    os.execv(program[0], program)  # noqa: S606  # the whole purpose


if __name__ == "__main__":
    main(*sys.argv[1:])
