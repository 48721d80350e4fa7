"""A worker process of its own, for `kill -9`: `python -m tests.workers.jobs.killed`, settings from the environment."""

import asyncio
from collections.abc import Mapping
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from tenants.settings import settings
from workers.jobs import job
from workers.main import serve
from workers.run import Run


@job("test.in_doubt")
async def in_doubt(session: AsyncSession, arguments: Mapping[str, Any], run: Run) -> None:
    """Writes its effect, and on the first attempt never gets as far as its end."""
    await session.execute(text("INSERT INTO effect (number) VALUES (:number)"), {"number": arguments["number"]})
    if run.attempt == 1:
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(settings()))
