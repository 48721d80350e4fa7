"""The fleet's time: it begins in the past and, faster than ours, reaches ours when the run is over."""

import time
from datetime import UTC, datetime, timedelta


class FleetClock:
    """`seconds` of our time in which `seconds * speed` pass for the fleet; its end is our present."""

    def __init__(self, seconds: float, speed: float = 1.0) -> None:
        self.speed = speed
        self._seconds = seconds
        self._begun = time.monotonic()
        self._first = datetime.now(UTC) - timedelta(seconds=seconds * (speed - 1))

    def now(self) -> datetime:
        """Never after our own."""
        passed = min(time.monotonic() - self._begun, self._seconds)
        return self._first + timedelta(seconds=passed * self.speed)

    @property
    def over(self) -> bool:
        return time.monotonic() - self._begun >= self._seconds

    def ours(self, seconds: float) -> float:
        """How many of our seconds so many of the fleet's take."""
        return seconds / self.speed
