"""Integrations, orders and open items of partners of every entity."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.contacts.models import Contact
from domain.partner_orders import integration
from domain.partner_orders.models import PartnerOrder, PartnerOrderException, PartnerSigningSecret
from tenants.models import BusinessEntity, Membership
from tests.factories import unique


async def add_partner_orders(session: AsyncSession) -> None:
    """As the system."""
    for entity in (await session.execute(select(BusinessEntity).order_by(BusinessEntity.code))).scalars():
        named = select(Membership.organization_id).where(Membership.entity_id == entity.id).distinct()
        query = select(Contact).where(Contact.id.in_(named), Contact.merged_into_id.is_(None)).order_by(Contact.id)
        for organization in (await session.execute(query)).scalars():
            await _of_partner(session, entity, organization)


async def _of_partner(session: AsyncSession, entity: BusinessEntity, organization: Contact) -> None:
    owner = {"entity_id": entity.id, "organization_id": organization.id}
    chain = {"channel_organization_ids": list(organization.chain_organization_ids)}
    kept = await integration.of(session, entity.id, organization.id)
    session.add(PartnerSigningSecret(**owner, integration_id=kept.id, hint="abcd", secret=b"sealed"))
    order = PartnerOrder(
        **owner,
        **chain,
        partner_order_id=unique("P-"),
        way="API",
        document={"customer": {"name": unique("Koper ")}},
        body_sha256=b"body",
        content_sha256=b"content",
    )
    session.add(order)
    await session.flush()
    texts = {"message_nl": "Onbekend artikel", "message_en": "Unknown product"}
    session.add(
        PartnerOrderException(**owner, **chain, **texts, partner_order_fk=order.id, kind="ADDRESS", field="$.customer")
    )
