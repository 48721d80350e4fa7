"""The open invoices of an entity as the matcher sees them."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.bank.matching import Matcher, Movement, Payable
from domain.bank.models import BankMatch, BankTransaction
from domain.bank.order_models import Mandate
from domain.bank.references import possible
from domain.contacts.models import Contact
from domain.invoices.models import Invoice, InvoiceKind

MOST_OPEN = 100_000
Known = tuple[UUID, str, str]


def movement_of(transaction: BankTransaction) -> Movement:
    """A transaction, whichever its sign."""
    return Movement(
        abs(transaction.amount_cents),
        transaction.creditor_reference,
        transaction.end_to_end_id,
        transaction.remittance,
        transaction.counterparty_name,
        transaction.counterparty_iban,
    )


async def receivables(session: AsyncSession, entity_id: UUID, about: Sequence[BankTransaction]) -> Matcher:
    """What is open to be received, and the settled invoices that these transactions name."""
    query = select(
        Invoice.id,
        Invoice.number,
        Invoice.payment_reference,
        Invoice.open_cents,
        Invoice.due_on,
        Invoice.payer_contact_id,
        Invoice.payer["name"].astext.label("payer_name"),
        Invoice.reference,
        Invoice.currency,
    )
    mine = Invoice.entity_id == entity_id, Invoice.kind == InvoiceKind.INVOICE.value, Invoice.open_cents > 0
    rows = (await session.execute(query.where(*mine).order_by(Invoice.due_on, Invoice.id).limit(MOST_OPEN))).all()
    ibans = await _accounts(session, entity_id, {row.payer_contact_id for row in rows})
    currencies = {each.currency for each in about}
    payables = [
        Payable(
            row.id,
            row.number,
            row.payment_reference,
            row.open_cents,
            row.due_on,
            row.payer_contact_id,
            row.payer_name or "",
            frozenset(ibans[row.payer_contact_id]),
            row.reference,
        )
        for row in rows
        if row.currency in currencies
    ]
    return Matcher(payables, await _closed(session, entity_id, about))


async def _accounts(session: AsyncSession, entity_id: UUID, payers: Iterable[UUID]) -> defaultdict[UUID, set[str]]:
    """The bank accounts of payers: their own, those of their mandates, and those they paid from before."""
    found: defaultdict[UUID, set[str]] = defaultdict(set)
    ids = list(payers)
    own = select(Contact.id, Contact.iban).where(Contact.id.in_(ids), Contact.iban.is_not(None))
    signed = select(Mandate.contact_id, Mandate.iban).where(Mandate.contact_id.in_(ids), Mandate.entity_id == entity_id)
    paid = (
        select(Invoice.payer_contact_id, BankTransaction.counterparty_iban)
        .join(BankMatch, BankMatch.invoice_id == Invoice.id)
        .join(BankTransaction, BankTransaction.id == BankMatch.transaction_id)
        .where(BankMatch.entity_id == entity_id, BankMatch.undone_at.is_(None))
        .where(Invoice.payer_contact_id.in_(ids), BankTransaction.counterparty_iban.is_not(None))
    )
    for query in (own, signed, paid):
        for contact_id, iban in await session.execute(query.distinct()):
            found[contact_id].add(str(iban))
    return found


async def _closed(session: AsyncSession, entity_id: UUID, about: Sequence[BankTransaction]) -> list[Known]:
    """Invoices on which nothing is open, as far as the texts may mean them."""
    texts = [" ".join(filter(None, (t.remittance, t.creditor_reference, t.end_to_end_id))) for t in about]
    creditors: set[str] = set()
    numbers: set[str] = set()
    for text in texts:
        some, more = possible(text)
        creditors |= some
        numbers |= more
    if not creditors and not numbers:
        return []
    meant = or_(Invoice.payment_reference.in_(creditors), Invoice.number.in_(numbers))
    query = select(Invoice.id, Invoice.payment_reference, Invoice.number)
    query = query.where(Invoice.entity_id == entity_id, Invoice.open_cents <= 0, meant)
    return [(row.id, row.payment_reference, row.number) for row in await session.execute(query)]
