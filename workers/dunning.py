"""Reminders by policy, each in a transaction of its own; statements of account as documents."""

import asyncio
from uuid import UUID

from domain.documents.printable import PrintableStatement
from domain.dunning import reminding, sending
from domain.dunning.models import AccountStatement
from domain.ledger.posting import today
from domain.rows import find
from tenants.actor import SYSTEM
from tenants.engine import Database
from workers.documents import press
from workers.jobs import Arguments, job
from workers.run import Run

_BATCH = 500


async def remind_of_invoices(database: Database) -> int:
    """Send every reminder whose day has come; the number sent. Safe to run twice, and by several workers at once."""
    on, sent, after = today(), 0, None
    while ids := await _due(database, after):
        for id in ids:
            async with database.session(SYSTEM) as session:
                sent += await reminding.remind_by_policy(session, id, on) is not None
        after = ids[-1]
    return sent


async def _due(database: Database, after: UUID | None) -> list[UUID]:
    async with database.session(SYSTEM) as session:
        return await reminding.due(session, today(), _BATCH, after)


@job(sending.RENDER, queue=sending.QUEUE, attempts=4, timeout=60, outside=True)
async def render_statement(run: Run, arguments: Arguments) -> None:
    """The PDF of a statement of account: made in the thread for documents, kept, and mailed."""
    id = UUID(arguments["account_statement_id"])
    async with run.database.session(SYSTEM) as session:
        wanted = await sending.printable(session, await find(session, AccountStatement, id), run.settings.data_dir)
    pdf = await asyncio.get_running_loop().run_in_executor(press(), _pdf, wanted)
    async with run.database.session(SYSTEM) as session:
        row = await find(session, AccountStatement, id)
        await sending.keep_and_send(session, row, pdf, wanted.closing_cents)


def _pdf(wanted: PrintableStatement) -> bytes:
    from domain.documents.making.rendering import statement_pdf  # loads typst where documents are made

    return statement_pdf(wanted)
