"""Documents of every entity: for a customer with a login, for partners with one, for nobody but staff."""

from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.contacts.models import Contact
from domain.documents.models import DocumentKind
from domain.documents.storing import store
from tenants.models import BusinessEntity, Membership
from tenants.permissions import Role


async def add_documents(session: AsyncSession, entity: BusinessEntity) -> None:
    """As the system."""
    of_entity = select(Membership).where(Membership.entity_id == entity.id).order_by(Membership.id)
    customers = await session.scalars(of_entity.where(Membership.role == Role.CUSTOMER).limit(2))
    partners = await session.scalars(of_entity.where(Membership.role == Role.PARTNER_ADMIN).limit(2))
    chains = [await _chain(session, each) for each in partners]
    readers: list[tuple[UUID | None, list[UUID]]] = [(each.contact_id, []) for each in customers]
    readers += [(chain[-1], chain) for chain in chains] + [(None, [])]
    for contact_id, chain in readers:
        await store(
            session,
            entity_id=entity.id,
            owner=("Invoice", uuid4()),
            kind=DocumentKind.PDF,
            file_name="factuur.pdf",
            media_type="application/pdf",
            content=b"%PDF",
            contact_id=contact_id,
            payer_chain_ids=chain,
        )


async def _chain(session: AsyncSession, membership: Membership) -> list[UUID]:
    query = select(Contact.chain_organization_ids).where(Contact.id == membership.organization_id)
    return list((await session.execute(query)).scalar_one())
