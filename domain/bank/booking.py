"""What the bank's transactions post themselves: suspense while nobody knows, and accounts that somebody chose.

A transaction that is not matched stands on BANK against SUSPENSE. A match takes that back first, so that payments post
to BANK as they always do; undoing a match puts it there again.
"""

from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from domain.bank.models import BankTransaction
from domain.ledger import posting
from domain.ledger.models import AccountRole, EntryKind
from domain.ledger.posting import Entry, credit, debit, open_day
from domain.money import Money

BY_HAND = frozenset(AccountRole) - {
    AccountRole.BANK,
    AccountRole.SUSPENSE,
    AccountRole.RECEIVABLE,
    AccountRole.WALLET,
    AccountRole.DEFERRED_REVENUE,
    AccountRole.COMMISSION_PAYABLE,
    AccountRole.COMMISSION_ACCRUED,
}
"""Accounts that a transaction may be put on; the others agree with rows, and change with these only."""


async def book_day(session: AsyncSession, transaction: BankTransaction) -> date:
    """The day of the booking, or the first open one."""
    return await open_day(session, transaction.entity_id, transaction.booked_on)


async def suspend(session: AsyncSession, transactions: list[BankTransaction]) -> None:
    """Put transactions on the suspense account."""
    entries = [
        _entry(
            each, f"bank:{each.id}:{each.round}", AccountRole.SUSPENSE, each.amount_cents, await book_day(session, each)
        )
        for each in transactions
    ]
    for each, id in zip(transactions, await posting.post_many(session, entries), strict=True):
        each.suspense_entry_id = id


async def resume(session: AsyncSession, transaction: BankTransaction) -> None:
    """Take a transaction off the suspense account, where it stands there."""
    if transaction.suspense_entry_id is None:
        return
    key = f"bank:{transaction.id}:{transaction.round}:matched"
    await posting.reverse(session, transaction.suspense_entry_id, key, await book_day(session, transaction))
    transaction.suspense_entry_id = None


async def post_to(
    session: AsyncSession,
    transaction: BankTransaction,
    place: int,
    role: AccountRole,
    cents: int,
    contact_id: UUID | None = None,
) -> UUID:
    """Put a part of a transaction, with its sign, on an account; the journal entry's id."""
    key = f"bank:{transaction.id}:{transaction.round}:part:{place}"
    day = await book_day(session, transaction)
    return (await posting.post_many(session, [_entry(transaction, key, role, cents, day, contact_id)]))[0]


def _entry(
    transaction: BankTransaction, key: str, role: AccountRole, cents: int, day: date, contact_id: UUID | None = None
) -> Entry:
    amount = Money(cents, transaction.currency)
    legs = [debit(AccountRole.BANK, amount), credit(role, amount, contact_id=contact_id)]
    return Entry(transaction.entity_id, EntryKind.BANK, key, ("BankTransaction", transaction.id), legs, day)
