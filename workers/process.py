"""One worker process: its queues, the dispatcher, the clock and what else runs beside, until it is told to stop."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from functools import partial

import structlog
from arq.worker import Worker
from redis.exceptions import RedisError

from tenants.engine import Database, role_password
from tenants.settings import Settings
from workers import queues
from workers.attempts import Attempts
from workers.background import BACKGROUND, Background
from workers.dispatcher import Dispatcher
from workers.heart import Heart
from workers.jobs import JOBS, Declared
from workers.schedule import Clock
from workers.supervise import Supervised

_FINISHING_SECONDS = 8.0
log = structlog.get_logger(__name__)


class WorkerProcess:
    """`start`, then `stop`: what has begun is finished, as far as it takes no longer than eight seconds."""

    def __init__(
        self,
        settings: Settings,
        *,
        declared: Mapping[str, Declared] = JOBS,
        clock: Callable[[Database], Clock] = Clock,
        background: dict[str, Background] | None = None,
    ) -> None:
        self.settings = settings
        self.queues = queues.served(settings)
        self.database = _database(settings, settings.database_pool_size + sum(self.queues.values()))
        self._heart = Heart(partial(_database, settings, 1), settings.job_lease_seconds)
        self._attempts = Attempts(self.database, settings, self._heart, self.queues, declared)
        self._arq: dict[str, Worker] = {}
        self._clock = clock
        self._background = BACKGROUND if background is None else background
        self._supervised: list[Supervised] = []
        self._feeding: list[asyncio.Task[None]] = []
        self._working: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin everything; returns at once."""
        self._heart.start(self._attempts.lose)
        self._working = [self._begin(f"queue {name}", partial(self._serve, name)) for name in self.queues]
        self._feeding = [self._begin("dispatcher", Dispatcher(self.database, self.settings, self.queues).run)]
        if "default" in self.queues:
            self._feeding.append(self._begin("clock", self._clock(self.database).run))
        for name, work in self._background.items():
            self._feeding.append(self._begin(name, partial(work, self.database, self.settings)))
        log.info("worker_started", queues=self.queues, tasks=[task.name for task in self._supervised])

    async def stop(self) -> None:
        """Take nothing new, finish, give back what is left."""
        await _cancelled(self._feeding)
        for worker in self._arq.values():
            worker.allow_pick_jobs = False
        await self._attempts.finish(_FINISHING_SECONDS)
        await _cancelled(self._working)
        await asyncio.to_thread(self._heart.stop)
        await self.database.close()

    def faults(self) -> dict[str, str]:
        """Tasks and what is wrong with them, `ok` where nothing is."""
        return {task.name: task.fault or "ok" for task in self._supervised}

    def _begin(self, name: str, work: Callable[[], Awaitable[None]]) -> "asyncio.Task[None]":
        supervised = Supervised(name, work)
        self._supervised.append(supervised)
        return asyncio.create_task(supervised.run(), name=name)

    async def _serve(self, queue: str) -> None:
        worker = queues.arq_worker(self.settings, self._attempts, queue, self.queues[queue])
        self._arq[queue] = worker
        try:
            await worker.async_run()
        finally:
            with contextlib.suppress(RedisError, OSError, asyncio.CancelledError):
                await worker.close()


def _database(settings: Settings, size: int) -> Database:
    return Database(settings.database_url, role_password(settings), size, settings.statement_timeout_ms)


async def _cancelled(tasks: list["asyncio.Task[None]"]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
