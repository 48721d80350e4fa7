"""What a process remembers of a database for a few seconds."""

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

    async def get(self, database: Database, key: K, read: Callable[[], Awaitable[V]]) -> V:
        """The remembered answer, or what `read` says now."""
        kept = self._kept.setdefault(database, OrderedDict())
        found = kept.get(key)
        if found and clock.ticks() - found[0] < self._seconds:
            return found[1]
        asked_at = clock.ticks()  # before reading: an answer is as old as its question
        value = await read()
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
