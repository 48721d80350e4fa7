"""Jobs that bill charging sessions: what they do is in the domain, in one transaction each."""

from sqlalchemy.ext.asyncio import AsyncSession

from domain.charging_bills import reactions
from tenants.actor import SYSTEM
from tenants.engine import Database
from workers.jobs import Arguments, job
from workers.run import Run


@job(reactions.BILL, queue=reactions.QUEUE, attempts=5, timeout=120)
async def bill(session: AsyncSession, arguments: Arguments, _run: Run) -> None:
    """Price one session, or correct its bill."""
    await reactions.bill(session, arguments)


@job(reactions.INVOICE, queue=reactions.QUEUE, attempts=5, timeout=120)
async def invoice(session: AsyncSession, arguments: Arguments, _run: Run) -> None:
    """Invoice one session that was priced."""
    await reactions.invoice(session, arguments)


@job(reactions.PAY, queue=reactions.QUEUE, attempts=5)
async def pay(session: AsyncSession, arguments: Arguments, _run: Run) -> None:
    """Pay an invoice of charging from the payer's wallet."""
    await reactions.pay(session, arguments)


@job(reactions.RETURN, queue=reactions.QUEUE, attempts=5)
async def give_back(session: AsyncSession, arguments: Arguments, _run: Run) -> None:
    """Return to the wallet what is not owed any more."""
    await reactions.give_back(session, arguments)


@job(reactions.COLLECT, queue=reactions.QUEUE, attempts=5, timeout=120)
async def collect(session: AsyncSession, arguments: Arguments, _run: Run) -> None:
    """Issue one collective invoice."""
    await reactions.collect(session, arguments)


async def ask_for_collective_bills(database: Database) -> int:
    """Ask for the collective invoices of months that are over; how many."""
    async with database.session(SYSTEM) as session:
        return await reactions.ask_for_collective_bills(session)
