"""Subscribers as a process of their own, and what drives updates at them."""

import asyncio
import statistics
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson

from chargecars.bench.client import Refused

Publish = Callable[[list[int]], Awaitable[float]]
"""Makes the updates of some numbers happen; returns when it began to commit them, by the clock."""

_PATIENCE_SECONDS = 60.0
_BATCH, _BATCHES = 10, 4
"""At saturation: so many updates in one transaction, so many of those on their way at once."""


@dataclass
class Followers:
    """A running process of subscribers to one server."""

    count: int
    process: asyncio.subprocess.Process
    done: dict[int, asyncio.Future[float]] = field(default_factory=dict)
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    closed: int = 0
    _next: int = 0

    def number(self) -> int:
        """The next number, and a place for when the last subscriber has it."""
        self._next += 1
        self.done[self._next] = asyncio.get_running_loop().create_future()
        return self._next

    async def arrived(self, number: int) -> float:
        """When the last subscriber had it, by the clock. Raises: Refused when not all get it."""
        try:
            at = await asyncio.wait_for(self.done[number], _PATIENCE_SECONDS)
            del self.done[number]
            return at
        except TimeoutError:
            raise Refused(f"update {number} did not reach all of {self.count}; {self.closed} were closed") from None

    async def listen(self) -> None:
        """Take in what the process says."""
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            self._heard(orjson.loads(line))

    def _heard(self, said: dict[str, Any]) -> None:
        match said:
            case {"done": number, "at": at} if number in self.done and not self.done[number].done():
                self.done[number].set_result(at)
            case {"ready": _}:
                self.ready.set()
            case {"closed": closed}:
                self.closed = closed
            case {"heard": message}:
                raise Refused(f"a subscriber was told: {message}")


@asynccontextmanager
async def followers(count: int, **given: Any) -> AsyncIterator[Followers]:
    """So many subscribers, all of them acknowledged. Raises: Refused."""
    command = [sys.executable, "-m", "chargecars.bench.fanout"]
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe)
    assert process.stdin is not None
    made = Followers(count, process)
    listening = asyncio.create_task(made.listen())
    try:
        process.stdin.write(orjson.dumps({"count": count, **given}) + b"\n")
        ready = asyncio.create_task(made.ready.wait())
        await asyncio.wait({ready, listening}, timeout=_PATIENCE_SECONDS * 3, return_when=asyncio.FIRST_COMPLETED)
        if listening.done():
            await listening
        if not made.ready.is_set():
            raise Refused(f"{count} subscribers could not connect")
        yield made
    finally:
        listening.cancel()
        if process.returncode is None:
            process.kill()
        await process.wait()


async def warm_up(to: Followers, publish: Publish) -> None:
    """Until an update reaches everybody: all subscriptions are live. Raises: Refused."""
    for _ in range(30):
        number = to.number()
        await publish([number])
        if (await asyncio.wait({to.done[number]}, timeout=5.0))[0]:
            return
    raise Refused(f"no update reached all of {to.count}")


async def latencies(to: Followers, publish: Publish, per_second: float, seconds: float) -> list[float]:
    """Seconds from the beginning of the commit to the last subscriber, of each update at a steady rate."""
    arriving: list[asyncio.Task[float]] = []
    began = time.monotonic()
    for step in range(int(per_second * seconds)):
        await asyncio.sleep(max(0.0, began + step / per_second - time.monotonic()))
        arriving.append(asyncio.create_task(_latency(to, publish)))
    return list(await asyncio.gather(*arriving))


async def _latency(to: Followers, publish: Publish) -> float:
    number = to.number()
    committing = await publish([number])
    return await to.arrived(number) - committing


async def saturation(to: Followers, publish: Publish, seconds: float) -> float:
    """Deliveries per second while some batches are always on their way."""
    until = time.monotonic() + seconds
    began = time.time()
    parts = await asyncio.gather(*(_stream(to, publish, until) for _ in range(_BATCHES)))
    times = [at for part in parts for at in part]
    return len(times) * to.count / (max(times) - began)


async def _stream(to: Followers, publish: Publish, until: float) -> list[float]:
    times: list[float] = []
    while time.monotonic() < until:
        numbers = [to.number() for _ in range(_BATCH)]
        await publish(numbers)
        times += [await to.arrived(number) for number in numbers]
    return times


def p95_ms(found: list[float]) -> float:
    """The 95th percentile in milliseconds."""
    return statistics.quantiles(found, n=20, method="inclusive")[-1] * 1000
