"""The crontab as jobs: each slot of an entry becomes one job, whichever worker is the first to notice its time."""

import asyncio
from datetime import UTC, datetime

from domain.jobs import service as jobs
from tenants.actor import SYSTEM
from tenants.engine import Database
from workers.crontab import CRONTAB, Scheduled
from workers.jobs import Arguments, job
from workers.run import Run

_TICK_SECONDS = 0.5
_TIMEOUT = 300


def name_of(scheduled: Scheduled) -> str:
    """The name of the jobs of an entry."""
    return f"scheduled.{scheduled.name}"


def declare(scheduled: Scheduled) -> None:
    """Make an entry's work known as a job. It opens its own transactions, a batch or a row at a time."""

    @job(name_of(scheduled), outside=True, timeout=_TIMEOUT)
    async def run(run: Run, _arguments: Arguments) -> None:
        await scheduled.work(run.database, run.settings)


class Clock:
    """Asks for the job of each slot once, over all workers; a slot that all of them slept through is made up for."""

    def __init__(self, database: Database, crontab: tuple[Scheduled, ...] = CRONTAB) -> None:
        self._database = database
        self._crontab = crontab
        self._seen: dict[str, datetime] = {}

    async def run(self) -> None:
        """Until cancelled. Raises what PostgreSQL raises."""
        while True:
            await self.tick(datetime.now(UTC))
            await asyncio.sleep(_TICK_SECONDS)

    async def tick(self, now: datetime) -> int:
        """The number of jobs asked for."""
        fresh = [(entry, entry.slot(now)) for entry in self._crontab if self._seen.get(entry.name) != entry.slot(now)]
        taken = [await self._ask(entry, slot) for entry, slot in fresh]
        return sum(taken)

    async def _ask(self, scheduled: Scheduled, slot: datetime) -> bool:
        async with self._database.session(SYSTEM) as session:
            taken = await jobs.take_slot(session, scheduled.name, slot)
            if taken and not await jobs.waits(session, name_of(scheduled)):
                await jobs.enqueue(session, name_of(scheduled), {"slot": slot})
        self._seen[scheduled.name] = slot
        return taken


for _entry in CRONTAB:
    declare(_entry)
