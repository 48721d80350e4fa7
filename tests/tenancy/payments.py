"""Payments, wallets, links and accounts with providers of every entity."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.contacts.models import Contact, ContactRelation
from domain.invoices.models import Invoice
from domain.ledger.posting import today
from domain.money import Money
from domain.payments.models import (
    LinkPurpose,
    PaymentAttempt,
    PaymentKind,
    PaymentLink,
    PaymentMethod,
    PaymentProvider,
    Provider,
)
from domain.payments.receiving import receive
from domain.payments.refunding import charge_back
from tenants.models import Brand, BusinessEntity, Membership
from tests.factories import unique


async def add_payments(session: AsyncSession) -> None:
    """As the system."""
    for entity in (await session.execute(select(BusinessEntity).order_by(BusinessEntity.code))).scalars():
        session.add(
            PaymentProvider(
                entity_id=entity.id, provider="MOLLIE", mode="TEST", api_key=b"sealed", key_hint="seal", active=False
            )
        )
        await receive(
            session,
            entity_id=entity.id,
            amount=Money(5_00),
            method=PaymentMethod.BANK_TRANSFER,
            provider=Provider.BANK,
            provider_id=unique("unknown"),
            received_on=today(),
        )
        for contact in await _payers(session, entity):
            await _of_payer(session, entity, contact)


async def _payers(session: AsyncSession, entity: BusinessEntity) -> list[Contact]:
    """Those who log in, so that somebody could see what is another's; and a person who does not."""
    own = Membership.entity_id == entity.id
    named = select(Membership.organization_id).where(own).union(select(Membership.contact_id).where(own))
    ids = [id for id in (await session.execute(named)).scalars() if id is not None]
    related = select(ContactRelation.contact_id).where(ContactRelation.entity_id == entity.id).limit(2)
    ids += list((await session.execute(related)).scalars())
    query = select(Contact).where(Contact.id.in_(ids), Contact.merged_into_id.is_(None)).order_by(Contact.id)
    return list((await session.execute(query)).scalars())


async def _of_payer(session: AsyncSession, entity: BusinessEntity, contact: Contact) -> None:
    invoices = select(Invoice.id).where(
        Invoice.entity_id == entity.id,
        Invoice.payer_contact_id == contact.id,
        Invoice.kind == "INVOICE",
        Invoice.open_cents > 0,
    )
    payment = await receive(
        session,
        entity_id=entity.id,
        amount=Money(12_34),
        method=PaymentMethod.IDEAL,
        provider=Provider.MOLLIE,
        provider_id=unique("tr_"),
        received_on=today(),
        invoice_ids=list((await session.execute(invoices.limit(2))).scalars()),
        contact_id=contact.id,
    )
    await charge_back(
        session,
        payment.id,
        Money(2_34),
        provider_id=unique("chb_"),
        on=today(),
        kind=PaymentKind.CHARGEBACK,
    )
    await _link(session, entity, contact)


async def _link(session: AsyncSession, entity: BusinessEntity, contact: Contact) -> None:
    brand = (await session.execute(select(Brand.id).where(Brand.entity_id == entity.id).limit(1))).scalar_one()
    link = PaymentLink(
        entity_id=entity.id,
        brand_id=brand,
        purpose=LinkPurpose.TOP_UP.value,
        contact_id=contact.id,
        payer_chain_ids=list(contact.chain_organization_ids),
        amount_cents=50_00,
        expires_at=datetime.now(UTC) + timedelta(days=30),
    )
    session.add(link)
    await session.flush()
    session.add(PaymentAttempt(entity_id=entity.id, link_id=link.id, provider="LOCAL", amount_cents=50_00))
