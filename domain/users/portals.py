"""The portal of an entity that a mail speaks of."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.errors import NotFound
from tenants.auth.hosts import origin
from tenants.models import Brand
from tenants.settings import Settings


@dataclass(frozen=True)
class Portal:
    """Name, host, language and public address of a brand."""

    name: str
    host: str
    locale: str
    address: str

    def link(self, path: str, secret: str) -> str:
        """A page of the portal; the secret stands in the fragment, which browsers send to no server."""
        return f"{self.address}/{path}#{secret}"


async def portal_of(session: AsyncSession, settings: Settings, entity_id: UUID, host: str = "") -> Portal:
    """The brand of the entity at `host`, else its first."""
    order = ((Brand.host == host).desc(), Brand.created_at, Brand.id)
    columns = select(Brand.name, Brand.host, Brand.locale).where(Brand.entity_id == entity_id)
    row = (await session.execute(columns.order_by(*order).limit(1))).one_or_none()
    if row is None:
        raise NotFound(field=("entity_id",))
    return Portal(*row, address=origin(settings, row.host))
