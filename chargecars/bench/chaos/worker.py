"""A worker whose jobs leave a trace of every effect, beside everything that a worker does."""

import asyncio
import random

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from chargecars.working import load_worker
from tenants.actor import SYSTEM
from workers import main
from workers.jobs import Arguments, job
from workers.run import Run

INSIDE, OUTSIDE = "chaos.inside", "chaos.outside"
_EFFECT = text("INSERT INTO chaos_effect (number, kind, attempt) VALUES (:number, :kind, :attempt)")


@job(INSIDE)
async def inside(session: AsyncSession, arguments: Arguments, run: Run) -> None:
    """One row, and time enough to die before the end of the transaction."""
    await session.execute(_EFFECT, {"number": arguments["number"], "kind": INSIDE, "attempt": run.attempt})
    await asyncio.sleep(random.uniform(0, 0.3))  # noqa: S311  # a duration


@job(OUTSIDE, outside=True)
async def outside(run: Run, arguments: Arguments) -> None:
    """One row in a transaction of its own, and time enough to die after it."""
    async with run.database.session(SYSTEM) as session:
        await session.execute(_EFFECT, {"number": arguments["number"], "kind": OUTSIDE, "attempt": run.attempt})
    await asyncio.sleep(random.uniform(0, 0.1))  # noqa: S311  # a duration


def run() -> None:
    """Until SIGTERM."""
    load_worker()
    main.run()
