"""What a process remembers of a database for a few seconds."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

from tenants.auth import clock
from tenants.engine import Database

K = TypeVar("K")
V = TypeVar("V")

SECONDS = 5.0
"""A withdrawn access ends within this time in every process."""
_MOST = 20_000


class Memory(Generic[K, V]):
    """Answers to one question, each kept for a few seconds and apart for each database."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._kept: WeakKeyDictionary[Database, OrderedDict[K, tuple[float, V]]] = WeakKeyDictionary()
        self._asking: WeakKeyDictionary[Database, dict[K, asyncio.Task[V]]] = WeakKeyDictionary()

    async def get(self, database: Database, key: K, read: Callable[[], Awaitable[V]]) -> V:
        """The remembered answer, or what `read` says now; who asks meanwhile waits for the same answer."""
        kept = self._kept.setdefault(database, OrderedDict())
        found = kept.get(key)
        if found and clock.ticks() - found[0] < self._seconds:
            return found[1]
        asking = self._asking.setdefault(database, {})
        if key not in asking:
            asking[key] = asyncio.ensure_future(self._ask(kept, asking, key, read))
        return await asyncio.shield(asking[key])

    async def _ask(
        self,
        kept: OrderedDict[K, tuple[float, V]],
        asking: "dict[K, asyncio.Task[V]]",
        key: K,
        read: Callable[[], Awaitable[V]],
    ) -> V:
        asked_at = clock.ticks()  # before reading: an answer is as old as its question
        try:
            value = await read()
        finally:
            del asking[key]
        kept[key] = (asked_at, value)
        kept.move_to_end(key)
        while len(kept) > _MOST:
            kept.popitem(last=False)
        return value

    def put(self, database: Database, key: K, value: V) -> None:
        """Remember an answer that was just read."""
        kept = self._kept.setdefault(database, OrderedDict())
        kept[key] = (clock.ticks(), value)
        kept.move_to_end(key)

    def forget(self, database: Database) -> None:
        """Ask again next time, in this process."""
        self._kept.pop(database, None)
        self._asking.pop(database, None)
