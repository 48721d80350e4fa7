"""Exports and imports of entities and of their partners."""

from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.bulk.models import BulkOperation
from tenants.models import BusinessEntity, Membership
from tenants.permissions import Role

_WHEN = datetime(2040, 1, 1, tzinfo=UTC)


async def add_bulk(session: AsyncSession) -> None:
    """Of each entity itself and of some of its partners."""
    for entity_id in await session.scalars(select(BusinessEntity.id).order_by(BusinessEntity.id)):
        partners = select(Membership.organization_id).where(
            Membership.entity_id == entity_id, Membership.role == Role.PARTNER_ADMIN
        )
        for organization_id in [None, *(await session.scalars(partners.distinct().limit(3)))]:
            of = {"entity_id": entity_id, "organization_id": organization_id, "expires_at": _WHEN}
            session.add(BulkOperation(**of, kind="EXPORT", subject="ORDERS", state="DONE"))
            session.add(BulkOperation(**of, kind="IMPORT", subject="PARTNER_SKUS", state="UPLOADING"))
    await session.flush()
