"""Receiving money: one payment per id of its provider, shared out over invoices, the rest to the payer's wallet.

    payment = await receive(session, entity_id=…, amount=Money(12100), method=PaymentMethod.IDEAL,
                            provider=Provider.MOLLIE, provider_id="tr_…", received_on=day, invoice_ids=[invoice.id])

Runs in sessions of staff and of the system. The invoices' rows are locked, then the wallet's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from domain.errors import FieldPath
from domain.events.record import record
from domain.invoices import settling
from domain.invoices.models import Invoice
from domain.ledger.models import AccountRole
from domain.ledger.posting import open_day
from domain.money import CurrencyMismatch, Money
from domain.numbering.service import next_number
from domain.payments import books
from domain.payments.errors import AllocatedTooMuch
from domain.payments.events import PaymentEvent, PaymentReceived, PaymentSuspended
from domain.payments.links_closing import close_settled
from domain.payments.models import (
    Payment,
    PaymentAllocation,
    PaymentMethod,
    Provider,
    Suspense,
)
from domain.payments.payers import Payer, as_open, invoices_named, lock_invoices, payable_cents, payer_of
from domain.payments.sharing import oldest_first
from domain.rows import actor_of
from domain.wallets import service as wallets
from domain.wallets.models import MovementKind
from domain.wallets.service import Cause

COUNTED = "payment"
_DATED_BY_OTHERS = frozenset({Provider.MOLLIE, Provider.STRIPE, Provider.LOCAL, Provider.BANK})


@dataclass(frozen=True, slots=True)
class Receipt:
    """What came in, and what it is for."""

    entity_id: UUID
    amount: Money
    method: PaymentMethod
    provider: Provider
    received_on: date
    provider_id: str | None = None
    invoice_ids: Sequence[UUID] = ()
    shares: Mapping[UUID, int] = field(default_factory=dict)
    """Cents per invoice where the payer or a colleague said so; the oldest due first where it is empty."""
    reference: str = ""
    contact_id: UUID | None = None
    attempt_id: UUID | None = None
    suspense: Suspense | None = None
    """Why all of it stands in suspense."""
    surplus: MovementKind = MovementKind.SURPLUS
    account: AccountRole | None = None
    """The account that is debited where it is not the provider's usual one."""


async def receive(
    session: AsyncSession,
    *,
    entity_id: UUID,
    amount: Money,
    method: PaymentMethod,
    provider: Provider,
    provider_id: str | None,
    received_on: date,
    invoice_ids: Sequence[UUID] = (),
    reference: str = "",
    contact_id: UUID | None = None,
    shares: Mapping[UUID, int] | None = None,
    account: AccountRole | None = None,
) -> Payment:
    """Record money that came in; what was received before under (provider, provider_id) is returned as it is.

    It pays `invoice_ids`, else the invoice that `reference` names; each as `shares` says, else the oldest due first.
    The surplus goes to the wallet of the contact, else of the first invoice's payer; to suspense where nobody is
    known. Raises: NotFound, NotPayable, CurrencyMismatch, AllocatedTooMuch, PeriodClosed (of what we date ourselves).
    """
    return await take_in(
        session,
        Receipt(
            entity_id,
            amount,
            method,
            provider,
            received_on,
            provider_id,
            invoice_ids,
            shares or {},
            reference,
            contact_id,
            account=account,
        ),
    )


async def take_in(session: AsyncSession, receipt: Receipt) -> Payment:
    """`receive`, with all there is to say."""
    if known := await _known(session, receipt):
        return known
    named = list(receipt.invoice_ids or receipt.shares) or await _named(session, receipt)
    invoices = await lock_invoices(session, receipt.entity_id, named, receipt.amount.currency)
    payer = await payer_of(session, receipt.contact_id, invoices)
    shares = {} if receipt.suspense else _shares(receipt, invoices)
    payment = await _record(session, receipt, payer, shares)
    await pay(session, payment, {invoice.id: invoice for invoice in invoices}, shares)
    if payment.wallet_cents:
        await _to_wallet(session, payment, receipt.surplus)
    await books.post_receipt(session, payment, shares, invoices, receipt.account)
    await _tell(session, payment, list(shares))
    await close_settled(session, list(shares))
    return payment


async def _known(session: AsyncSession, receipt: Receipt) -> Payment | None:
    """What was received before; two that receive the same at once wait for each other here."""
    if receipt.provider_id is None:
        return None
    key = f"payment {receipt.provider} {receipt.provider_id}"
    await session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": key})
    same = Payment.provider == receipt.provider, Payment.provider_id == receipt.provider_id
    return (await session.execute(select(Payment).where(*same))).scalar_one_or_none()


async def _named(session: AsyncSession, receipt: Receipt) -> list[UUID]:
    return [] if receipt.suspense else await invoices_named(session, receipt.entity_id, receipt.reference)


def _shares(receipt: Receipt, invoices: Sequence[Invoice]) -> dict[UUID, int]:
    if not receipt.shares:
        return oldest_first(receipt.amount.cents, [as_open(invoice) for invoice in invoices])
    for place, invoice in enumerate(invoices):
        check_share(receipt.shares[invoice.id], payable_cents(invoice), receipt.amount.currency, place)
    check_share(sum(receipt.shares.values()), receipt.amount.cents, receipt.amount.currency)
    return dict(receipt.shares)


def check_share(given: int, limit: int, currency: str, *place: int) -> None:
    """Raises: AllocatedTooMuch where more is given than there is, or nothing."""
    if not 0 < given <= limit:
        said = {"given": _said(given, currency), "limit": _said(max(limit, 0), currency)}
        field: FieldPath = ("invoices", *place, "amount_cents") if place else ("amount_cents",)
        raise AllocatedTooMuch(**said, field=field)


def _said(cents: int, currency: str) -> dict[str, str]:
    amount = Money(cents, currency)
    return {"nl": amount.format("nl"), "en": amount.format("en")}


async def _record(session: AsyncSession, receipt: Receipt, payer: Payer, shares: Mapping[UUID, int]) -> Payment:
    rest = receipt.amount.cents - sum(shares.values())
    suspense = receipt.suspense or (Suspense.UNKNOWN_PAYER if rest and payer.contact_id is None else None)
    day = receipt.received_on
    if receipt.provider in _DATED_BY_OTHERS:
        day = await open_day(session, receipt.entity_id, day)
    payment = Payment(
        entity_id=receipt.entity_id,
        number=await next_number(session, receipt.entity_id, COUNTED, infix="P"),
        method=receipt.method.value,
        contact_id=payer.contact_id,
        payer_chain_ids=list(payer.chain),
        amount_cents=receipt.amount.cents,
        wallet_cents=0 if suspense else rest,
        suspense_cents=rest if suspense else 0,
        suspense=suspense.value if suspense else None,
        currency=receipt.amount.currency,
        provider=receipt.provider.value,
        provider_id=receipt.provider_id,
        received_on=day,
        reference=receipt.reference,
        attempt_id=receipt.attempt_id,
        made_by=actor_of(session).user_id,
    )
    session.add(payment)
    await session.flush()
    return payment


async def pay(
    session: AsyncSession, payment: Payment, invoices: Mapping[UUID, Invoice], shares: Mapping[UUID, int]
) -> None:
    """Allocate parts of a payment to invoices that are locked, and settle these; posting is the caller's."""
    for id, cents in sorted(shares.items()):
        session.add(allocation(payment, invoices[id], cents))
        await settling.settle(session, id, cents, source=("Payment", payment.id), paid_at=payment.received_on)


def allocation(payment: Payment, invoice: Invoice, cents: int) -> PaymentAllocation:
    """A part of a payment, visible to whom the invoice is visible to."""
    return PaymentAllocation(
        entity_id=payment.entity_id,
        payment_id=payment.id,
        invoice_id=invoice.id,
        contact_id=invoice.payer_contact_id,
        payer_chain_ids=list(invoice.payer_chain_ids),
        amount_cents=cents,
        currency=payment.currency,
    )


async def _to_wallet(session: AsyncSession, payment: Payment, kind: MovementKind) -> None:
    assert payment.contact_id is not None
    await add_to_wallet(session, payment, payment.contact_id, payment.wallet_cents, kind)


async def add_to_wallet(
    session: AsyncSession, payment: Payment, contact_id: UUID, cents: int, kind: MovementKind, key: str = ""
) -> None:
    """Move money between a payment and the wallet of a contact; negative takes it out. Raises: WalletTooLow."""
    wallet = await wallets.open_wallet(
        session, entity_id=payment.entity_id, contact_id=contact_id, currency=payment.currency, lock=True
    )
    cause = Cause(kind, key or f"payment:{payment.id}", payment_id=payment.id)
    await wallets.move(session, wallet, Money(cents, payment.currency), cause)


async def _tell(session: AsyncSession, payment: Payment, invoice_ids: list[UUID]) -> None:
    if payment.suspense:
        await tell(session, payment, PaymentSuspended(*facts(payment), payment.suspense))
    else:
        await tell(session, payment, PaymentReceived(*facts(payment), invoice_ids))


def facts(payment: Payment) -> tuple[str, str, int, str]:
    """The fields that every event of a payment begins with."""
    return payment.number, payment.method, payment.amount_cents, payment.currency


async def tell(session: AsyncSession, payment: Payment, happened: PaymentEvent) -> None:
    """Record an event for staff and for whoever paid."""
    await record(
        session,
        happened,
        entity_id=payment.entity_id,
        subject_id=payment.id,
        channel=payment.payer_chain_ids,
        contact_ids=[payment.contact_id],
    )


def require_currency(payment: Payment, currency: str) -> None:
    """Raises: CurrencyMismatch."""
    if payment.currency != currency:
        raise CurrencyMismatch(left=payment.currency, right=currency)
