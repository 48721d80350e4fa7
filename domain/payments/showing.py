"""What the page of a link shows: whom one pays, what for, how much; nothing else of anybody. For the system."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.contacts.models import Contact
from domain.errors import NotFound
from domain.invoices.models import Invoice
from domain.jobs.service import enqueue
from domain.money import Money
from domain.payments import accounts
from domain.payments.accounts import Account
from domain.payments.carrying_out import JOB_REFRESH
from domain.payments.errors import LinkClosed, NoPaymentProvider
from domain.payments.models import (
    AttemptStatus,
    LinkStatus,
    LocalPayment,
    PaymentAttempt,
    PaymentLink,
    Provider,
)
from domain.payments.payers import payable_cents
from domain.rows import find
from tenants.models import Brand, BusinessEntity
from tenants.settings import Settings

_ASKED_AGAIN = timedelta(seconds=3)
_UNSETTLED = (AttemptStatus.OPEN, AttemptStatus.PENDING)


@dataclass(frozen=True, slots=True)
class Shown:
    """One link as its page shows it."""

    link_id: UUID
    brand: str
    theme: Mapping[str, Any]
    seller: str
    invoice_number: str | None
    amount: Money
    language: str
    payable: bool
    paid: bool
    account: Account | None
    """Who would carry it out; None where nobody can."""
    last: AttemptStatus | None
    """Where the last payment that was begun is."""


async def shown(session: AsyncSession, settings: Settings, link_id: UUID) -> Shown:
    """Raises: NotFound."""
    link = await find(session, PaymentLink, link_id)
    brand = await find(session, Brand, link.brand_id)
    seller = await find(session, BusinessEntity, link.entity_id)
    invoice = await find(session, Invoice, link.invoice_id) if link.invoice_id else None
    due = payable_cents(invoice) if invoice else link.amount_cents
    live = link.status == LinkStatus.ACTIVE and link.expires_at > datetime.now(UTC)
    last = await latest(session, link.id)
    return Shown(
        link_id=link.id,
        brand=brand.name,
        theme=brand.theme,
        seller=seller.legal_name,
        invoice_number=invoice.number if invoice else None,
        amount=Money(max(due, 0), link.currency),
        language=invoice.language if invoice else await _language(session, link),
        payable=live and due > 0,
        paid=link.status == LinkStatus.PAID or due <= 0,
        account=await _account(session, settings, link.entity_id),
        last=AttemptStatus(last.status) if last else None,
    )


async def _language(session: AsyncSession, link: PaymentLink) -> str:
    return (await session.execute(select(Contact.language).where(Contact.id == link.contact_id))).scalar_one()


async def _account(session: AsyncSession, settings: Settings, entity_id: UUID) -> Account | None:
    try:
        return await accounts.account_for(session, settings, entity_id)
    except NoPaymentProvider:
        return None


async def latest(session: AsyncSession, link_id: UUID) -> PaymentAttempt | None:
    """The payment that was begun last."""
    query = select(PaymentAttempt).where(PaymentAttempt.link_id == link_id).order_by(PaymentAttempt.created_at.desc())
    return (await session.execute(query.limit(1))).scalar_one_or_none()


async def to_ask_about(session: AsyncSession, link_id: UUID) -> UUID | None:
    """The attempt that its payer comes back from, where the provider was not asked about it just now."""
    last = await latest(session, link_id)
    if last is None or last.status not in _UNSETTLED:
        return None
    just_now = last.checked_at > max(last.created_at, datetime.now(UTC) - _ASKED_AGAIN)
    return None if just_now else last.id


# --- the platform's own page as a provider -------------------------------------------------------------------------


async def local_payment(
    session: AsyncSession, settings: Settings, link_id: UUID, attempt_id: UUID, *, lock: bool = False
) -> LocalPayment:
    """A payment that was begun at the local provider by this link.

    Raises: NotFound, NoPaymentProvider where the entity has an account, or the installation does not allow it.
    """
    attempt = await find(session, PaymentAttempt, attempt_id)
    if attempt.link_id != link_id or attempt.provider != Provider.LOCAL:
        raise NotFound()
    await accounts.require_local(session, settings, attempt.entity_id)
    query = select(LocalPayment).where(LocalPayment.attempt_id == attempt_id)
    row = (await session.execute(query.with_for_update() if lock else query)).scalar_one_or_none()
    if row is None:
        raise NotFound()
    return row


async def play(
    session: AsyncSession, settings: Settings, link_id: UUID, attempt_id: UUID, method: str, outcome: AttemptStatus
) -> str:
    """Let a local payment end, and tell of it as a provider's webhook would; where to send the payer.

    Raises: NotFound, NoPaymentProvider, LinkClosed where it has ended already.
    """
    row = await local_payment(session, settings, link_id, attempt_id, lock=True)
    if row.status != AttemptStatus.OPEN:
        raise LinkClosed()
    row.status, row.method = outcome.value, method
    arguments = {"attempt_id": attempt_id}
    await enqueue(session, JOB_REFRESH, arguments, entity_id=row.entity_id, queue="billing")
    return row.return_url
