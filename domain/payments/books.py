"""What payments post: one place for which account each part of a payment stands on."""

from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from domain.invoices.models import Invoice
from domain.ledger.models import AccountRole, EntryKind
from domain.ledger.posting import Leg, credit, debit, open_day, post, today
from domain.money import Money
from domain.payments.models import Payment, PaymentMethod, Provider

_CLEARED = frozenset({Provider.MOLLIE, Provider.STRIPE, Provider.LOCAL})


def money_account(payment: Payment) -> AccountRole:
    """Where the money of a payment itself stands."""
    if payment.provider in _CLEARED:
        return AccountRole.PROVIDER_CLEARING
    if payment.provider == Provider.WALLET:
        return AccountRole.WALLET
    return AccountRole.CASH if payment.method == PaymentMethod.CASH else AccountRole.BANK


def shared_out(payment: Payment, shares: Mapping[UUID, int], invoices: Sequence[Invoice]) -> list[Leg]:
    """Credits of what a payment pays; the exact opposite is what a refund of it takes back."""
    suspense_cents = payment.suspense_cents + payment.missing_cents
    return receivables(payment, shares, invoices) + kept(payment, payment.wallet_cents, suspense_cents)


def receivables(payment: Payment, shares: Mapping[UUID, int], invoices: Sequence[Invoice]) -> list[Leg]:
    """Credits of what pays invoices; nobody owes it any more."""
    payers = {invoice.id: invoice for invoice in invoices}
    return [
        credit(
            AccountRole.RECEIVABLE,
            Money(cents, payment.currency),
            contact_id=payers[id].payer_contact_id,
            order_id=payers[id].order_id,
        )
        for id, cents in sorted(shares.items())
    ]


def kept(payment: Payment, wallet_cents: int, suspense_cents: int) -> list[Leg]:
    """Credits of what pays no invoice."""
    return [
        credit(AccountRole.WALLET, Money(wallet_cents, payment.currency), contact_id=payment.contact_id),
        credit(AccountRole.SUSPENSE, Money(suspense_cents, payment.currency)),
    ]


def opposite(legs: Sequence[Leg]) -> list[Leg]:
    """The same legs on the other side."""
    return [
        Leg(leg.role, -leg.amount, leg.contact_id, leg.order_id, leg.line_item_id, leg.intercompany_entity_id)
        for leg in legs
    ]


async def post_receipt(
    session: AsyncSession,
    payment: Payment,
    shares: Mapping[UUID, int],
    invoices: Sequence[Invoice],
    account: AccountRole | None,
) -> None:
    """Dr provider clearing, bank, cash or wallet; Cr receivable, wallet, suspense."""
    money = Money(payment.amount_cents, payment.currency)
    role = account or money_account(payment)
    paid = debit(role, money, contact_id=payment.contact_id if role is AccountRole.WALLET else None)
    legs = [paid, *shared_out(payment, shares, invoices)]
    await write(session, payment, EntryKind.PAYMENT, f"payment:{payment.id}", legs, payment.received_on)


async def write(
    session: AsyncSession, payment: Payment, kind: EntryKind, key: str, legs: Sequence[Leg], on: date | None = None
) -> None:
    """Post an entry of a payment; on the first open day where no day is given."""
    day = on or await open_day(session, payment.entity_id, today())
    source = ("Payment", payment.id)
    await post(
        session,
        entity_id=payment.entity_id,
        kind=kind,
        key=key,
        source=source,
        legs=legs,
        booked_on=day,
        text=payment.number,
    )


async def post_fee(session: AsyncSession, payment: Payment) -> None:
    """Dr provider fees, Cr provider clearing: what the provider keeps of a payment."""
    fee = Money(payment.fee_cents, payment.currency)
    legs = [debit(AccountRole.PROVIDER_FEES, fee), credit(AccountRole.PROVIDER_CLEARING, fee)]
    await write(session, payment, EntryKind.FEE, f"payment-fee:{payment.id}", legs)
