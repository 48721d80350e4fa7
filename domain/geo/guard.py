"""Protection of an outside service, and of ourselves against it: a rate limit and a circuit breaker.

Both live in one process: each process keeps its own share of the rate and finds out by itself that the service is down.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

Clock = Callable[[], float]


@dataclass
class TokenBucket:
    """At most `burst` calls at once and `per_second` in the long run; one too many is refused, not delayed."""

    per_second: float
    burst: int
    clock: Clock = time.monotonic
    _tokens: float = field(init=False)
    _at: float = field(init=False)

    def __post_init__(self) -> None:
        self._tokens, self._at = float(self.burst), self.clock()

    def take(self) -> bool:
        now = self.clock()
        self._tokens = min(float(self.burst), self._tokens + (now - self._at) * self.per_second)
        self._at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


@dataclass
class CircuitBreaker:
    """Opens after `failures` in a row for `seconds`; then one call at a time tries whether the service is back."""

    failures: int
    seconds: float
    clock: Clock = time.monotonic
    _failed: int = field(init=False, default=0)
    _closed_from: float = field(init=False, default=0.0)
    _trying_until: float = field(init=False, default=0.0)

    def allows(self) -> bool:
        """Whether to call now; a caller that is allowed reports `succeeded` or `failed`."""
        now = self.clock()
        if self._failed < self.failures:
            return now >= self._closed_from
        if now < self._closed_from or now < self._trying_until:
            return False
        # A trial that is never reported (its task was cancelled) frees the place after as long as the circuit is open.
        self._trying_until = now + self.seconds
        return True

    def succeeded(self) -> None:
        self._failed, self._closed_from, self._trying_until = 0, 0.0, 0.0

    def failed(self, pause: float = 0.0) -> None:
        """Count a failure; `pause` is how long the service asks to be left alone."""
        self._failed += 1
        self._trying_until = 0.0
        wait = max(pause, self.seconds if self._failed >= self.failures else 0.0)
        self._closed_from = max(self._closed_from, self.clock() + wait) if wait else self._closed_from
