"""Runs of the checks of partners' sandboxes, step by step."""

from uuid import UUID

from domain.sandbox import runs
from domain.signatures.keys import keyring
from tenants.actor import SYSTEM
from workers.jobs import Arguments, job
from workers.run import Run


@job(runs.STEP, queue=runs.QUEUE, attempts=3, timeout=60, outside=True)
async def advance(run: Run, arguments: Arguments) -> None:
    """One step; which run is at which step is in its row, so a step that was done is not done again."""
    async with run.database.session(SYSTEM) as session:
        await runs.advance(session, keyring(run.settings), UUID(arguments["run_id"]), int(arguments["number"]))
