"""Files of ours that the bank carried out: lines are found by their end-to-end ids, whole blocks by the file's ids."""

from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.bank import booking
from domain.bank.applying import Part, Why, add_match, conclude, method_of, tell
from domain.bank.events import BankFileSettled, DirectDebitReturned
from domain.bank.models import BankMatch, BankTransaction, MatchKind, TransactionKind
from domain.bank.order_models import BankFile, BankFileKind, BankFileLine, BankFileState, FileLineState
from domain.events.record import record
from domain.invoices import settling
from domain.ledger.models import AccountRole
from domain.money import Money
from domain.payments import refunding
from domain.payments.models import Payment, PaymentKind, PaymentStatus, Provider
from domain.payments.receiving import receive
from domain.rows import find

_BY_ID, _BY_BLOCK, _RETURNED = Why("END_TO_END_ID", True), Why("FILE", True), Why("RETURN", True)
_LEAVING = select(Payment.id).where(Payment.status.in_([PaymentStatus.PENDING.value, PaymentStatus.SUCCEEDED.value]))
"""Refunds that can have left; a line of one that was put back is judged by hand, whatever the bank did with it."""


async def recognize(session: AsyncSession, transaction: BankTransaction) -> bool:
    """Match the transaction to lines of our files, where the ids and the amount say so; whether it was."""
    if transaction.kind == TransactionKind.RETURN:
        return await _returned(session, transaction)
    lines, why = await _line(session, transaction), _BY_ID
    if not lines:
        lines, why = await _block(session, transaction), _BY_BLOCK
    if not lines:
        return False
    await booking.resume(session, transaction)
    for line in lines:
        await _carry_out(session, transaction, line, why)
    await conclude(session, transaction, why, [line.invoice_id for line in lines if line.invoice_id])
    await _settle_files(session, {line.file_id for line in lines})
    return True


def _kind_of(transaction: BankTransaction) -> BankFileKind:
    return BankFileKind.DIRECT_DEBIT if transaction.amount_cents > 0 else BankFileKind.PAYOUT


async def _line(session: AsyncSession, transaction: BankTransaction) -> list[BankFileLine]:
    if transaction.end_to_end_id is None:
        return []
    own = BankFileLine.end_to_end_id == transaction.end_to_end_id
    found = await _pending(session, transaction, own, _kind_of(transaction))
    return found if [line.amount_cents for line in found] == [abs(transaction.amount_cents)] else []


async def _block(session: AsyncSession, transaction: BankTransaction) -> list[BankFileLine]:
    """All pending lines of a file or of one of its blocks, where they add up to the transaction."""
    if transaction.batch_reference is None:
        return []
    named = or_(BankFileLine.block == transaction.batch_reference, BankFile.number == transaction.batch_reference)
    found = await _pending(session, transaction, named, _kind_of(transaction))
    return found if sum(line.amount_cents for line in found) == abs(transaction.amount_cents) else []


async def _pending(
    session: AsyncSession, transaction: BankTransaction, which: object, kind: BankFileKind
) -> list[BankFileLine]:
    query = select(BankFileLine).join(BankFile, BankFile.id == BankFileLine.file_id)
    query = query.where(BankFileLine.entity_id == transaction.entity_id, which, BankFile.kind == kind.value)  # type: ignore[arg-type]  # a condition
    query = query.where(BankFileLine.state == FileLineState.PENDING.value, BankFile.currency == transaction.currency)
    query = query.where(or_(BankFileLine.refund_id.is_(None), BankFileLine.refund_id.in_(_LEAVING)))
    query = query.order_by(BankFileLine.id).with_for_update(of=BankFileLine)
    return list(await session.scalars(query.execution_options(populate_existing=True)))


async def _carry_out(session: AsyncSession, transaction: BankTransaction, line: BankFileLine, why: Why) -> None:
    sign = 1 if transaction.amount_cents > 0 else -1
    part = Part(MatchKind.FILE, sign * line.amount_cents, line.invoice_id)
    payment_id, entry_id = None, None
    if sign > 0:
        payment_id = await _collected(session, transaction, line)
    elif line.refund_id:
        day = await booking.book_day(session, transaction)
        payment_id = (await refunding.succeed(session, line.refund_id, paid_on=day)).id
    else:
        entry_id = await _paid_out(session, transaction, line)
    line.state = FileLineState.SETTLED.value
    add_match(session, transaction, part, why, payment_id=payment_id, entry_id=entry_id, file_line_id=line.id)


async def _collected(session: AsyncSession, transaction: BankTransaction, line: BankFileLine) -> UUID:
    """What an invoice does not need any more (it was paid otherwise meanwhile) goes to the payer's wallet."""
    assert line.invoice_id is not None
    payment = await receive(
        session,
        entity_id=transaction.entity_id,
        amount=Money(line.amount_cents, line.currency),
        method=method_of(transaction),
        provider=Provider.BANK,
        provider_id=f"{transaction.id}:{transaction.round}:{line.id}",
        received_on=transaction.booked_on,
        invoice_ids=[line.invoice_id],
        reference=line.end_to_end_id,
    )
    return payment.id


async def _paid_out(session: AsyncSession, transaction: BankTransaction, line: BankFileLine) -> UUID:
    """A self-billing invoice was paid."""
    assert line.invoice_id is not None
    source = ("BankTransaction", transaction.id)
    await settling.settle(session, line.invoice_id, line.amount_cents, source=source, paid_at=transaction.booked_on)
    role, cents = AccountRole.COMMISSION_PAYABLE, -line.amount_cents
    return await booking.post_to(session, transaction, line.position, role, cents, line.contact_id)


# --- what came back ---------------------------------------------------------------------------------------------------


async def _returned(session: AsyncSession, transaction: BankTransaction) -> bool:
    line = await _settled_line(session, transaction)
    if line is None:
        return False
    await booking.resume(session, transaction)
    if transaction.amount_cents < 0:
        payment_id, entry_id = await _charge_back(session, transaction, line), None
    else:
        payment_id, entry_id = await _came_back(session, transaction, line)
    line.state, line.return_reason = FileLineState.RETURNED.value, transaction.return_reason
    part = Part(MatchKind.RETURN, transaction.amount_cents, line.invoice_id)
    add_match(session, transaction, part, _RETURNED, payment_id=payment_id, entry_id=entry_id, file_line_id=line.id)
    await conclude(session, transaction, _RETURNED, [line.invoice_id] if line.invoice_id else [])
    if transaction.amount_cents < 0:
        amount = (line.amount_cents, line.currency)
        await tell(session, transaction, DirectDebitReturned(line.invoice_id, line.return_reason, *amount))
    return True


async def _settled_line(session: AsyncSession, transaction: BankTransaction) -> BankFileLine | None:
    """The line that came back: its end-to-end id, and its amount with the other sign."""
    if transaction.end_to_end_id is None:
        return None
    kind = BankFileKind.PAYOUT if transaction.amount_cents > 0 else BankFileKind.DIRECT_DEBIT
    query = select(BankFileLine).join(BankFile, BankFile.id == BankFileLine.file_id)
    query = query.where(BankFileLine.entity_id == transaction.entity_id, BankFile.kind == kind.value)
    query = query.where(BankFileLine.end_to_end_id == transaction.end_to_end_id)
    query = query.where(BankFileLine.state == FileLineState.SETTLED.value).with_for_update(of=BankFileLine)
    line = (await session.execute(query.execution_options(populate_existing=True))).scalar_one_or_none()
    same = line is not None and line.amount_cents == abs(transaction.amount_cents)
    return line if same and line is not None and line.currency == transaction.currency else None


async def _match_of(session: AsyncSession, line: BankFileLine) -> BankMatch:
    query = select(BankMatch).where(BankMatch.file_line_id == line.id, BankMatch.undone_at.is_(None))
    query = query.where(BankMatch.kind == MatchKind.FILE.value).order_by(BankMatch.id.desc()).limit(1)
    return (await session.execute(query)).scalar_one()


async def _charge_back(session: AsyncSession, transaction: BankTransaction, line: BankFileLine) -> UUID | None:
    match = await _match_of(session, line)
    assert match.payment_id is not None
    out = await refunding.charge_back(
        session,
        match.payment_id,
        Money(line.amount_cents, line.currency),
        provider_id=f"{transaction.id}:{transaction.round}",
        on=await booking.book_day(session, transaction),
        kind=PaymentKind.CHARGEBACK,
    )
    return out.id


async def _came_back(
    session: AsyncSession, transaction: BankTransaction, line: BankFileLine
) -> tuple[UUID | None, UUID | None]:
    """A payout of ours: it is owed again."""
    if line.refund_id:
        why = transaction.return_reason or "returned by the bank"
        return (await refunding.fail(session, line.refund_id, why)).id, None
    assert line.invoice_id is not None
    source = ("BankTransaction", transaction.id)
    await settling.settle(session, line.invoice_id, -line.amount_cents, source=source, paid_at=transaction.booked_on)
    role = AccountRole.COMMISSION_PAYABLE
    return None, await booking.post_to(session, transaction, line.position, role, line.amount_cents, line.contact_id)


# --- files ------------------------------------------------------------------------------------------------------------


async def _settle_files(session: AsyncSession, ids: set[UUID]) -> None:
    await session.flush()
    for id in ids:
        file = await find(session, BankFile, id, lock=True)
        left = select(BankFileLine.id).where(BankFileLine.file_id == id)
        left = left.where(BankFileLine.state == FileLineState.PENDING.value).limit(1)
        done = (await session.execute(left)).first() is None
        if done and file.state == BankFileState.CREATED:
            file.state = BankFileState.SETTLED.value
            await session.flush()
            await record(session, BankFileSettled(file.number), entity_id=file.entity_id, subject_id=file.id)


async def put_back_line(session: AsyncSession, line_id: UUID) -> None:
    """A line waits for the bank again, because its match was undone; and its file with it."""
    line = await find(session, BankFileLine, line_id, lock=True)
    line.state = FileLineState.PENDING.value
    file = await find(session, BankFile, line.file_id, lock=True)
    file.state = BankFileState.CREATED.value
