"""Taking money out of a payment again: what refunds, chargebacks and undoing have in common.

The payment's row is locked first, then the invoices in order of their ids, then the wallet.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.invoices import settling
from domain.invoices.models import Invoice
from domain.ledger.posting import Leg
from domain.numbering.service import next_number
from domain.payments import books
from domain.payments.links_closing import close_settled
from domain.payments.models import (
    Destination,
    Direction,
    Payment,
    PaymentAllocation,
    PaymentKind,
    PaymentStatus,
)
from domain.payments.payers import lock_invoices
from domain.payments.receiving import COUNTED, add_to_wallet, allocation
from domain.payments.sharing import Allocated, Held, OpenInvoice, Parts
from domain.rows import actor_of
from domain.wallets import service as wallets
from domain.wallets.models import MovementKind

REFUNDABLE = (PaymentStatus.SUCCEEDED, PaymentStatus.PARTIALLY_REFUNDED)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a locked payment's money stands, with the rows that say so."""

    held: Held
    allocations: Mapping[UUID, PaymentAllocation]
    invoices: Mapping[UUID, Invoice]


@dataclass(frozen=True, slots=True)
class Outgoing:
    """The payment that gives money back."""

    kind: PaymentKind
    amount_cents: int
    status: PaymentStatus
    to: Destination
    on: date
    reason: str = ""
    provider_id: str | None = None


async def standing(session: AsyncSession, payment: Payment, *, wallet: bool = True) -> Standing:
    """Lock and read where the money of a payment stands; `wallet`: also what its owner still has of it."""
    query = select(PaymentAllocation).where(PaymentAllocation.payment_id == payment.id).order_by(PaymentAllocation.id)
    rows = list((await session.execute(query.execution_options(populate_existing=True))).scalars())
    ids = list(dict.fromkeys(row.invoice_id for row in rows))
    invoices = {each.id: each for each in await lock_invoices(session, payment.entity_id, ids, payment.currency)}
    left = [
        Allocated(row.id, row.amount_cents - row.returned_cents, _as_owed(invoices[row.invoice_id])) for row in rows
    ]
    in_wallet = await _in_wallet(session, payment) if wallet else 0
    return Standing(Held(left, in_wallet, payment.suspense_cents), {row.id: row for row in rows}, invoices)


def _as_owed(invoice: Invoice) -> OpenInvoice:
    return OpenInvoice(invoice.id, invoice.due_on, invoice.open_cents)


async def _in_wallet(session: AsyncSession, payment: Payment) -> int:
    if not payment.wallet_cents or payment.contact_id is None:
        return 0
    wallet = await wallets.open_wallet(
        session, entity_id=payment.entity_id, contact_id=payment.contact_id, currency=payment.currency, lock=True
    )
    return min(payment.wallet_cents, wallet.balance_cents)


async def give_back(
    session: AsyncSession, payment: Payment, where: Standing, parts: Parts, outgoing: Outgoing
) -> tuple[Payment, list[Leg]]:
    """Write the outgoing payment and take its parts out of the first; returns it with the legs to post.

    The legs debit what the money is taken out of: receivables, wallet, suspense.
    """
    out = await _write(session, payment, parts, outgoing)
    shares = await _reopen(session, out, where, parts)
    if parts.wallet_cents:
        await _from_wallet(session, out, parts.wallet_cents)
    payment.wallet_cents -= parts.wallet_cents
    payment.suspense_cents -= parts.suspense_cents
    payment.refunded_cents += outgoing.amount_cents - parts.missing_cents
    restate(payment)
    await session.flush()
    legs = books.opposite(books.shared_out(out, shares, list(where.invoices.values())))
    return out, legs


async def _write(session: AsyncSession, payment: Payment, parts: Parts, outgoing: Outgoing) -> Payment:
    out = Payment(
        entity_id=payment.entity_id,
        number=await next_number(session, payment.entity_id, COUNTED, infix="P"),
        kind=outgoing.kind.value,
        direction=Direction.OUT.value,
        method=payment.method,
        status=outgoing.status.value,
        contact_id=payment.contact_id,
        payer_chain_ids=list(payment.payer_chain_ids),
        amount_cents=outgoing.amount_cents,
        wallet_cents=parts.wallet_cents,
        suspense_cents=parts.suspense_cents,
        missing_cents=parts.missing_cents,
        currency=payment.currency,
        provider=payment.provider,
        provider_id=outgoing.provider_id,
        received_on=outgoing.on,
        reference=payment.reference,
        reason=outgoing.reason,
        refund_to=outgoing.to.value,
        refunds_payment_id=payment.id,
        made_by=actor_of(session).user_id,
    )
    session.add(out)
    await session.flush()
    return out


async def _reopen(session: AsyncSession, out: Payment, where: Standing, parts: Parts) -> dict[UUID, int]:
    """Take the parts back from their invoices; cents per invoice."""
    shares: dict[UUID, int] = defaultdict(int)
    for id, cents in parts.allocations.items():
        row = where.allocations[id]
        row.returned_cents += cents
        shares[row.invoice_id] += cents
    for invoice_id, cents in sorted(shares.items()):
        session.add(allocation(out, where.invoices[invoice_id], cents))
        source = ("Payment", out.id)
        await settling.settle(session, invoice_id, -cents, source=source, paid_at=out.received_on)
    return shares


async def _from_wallet(session: AsyncSession, out: Payment, cents: int) -> None:
    assert out.contact_id is not None
    await add_to_wallet(session, out, out.contact_id, -cents, MovementKind.PAYOUT)


async def put_back(session: AsyncSession, payment: Payment, out: Payment) -> list[Leg]:
    """The opposite of `give_back`, when the money did not leave; returns the legs that credit where it stands again."""
    own = await standing(session, out, wallet=False)
    of_payment = await standing(session, payment, wallet=False)
    shares: dict[UUID, int] = defaultdict(int)
    for row in own.allocations.values():
        cents, row.returned_cents = row.amount_cents - row.returned_cents, row.amount_cents
        shares[row.invoice_id] += cents
    rest = _allocate_again(of_payment.allocations.values(), of_payment.invoices, shares)
    await _settle_again(session, out, rest)
    over = sum(shares.values()) - sum(rest.values())
    wallet, suspense = _kept_again(payment, out, over)
    if wallet and payment.contact_id:
        key = f"payment:{out.id}:back"
        await add_to_wallet(session, out, payment.contact_id, wallet, MovementKind.REFUND, key)
    payment.wallet_cents += wallet
    payment.suspense_cents += suspense
    payment.refunded_cents -= out.amount_cents - out.missing_cents
    restate(payment)
    legs = books.receivables(out, rest, list(of_payment.invoices.values()))
    legs += books.kept(payment, wallet, suspense + out.missing_cents)
    out.wallet_cents = out.suspense_cents = out.missing_cents = 0
    await session.flush()
    await close_settled(session, list(rest))
    return legs


def _kept_again(payment: Payment, out: Payment, over: int) -> tuple[int, int]:
    """What goes back to the wallet and to suspense: where it came from, and what an invoice needs no more."""
    if payment.contact_id is None:
        return 0, out.wallet_cents + out.suspense_cents + over
    return out.wallet_cents + over, out.suspense_cents


def _allocate_again(
    rows: Iterable[PaymentAllocation], invoices: Mapping[UUID, Invoice], shares: Mapping[UUID, int]
) -> dict[UUID, int]:
    """What of the shares their invoices still need; the rows have it again."""
    rest = {id: min(cents, max(invoices[id].open_cents, 0)) for id, cents in shares.items()}
    left = dict(rest)
    for row in rows:
        back = min(left.get(row.invoice_id, 0), row.returned_cents)
        row.returned_cents -= back
        if back:
            left[row.invoice_id] -= back
    return {id: cents for id, cents in rest.items() if cents}


async def _settle_again(session: AsyncSession, out: Payment, shares: Mapping[UUID, int]) -> None:
    for invoice_id, cents in sorted(shares.items()):
        await settling.settle(session, invoice_id, cents, source=("Payment", out.id), paid_at=out.received_on)


def restate(payment: Payment) -> None:
    """Bring the state of a receipt in line with what was refunded of it."""
    if payment.status in (PaymentStatus.REVERSED, PaymentStatus.FAILED):
        return
    if payment.refunded_cents == 0:
        payment.status = PaymentStatus.SUCCEEDED.value
    elif payment.refunded_cents < payment.amount_cents:
        payment.status = PaymentStatus.PARTIALLY_REFUNDED.value
    else:
        payment.status = PaymentStatus.REFUNDED.value
