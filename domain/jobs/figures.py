"""How the queues are doing, counted in PostgreSQL: the same from whichever process asks."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from prometheus_client import Gauge
from sqlalchemy import text

from tenants.actor import SYSTEM
from tenants.engine import Database

_FRESH_SECONDS = 5.0
_JOBS = Gauge("chargecars_jobs", "Jobs by queue: queued, due, running, failed for good.", ("queue", "state"))
_OLDEST = Gauge("chargecars_job_oldest_seconds", "How long the job that is due for longest has waited.", ("queue",))
_QUERY = text("""
SELECT queue, sum(queued)::bigint, sum(waiting)::bigint, sum(running)::bigint, sum(failed)::bigint,
       coalesce(extract(epoch FROM clock_timestamp() - min(due)), 0)::float
FROM (
  SELECT queue, count(*) AS queued, count(*) FILTER (WHERE run_at <= now()) AS waiting, 0 AS running, 0 AS failed,
         min(run_at) FILTER (WHERE run_at <= now()) AS due
  FROM job WHERE state = 'QUEUED' GROUP BY queue
  UNION ALL SELECT queue, 0, 0, count(*), 0, NULL FROM job WHERE state = 'RUNNING' GROUP BY queue
  UNION ALL SELECT queue, 0, 0, 0, count(*), NULL FROM failed_job WHERE state = 'OPEN' GROUP BY queue
) counted GROUP BY queue ORDER BY queue
""")


@dataclass(frozen=True, slots=True)
class QueueFigures:
    """Jobs of one queue. `oldest_seconds` is how long the job that is due for longest has waited, 0 where none is."""

    queue: str
    queued: int
    """Also those whose time has not come."""
    waiting: int
    """Those that are due."""
    running: int
    failed: int
    """Failed for good, and not yet retried or discarded."""
    oldest_seconds: float


class Figures:
    """The figures of a database, at most five seconds old."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: Sequence[QueueFigures] = ()
        self._at = -_FRESH_SECONDS

    async def now(self) -> Sequence[QueueFigures]:
        """One row per queue that has anything to tell."""
        if time.monotonic() - self._at >= _FRESH_SECONDS:
            async with self._database.session(SYSTEM) as session:
                self._known = [QueueFigures(*row) for row in await session.execute(_QUERY)]
            self._at = time.monotonic()
        return self._known

    async def measure(self) -> None:
        """Set the gauges of this process; a queue that is empty again is not shown."""
        _JOBS.clear()
        _OLDEST.clear()
        for row in await self.now():
            _JOBS.labels(row.queue, "queued").set(row.queued)
            _JOBS.labels(row.queue, "due").set(row.waiting)
            _JOBS.labels(row.queue, "running").set(row.running)
            _JOBS.labels(row.queue, "failed").set(row.failed)
            _OLDEST.labels(row.queue).set(max(0.0, row.oldest_seconds))
