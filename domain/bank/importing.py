"""Reading bank statements in: each once, in the order of their days, all of a file or nothing of it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from domain.bank import camt
from domain.bank.errors import StatementCurrency, StatementDiffers, StatementOfOtherAccount
from domain.bank.events import BankStatementImported
from domain.bank.models import BankStatement, BankTransaction, TransactionState
from domain.bank.recognizing import recognize_all
from domain.bank.statement import Before, Booking, Statement, missing_before
from domain.documents.models import DocumentKind
from domain.documents.storing import store
from domain.events.record import record
from domain.money import Money
from domain.rows import actor_of, find
from tenants.models import BusinessEntity

_ALONE = text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))")


class ImportOutcome(StrEnum):
    IMPORTED = "IMPORTED"
    ALREADY_IMPORTED = "ALREADY_IMPORTED"
    """It was read in before; nothing was done."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What was done with one statement of a file."""

    statement_id: UUID
    outcome: ImportOutcome
    reference: str
    transactions: int = 0
    duplicates: int = 0
    """Bookings that were in a statement before."""
    matched: int = 0
    proposed: int = 0
    unmatched: int = 0
    missing: str | None = None


async def read_file(data: bytes) -> list[Statement]:
    """The checked statements of a CAMT.053 file, oldest first; beside the event loop."""
    found = await asyncio.to_thread(camt.read, data)
    return sorted(found, key=lambda each: (each.closed_on, each.opened_on, each.sequence or 0))


async def import_file(session: AsyncSession, entity_id: UUID, data: bytes) -> list[Imported]:
    """Read a file in for an entity. Raises: the errors of `domain.bank.errors`; then nothing is written. For staff."""
    entity = await find(session, BusinessEntity, entity_id, field=("entity_id",))
    statements = await read_file(data)
    for each in statements:
        _require_own(entity, each)
    await session.execute(_ALONE, {"key": f"bank {entity.id}"})  # a file that is sent twice waits here for itself
    done = [await _import(session, entity, each) for each in statements]
    if first := next((each for each in done if each.outcome is ImportOutcome.IMPORTED), None):
        await _keep(session, entity, first.statement_id, data)
    return done


def _require_own(entity: BusinessEntity, statement: Statement) -> None:
    if statement.iban != entity.iban:
        raise StatementOfOtherAccount(statement=statement.reference)
    if statement.currency != entity.currency:
        raise StatementCurrency(statement=statement.reference, found=statement.currency, expected=entity.currency)


async def _keep(session: AsyncSession, entity: BusinessEntity, statement_id: UUID, data: bytes) -> None:
    owner, name = ("BankStatement", statement_id), f"{entity.code}-{statement_id}.xml"
    await store(
        session,
        entity_id=entity.id,
        owner=owner,
        kind=DocumentKind.CAMT,
        file_name=name,
        media_type="application/xml",
        content=data,
    )


async def _import(session: AsyncSession, entity: BusinessEntity, statement: Statement) -> Imported:
    if known := await _known(session, entity.id, statement):
        return Imported(
            known.id, ImportOutcome.ALREADY_IMPORTED, known.reference, known.transactions, missing=known.missing
        )
    row = await _write(session, entity, statement)
    fresh = await _write_transactions(session, row, statement)
    await recognize_all(session, fresh)
    row_matched = _count(fresh, TransactionState.MATCHED)
    happened = BankStatementImported(row.reference, len(fresh), row_matched, row.missing)
    await record(session, happened, entity_id=entity.id, subject_id=row.id)
    return Imported(
        row.id,
        ImportOutcome.IMPORTED,
        row.reference,
        len(fresh),
        len(statement.bookings) - len(fresh),
        row_matched,
        _count(fresh, TransactionState.PROPOSED),
        _count(fresh, TransactionState.UNMATCHED),
        row.missing,
    )


def _count(transactions: Sequence[BankTransaction], state: TransactionState) -> int:
    return sum(each.state == state for each in transactions)


async def _known(session: AsyncSession, entity_id: UUID, statement: Statement) -> BankStatement | None:
    """The same statement, read in before, perhaps under another number. Raises: StatementDiffers."""
    mine = BankStatement.entity_id == entity_id, BankStatement.iban == statement.iban
    same = (BankStatement.digest == statement.digest) | (
        (BankStatement.reference == statement.reference) & (BankStatement.closed_on == statement.closed_on)
    )
    found = list(await session.scalars(select(BankStatement).where(*mine, same)))
    if found and all(each.digest != statement.digest for each in found):
        raise StatementDiffers(statement=statement.reference)
    return next((each for each in found if each.digest == statement.digest), None)


async def _write(session: AsyncSession, entity: BusinessEntity, statement: Statement) -> BankStatement:
    row = BankStatement(
        entity_id=entity.id,
        iban=statement.iban,
        reference=statement.reference,
        sequence=statement.sequence,
        currency=statement.currency,
        opened_on=statement.opened_on,
        closed_on=statement.closed_on,
        opening_cents=statement.opening.cents,
        closing_cents=statement.closing.cents,
        transactions=len(statement.bookings),
        format=statement.format,
        digest=statement.digest,
        missing=missing_before(statement, await _before(session, entity.id, statement)),
        imported_by=actor_of(session).user_id,
    )
    session.add(row)
    await session.flush()
    await _fill_the_gap(session, row, statement)
    return row


async def _before(session: AsyncSession, entity_id: UUID, statement: Statement) -> Before | None:
    mine = BankStatement.entity_id == entity_id, BankStatement.iban == statement.iban
    query = select(BankStatement).where(*mine, BankStatement.closed_on <= statement.closed_on)
    if statement.sequence is not None:
        earlier = BankStatement.sequence.is_(None) | (BankStatement.sequence < statement.sequence)
        query = query.where(earlier | (BankStatement.closed_on < statement.closed_on))
    query = query.order_by(
        BankStatement.closed_on.desc(), BankStatement.sequence.desc().nulls_last(), BankStatement.id.desc()
    )
    row = (await session.execute(query.limit(1))).scalar_one_or_none()
    return Before(row.sequence, Money(row.closing_cents, row.currency), row.closed_on) if row else None


async def _fill_the_gap(session: AsyncSession, row: BankStatement, statement: Statement) -> None:
    """The statement after this one may have missed it."""
    mine = BankStatement.entity_id == row.entity_id, BankStatement.iban == row.iban, BankStatement.id != row.id
    later = select(BankStatement).where(*mine, BankStatement.closed_on >= row.closed_on)
    later = later.where(BankStatement.missing.is_not(None)).order_by(BankStatement.closed_on, BankStatement.sequence)
    follower = (await session.execute(later.limit(1))).scalar_one_or_none()
    if follower is not None and follower.opening_cents == row.closing_cents:
        ours = Before(row.sequence, statement.closing, row.closed_on)
        follower.missing = missing_before(_as_statement(follower), ours)


def _as_statement(row: BankStatement) -> Statement:
    opening, closing = Money(row.opening_cents, row.currency), Money(row.closing_cents, row.currency)
    days = row.opened_on, row.closed_on
    return Statement(row.reference, row.sequence, row.iban, row.currency, *days, opening, closing, row.format)


async def _write_transactions(session: AsyncSession, row: BankStatement, statement: Statement) -> list[BankTransaction]:
    """The bookings that no statement had before."""
    identities = statement.identities()
    query = select(BankTransaction.identity).where(BankTransaction.entity_id == row.entity_id)
    known = set(await session.scalars(query.where(BankTransaction.identity.in_(identities))))
    fresh = [
        _transaction(row, position, identity, booking)
        for position, (identity, booking) in enumerate(zip(identities, statement.bookings, strict=True), start=1)
        if identity not in known
    ]
    session.add_all(fresh)
    await session.flush()
    return fresh


def _transaction(row: BankStatement, position: int, identity: str, booking: Booking) -> BankTransaction:
    return BankTransaction(
        entity_id=row.entity_id,
        statement_id=row.id,
        position=position,
        identity=identity,
        booked_on=booking.booked_on,
        valued_on=booking.valued_on,
        amount_cents=booking.amount.cents,
        currency=booking.amount.currency,
        kind=booking.kind.value,
        state=TransactionState.UNMATCHED.value,
        round=1,
        counterparty_name=booking.counterparty_name,
        counterparty_iban=booking.counterparty_iban,
        counterparty_bic=booking.counterparty_bic,
        end_to_end_id=booking.end_to_end_id,
        mandate_reference=booking.mandate_reference,
        creditor_reference=booking.creditor_reference,
        remittance=booking.remittance,
        bank_reference=booking.bank_reference,
        batch_reference=booking.batch_reference,
        batch_count=booking.batch_count,
        return_reason=booking.return_reason,
        bank_code=booking.bank_code,
    )
