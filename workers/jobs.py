"""Declaring work that the domain asks for with `domain.jobs.service.enqueue`.

    @job("orders.recount", queue="slow", attempts=5, timeout=300)
    async def recount(session: AsyncSession, arguments: Arguments, run: Run) -> None:
        order = await find(session, Order, UUID(arguments["order_id"]))

runs in one transaction as the job's actor; what it changes and the job's end are committed together or not at all, so
that each effect happens once. Work that talks to others must not hold a transaction meanwhile:

    @job("webhooks.deliver", queue="webhooks", outside=True)
    async def deliver(run: Run, arguments: Arguments) -> None:
        async with run.database.session(SYSTEM) as session: ...

opens its own, and may happen twice where a worker dies: rows of its own say what was done. Every module that declares
jobs is imported in workers/declared.py.
"""

import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

Arguments: TypeAlias = Mapping[str, Any]
W = TypeVar("W", bound=Callable[..., Awaitable[None]])

LONGEST_SECONDS = 3600
_MOST_BACK_OFF_SECONDS = 600


class GiveUp(Exception):
    """Raised by work that can never succeed: no further attempt is made."""


class Later(Exception):
    """Raised by work that is to be done later, without that being a failure. What it did until then is undone."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"in {seconds} s")
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class Declared:
    """A kind of job. `back_off(failures)` is the pause in seconds before the next attempt."""

    name: str
    queue: str
    attempts: int
    timeout: float
    outside: bool
    back_off: Callable[[int], float]
    work: Callable[..., Awaitable[None]]


JOBS: dict[str, Declared] = {}


def doubling(failures: int) -> float:
    """2, 4, 8 … seconds, at most ten minutes, a tenth of it by chance so that many do not come back at once."""
    seconds = min(2.0 ** min(failures, 20), _MOST_BACK_OFF_SECONDS)
    return seconds * random.uniform(0.9, 1.1)  # noqa: S311  # spreads the attempts, no secret


def job(
    name: str,
    *,
    queue: str = "default",
    attempts: int = 3,
    timeout: float = 60,
    outside: bool = False,
    back_off: Callable[[int], float] = doubling,
) -> Callable[[W], W]:
    """Declare the work of jobs called `name`; see the module."""
    if not 0 < timeout <= LONGEST_SECONDS:
        raise ValueError(f"{name}: a job may take at most {LONGEST_SECONDS} s")

    def declare(work: W) -> W:
        if name in JOBS:
            raise ValueError(f"the job {name} is declared twice")
        JOBS[name] = Declared(name, queue, attempts, timeout, outside, back_off, work)
        return work

    return declare
