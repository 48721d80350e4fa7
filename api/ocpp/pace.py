"""How fast something may go: a bucket of turns that fills again."""

import time


class Pace:
    """So many turns per second, and `burst` of them at once."""

    __slots__ = ("_burst", "_left", "_rate", "_since")

    def __init__(self, rate: float, burst: float) -> None:
        self._rate = rate
        self._burst = self._left = burst
        self._since = time.monotonic()

    def take(self) -> float:
        """Take a turn: the seconds to wait for it, 0 when it is there."""
        now = time.monotonic()
        self._left = min(self._burst, self._left + (now - self._since) * self._rate)
        self._since = now
        self._left -= 1
        return max(0.0, -self._left / self._rate)
