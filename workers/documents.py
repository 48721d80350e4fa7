"""Documents of invoices: made in a thread of their own, kept and mailed. Saxon and typst stay with that thread."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from uuid import UUID

from domain.documents import loading, sending
from domain.documents.errors import BrokenSeal, InvalidDocument
from domain.documents.printable import PrintableInvoice
from domain.documents.reactions import QUEUE, RENDER, will_be_mailed
from domain.documents.sending import Made
from domain.errors import NotFound
from tenants.actor import SYSTEM
from workers.jobs import Arguments, GiveUp, job
from workers.run import Run

_SECONDS = 120


@job(RENDER, queue=QUEUE, attempts=4, timeout=_SECONDS, outside=True)
async def render(run: Run, arguments: Arguments) -> None:
    """PDF and UBL of one invoice. What breaks a rule is neither kept nor sent: the job fails with the rules' ids."""
    invoice_id = UUID(arguments["invoice_id"])
    mail = arguments.get("mail", True)
    invoice = await _wanted(run, invoice_id, mail=mail)
    if invoice is None:
        return
    try:
        made = await asyncio.get_running_loop().run_in_executor(press(), _make, invoice)
    except InvalidDocument as error:
        raise GiveUp(f"{invoice.number}: {error}") from error
    async with run.database.session(SYSTEM) as session:
        await sending.keep_and_send(session, invoice_id, made, mail=mail)


async def _wanted(run: Run, invoice_id: UUID, *, mail: bool) -> PrintableInvoice | None:
    """The invoice, unless its documents are there already, or are about to be made and mailed."""
    # The platform's: who asked for it sees the invoice, not what its documents need beside.
    async with run.database.session(SYSTEM) as session:
        if await sending.is_kept(session, invoice_id):
            return None
        if not mail and await will_be_mailed(session, invoice_id):
            return None
        try:
            return await loading.printable(session, invoice_id, run.settings.data_dir)
        except (NotFound, BrokenSeal) as error:
            raise GiveUp(str(error)) from error


@lru_cache
def press() -> ThreadPoolExecutor:
    """The one thread of this process that makes documents."""
    return ThreadPoolExecutor(1, "documents")


def _make(invoice: PrintableInvoice) -> Made:
    from domain.documents.making.whole import make  # loads typst, Saxon and lxml where documents are made

    return make(invoice)
