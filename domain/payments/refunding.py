"""Giving money back: to where it came from, or to the payer's wallet; never more than came in.

A refund over a provider or the bank is owed (PAYABLE) from the moment it is asked for, so that nobody can spend it
twice, and paid when the provider or the bank says so. One that fails is put back.
"""

from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.errors import FieldPath, InvalidState
from domain.invoices.models import Invoice
from domain.ledger.models import AccountRole, EntryKind
from domain.ledger.posting import Leg, credit, debit, today
from domain.money import Money
from domain.payments import books
from domain.payments.errors import NoWallet, RefundTooHigh
from domain.payments.events import PaymentChargedBack, PaymentRefunded, RefundFailed, RefundRequested
from domain.payments.giving_back import REFUNDABLE, Outgoing, Standing, give_back, put_back, standing
from domain.payments.models import (
    Destination,
    Payment,
    PaymentKind,
    PaymentMethod,
    PaymentStatus,
    Provider,
)
from domain.payments.receiving import add_to_wallet, facts, require_currency, tell
from domain.payments.sharing import Held, Parts, taken_out
from domain.rows import find
from domain.validation import text
from domain.wallets.errors import WalletTooLow
from domain.wallets.models import MovementKind

LONGEST_REASON = 1000
BY_PROVIDER = frozenset({Provider.MOLLIE, Provider.STRIPE, Provider.LOCAL})


async def refund(
    session: AsyncSession,
    payment_id: UUID,
    amount: Money,
    to: Destination,
    reason: str,
    *,
    invoice_id: UUID | None = None,
) -> Payment:
    """Give `amount` of a payment back; what it is taken out of, see `sharing.taken_out`; of one invoice where given.

    Returns the outgoing payment: SUCCEEDED where it is a matter of our own books (wallet, cash), else PENDING until
    `succeed` or `fail`. Raises: NotFound, InvalidState, CurrencyMismatch, RefundTooHigh, WalletTooLow,
    NoWallet (nobody knows whose money it is).
    """
    why = text(reason, "reason", maximum=LONGEST_REASON)
    payment = await find(session, Payment, payment_id, lock=True, field=("payment_id",))
    if invoice_id is not None:
        await find(session, Invoice, invoice_id, field=("invoice_id",))
    _require_refundable(payment)
    require_currency(payment, amount.currency)
    _require_left(amount.cents, payment.amount_cents - payment.refunded_cents, payment.currency)
    to = Destination.WALLET if payment.provider == Provider.WALLET else to
    if to is Destination.WALLET and payment.contact_id is None:
        raise NoWallet(field=("to",))
    where = await standing(session, payment)
    parts = _parts(amount.cents, payment, where, to, invoice_id)
    done = to is Destination.WALLET or _by_hand(payment)
    status = PaymentStatus.SUCCEEDED if done else PaymentStatus.PENDING
    outgoing = Outgoing(PaymentKind.REFUND, amount.cents, status, to, today(), why)
    out, legs = await give_back(session, payment, where, parts, outgoing)
    await _post(session, payment, out, legs)
    await tell(session, out, RefundRequested(*facts(out), payment.id))
    if done:
        await tell(session, out, PaymentRefunded(*facts(out), payment.id))
    return out


def _by_hand(payment: Payment) -> bool:
    """Cash is handed over by whoever registers it."""
    return payment.provider == Provider.MANUAL and payment.method == PaymentMethod.CASH


def _require_refundable(payment: Payment) -> None:
    if payment.kind != PaymentKind.RECEIPT or payment.status not in REFUNDABLE:
        raise InvalidState(current=payment.status, wanted=PaymentStatus.REFUNDED, field=("payment_id",))


def _require_left(cents: int, left: int, currency: str, field: FieldPath = ("amount_cents",)) -> None:
    if not 0 < cents <= left:
        amount = Money(left, currency)
        raise RefundTooHigh(left={"nl": amount.format("nl"), "en": amount.format("en")}, field=field)


def _parts(cents: int, payment: Payment, where: Standing, to: Destination, invoice_id: UUID | None) -> Parts:
    held = where.held
    if invoice_id is not None:
        held = Held([each for each in held.allocations if each.invoice.id == invoice_id])
    elif to is Destination.WALLET:
        held = Held(held.allocations, 0, held.suspense_cents)
    if invoice_id is not None or to is Destination.WALLET:
        _require_left(cents, held.total, payment.currency)
    parts = taken_out(cents, held)
    if parts.missing_cents:
        _say_spent(cents, held, payment)
    return parts


def _say_spent(cents: int, held: Held, payment: Payment) -> None:
    """What is missing of a payment is what its payer has spent from the wallet."""
    balance, wanted = Money(held.total, payment.currency), Money(cents, payment.currency)
    said = [{"nl": amount.format("nl"), "en": amount.format("en")} for amount in (balance, wanted)]
    raise WalletTooLow(balance=said[0], wanted=said[1], field=("amount_cents",))


async def _post(session: AsyncSession, payment: Payment, out: Payment, legs: list[Leg]) -> None:
    """Cr what it goes to: the wallet, the money account, or what we owe until it is paid."""
    money = Money(out.amount_cents, out.currency)
    if out.refund_to == Destination.WALLET:
        assert payment.contact_id is not None
        await add_to_wallet(session, out, payment.contact_id, money.cents, MovementKind.REFUND)
        paid = credit(AccountRole.WALLET, money, contact_id=payment.contact_id)
    elif out.status == PaymentStatus.SUCCEEDED:
        paid = credit(books.money_account(out), money)
    else:
        paid = credit(AccountRole.PAYABLE, money, contact_id=payment.contact_id)
    await books.write(session, out, EntryKind.REFUND, f"payment:{out.id}", [*legs, paid])


async def succeed(
    session: AsyncSession, refund_id: UUID, *, provider_id: str | None = None, paid_on: date | None = None
) -> Payment:
    """The money left: told by the provider, a bank statement, or a colleague. Again: nothing happens."""
    out = await find(session, Payment, refund_id, lock=True)
    if provider_id and out.provider_id is None:
        out.provider_id = provider_id
    if out.status == PaymentStatus.SUCCEEDED:
        return out
    _require_pending(out, PaymentStatus.SUCCEEDED)
    out.status = PaymentStatus.SUCCEEDED.value
    await session.flush()
    legs = _paid_out(out)
    await books.write(session, out, EntryKind.PAYOUT, f"payment:{out.id}:paid", legs, paid_on)
    await tell(session, out, PaymentRefunded(*facts(out), _refunded_id(out)))
    return out


def _paid_out(out: Payment) -> list[Leg]:
    money = Money(out.amount_cents, out.currency)
    return [
        debit(AccountRole.PAYABLE, money, contact_id=out.contact_id),
        credit(books.money_account(out), money),
    ]


async def fail(session: AsyncSession, refund_id: UUID, why: str) -> Payment:
    """The money did not leave, or came back: it stands where it was taken from, or in the wallet. Again: nothing."""
    payment = await _source(session, refund_id)
    out = await find(session, Payment, refund_id, lock=True)
    if out.status == PaymentStatus.FAILED:
        return out
    left = out.status == PaymentStatus.SUCCEEDED
    if out.refund_to != Destination.SOURCE:
        raise InvalidState(current=out.status, wanted=PaymentStatus.FAILED)
    legs = await put_back(session, payment, out)
    out.status = PaymentStatus.FAILED.value
    out.reason = f"{out.reason} ({why})"[:LONGEST_REASON]
    await session.flush()
    if left:
        came_back = books.opposite(_paid_out(out))
        await books.write(session, out, EntryKind.REVERSAL, f"payment:{out.id}:came-back", came_back)
    owed = debit(AccountRole.PAYABLE, Money(out.amount_cents, out.currency), contact_id=out.contact_id)
    await books.write(session, out, EntryKind.REVERSAL, f"payment:{out.id}:failed", [owed, *legs])
    await tell(session, out, RefundFailed(*facts(out), payment.id))
    return out


async def confirm(session: AsyncSession, refund_id: UUID) -> Payment:
    """A colleague says that a refund by bank was carried out. Raises: InvalidState of one that a provider makes."""
    await _require_by_bank(session, refund_id, PaymentStatus.SUCCEEDED)
    return await succeed(session, refund_id)


async def cancel(session: AsyncSession, refund_id: UUID, reason: str) -> Payment:
    """Put a refund by bank back that was not carried out. Raises: InvalidState. Again: nothing happens."""
    why = text(reason, "reason", maximum=LONGEST_REASON)
    out = await _require_by_bank(session, refund_id, PaymentStatus.FAILED)
    if out.status == PaymentStatus.SUCCEEDED:
        raise InvalidState(current=out.status, wanted=PaymentStatus.FAILED)
    return await fail(session, refund_id, why)


async def _require_by_bank(session: AsyncSession, refund_id: UUID, wanted: PaymentStatus) -> Payment:
    await _source(session, refund_id)
    out = await find(session, Payment, refund_id, lock=True)
    if out.kind != PaymentKind.REFUND or out.provider in BY_PROVIDER or out.refund_to != Destination.SOURCE:
        raise InvalidState(current=out.status, wanted=wanted)
    return out


async def _source(session: AsyncSession, refund_id: UUID) -> Payment:
    """The payment that a refund gives back, locked before the refund is: everybody locks in this order."""
    out = await find(session, Payment, refund_id)
    return await find(session, Payment, _refunded_id(out), lock=True)


def _refunded_id(out: Payment) -> UUID:
    if out.refunds_payment_id is None:
        raise InvalidState(current=out.kind, wanted=PaymentKind.REFUND)
    return out.refunds_payment_id


def _require_pending(out: Payment, wanted: PaymentStatus) -> None:
    if out.status != PaymentStatus.PENDING:
        raise InvalidState(current=out.status, wanted=wanted)


async def charge_back(
    session: AsyncSession, payment_id: UUID, amount: Money, *, provider_id: str, on: date, kind: PaymentKind
) -> Payment:
    """Money was taken back, or given back, outside of this platform: recorded once per id, whatever is left.

    What nothing is left for stands in suspense until somebody claims it from the payer.
    """
    payment = await find(session, Payment, payment_id, lock=True)
    same = Payment.provider == payment.provider, Payment.provider_id == provider_id
    if known := (await session.execute(select(Payment).where(*same))).scalar_one_or_none():
        return known
    where = await standing(session, payment)
    parts = taken_out(amount.cents, where.held)
    outgoing = Outgoing(kind, amount.cents, PaymentStatus.SUCCEEDED, Destination.SOURCE, on, provider_id=provider_id)
    out, legs = await give_back(session, payment, where, parts, outgoing)
    paid = credit(books.money_account(out), amount)
    await books.write(session, out, EntryKind.REFUND, f"payment:{out.id}", [*legs, paid])
    event = PaymentChargedBack if kind is PaymentKind.CHARGEBACK else PaymentRefunded
    await tell(session, out, event(*facts(out), payment.id))
    return out
