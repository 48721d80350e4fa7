"""Carrying out what a transaction is: payments, postings, and the rows that say so."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from domain.bank import booking
from domain.bank.events import BankTransactionMatched
from domain.bank.models import BankMatch, BankTransaction, MatchKind, TransactionKind, TransactionState
from domain.events.record import Payload, record
from domain.ledger.models import AccountRole
from domain.money import Money
from domain.payments.models import PaymentMethod, Provider
from domain.payments.receiving import receive
from domain.rows import actor_of


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a transaction, in cents with its sign."""

    kind: MatchKind
    cents: int
    invoice_id: UUID | None = None
    contact_id: UUID | None = None
    """WALLET: whose."""
    role: AccountRole | None = None
    """LEDGER: the account."""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Why:
    """By which rule, and whether by itself."""

    rule: str
    automatic: bool = False


async def apply(session: AsyncSession, transaction: BankTransaction, parts: Sequence[Part], why: Why) -> None:
    """Make a locked transaction what its parts say; they add up to it. Raises what payments and the ledger refuse."""
    await booking.resume(session, transaction)
    for_invoices = [part for part in parts if part.kind is MatchKind.INVOICE]
    if for_invoices:
        await _pay(session, transaction, for_invoices, why)
    for place, part in enumerate(parts):
        if part.kind is MatchKind.WALLET:
            await _to_wallet(session, transaction, place, part, why)
        elif part.kind in (MatchKind.LEDGER, MatchKind.PROVIDER_PAYOUT):
            role = part.role if part.kind is MatchKind.LEDGER else AccountRole.PROVIDER_CLEARING
            assert role is not None
            entry_id = await booking.post_to(session, transaction, place, role, part.cents)
            add_match(session, transaction, part, why, entry_id=entry_id)
    await conclude(session, transaction, why, [part.invoice_id for part in for_invoices if part.invoice_id])


async def _pay(session: AsyncSession, transaction: BankTransaction, parts: Sequence[Part], why: Why) -> None:
    """One payment for all invoices of the transaction."""
    shares = {part.invoice_id: part.cents for part in parts if part.invoice_id}
    payment = await receive(
        session,
        entity_id=transaction.entity_id,
        amount=Money(sum(shares.values()), transaction.currency),
        method=method_of(transaction),
        provider=Provider.BANK,
        provider_id=f"{transaction.id}:{transaction.round}",
        received_on=transaction.booked_on,
        shares=shares,
        reference=said(transaction),
    )
    for part in parts:
        add_match(session, transaction, part, why, payment_id=payment.id)


async def _to_wallet(session: AsyncSession, transaction: BankTransaction, place: int, part: Part, why: Why) -> None:
    payment = await receive(
        session,
        entity_id=transaction.entity_id,
        amount=Money(part.cents, transaction.currency),
        method=method_of(transaction),
        provider=Provider.BANK,
        provider_id=f"{transaction.id}:{transaction.round}:{place}",
        received_on=transaction.booked_on,
        contact_id=part.contact_id,
    )
    add_match(session, transaction, part, why, payment_id=payment.id)


def add_match(
    session: AsyncSession,
    transaction: BankTransaction,
    part: Part,
    why: Why,
    *,
    payment_id: UUID | None = None,
    entry_id: UUID | None = None,
    file_line_id: UUID | None = None,
) -> None:
    """Write down what a part is."""
    session.add(
        BankMatch(
            entity_id=transaction.entity_id,
            transaction_id=transaction.id,
            kind=part.kind.value,
            amount_cents=part.cents,
            currency=transaction.currency,
            invoice_id=part.invoice_id,
            payment_id=payment_id,
            file_line_id=file_line_id,
            entry_id=entry_id,
            account_role=part.role.value if part.role else None,
            note=part.note,
            automatic=why.automatic,
            rule=why.rule,
            matched_by=None if why.automatic else actor_of(session).user_id,
        )
    )


async def conclude(session: AsyncSession, transaction: BankTransaction, why: Why, invoice_ids: list[UUID]) -> None:
    """It is known what the transaction is."""
    transaction.state = TransactionState.MATCHED.value
    transaction.ignored_reason = None
    transaction.matched_at = datetime.now(UTC)
    await session.flush()
    await tell(session, transaction, BankTransactionMatched(why.rule, invoice_ids))


def method_of(transaction: BankTransaction) -> PaymentMethod:
    """How it was paid."""
    collected = transaction.kind == TransactionKind.DIRECT_DEBIT
    return PaymentMethod.DIRECT_DEBIT if collected else PaymentMethod.BANK_TRANSFER


def said(transaction: BankTransaction) -> str:
    """What the payer wrote, as a payment keeps it."""
    return (transaction.creditor_reference or transaction.remittance or "")[:140]


async def tell(session: AsyncSession, transaction: BankTransaction, happened: Payload) -> None:
    """Record an event of a transaction, for staff."""
    await record(session, happened, entity_id=transaction.entity_id, subject_id=transaction.id)
