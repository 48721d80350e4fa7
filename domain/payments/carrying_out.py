"""Talking to a provider about one payment: read in one transaction, ask in none, write in another.

A process that dies in between leaves a row that says what was asked for, and the same Idempotency-Key asks again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.errors import NotFound
from domain.money import Money
from domain.payments import accounts, attempts, refunding
from domain.payments.errors import ProviderRefused, ProviderUnavailable
from domain.payments.links import PATH
from domain.payments.models import Payment, PaymentAttempt, PaymentLink, PaymentStatus, Provider
from domain.payments.providers import mollie, stripe
from domain.payments.providers.port import Asked, Begun, Gateway, Order, ProviderRefusal, ProviderUnreachable
from domain.payments.tokens import LINK, WEBHOOK, token
from domain.rows import find
from tenants.actor import SYSTEM
from tenants.auth.hosts import origin
from tenants.engine import Database
from tenants.models import Brand
from tenants.settings import Settings

WEBHOOKS = "/payments/webhooks"
JOB_REFRESH = "payments.refresh"
JOB_REFUND = "payments.refund"
_CHECKOUTS = {Provider.MOLLIE: ("mollie.com",), Provider.STRIPE: ("stripe.com",)}
_UNREACHABLE = ("localhost", "127.0.0.1", "::1")


async def start(database: Database, settings: Settings, link_id: UUID) -> str:
    """Where to send who opened a link and wants to pay: the provider's page.

    Raises: LinkClosed, NoPaymentProvider, ProviderUnavailable, ProviderRefused.
    """
    async with database.session(SYSTEM) as session:
        checkout = await attempts.begin(session, settings, link_id)
        attempt = checkout.attempt
        if attempt.checkout_url:
            return attempt.checkout_url
        order = _order(settings, await _host(session, attempt), link_id, checkout)
        gateway = await _gateway(session, database, settings, attempt)
    begun = await _asking(gateway, order, database)
    _require_own_page(settings, Provider(attempt.provider), begun)
    async with database.session(SYSTEM) as session:
        await attempts.begun(session, attempt.id, begun)
    return begun.checkout_url


def _order(settings: Settings, host: str, link_id: UUID, checkout: attempts.Checkout) -> Order:
    attempt = checkout.attempt
    page = f"{origin(settings, host)}{PATH}{token(settings, LINK, link_id)}"
    return Order(
        reference=attempt.id,
        amount=Money(attempt.amount_cents, attempt.currency),
        description=checkout.description,
        return_url=f"{page}/return",
        cancel_url=page,
        webhook_url=webhook_url(settings, host, attempt.id) if attempt.provider == Provider.MOLLIE else None,
        language=checkout.language,
    )


def webhook_url(settings: Settings, host: str, attempt_id: UUID) -> str | None:
    """Where Mollie tells of one payment; None where this machine is the only one that knows the host."""
    if settings.public_scheme != "https" or host in _UNREACHABLE or host.endswith(".localhost"):
        return None
    return f"{origin(settings, host)}{WEBHOOKS}/mollie/{token(settings, WEBHOOK, attempt_id)}"


async def _host(session: AsyncSession, attempt: PaymentAttempt) -> str:
    query = select(Brand.host).join(PaymentLink, PaymentLink.brand_id == Brand.id)
    return str((await session.execute(query.where(PaymentLink.id == attempt.link_id))).scalar_one())


async def _gateway(session: AsyncSession, database: Database, settings: Settings, attempt: PaymentAttempt) -> Gateway:
    return await accounts.gateway(session, database, settings, attempt.account_id, Provider(attempt.provider))


async def _asking(gateway: Gateway, order: Order, database: Database) -> Begun:
    try:
        return await gateway.begin(order)
    except ProviderUnreachable as error:
        raise ProviderUnavailable() from error
    except ProviderRefusal as error:
        async with database.session(SYSTEM) as session:
            await attempts.refused(session, order.reference)
        raise ProviderRefused(detail=error.detail) from error
    finally:
        await gateway.close()


def _require_own_page(settings: Settings, provider: Provider, begun: Begun) -> None:
    """A provider sends payers to its own page: whatever else it answers, nobody is sent there from ours."""
    if provider is Provider.LOCAL:
        return
    base = settings.mollie_url if provider is Provider.MOLLIE else settings.stripe_url
    usual = {Provider.MOLLIE: mollie.URL, Provider.STRIPE: stripe.URL}[provider]
    hosts = _CHECKOUTS[provider] if base == usual else (urlsplit(base).hostname or "",)
    parts = urlsplit(begun.checkout_url)
    host = parts.hostname or ""
    known = any(host == each or host.endswith(f".{each}") for each in hosts)
    if not known or (parts.scheme != "https" and settings.production):
        raise ProviderRefused(detail="checkout")


@dataclass(frozen=True, slots=True)
class _Known:
    asked: Asked
    gateway: Gateway
    under_way: Sequence[UUID]
    """Refunds that the provider had before it was asked."""


async def refresh(database: Database, settings: Settings, attempt_id: UUID, provider_id: str | None = None) -> None:
    """Fetch what became of an attempt and take it over; by the id that a webhook gave where none was kept yet.

    Raises: ProviderUnreachable, ProviderRefusal, StrangePayment.
    """
    known = await _known(database, settings, attempt_id, provider_id)
    if known is None:
        return
    try:
        state = await known.gateway.state(known.asked)
    finally:
        await known.gateway.close()
    async with database.session(SYSTEM) as session:
        await attempts.apply(session, attempt_id, state, known.under_way)


async def _known(database: Database, settings: Settings, attempt_id: UUID, provider_id: str | None) -> _Known | None:
    async with database.session(SYSTEM) as session:
        attempt = await find(session, PaymentAttempt, attempt_id)
        id = attempt.provider_id or provider_id
        if id is None:
            return None
        if attempt.provider == Provider.LOCAL:
            await accounts.require_local(session, settings, attempt.entity_id)
        gateway = await _gateway(session, database, settings, attempt)
        under_way = await attempts.refunds_under_way(session, attempt.id)
        return _Known(Asked(attempt.id, id, attempt.intent_id), gateway, under_way)


async def refund(database: Database, settings: Settings, refund_id: UUID) -> None:
    """Have a provider carry out a refund that was asked for. Again: nothing happens.

    Raises: ProviderUnreachable. What the provider refuses is put back.
    """
    async with database.session(SYSTEM) as session:
        out = await find(session, Payment, refund_id)
        if out.status != PaymentStatus.PENDING or out.provider_id is not None:
            return
        attempt = await _attempt_of(session, out)
        gateway = await _gateway(session, database, settings, attempt)
        asked = Asked(attempt.id, attempt.provider_id or "", attempt.intent_id)
    try:
        state = await gateway.refund(asked, out.id, Money(out.amount_cents, out.currency), out.reason)
    except ProviderRefusal as error:
        async with database.session(SYSTEM) as session:
            await refunding.fail(session, refund_id, error.detail)
        return
    finally:
        await gateway.close()
    async with database.session(SYSTEM) as session:
        await attempts.settle_refund(session, refund_id, state)


async def _attempt_of(session: AsyncSession, out: Payment) -> PaymentAttempt:
    query = select(PaymentAttempt).join(Payment, Payment.attempt_id == PaymentAttempt.id)
    row = (await session.execute(query.where(Payment.id == out.refunds_payment_id))).scalar_one_or_none()
    if row is None:
        raise NotFound()
    return row
