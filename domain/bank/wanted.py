"""What a file may hold: invoices to collect, commission and refunds to pay out; what is left out, and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession
from stdnum import iban as stdnum_iban

from domain.bank import mandates
from domain.bank.errors import InAnotherFile, MandateNotUsable, NoAccount, NotToBeRun
from domain.bank.models import BankMatch, BankTransaction
from domain.bank.order_models import BankFileLine, FileLineState, Mandate, MandateScheme
from domain.contacts.models import Contact
from domain.errors import DomainError, NotFound
from domain.invoices.models import Invoice, InvoiceKind
from domain.payments.models import Destination, Payment, PaymentKind, PaymentMethod, PaymentStatus, Provider
from tenants.models import BusinessEntity

_MOST = 5_000
_BY_BANK = (Provider.BANK.value, Provider.MANUAL.value)


class LeftOutReason(StrEnum):
    """Why something is not in a file."""

    NO_MANDATE = "NO_MANDATE"
    """None, revoked, lapsed, of the other scheme, or one-off and used."""
    NO_ACCOUNT = "NO_ACCOUNT"
    """The bank account to pay to is not known."""
    IN_ANOTHER_FILE = "IN_ANOTHER_FILE"
    NOTHING_OPEN = "NOTHING_OPEN"
    """Or not of the kind that such a file holds, or in another currency."""


_ERRORS: Mapping[LeftOutReason, type[DomainError]] = {
    LeftOutReason.NO_MANDATE: MandateNotUsable,
    LeftOutReason.NO_ACCOUNT: NoAccount,
    LeftOutReason.IN_ANOTHER_FILE: InAnotherFile,
    LeftOutReason.NOTHING_OPEN: NotToBeRun,
}


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An invoice or refund, by id and number, that is not in the file."""

    id: UUID
    number: str
    reason: LeftOutReason
    kind: str = "Invoice"
    """GraphQL type of what it is."""

    def error(self) -> DomainError:
        """The same as a refusal."""
        return _ERRORS[self.reason](what=self.number)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A line of a file; amounts in cents of euros."""

    contact_id: UUID
    name: str
    iban: str
    cents: int
    description: str
    invoice_id: UUID | None = None
    refund_id: UUID | None = None
    mandate: Mandate | None = None


_Found = tuple[list[Wanted], list[LeftOut]]


async def open_invoices(
    session: AsyncSession,
    entity: BusinessEntity,
    scheme: MandateScheme,
    day: date,
    due_until: date,
    ids: Sequence[UUID],
) -> _Found:
    """Invoices to collect, locked, the longest due first. Raises: NotFound."""
    query = select(Invoice).where(Invoice.entity_id == entity.id)
    if not ids:
        due = Invoice.open_cents > 0, Invoice.due_on <= due_until, Invoice.kind == InvoiceKind.INVOICE.value
        signed = select(Mandate.contact_id).where(Mandate.entity_id == entity.id, Mandate.scheme == scheme.value)
        query = query.where(*due, Invoice.currency == "EUR", Invoice.payer_contact_id.in_(signed))
    invoices = await _locked(session, query, ids)
    running = await _running(session, BankFileLine.invoice_id, [each.id for each in invoices])
    payers = {each.payer_contact_id for each in invoices}
    usable = await mandates.in_force(session, entity.id, payers, scheme, day)
    found: _Found = ([], [])
    once: set[UUID] = set()
    for invoice in invoices:
        mandate = usable.get(invoice.payer_contact_id)
        reason = _not_collected(invoice, mandate, running, once)
        if reason or mandate is None:
            found[1].append(LeftOut(invoice.id, invoice.number, reason or LeftOutReason.NO_MANDATE))
            continue
        once.add(mandate.id)
        found[0].append(_collection(invoice, mandate))
    return found


def _not_collected(
    invoice: Invoice, mandate: Mandate | None, running: set[UUID], once: set[UUID]
) -> LeftOutReason | None:
    if invoice.kind != InvoiceKind.INVOICE or invoice.open_cents <= 0 or invoice.currency != "EUR":
        return LeftOutReason.NOTHING_OPEN
    if invoice.id in running:
        return LeftOutReason.IN_ANOTHER_FILE
    spent = mandate is not None and mandate.use == "ONE_OFF" and mandate.id in once
    return LeftOutReason.NO_MANDATE if mandate is None or spent else None


def _collection(invoice: Invoice, mandate: Mandate) -> Wanted:
    description = f"{invoice.payment_reference} {invoice.number}"
    holder = mandate.account_holder
    payer = invoice.payer_contact_id
    return Wanted(payer, holder, mandate.iban, invoice.open_cents, description, invoice.id, mandate=mandate)


# --- payouts --------------------------------------------------------------------------------------------------------


async def payouts(
    session: AsyncSession, entity: BusinessEntity, day: date, invoice_ids: Sequence[UUID], refund_ids: Sequence[UUID]
) -> _Found:
    """Self-billing invoices and refunds to pay out, locked. Raises: NotFound."""
    everything = not invoice_ids and not refund_ids
    found: _Found = ([], [])
    if everything or invoice_ids:
        await _commission(session, entity, day, invoice_ids, found)
    if everything or refund_ids:
        await _refunds(session, entity, refund_ids, found)
    return found


async def _commission(
    session: AsyncSession, entity: BusinessEntity, day: date, ids: Sequence[UUID], found: _Found
) -> None:
    query = select(Invoice).where(Invoice.entity_id == entity.id)
    if not ids:
        due = Invoice.open_cents > 0, Invoice.due_on <= day, Invoice.kind == InvoiceKind.SELF_BILLING.value
        query = query.where(*due, Invoice.currency == "EUR")
    invoices = await _locked(session, query, ids)
    running = await _running(session, BankFileLine.invoice_id, [each.id for each in invoices])
    accounts = await _accounts(session, {each.payer_contact_id for each in invoices})
    for invoice in invoices:
        iban = str(invoice.seller.get("iban") or "") or accounts.get(invoice.payer_contact_id)
        reason = _not_paid(invoice, iban, running)
        if reason or iban is None:
            found[1].append(LeftOut(invoice.id, invoice.number, reason or LeftOutReason.NO_ACCOUNT))
            continue
        name = str(invoice.seller.get("legal_name") or invoice.seller.get("name") or "")
        payee = invoice.payer_contact_id
        found[0].append(Wanted(payee, name, iban, invoice.open_cents, invoice.number, invoice.id))


def _not_paid(invoice: Invoice, iban: str | None, running: set[UUID]) -> LeftOutReason | None:
    if invoice.kind != InvoiceKind.SELF_BILLING or invoice.open_cents <= 0 or invoice.currency != "EUR":
        return LeftOutReason.NOTHING_OPEN
    if invoice.id in running:
        return LeftOutReason.IN_ANOTHER_FILE
    return None if iban else LeftOutReason.NO_ACCOUNT


async def _refunds(session: AsyncSession, entity: BusinessEntity, ids: Sequence[UUID], found: _Found) -> None:
    query = select(Payment).where(Payment.entity_id == entity.id)
    if not ids:
        query = query.where(*_waiting())
    query = query.where(Payment.id.in_(ids)) if ids else query.limit(_MOST)
    rows = list(await session.scalars(query.order_by(Payment.id).with_for_update()))
    _require_all(ids, [row.id for row in rows], "refund_ids")
    running = await _running(session, BankFileLine.refund_id, [row.id for row in rows])
    names = await _names(session, {row.contact_id for row in rows if row.contact_id})
    sources = await _sources(session, {row.refunds_payment_id for row in rows if row.refunds_payment_id})
    for row in rows:
        iban = sources.get(row.refunds_payment_id) if row.refunds_payment_id else None
        name, own = names.get(row.contact_id, ("", None)) if row.contact_id else ("", None)
        account = iban or own
        reason = _not_refunded(row, account, running)
        if reason or account is None or row.contact_id is None:
            found[1].append(LeftOut(row.id, row.number, reason or LeftOutReason.NO_ACCOUNT, "Payment"))
            continue
        found[0].append(Wanted(row.contact_id, name, account, row.amount_cents, row.number, refund_id=row.id))


def _waiting() -> tuple[Any, ...]:
    return (
        Payment.kind == PaymentKind.REFUND.value,
        Payment.status == PaymentStatus.PENDING.value,
        Payment.refund_to == Destination.SOURCE.value,
        Payment.provider.in_(_BY_BANK),
        Payment.currency == "EUR",
    )


def _not_refunded(row: Payment, account: str | None, running: set[UUID]) -> LeftOutReason | None:
    waits = row.kind == PaymentKind.REFUND and row.status == PaymentStatus.PENDING and row.currency == "EUR"
    if not waits or row.provider not in _BY_BANK or row.method == PaymentMethod.CASH:
        return LeftOutReason.NOTHING_OPEN
    if row.id in running:
        return LeftOutReason.IN_ANOTHER_FILE
    return None if account else LeftOutReason.NO_ACCOUNT


# --- rows -----------------------------------------------------------------------------------------------------------


async def _locked(session: AsyncSession, query: Select[Invoice], ids: Sequence[UUID]) -> list[Invoice]:
    """Locked in order of ids as everywhere; given back the longest due first."""
    chosen = query.where(Invoice.id.in_(ids)) if ids else query.limit(_MOST)
    chosen = chosen.order_by(Invoice.id).with_for_update().execution_options(populate_existing=True)
    rows = list(await session.scalars(chosen))
    _require_all(ids, [row.id for row in rows], "invoice_ids")
    return sorted(rows, key=lambda row: (row.due_on, row.number))


def _require_all(ids: Sequence[UUID], found: Sequence[UUID], field: str) -> None:
    for place, id in enumerate(ids):
        if id not in found:
            raise NotFound(field=(field, place))


async def _running(session: AsyncSession, column: Any, ids: Sequence[UUID]) -> set[UUID]:
    """What stands in a file already; asked after its rows were locked."""
    query = select(column).where(column.in_(ids), BankFileLine.state == FileLineState.PENDING.value)
    return set(await session.scalars(query))


async def _accounts(session: AsyncSession, ids: set[UUID]) -> dict[UUID, str]:
    query = select(Contact.id, Contact.iban).where(Contact.id.in_(ids), Contact.iban.is_not(None))
    return {row.id: row.iban for row in await session.execute(query)}


async def _names(session: AsyncSession, ids: set[UUID]) -> dict[UUID, tuple[str, str | None]]:
    query = select(Contact.id, Contact.name, Contact.legal_name, Contact.iban).where(Contact.id.in_(ids))
    return {row.id: (row.legal_name or row.name, row.iban) for row in await session.execute(query)}


async def _sources(session: AsyncSession, payment_ids: set[UUID]) -> dict[UUID, str]:
    """From which account a payment came: a refund goes back there, where the bank told its IBAN and no other number."""
    query = select(BankMatch.payment_id, BankTransaction.counterparty_iban)
    query = query.join(BankTransaction, BankTransaction.id == BankMatch.transaction_id)
    query = query.where(BankMatch.payment_id.in_(payment_ids), BankTransaction.counterparty_iban.is_not(None))
    rows = [(payment_id, iban) for payment_id, iban in await session.execute(query) if payment_id and iban]
    return {payment_id: stdnum_iban.compact(iban) for payment_id, iban in rows if stdnum_iban.is_valid(iban)}
