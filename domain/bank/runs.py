"""Making files: what is collected of payers with a mandate, and what we pay out; each in one running file only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.bank import mandates, pain
from domain.bank.errors import FileUnderWay, InAnotherFile, NoCreditorId, NotABankDay, NothingToRun
from domain.bank.events import BankFileCancelled, BankFileCreated
from domain.bank.order_models import (
    BankFile,
    BankFileKind,
    BankFileLine,
    BankFileState,
    FileLineState,
    Mandate,
    MandateScheme,
)
from domain.bank.settings import creditor_id_of
from domain.bank.target_days import is_target_day, target_day_from
from domain.bank.wanted import LeftOut, Wanted, open_invoices, payouts
from domain.documents.models import DocumentKind
from domain.documents.storing import store
from domain.errors import InvalidState
from domain.events.record import record
from domain.ledger.posting import today
from domain.numbering.service import next_number
from domain.payments import refunding
from domain.payments.models import Payment
from domain.rows import actor_of, find
from domain.validation import text
from tenants.models import BusinessEntity

MOST_LINES = 5_000
LONGEST_REASON = 500


class _Series(StrEnum):
    DIRECT_DEBIT = "DD"
    PAYOUT = "PO"


@dataclass(frozen=True, slots=True)
class Run:
    """The file, and what was not put into it."""

    file: BankFile
    left_out: Sequence[LeftOut] = field(default_factory=list)


def first_collection_day() -> date:
    """Banks take collections at least one TARGET day ahead."""
    return target_day_from(today() + timedelta(days=1))


async def collect(
    session: AsyncSession,
    *,
    entity_id: UUID,
    scheme: MandateScheme = MandateScheme.CORE,
    collect_on: date | None = None,
    due_until: date | None = None,
    invoice_ids: Sequence[UUID] = (),
) -> Run:
    """A file of collections for the open invoices of payers with a mandate: those given, else all due by `due_until`.

    Raises: NotFound, NoCreditorId, NotABankDay, NothingToRun; of given invoices InAnotherFile and MandateNotUsable.
    """
    entity = await find(session, BusinessEntity, entity_id, field=("entity_id",))
    day = _bank_day(collect_on or first_collection_day(), first_collection_day(), "collect_on")
    wanted, left_out = await open_invoices(session, entity, scheme, day, due_until or day, invoice_ids)
    creditor = creditor_id_of(entity)
    if creditor is None:
        raise NoCreditorId(field=("entity_id",))
    _require_some(wanted, left_out, named=bool(invoice_ids))
    signed = {each.mandate.id: each.mandate for each in wanted if each.mandate}
    number = await _number(session, entity.id, _Series.DIRECT_DEBIT)
    lines = _lines(entity.id, number, _sequenced(wanted, await mandates.used(session, signed)))
    own = pain.Party(entity.legal_name, entity.iban, creditor)
    content = pain.collections_file(own, scheme.value, day, number, [_collection(line, signed) for line in lines])
    file = await _keep(session, entity, BankFileKind.DIRECT_DEBIT, number, day, lines, content, scheme)
    await mandates.restate_use(session, signed)
    return Run(file, left_out)


async def pay_out(
    session: AsyncSession,
    *,
    entity_id: UUID,
    execute_on: date | None = None,
    invoice_ids: Sequence[UUID] = (),
    refund_ids: Sequence[UUID] = (),
) -> Run:
    """A file of payouts: self-billing invoices that are due and refunds that wait, or those that are given.

    Raises: NotFound, NotABankDay, NothingToRun; of what is given InAnotherFile and NoAccount.
    """
    entity = await find(session, BusinessEntity, entity_id, field=("entity_id",))
    first = target_day_from(today())
    day = _bank_day(execute_on or first, first, "execute_on")
    wanted, left_out = await payouts(session, entity, day, invoice_ids, refund_ids)
    _require_some(wanted, left_out, named=bool(invoice_ids or refund_ids))
    number = await _number(session, entity.id, _Series.PAYOUT)
    lines = _lines(entity.id, number, [(each, None) for each in wanted])
    own = pain.Party(entity.legal_name, entity.iban)
    content = pain.payouts_file(own, day, number, [_payout(line) for line in lines])
    return Run(await _keep(session, entity, BankFileKind.PAYOUT, number, day, lines, content), left_out)


async def cancel(session: AsyncSession, file_id: UUID, reason: str) -> BankFile:
    """Take a file back that was not given to the bank: what is in it may be put into another.

    Raises: NotFound, InvalidState, FileUnderWay.
    """
    why = text(reason, "reason", maximum=LONGEST_REASON)
    file = await find(session, BankFile, file_id, lock=True)
    if file.state == BankFileState.CANCELLED:
        raise InvalidState(current=file.state, wanted=BankFileState.CANCELLED, field=("id",))
    query = select(BankFileLine).where(BankFileLine.file_id == file.id).order_by(BankFileLine.id).with_for_update()
    lines = list(await session.scalars(query.execution_options(populate_existing=True)))
    if any(line.state != FileLineState.PENDING for line in lines):
        raise FileUnderWay(field=("id",))
    for line in lines:
        line.state = FileLineState.CANCELLED.value
    file.state, file.cancelled_at, file.cancel_reason = BankFileState.CANCELLED.value, datetime.now(UTC), why
    file.cancelled_by = actor_of(session).user_id
    await mandates.restate_use(session, [line.mandate_id for line in lines if line.mandate_id])
    await record(session, BankFileCancelled(file.number), entity_id=file.entity_id, subject_id=file.id)
    return file


async def cancel_refund(session: AsyncSession, refund_id: UUID, reason: str) -> Payment:
    """`refunding.cancel` of one that no file asks the bank to pay. Raises: InAnotherFile and what that raises."""
    out = await refunding.cancel(session, refund_id, reason)
    # asked now that its row is locked: whoever makes a file locks it as well
    query = select(BankFileLine.id).where(BankFileLine.refund_id == out.id)
    query = query.where(BankFileLine.state == FileLineState.PENDING.value).limit(1)
    if (await session.execute(query)).first() is not None:
        raise InAnotherFile(what=out.number, field=("id",))
    return out


# --- parts ----------------------------------------------------------------------------------------------------------


def _bank_day(day: date, first: date, name: str) -> date:
    if day < first or not is_target_day(day):
        raise NotABankDay(day=day.isoformat(), first=max(first, target_day_from(day)).isoformat(), field=(name,))
    return day


def _require_some(wanted: Sequence[Wanted], left_out: Sequence[LeftOut], *, named: bool) -> None:
    """What somebody named has to be in the file; what was only looked for may be left out."""
    if named and left_out:
        raise left_out[0].error()
    if not wanted:
        raise NothingToRun()


async def _number(session: AsyncSession, entity_id: UUID, series: _Series) -> str:
    return await next_number(session, entity_id, f"bank_file_{series.value.lower()}", infix=series.value)


def _sequenced(wanted: Sequence[Wanted], used: set[UUID]) -> list[tuple[Wanted, str | None]]:
    """With the sequence type of each, in the order of the blocks: first collections in front."""
    seen = set(used)
    found: list[tuple[Wanted, str | None]] = []
    for each in wanted:
        assert each.mandate is not None
        found.append((each, mandates.sequence_type(each.mandate, used=each.mandate.id in seen)))
        seen.add(each.mandate.id)
    return sorted(found, key=lambda pair: pair[1] or "")


def _lines(entity_id: UUID, number: str, wanted: Sequence[tuple[Wanted, str | None]]) -> list[BankFileLine]:
    blocks = list(dict.fromkeys(sequence for _, sequence in wanted))
    return [
        BankFileLine(
            entity_id=entity_id,
            position=position,
            invoice_id=each.invoice_id,
            refund_id=each.refund_id,
            mandate_id=each.mandate.id if each.mandate else None,
            sequence_type=sequence,
            contact_id=each.contact_id,
            name=each.name,
            iban=each.iban,
            amount_cents=each.cents,
            currency="EUR",
            end_to_end_id=f"{number}-{position}",
            block=f"{number}-{blocks.index(sequence) + 1}",
            description=each.description,
        )
        for position, (each, sequence) in enumerate(wanted[:MOST_LINES], start=1)
    ]


def _collection(line: BankFileLine, signed: Mapping[UUID, Mandate]) -> pain.Collection:
    assert line.mandate_id is not None
    mandate = signed[line.mandate_id]
    return pain.Collection(
        line.name,
        line.iban,
        mandate.bic,
        line.amount_cents,
        mandate.reference,
        mandate.signed_on,
        line.sequence_type or "",
        line.end_to_end_id,
        line.description,
    )


def _payout(line: BankFileLine) -> pain.Payout:
    return pain.Payout(line.name, line.iban, line.amount_cents, line.end_to_end_id, line.description)


async def _keep(
    session: AsyncSession,
    entity: BusinessEntity,
    kind: BankFileKind,
    number: str,
    day: date,
    lines: Sequence[BankFileLine],
    content: bytes,
    scheme: MandateScheme | None = None,
) -> BankFile:
    file = BankFile(
        entity_id=entity.id,
        kind=kind.value,
        number=number,
        scheme=scheme.value if scheme else None,
        state=BankFileState.CREATED.value,
        executes_on=day,
        currency="EUR",
        lines=len(lines),
        total_cents=sum(line.amount_cents for line in lines),
        message=pain.COLLECTIONS if kind is BankFileKind.DIRECT_DEBIT else pain.PAYOUTS,
        made_by=actor_of(session).user_id,
    )
    session.add(file)
    await session.flush()
    for line in lines:
        line.file_id = file.id
    session.add_all(lines)
    await session.flush()
    owner, media = ("BankFile", file.id), "application/xml"
    name = f"{number}.xml"
    await store(
        session,
        entity_id=entity.id,
        owner=owner,
        kind=DocumentKind.PAIN,
        file_name=name,
        media_type=media,
        content=content,
    )
    happened = BankFileCreated(number, file.kind, file.lines, file.total_cents, file.currency)
    await record(session, happened, entity_id=entity.id, subject_id=file.id)
    return file
