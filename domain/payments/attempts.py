"""Payments at a provider, from the click on the page to what the provider says became of them.

    begin → (the provider is asked, outside of any transaction) → begun
    apply: whatever made us ask again, a webhook, a return to the page or the clock, the provider's answer decides.

Sessions are the system's. What was paid is paid once, whatever comes twice, late or out of order.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import exists, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from domain.contacts.models import Contact
from domain.errors import NotFound
from domain.events.record import record
from domain.invoices.models import Invoice
from domain.ledger.posting import today
from domain.money import Money
from domain.payments import accounts, books, refunding
from domain.payments.accounts import Account
from domain.payments.errors import LinkClosed
from domain.payments.events import PaymentAttemptEnded
from domain.payments.models import (
    OPEN_ATTEMPTS,
    AttemptStatus,
    LinkPurpose,
    LinkStatus,
    Payment,
    PaymentAttempt,
    PaymentKind,
    PaymentLink,
    PaymentProvider,
    PaymentStatus,
    Provider,
    ProviderMode,
    Suspense,
)
from domain.payments.payers import payable_cents
from domain.payments.providers.port import Begun, ChargebackState, PaymentState, RefundState
from domain.payments.receiving import Receipt, take_in
from domain.rows import find
from domain.wallets.models import MovementKind
from tenants.models import BusinessEntity
from tenants.settings import Settings

KEY_KEPT = timedelta(minutes=55)
"""Mollie keeps an Idempotency-Key for an hour, Stripe for a day; after that a request is another payment."""
DOUBLE_CLICK = timedelta(minutes=2)
LOOKED_AT = timedelta(minutes=10)
"""How often an open attempt is looked at where no webhook speaks of it."""
REFUNDS_LOOKED_AT = timedelta(hours=1)
FORGOTTEN = timedelta(days=30)
"""An attempt that is open for longer will never be paid."""
_ENDED = (AttemptStatus.FAILED, AttemptStatus.CANCELLED, AttemptStatus.EXPIRED)


class StrangePayment(Exception):
    """The provider's payment is not the attempt's: another reference, or play money for real."""


@dataclass(frozen=True, slots=True)
class Checkout:
    """An attempt, with what the provider has to be told of it."""

    attempt: PaymentAttempt
    description: str
    language: str


async def begin(session: AsyncSession, settings: Settings, link_id: UUID) -> Checkout:
    """The attempt to send a payer to: the one just begun (a double click, a crash in between), else a new one.

    Raises: LinkClosed, NoPaymentProvider.
    """
    link = await find(session, PaymentLink, link_id, lock=True)
    due, invoice = await _due(session, link)
    account = await accounts.account_for(session, settings, link.entity_id)
    attempt = await _just_begun(session, link, account, due) or _new(session, link, account, due)
    await session.flush()
    return Checkout(attempt, await _description(session, link, invoice), await _language(session, link, invoice))


async def _due(session: AsyncSession, link: PaymentLink) -> tuple[Money, Invoice | None]:
    if link.status != LinkStatus.ACTIVE or link.expires_at <= datetime.now(UTC):
        raise LinkClosed()
    if link.invoice_id is None:
        return Money(link.amount_cents, link.currency), None
    invoice = await find(session, Invoice, link.invoice_id)
    if payable_cents(invoice) <= 0:
        raise LinkClosed()
    return Money(payable_cents(invoice), link.currency), invoice


async def _just_begun(session: AsyncSession, link: PaymentLink, account: Account, due: Money) -> PaymentAttempt | None:
    now = datetime.now(UTC)
    fresh = or_(
        (PaymentAttempt.status == AttemptStatus.CREATING) & (PaymentAttempt.created_at > now - KEY_KEPT),
        (PaymentAttempt.status == AttemptStatus.OPEN) & (PaymentAttempt.created_at > now - DOUBLE_CLICK),
    )
    same = (
        PaymentAttempt.link_id == link.id,
        PaymentAttempt.provider == account.provider.value,
        PaymentAttempt.account_id.is_not_distinct_from(account.id),
        PaymentAttempt.amount_cents == due.cents,
    )
    query = select(PaymentAttempt).where(*same, fresh).order_by(PaymentAttempt.created_at.desc()).limit(1)
    return (await session.execute(query)).scalar_one_or_none()


def _new(session: AsyncSession, link: PaymentLink, account: Account, due: Money) -> PaymentAttempt:
    attempt = PaymentAttempt(
        entity_id=link.entity_id,
        link_id=link.id,
        account_id=account.id,
        provider=account.provider.value,
        amount_cents=due.cents,
        currency=due.currency,
        status=AttemptStatus.CREATING.value,
    )
    session.add(attempt)
    return attempt


async def _description(session: AsyncSession, link: PaymentLink, invoice: Invoice | None) -> str:
    """What the payer reads on the statement of its account."""
    if invoice is not None:
        return invoice.number
    entity = await find(session, BusinessEntity, link.entity_id)
    return f"{entity.name} {'tegoed' if await _language(session, link, None) == 'nl' else 'credit'}"


async def _language(session: AsyncSession, link: PaymentLink, invoice: Invoice | None) -> str:
    if invoice is not None:
        return invoice.language
    query = select(Contact.language).where(Contact.id == link.contact_id)
    return "en" if (await session.execute(query)).scalar_one().startswith("en") else "nl"


async def begun(session: AsyncSession, attempt_id: UUID, made: Begun) -> PaymentAttempt:
    """The provider has the payment. Again: nothing happens."""
    attempt = await find(session, PaymentAttempt, attempt_id, lock=True)
    if attempt.status == AttemptStatus.CREATING:
        attempt.status = AttemptStatus.OPEN.value
    attempt.provider_id = attempt.provider_id or made.provider_id
    attempt.checkout_url = attempt.checkout_url or made.checkout_url
    await session.flush()
    return attempt


async def refused(session: AsyncSession, attempt_id: UUID) -> None:
    """The provider will not make the payment."""
    attempt = await find(session, PaymentAttempt, attempt_id, lock=True)
    if attempt.status == AttemptStatus.CREATING:
        attempt.status = AttemptStatus.FAILED.value


async def apply(
    session: AsyncSession, attempt_id: UUID, state: PaymentState, under_way: Sequence[UUID] = ()
) -> PaymentAttempt:
    """Take over what the provider says. Raises: StrangePayment where it speaks of something else.

    `under_way`: refunds that the provider had before it was asked; those that it has no more were cancelled there.
    """
    attempt = await find(session, PaymentAttempt, attempt_id, lock=True)
    await _require_same(session, attempt, state)
    attempt.provider_id, attempt.checked_at = state.provider_id, datetime.now(UTC)
    attempt.intent_id = attempt.intent_id or state.intent_id
    if state.status is AttemptStatus.PAID:
        await _paid(session, attempt, state)
        await _fail_gone(session, state, under_way)
    elif attempt.status in OPEN_ATTEMPTS and attempt.status != state.status:
        await _moved(session, attempt, state.status)
    await session.flush()
    return attempt


async def _require_same(session: AsyncSession, attempt: PaymentAttempt, state: PaymentState) -> None:
    if state.reference != attempt.id or attempt.provider_id not in (None, state.provider_id):
        raise StrangePayment("another reference")
    if attempt.account_id is None:
        return
    account = await find(session, PaymentProvider, attempt.account_id)
    if state.live != (account.mode == ProviderMode.LIVE):
        raise StrangePayment("another mode")


async def _moved(session: AsyncSession, attempt: PaymentAttempt, status: AttemptStatus) -> None:
    attempt.status = status.value
    if status not in _ENDED:
        return
    link = await find(session, PaymentLink, attempt.link_id)
    happened = PaymentAttemptEnded(attempt.status, attempt.amount_cents, attempt.currency)
    await record(
        session,
        happened,
        entity_id=link.entity_id,
        subject_id=link.id,
        channel=link.payer_chain_ids,
        contact_ids=[link.contact_id],
    )


async def _paid(session: AsyncSession, attempt: PaymentAttempt, state: PaymentState) -> None:
    link = await find(session, PaymentLink, attempt.link_id)
    payment = await take_in(session, _receipt(attempt, link, state))
    if attempt.status != AttemptStatus.PAID:
        attempt.status = AttemptStatus.PAID.value
        _close(link, payment)
    await _note_fee(session, payment, state.fee)
    for refund in state.refunds:
        await _reconcile(session, payment, refund)
    for chargeback in state.chargebacks:
        await _charge_back(session, payment, chargeback)


def _receipt(attempt: PaymentAttempt, link: PaymentLink, state: PaymentState) -> Receipt:
    return Receipt(
        entity_id=attempt.entity_id,
        amount=state.amount,
        method=state.method,
        provider=Provider(attempt.provider),
        received_on=state.paid_on or today(),
        provider_id=state.provider_id,
        invoice_ids=(link.invoice_id,) if link.invoice_id and not _suspense(attempt, state) else (),
        contact_id=None if link.invoice_id and not _suspense(attempt, state) else link.contact_id,
        attempt_id=attempt.id,
        suspense=_suspense(attempt, state),
        surplus=MovementKind.TOP_UP if link.purpose == LinkPurpose.TOP_UP else MovementKind.SURPLUS,
    )


def _suspense(attempt: PaymentAttempt, state: PaymentState) -> Suspense | None:
    """Whether what came in is what was asked: other money pays nothing until somebody has looked at it."""
    if state.amount.currency != attempt.currency:
        return Suspense.WRONG_CURRENCY
    return None if state.amount.cents == attempt.amount_cents else Suspense.WRONG_AMOUNT


def _close(link: PaymentLink, payment: Payment) -> None:
    """A top-up is paid once; a link of an invoice is closed when nothing is open on it, see `close_settled`."""
    if link.purpose == LinkPurpose.TOP_UP and not payment.suspense and link.status == LinkStatus.ACTIVE:
        link.status = LinkStatus.PAID.value


async def _note_fee(session: AsyncSession, payment: Payment, fee: Money | None) -> None:
    """Once, when the provider first tells it, where it keeps it of what was paid."""
    if fee is None or payment.fee_cents or fee.currency != payment.currency or fee.cents > payment.amount_cents:
        return
    payment.fee_cents = fee.cents
    await books.post_fee(session, payment)


async def _reconcile(session: AsyncSession, payment: Payment, refund: RefundState) -> None:
    """A refund of ours is done or has failed; one from the provider's portal is recorded once it is done."""
    ours = await _refund_of(session, payment, refund)
    if ours is None:
        if refund.done:
            kind = PaymentKind.REFUND
            await refunding.charge_back(
                session, payment.id, refund.amount, provider_id=refund.provider_id, on=today(), kind=kind
            )
        return
    await settle_refund(session, ours, refund)


async def refunds_under_way(session: AsyncSession, attempt_id: UUID) -> list[UUID]:
    """Refunds of an attempt's payment that the provider has, and that are not done."""
    paid = aliased(Payment)
    query = select(Payment.id).join(paid, paid.id == Payment.refunds_payment_id).where(paid.attempt_id == attempt_id)
    query = query.where(Payment.status == PaymentStatus.PENDING, Payment.provider_id.is_not(None))
    return list(await session.scalars(query.order_by(Payment.id)))


async def _fail_gone(session: AsyncSession, state: PaymentState, under_way: Sequence[UUID]) -> None:
    if not state.all_refunds:
        return
    there = {refund.reference for refund in state.refunds} | {refund.provider_id for refund in state.refunds}
    for id in under_way:
        out = await find(session, Payment, id)
        if out.status == PaymentStatus.PENDING and out.id not in there and out.provider_id not in there:
            await refunding.fail(session, id, out.provider_id or "")


async def settle_refund(session: AsyncSession, refund_id: UUID, state: RefundState) -> None:
    """Take over what the provider says of a refund of ours."""
    if state.done:
        await refunding.succeed(session, refund_id, provider_id=state.provider_id)
    elif state.done is False:
        await refunding.fail(session, refund_id, state.provider_id)
    else:
        out = await find(session, Payment, refund_id, lock=True)
        out.provider_id = out.provider_id or state.provider_id
        await session.flush()


async def _refund_of(session: AsyncSession, payment: Payment, refund: RefundState) -> UUID | None:
    named = or_(Payment.id == refund.reference, Payment.provider_id == refund.provider_id)
    query = select(Payment.id).where(Payment.refunds_payment_id == payment.id, named).limit(1)
    return (await session.execute(query)).scalar_one_or_none()


async def _charge_back(session: AsyncSession, payment: Payment, state: ChargebackState) -> None:
    out = await refunding.charge_back(
        session,
        payment.id,
        state.amount,
        provider_id=state.provider_id,
        on=state.on,
        kind=PaymentKind.CHARGEBACK,
    )
    if state.withdrawn:
        await refunding.fail(session, out.id, "withdrawn")


# --- finding -------------------------------------------------------------------------------------------------------


async def named(session: AsyncSession, account_id: UUID, ids: Sequence[str], reference: UUID | None) -> UUID:
    """The attempt of an account that a webhook speaks of, by the provider's ids or by ours. Raises: NotFound."""
    by = or_(PaymentAttempt.provider_id.in_(ids), PaymentAttempt.intent_id.in_(ids), PaymentAttempt.id == reference)
    query = select(PaymentAttempt.id).where(PaymentAttempt.account_id == account_id, by).limit(1)
    found = (await session.execute(query)).scalar_one_or_none()
    if found is None:
        raise NotFound()
    return found


async def forsaken(session: AsyncSession, limit: int = 100) -> list[UUID]:
    """Attempts that nobody told us of for a while: open ones, and those with a refund under way; looked at from now."""
    now = datetime.now(UTC)
    out = aliased(Payment)
    paid = aliased(Payment)
    refunding_now = exists(
        select(out.id)
        .join(paid, paid.id == out.refunds_payment_id)
        .where(paid.attempt_id == PaymentAttempt.id, out.status == PaymentStatus.PENDING, out.provider_id.is_not(None))
    )
    open_ones = (
        PaymentAttempt.status.in_([AttemptStatus.OPEN, AttemptStatus.PENDING])
        & (PaymentAttempt.checked_at < now - LOOKED_AT)
        & (PaymentAttempt.created_at > now - FORGOTTEN)
    )
    waiting = refunding_now & (PaymentAttempt.checked_at < now - REFUNDS_LOOKED_AT)
    query = select(PaymentAttempt.id).where(or_(open_ones, waiting)).order_by(PaymentAttempt.checked_at).limit(limit)
    ids = list((await session.execute(query.with_for_update(skip_locked=True))).scalars())
    looked_at = update(PaymentAttempt).where(PaymentAttempt.id.in_(ids)).values(checked_at=func.now())
    await session.execute(looked_at)
    return ids


async def give_up_old(session: AsyncSession) -> int:
    """Attempts that the provider never answered for, and those open for longer than any is good for; how many."""
    now = datetime.now(UTC)
    old = or_(
        (PaymentAttempt.status == AttemptStatus.CREATING) & (PaymentAttempt.created_at < now - KEY_KEPT),
        (PaymentAttempt.status == AttemptStatus.OPEN) & (PaymentAttempt.created_at < now - FORGOTTEN),
    )
    ended = update(PaymentAttempt).where(old).values(status=AttemptStatus.EXPIRED.value).returning(PaymentAttempt.id)
    return len((await session.execute(ended)).all())
