"""Connections at hand: a pool in which a statement takes and gives back a connection without a task of its own.

asyncpg's pool shields each release in a new task and each wait in another; for statements of a tenth of a millisecond
that is a third of what they cost. Here a connection that worked goes straight to who waits, else onto a stack. What
failed or was cancelled goes back through asyncpg, which ends its statement first.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

import asyncpg

T = TypeVar("T")
Connection = Any
"""asyncpg's proxy of a connection that is taken from its pool."""

if TYPE_CHECKING:
    _Pool = asyncpg.Pool[Any]
else:
    _Pool = asyncpg.Pool

_TIDY_SECONDS = 60.0
"""Connections that nobody took for so long go back to asyncpg, which closes them after its own time."""


class ReadyPool(_Pool):
    """asyncpg's pool with `run`; `acquire` and `release` work as they do there."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._ready: list[Connection] = []
        self._waiting: deque[asyncio.Future[Connection]] = deque()
        self._acquiring = 0
        self._tidying: asyncio.TimerHandle | None = None
        self._used = False
        self._behind: set[asyncio.Task[Any]] = set()
        self._serving: asyncio.Task[Any] | None = None

    @classmethod
    async def open(cls, size: int, **connect: Any) -> "ReadyPool":
        """A pool that connects when first asked for; `connect` are asyncpg's arguments."""
        return await cls(
            min_size=0,
            max_size=size,
            max_queries=50_000,
            max_inactive_connection_lifetime=300.0,
            loop=None,
            record_class=asyncpg.Record,
            **connect,
        )

    async def run(self, work: Callable[[Connection], Awaitable[T]], seconds: float) -> T:
        """The result of `work` on a connection. Raises: TimeoutError where none is free for so long."""
        connection = await self._take(seconds)
        try:
            result = await work(connection)
        except BaseException:
            await self.release(connection)
            raise
        self._give(connection)
        return result

    def get_idle_size(self) -> int:
        return int(super().get_idle_size()) + len(self._ready)

    async def release(self, connection: Connection, *, timeout: float | None = None) -> None:  # noqa: ASYNC109  # asyncpg's
        try:
            await super().release(connection, timeout=timeout)
        finally:
            if self._waiting and self._serving is None:
                self._serving = self._later(self._serve())

    async def close(self) -> None:
        if self._tidying:
            self._tidying.cancel()
        if self._serving:
            self._serving.cancel()
        await self._put_back()
        await super().close()

    async def _acquire(self, timeout: float | None) -> Connection:  # noqa: ASYNC109  # asyncpg's
        """asyncpg's way to a connection, past the stack."""
        if (connection := self._pop()) is not None:
            return connection
        self._acquiring += 1
        try:
            return await super()._acquire(timeout)  # type: ignore[misc]  # the stubs leave it out
        finally:
            self._acquiring -= 1

    async def _take(self, seconds: float) -> Connection:
        if (connection := self._pop()) is not None:
            return connection
        if self.get_size() < self.get_max_size() or super().get_idle_size():
            return await self._acquire(seconds)
        return await self._wait(seconds)

    def _pop(self) -> Connection | None:
        while self._ready:
            connection = self._ready.pop()
            if not connection.is_closed():
                return connection
            self._later(self.release(connection))
        return None

    async def _wait(self, seconds: float) -> Connection:
        waiter: asyncio.Future[Connection] = asyncio.get_running_loop().create_future()
        expiry = asyncio.get_running_loop().call_later(seconds, _expire, waiter)
        self._waiting.append(waiter)
        try:
            return await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():
                self._give(waiter.result())
            raise
        finally:
            expiry.cancel()

    def _give(self, connection: Connection) -> None:
        """To asyncpg where somebody waits there, else to who waits here, else onto the stack."""
        self._used = True
        if self._acquiring or self.is_closing():
            self._later(self.release(connection))
            return
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(connection)
                return
        self._ready.append(connection)
        if self._tidying is None:
            self._tidying = asyncio.get_running_loop().call_later(_TIDY_SECONDS, self._tidy)

    async def _serve(self) -> None:
        """Give a connection that came back through asyncpg to who waits here."""
        try:
            if any(not waiter.done() for waiter in self._waiting):
                self._give(await super()._acquire(None))  # type: ignore[misc]  # the stubs leave it out
        finally:
            self._serving = None

    def _tidy(self) -> None:
        self._tidying = None
        if not self._used:
            self._later(self._put_back())
        elif self._ready:
            self._tidying = asyncio.get_running_loop().call_later(_TIDY_SECONDS, self._tidy)
        self._used = False

    async def _put_back(self) -> None:
        ready, self._ready = self._ready, []
        for connection in ready:
            await self.release(connection)

    def _later(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        task = asyncio.ensure_future(work)
        self._behind.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._behind.discard(task)
        if not task.cancelled():
            task.exception()  # looked at: who waits runs into the same failure itself, or into its time


def _expire(waiter: "asyncio.Future[Connection]") -> None:
    if not waiter.done():
        waiter.set_exception(TimeoutError("no connection became free"))
