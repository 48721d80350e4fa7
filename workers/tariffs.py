"""Jobs that invoice what drivers bought beforehand; each is one transaction of the domain."""

from sqlalchemy.ext.asyncio import AsyncSession

from domain.tariffs import reactions
from tenants.actor import SYSTEM
from tenants.engine import Database
from workers.jobs import Arguments, job
from workers.run import Run


@job(reactions.PACK, queue=reactions.QUEUE, attempts=5, timeout=120)
async def invoice_pack(session: AsyncSession, arguments: Arguments, _run: Run) -> None:
    """Invoice one pack."""
    await reactions.invoice_pack(session, arguments)


@job(reactions.GIVEN_BACK, queue=reactions.QUEUE, attempts=5, timeout=120)
async def credit_pack(session: AsyncSession, arguments: Arguments, _run: Run) -> None:
    """Credit one pack that was given back."""
    await reactions.credit_pack(session, arguments)


@job(reactions.MONTH, queue=reactions.QUEUE, attempts=5, timeout=120)
async def invoice_month(session: AsyncSession, arguments: Arguments, _run: Run) -> None:
    """Invoice a month of one contact's plans and subscriptions."""
    await reactions.invoice_month(session, arguments)


async def ask_for_months(database: Database) -> int:
    """Ask for the invoices of months that are over; how many."""
    async with database.session(SYSTEM) as session:
        return await reactions.ask_for_months(session)
