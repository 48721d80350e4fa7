"""A client that goes away ends the work for it, down to the statement in the database."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.requests import ClientDisconnect
from starlette.types import Receive

_PATIENCE_SECONDS = 0.25
"""Most answers are there sooner; only after this is the connection watched, which costs a task."""


@asynccontextmanager
async def while_connected(receive: Receive) -> AsyncIterator[None]:
    """Cancel the block, whose request has been read, when its client goes away. Raises: ClientDisconnect"""
    watch = _Watch(receive)
    try:
        yield
    except asyncio.CancelledError:
        if not watch.gone:
            raise
        watch.task.uncancel()
        raise ClientDisconnect from None
    finally:
        watch.end()


class _Watch:
    """Waits for the end of a connection, once the work for it takes long."""

    def __init__(self, receive: Receive) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.task = task
        self.gone = False
        self._receive = receive
        self._watching: asyncio.Task[None] | None = None
        self._later = asyncio.get_running_loop().call_later(_PATIENCE_SECONDS, self._begin)

    def end(self) -> None:
        """Stop watching."""
        self._later.cancel()
        if self._watching is not None:
            self._watching.cancel()

    def _begin(self) -> None:
        self._watching = asyncio.get_running_loop().create_task(self._wait())

    async def _wait(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            continue
        self.gone = True
        self.task.cancel()
