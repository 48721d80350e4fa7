"""How fast something may go: a bucket of turns that fills again."""

import time
from collections import OrderedDict


class Pace:
    """So many turns per second, and `burst` of them at once."""

    __slots__ = ("_burst", "_left", "_rate", "_since")

    def __init__(self, rate: float, burst: float) -> None:
        self._rate = rate
        self._burst = self._left = burst
        self._since = time.monotonic()

    def take(self) -> float:
        """Take a turn: the seconds to wait for it, 0 when it is there."""
        self._refill()
        self._left -= 1
        return max(0.0, -self._left / self._rate)

    def exhausted(self) -> bool:
        """Whether the next turn is not there yet."""
        self._refill()
        return self._left < 1

    def _refill(self) -> None:
        now = time.monotonic()
        self._left = min(self._burst, self._left + (now - self._since) * self._rate)
        self._since = now


class Paces:
    """One for each of those that are known by a name; whoever was quiet for longest is forgotten beyond `most`."""

    def __init__(self, rate: float, burst: float, most: int) -> None:
        self._rate = rate
        self._burst = burst
        self._most = most
        self._paces: OrderedDict[str, Pace] = OrderedDict()

    def take(self, name: str) -> None:
        """Count something that a name has done."""
        self._paces.setdefault(name, Pace(self._rate, self._burst)).take()
        self._paces.move_to_end(name)
        if len(self._paces) > self._most:
            self._paces.popitem(last=False)

    def exhausted(self, name: str) -> bool:
        """Whether it has done more than it may for now."""
        pace = self._paces.get(name)
        return pace is not None and pace.exhausted()
