"""The time, in one place so that a test can move it."""

import time
from datetime import UTC, datetime


def now() -> datetime:
    """The present moment in UTC."""
    return datetime.now(UTC)


def ticks() -> float:
    """Seconds of a clock that never goes back, for the age of what is kept in memory."""
    return time.monotonic()
