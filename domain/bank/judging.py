"""What a colleague says of a transaction: what it is, that it is left alone, that a match was wrong."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.bank import booking, carried_out
from domain.bank.applying import Part, Why, apply, tell
from domain.bank.errors import AlreadyMatched, NotMatched, PartsDoNotAddUp, UnmatchRefused, WrongDirection
from domain.bank.events import BankTransactionIgnored, BankTransactionUnmatched
from domain.bank.matching import spread
from domain.bank.models import (
    BankMatch,
    BankTransaction,
    MatchKind,
    MatchProposal,
    ProposalState,
    TransactionState,
)
from domain.bank.recognizing import close_proposals, recognize_again
from domain.contacts.models import Contact
from domain.errors import InvalidState, NotAChoice, Required, TooMany
from domain.invoices.models import Invoice
from domain.ledger import posting
from domain.ledger.models import AccountRole, LedgerAccount
from domain.money import Money
from domain.payments import registering
from domain.rows import actor_of, find
from domain.validation import text

MOST_PARTS = 100
LONGEST_NOTE = 500
_BY_HAND = Why("BY_HAND")
_CANNOT = {
    "nl": "het geld is al terug of terugbetaald",
    "en": "the money came back or was paid back",
}


async def match(session: AsyncSession, transaction_id: UUID, parts: Sequence[Part]) -> BankTransaction:
    """Say what a transaction is, in parts that add up to it.

    Raises: NotFound, AlreadyMatched, PartsDoNotAddUp, WrongDirection, NotAChoice, and what payments and the ledger
    refuse (AllocatedTooMuch, NotPayable, CurrencyMismatch, PeriodClosed).
    """
    transaction = await _unmatched(session, transaction_id)
    await _check(session, transaction, parts)
    await close_proposals(session, transaction)
    await apply(session, transaction, _settled(parts), _BY_HAND)
    return transaction


async def accept(session: AsyncSession, proposal_id: UUID) -> BankTransaction:
    """Say that a proposal is right; what it has too much for the invoices goes to the payer's wallet.

    Raises: NotFound, InvalidState, AlreadyMatched.
    """
    proposal = await find(session, MatchProposal, proposal_id, field=("proposal_id",))
    transaction = await _unmatched(session, proposal.transaction_id)
    await session.refresh(proposal)
    if proposal.state != ProposalState.OPEN:
        raise InvalidState(current=proposal.state, wanted=ProposalState.ACCEPTED, field=("proposal_id",))
    parts = await _proposed_parts(session, transaction, proposal)
    await close_proposals(session, transaction, proposal)
    await apply(session, transaction, parts, Why("PROPOSAL"))
    return transaction


async def reject(session: AsyncSession, proposal_id: UUID) -> BankTransaction:
    """Say that a proposal is wrong; without another the transaction waits unmatched. Raises: NotFound, InvalidState."""
    proposal = await find(session, MatchProposal, proposal_id, field=("proposal_id",))
    transaction = await find(session, BankTransaction, proposal.transaction_id, lock=True)
    await session.refresh(proposal)
    if proposal.state != ProposalState.OPEN:
        raise InvalidState(current=proposal.state, wanted=ProposalState.REJECTED, field=("proposal_id",))
    proposal.state = ProposalState.REJECTED.value
    await session.flush()
    query = select(MatchProposal.id).where(MatchProposal.transaction_id == transaction.id)
    left = await session.execute(query.where(MatchProposal.state == ProposalState.OPEN.value).limit(1))
    if left.first() is None and transaction.state == TransactionState.PROPOSED:
        transaction.state = TransactionState.UNMATCHED.value
        await tell(session, transaction, BankTransactionUnmatched())
    return transaction


async def ignore(session: AsyncSession, transaction_id: UUID, reason: str) -> BankTransaction:
    """Leave a transaction on the suspense account, with a reason. Raises: NotFound, AlreadyMatched."""
    why = text(reason, "reason", maximum=LONGEST_NOTE)
    transaction = await _unmatched(session, transaction_id)
    await close_proposals(session, transaction)
    transaction.state, transaction.ignored_reason = TransactionState.IGNORED.value, why
    await tell(session, transaction, BankTransactionIgnored())
    return transaction


async def unmatch(session: AsyncSession, transaction_id: UUID, reason: str) -> BankTransaction:
    """Undo what was said of a transaction, or found by itself; it waits again, with proposals made anew.

    Raises: NotFound, NotMatched, UnmatchRefused, and what undoing its payments refuses (PaymentInUse, PeriodClosed).
    """
    why = text(reason, "reason", maximum=LONGEST_NOTE)
    transaction = await find(session, BankTransaction, transaction_id, lock=True, field=("transaction_id",))
    if transaction.state == TransactionState.IGNORED:
        transaction.state, transaction.ignored_reason = TransactionState.UNMATCHED.value, None
    elif transaction.state == TransactionState.MATCHED:
        await _take_back(session, transaction, why)
    else:
        raise NotMatched(field=("transaction_id",))
    await tell(session, transaction, BankTransactionUnmatched())
    await recognize_again(session, transaction)
    return transaction


# --- what is said ---------------------------------------------------------------------------------------------------


async def _unmatched(session: AsyncSession, id: UUID) -> BankTransaction:
    transaction = await find(session, BankTransaction, id, lock=True, field=("transaction_id",))
    if transaction.state == TransactionState.MATCHED:
        raise AlreadyMatched(field=("transaction_id",))
    return transaction


async def _check(session: AsyncSession, transaction: BankTransaction, parts: Sequence[Part]) -> None:
    if not parts:
        raise Required(field=("parts",))
    if len(parts) > MOST_PARTS:
        raise TooMany(maximum=MOST_PARTS, field=("parts",))
    for place, part in enumerate(parts):
        await _check_part(session, transaction, part, place)
    whole = sum(part.cents for part in parts)
    if whole != transaction.amount_cents:
        raise PartsDoNotAddUp(
            parts=_said(whole, transaction), whole=_said(transaction.amount_cents, transaction), field=("parts",)
        )


async def _check_part(session: AsyncSession, transaction: BankTransaction, part: Part, place: int) -> None:
    at = ("parts", place)
    to_a_payer = part.kind in (MatchKind.INVOICE, MatchKind.WALLET)
    if part.cents == 0 or (to_a_payer and part.cents < 0) or (to_a_payer and transaction.amount_cents < 0):
        raise WrongDirection(field=(*at, "amount_cents"))
    if part.kind is MatchKind.INVOICE and part.invoice_id:
        await find(session, Invoice, part.invoice_id, field=(*at, "invoice_id"))
    if part.kind is MatchKind.WALLET and part.contact_id:
        await find(session, Contact, part.contact_id, field=(*at, "wallet_contact_id"))


def note_of(given: str, place: int) -> str:
    """A note of a part. Raises: TooLong, UnsafeText."""
    return text(given, "parts", place, "note", minimum=0, maximum=LONGEST_NOTE)


async def role_of(session: AsyncSession, entity_id: UUID, account_id: UUID, *at: str | int) -> AccountRole:
    """The role of a ledger account that a transaction may be put on. Raises: NotFound, NotAChoice."""
    account = await find(session, LedgerAccount, account_id, field=(*at,))
    role = AccountRole(account.role) if account.role else None
    if account.entity_id != entity_id or role not in booking.BY_HAND:
        raise NotAChoice(choices=", ".join(sorted(each.value for each in booking.BY_HAND)), field=(*at,))
    return role


def _said(cents: int, transaction: BankTransaction) -> dict[str, str]:
    amount = Money(cents, transaction.currency)
    return {"nl": amount.format("nl"), "en": amount.format("en")}


def _settled(parts: Sequence[Part]) -> list[Part]:
    """Two parts for one invoice are one."""
    invoices: dict[UUID, Part] = {}
    others: list[Part] = []
    for part in parts:
        if part.kind is MatchKind.INVOICE and part.invoice_id:
            before = invoices.get(part.invoice_id)
            cents = part.cents + (before.cents if before else 0)
            invoices[part.invoice_id] = Part(MatchKind.INVOICE, cents, part.invoice_id, note=part.note)
        else:
            others.append(part)
    return [*invoices.values(), *others]


async def _proposed_parts(session: AsyncSession, transaction: BankTransaction, proposal: MatchProposal) -> list[Part]:
    if proposal.kind == MatchKind.PROVIDER_PAYOUT:
        return [Part(MatchKind.PROVIDER_PAYOUT, transaction.amount_cents)]
    query = select(Invoice.id, Invoice.open_cents, Invoice.payer_contact_id).where(Invoice.id.in_(proposal.invoice_ids))
    rows = {row.id: row for row in await session.execute(query.with_for_update())}
    wanted = [rows[id] for id in proposal.invoice_ids]
    shares = spread(transaction.amount_cents, [max(row.open_cents, 0) for row in wanted])
    pairs = zip(wanted, shares, strict=True)
    parts = [Part(MatchKind.INVOICE, cents, row.id) for row, cents in pairs if cents]
    if surplus := transaction.amount_cents - sum(shares):
        parts.append(Part(MatchKind.WALLET, surplus, contact_id=wanted[0].payer_contact_id))
    return parts


# --- taking back ----------------------------------------------------------------------------------------------------


async def _take_back(session: AsyncSession, transaction: BankTransaction, why: str) -> None:
    query = select(BankMatch).where(BankMatch.transaction_id == transaction.id, BankMatch.undone_at.is_(None))
    matches = list(await session.scalars(query.order_by(BankMatch.id).with_for_update()))
    if any(_for_good(each) for each in matches):
        raise UnmatchRefused(why=_CANNOT, field=("transaction_id",))
    for payment_id in sorted({each.payment_id for each in matches if each.payment_id}):
        await registering.reverse(session, payment_id, why)
    for each in matches:
        await _undo(session, transaction, each)
    transaction.round += 1
    transaction.matched_at = None
    transaction.state = TransactionState.UNMATCHED.value
    await session.flush()
    await booking.suspend(session, [transaction])


def _for_good(match: BankMatch) -> bool:
    """What came back, and what we paid: the bank has done it, and no other thing can have been meant."""
    return match.kind == MatchKind.RETURN or (match.kind == MatchKind.FILE and match.amount_cents < 0)


async def _undo(session: AsyncSession, transaction: BankTransaction, match: BankMatch) -> None:
    if match.entry_id:
        day = await booking.book_day(session, transaction)
        await posting.reverse(session, match.entry_id, f"bank-match:{match.id}:undone", day)
    if match.file_line_id:
        await carried_out.put_back_line(session, match.file_line_id)
    match.undone_at, match.undone_by = datetime.now(UTC), actor_of(session).user_id
