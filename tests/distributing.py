"""Which tests run in one process: those of a file, which share its fixtures, or of a directory that shares a database.

pytest 9 gives tests ids that xdist 3.8 cannot put its groups into, so that its `loadgroup` groups nothing.
"""

from xdist.scheduler.loadscope import LoadScopeScheduling

_SHARE = ("tests/tenancy/", "tests/bench/", "tests/chargecars/demo/")
"""A world each, or the machine. The longest are first, so that neither process is left with one at the end."""
_LONG = (*_SHARE, "tests/chargecars/", "tests/protocol/", "tests/api/", "tests/workers/")


class Distribution(LoadScopeScheduling):
    """Gives each process one file or directory after the other."""

    def _split_scope(self, nodeid: str) -> str:
        return next((each for each in _SHARE if nodeid.startswith(each)), nodeid.partition("::")[0])


def rank(nodeid: str) -> int:
    """Place in the order of tests; those that are equal stay in theirs."""
    return next((place for place, each in enumerate(_LONG) if nodeid.startswith(each)), len(_LONG))
