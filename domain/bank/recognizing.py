"""What each new transaction is: matched where there is no doubt, else proposed, else left for somebody to judge."""

from collections.abc import Sequence

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.bank import booking, carried_out
from domain.bank.applying import Part, Why, apply, tell
from domain.bank.events import BankTransactionProposed
from domain.bank.matching import Candidate, Matcher, MatchReason
from domain.bank.models import (
    BankMatch,
    BankTransaction,
    MatchKind,
    MatchProposal,
    ProposalState,
    TransactionKind,
    TransactionState,
)
from domain.bank.pool import movement_of, receivables
from domain.ledger.models import AccountRole, JournalLine, LedgerAccount

_PAYOUT_SCORE = 80


async def recognize_all(session: AsyncSession, transactions: Sequence[BankTransaction]) -> None:
    """Recognize transactions of one entity that were just written; files of ours first, then what came back of them."""
    if not transactions:
        return
    returns_last = sorted(transactions, key=lambda each: each.kind == TransactionKind.RETURN)
    left = [each for each in returns_last if not await carried_out.recognize(session, each)]
    left = [each for each in left if not await _known_payout(session, each)]
    matcher = await receivables(session, transactions[0].entity_id, left)
    for each in left:
        await _judge(session, each, matcher)
    unknown = [each for each in left if each.state != TransactionState.MATCHED]
    await booking.suspend(session, unknown)


async def recognize_again(session: AsyncSession, transaction: BankTransaction) -> None:
    """The same for one that stands on the suspense account: proposals are made anew."""
    await close_proposals(session, transaction)
    transaction.state = TransactionState.UNMATCHED.value
    matcher = await receivables(session, transaction.entity_id, [transaction])
    await _propose(session, transaction, matcher.candidates(movement_of(transaction)))


async def _judge(session: AsyncSession, transaction: BankTransaction, matcher: Matcher) -> None:
    if transaction.amount_cents < 0 or transaction.kind == TransactionKind.RETURN:
        return
    movement = movement_of(transaction)
    certain = matcher.certain(movement)
    if certain is None:
        await _propose(session, transaction, matcher.candidates(movement))
        return
    parts = [Part(MatchKind.INVOICE, cents, invoice_id) for invoice_id, cents in certain.parts]
    await apply(session, transaction, parts, Why(certain.rule.value, automatic=True))
    matcher.paid(certain.parts)


async def _propose(session: AsyncSession, transaction: BankTransaction, found: Sequence[Candidate]) -> None:
    proposals = [_proposal(transaction, each) for each in found]
    if transaction.kind == TransactionKind.PROVIDER_PAYOUT and await _clearing_covers(session, transaction):
        proposals.append(_payout(transaction))
    if not proposals:
        return
    transaction.state = TransactionState.PROPOSED.value
    session.add_all(proposals)
    await session.flush()
    await tell(session, transaction, BankTransactionProposed(len(proposals), max(each.score for each in proposals)))


def _proposal(transaction: BankTransaction, candidate: Candidate) -> MatchProposal:
    return MatchProposal(
        entity_id=transaction.entity_id,
        transaction_id=transaction.id,
        kind=MatchKind.INVOICE.value,
        invoice_ids=list(candidate.invoice_ids),
        score=candidate.score,
        reasons=[reason.value for reason in candidate.reasons],
        amount_cents=transaction.amount_cents,
        currency=transaction.currency,
    )


# --- payouts of payment providers -------------------------------------------------------------------------------------


def _payout(transaction: BankTransaction) -> MatchProposal:
    return MatchProposal(
        entity_id=transaction.entity_id,
        transaction_id=transaction.id,
        kind=MatchKind.PROVIDER_PAYOUT.value,
        invoice_ids=[],
        score=_PAYOUT_SCORE,
        reasons=[MatchReason.PROVIDER_NAME.value],
        amount_cents=transaction.amount_cents,
        currency=transaction.currency,
    )


async def _known_payout(session: AsyncSession, transaction: BankTransaction) -> bool:
    """A payout from an account that somebody said is a provider's, and that provider owes as much: whether it is."""
    if transaction.kind != TransactionKind.PROVIDER_PAYOUT or not await _said_before(session, transaction):
        return False
    if not await _clearing_covers(session, transaction):
        return False
    part = Part(MatchKind.PROVIDER_PAYOUT, transaction.amount_cents)
    await apply(session, transaction, [part], Why("PROVIDER_ACCOUNT", automatic=True))
    return True


async def _said_before(session: AsyncSession, transaction: BankTransaction) -> bool:
    if transaction.counterparty_iban is None:
        return False
    query = select(BankMatch.id).join(BankTransaction, BankTransaction.id == BankMatch.transaction_id)
    query = query.where(BankMatch.entity_id == transaction.entity_id, BankMatch.undone_at.is_(None))
    query = query.where(BankMatch.kind == MatchKind.PROVIDER_PAYOUT.value, BankMatch.automatic.is_(False))
    query = query.where(BankTransaction.counterparty_iban == transaction.counterparty_iban)
    return (await session.execute(query.limit(1))).first() is not None


async def _clearing_covers(session: AsyncSession, transaction: BankTransaction) -> bool:
    balance = select(func.coalesce(func.sum(JournalLine.debit_cents - JournalLine.credit_cents), 0))
    balance = balance.join(LedgerAccount, LedgerAccount.id == JournalLine.account_id)
    balance = balance.where(
        JournalLine.entity_id == transaction.entity_id, JournalLine.currency == transaction.currency
    )
    balance = balance.where(LedgerAccount.role == AccountRole.PROVIDER_CLEARING.value)
    return int((await session.execute(balance)).scalar_one()) >= transaction.amount_cents


# --- proposals --------------------------------------------------------------------------------------------------------


async def close_proposals(
    session: AsyncSession, transaction: BankTransaction, accepted: MatchProposal | None = None
) -> None:
    """The transaction was judged: one proposal at most was right."""
    waiting = update(MatchProposal).where(
        MatchProposal.transaction_id == transaction.id, MatchProposal.state == ProposalState.OPEN.value
    )
    if accepted is not None:
        accepted.state = ProposalState.ACCEPTED.value
        await session.flush()
    await session.execute(waiting.values(state=ProposalState.REJECTED.value))
