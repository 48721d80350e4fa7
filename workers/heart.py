"""Moving the leases of running jobs on, from a thread of its own: work that keeps the event loop busy stays alive."""

import asyncio
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import asyncpg
import structlog
from sqlalchemy.exc import SQLAlchemyError

from domain.jobs import lifecycle
from tenants.actor import SYSTEM
from tenants.engine import Database
from tenants.logging import summary

_BEATS_PER_LEASE = 4
log = structlog.get_logger(__name__)


class Heart:
    """Beats while there is something to hold. `on_lost` is called in the thread that started the heart's owner loop."""

    def __init__(self, open_database: Callable[[], Database], lease_seconds: float) -> None:
        self._open = open_database
        self._lease = lease_seconds
        self._held: dict[tuple[UUID, int], float] = {}
        self._guard = threading.Lock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._live, name="heart", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._on_lost: Callable[[UUID, int], None] = lambda _id, _attempt: None

    def start(self, on_lost: Callable[[UUID, int], None]) -> None:
        """Call from the event loop in which `on_lost` is to be called."""
        self._loop = asyncio.get_running_loop()
        self._on_lost = on_lost
        self._thread.start()

    def stop(self) -> None:
        """Return when the last beat is over."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def take(self, id: UUID, attempt: int, seconds: float) -> None:
        """Hold an attempt for `seconds` at most, after which its lease runs out whatever it does."""
        with self._guard:
            self._held[id, attempt] = time.monotonic() + seconds

    def drop(self, id: UUID, attempt: int) -> None:
        """The attempt has ended."""
        with self._guard:
            self._held.pop((id, attempt), None)

    def _live(self) -> None:
        asyncio.run(self._beat())

    async def _beat(self) -> None:
        database = self._open()
        try:
            while not await asyncio.to_thread(self._stopping.wait, self._lease / _BEATS_PER_LEASE):
                if held := self._still():
                    await self._hold(database, held)
        finally:
            await database.close()

    def _still(self) -> list[tuple[UUID, int]]:
        with self._guard:
            return [attempt for attempt, until in self._held.items() if time.monotonic() < until]

    async def _hold(self, database: Database, held: list[tuple[UUID, int]]) -> None:
        try:
            async with asyncio.timeout(self._lease), database.session(SYSTEM) as session:
                kept = await lifecycle.hold(session, held, timedelta(seconds=self._lease))
        except (SQLAlchemyError, OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            log.warning("heart_missed_a_beat", error=summary(error))
            return
        for id, attempt in held:
            if id not in kept and (id, attempt) in self._held and self._loop is not None:
                self._loop.call_soon_threadsafe(self._on_lost, id, attempt)
