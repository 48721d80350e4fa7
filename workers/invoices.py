"""Jobs of invoicing: what they do is in the domain, in one transaction each."""

from sqlalchemy.ext.asyncio import AsyncSession

from domain.invoices import reactions, runs
from tenants.actor import SYSTEM
from tenants.engine import Database
from workers.jobs import Arguments, job
from workers.run import Run


@job(reactions.ISSUE, queue=reactions.QUEUE, attempts=5)
async def issue(session: AsyncSession, arguments: Arguments, _run: Run) -> None:
    """Issue a part of one order."""
    await reactions.issue(session, arguments)


@job(reactions.WITHDRAW, queue=reactions.QUEUE, attempts=5)
async def withdraw(session: AsyncSession, arguments: Arguments, _run: Run) -> None:
    """Credit the deposits of a cancelled order."""
    await reactions.withdraw(session, arguments)


@job(reactions.COLLECT, queue=reactions.QUEUE, attempts=5, timeout=120)
async def collect(session: AsyncSession, arguments: Arguments, _run: Run) -> None:
    """Issue one collective invoice."""
    await reactions.collect(session, arguments)


@job(runs.DIVIDE, queue=reactions.QUEUE, attempts=5, timeout=300)
async def divide(session: AsyncSession, arguments: Arguments, _run: Run) -> None:
    """Find the orders of a run."""
    await reactions.divide(session, arguments)


@job(runs.CHUNK, queue=reactions.QUEUE, attempts=5, timeout=120)
async def issue_chunk(session: AsyncSession, arguments: Arguments, _run: Run) -> None:
    """Issue the invoices of one piece of a run."""
    await reactions.issue_chunk(session, arguments)


async def ask_for_collective_invoices(database: Database) -> int:
    """Ask for the collective invoices of months that are over; how many."""
    async with database.session(SYSTEM) as session:
        return await reactions.ask_for_collective_invoices(session)
