"""Links to pay by: one live link per invoice, whoever asks for it, at an address of ours that outlives any provider's.

What the page asks for is what is open when it is opened; the provider's own payment is made only then.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.contacts.models import Contact
from domain.errors import InvalidState, NotFound, OutOfRange
from domain.events.record import record
from domain.invoices.errors import NothingOpen
from domain.invoices.models import Invoice, InvoiceKind
from domain.money import Money
from domain.payments.errors import NotPayable
from domain.payments.events import PaymentLinkCreated
from domain.payments.models import LinkPurpose, LinkStatus, PaymentLink
from domain.payments.payers import payable_cents
from domain.payments.tokens import LINK, token
from domain.rows import find
from tenants.auth.hosts import origin
from tenants.models import Brand
from tenants.settings import Settings

PATH = "/pay/"
LEAST_TOP_UP = 100
MOST_TOP_UP = 10_000_00
"""Cents: one to ten thousand euros."""
_REUSED_DAYS = 1
"""A link that ends sooner is not given out again."""


async def for_invoice(
    session: AsyncSession, settings: Settings, invoice_id: UUID, *, brand_id: UUID | None = None
) -> PaymentLink:
    """The link of an invoice that the actor sees, made where there is no live one.

    Raises: NotFound, NotPayable, NothingOpen.
    """
    invoice = await find(session, Invoice, invoice_id, field=("invoice_id",))
    if invoice.kind != InvoiceKind.INVOICE:
        raise NotPayable(field=("invoice_id",))
    open_cents = payable_cents(invoice)
    if open_cents <= 0:
        raise NothingOpen(number=invoice.number, field=("invoice_id",))
    await _expire(session, invoice.id)
    values = {
        "entity_id": invoice.entity_id,
        "purpose": LinkPurpose.INVOICE.value,
        "invoice_id": invoice.id,
        "contact_id": invoice.payer_contact_id,
        "payer_chain_ids": list(invoice.payer_chain_ids),
        "amount_cents": open_cents,
        "currency": invoice.currency,
    }
    return await _made(session, settings, values, brand_id) or await _live(session, invoice.id)


async def _expire(session: AsyncSession, invoice_id: UUID) -> None:
    ending = PaymentLink.expires_at <= func.now() + timedelta(days=_REUSED_DAYS)
    own = PaymentLink.invoice_id == invoice_id, PaymentLink.status == LinkStatus.ACTIVE
    await session.execute(update(PaymentLink).where(*own, ending).values(status=LinkStatus.EXPIRED.value))


async def _live(session: AsyncSession, invoice_id: UUID) -> PaymentLink:
    own = PaymentLink.invoice_id == invoice_id, PaymentLink.status == LinkStatus.ACTIVE
    return (await session.execute(select(PaymentLink).where(*own))).scalar_one()


async def for_top_up(
    session: AsyncSession,
    settings: Settings,
    *,
    entity_id: UUID,
    contact_id: UUID,
    amount: Money,
    brand_id: UUID | None = None,
) -> PaymentLink:
    """A link by which somebody pays into a wallet. Raises: NotFound, OutOfRange."""
    if not LEAST_TOP_UP <= amount.cents <= MOST_TOP_UP:
        least, most = (Money(cents, amount.currency).amount for cents in (LEAST_TOP_UP, MOST_TOP_UP))
        raise OutOfRange(minimum=least, maximum=most, field=("amount_cents",))
    contact = await find(session, Contact, contact_id, field=("contact_id",))
    values = {
        "entity_id": entity_id,
        "purpose": LinkPurpose.TOP_UP.value,
        "contact_id": contact.id,
        "payer_chain_ids": list(contact.chain_organization_ids),
        "amount_cents": amount.cents,
        "currency": amount.currency,
    }
    made = await _made(session, settings, values, brand_id)
    assert made is not None
    return made


async def _made(
    session: AsyncSession, settings: Settings, values: dict[str, object], brand_id: UUID | None
) -> PaymentLink | None:
    """The new link, None where there is a live one of the invoice."""
    entity_id = values["entity_id"]
    assert isinstance(entity_id, UUID)
    row = insert(PaymentLink).values(
        **values,
        brand_id=await _brand(session, entity_id, brand_id),
        expires_at=datetime.now(UTC) + timedelta(days=settings.payment_link_days),
    )
    id = (await session.execute(row.on_conflict_do_nothing().returning(PaymentLink.id))).scalar_one_or_none()
    if id is None:
        return None
    link = await find(session, PaymentLink, id)
    happened = PaymentLinkCreated(link.purpose, link.amount_cents, link.currency)
    await record(
        session,
        happened,
        entity_id=link.entity_id,
        subject_id=link.id,
        channel=link.payer_chain_ids,
        contact_ids=[link.contact_id],
    )
    return link


async def _brand(session: AsyncSession, entity_id: UUID, wanted: UUID | None) -> UUID:
    """The portal that is wanted where it is of the entity, else the entity's first."""
    query = select(Brand.id).where(Brand.entity_id == entity_id).order_by(Brand.id != wanted, Brand.created_at)
    found = (await session.execute(query.limit(1))).scalar_one_or_none()
    if found is None:
        raise NotFound(field=("entity_id",))
    return found


async def cancel(session: AsyncSession, link_id: UUID) -> PaymentLink:
    """Nobody can pay by the link any more. Again: nothing happens. Raises: NotFound, InvalidState of a paid one."""
    link = await find(session, PaymentLink, link_id, lock=True)
    if link.status == LinkStatus.ACTIVE:
        link.status = LinkStatus.CANCELLED.value
    elif link.status == LinkStatus.PAID:
        raise InvalidState(current=link.status, wanted=LinkStatus.CANCELLED)
    await session.flush()
    return link


def url_of(settings: Settings, host: str, link_id: UUID) -> str:
    """The address of a link on the portal at `host`."""
    return f"{origin(settings, host)}{PATH}{token(settings, LINK, link_id)}"


async def expire(session: AsyncSession) -> int:
    """Close what is past its time, and what was settled otherwise, as the system; how many."""
    past = PaymentLink.status == LinkStatus.ACTIVE, PaymentLink.expires_at <= func.now()
    gone = update(PaymentLink).where(*past).values(status=LinkStatus.EXPIRED.value).returning(PaymentLink.id)
    return len((await session.execute(gone)).all())


async def urls(session: AsyncSession, settings: Settings, invoice_ids: Sequence[UUID]) -> dict[UUID, str]:
    """Addresses of the live links of invoices, for letters that name them."""
    live = PaymentLink.invoice_id.in_(invoice_ids), PaymentLink.status == LinkStatus.ACTIVE
    query = select(PaymentLink.invoice_id, PaymentLink.id, Brand.host).join(Brand, Brand.id == PaymentLink.brand_id)
    rows = (await session.execute(query.where(*live, PaymentLink.expires_at > func.now()))).tuples()
    return {invoice_id: url_of(settings, host, id) for invoice_id, id, host in rows if invoice_id}
