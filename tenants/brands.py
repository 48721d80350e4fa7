"""Which portal a request came to: the brand of its Host, before anybody has logged in."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from tenants.actor import SYSTEM
from tenants.auth.memory import Memory
from tenants.engine import Database
from tenants.hostnames import hostname
from tenants.models import Brand


@dataclass(frozen=True, slots=True)
class BrandFacts:
    """What a request needs to know of the portal that it came to."""

    brand_id: UUID
    entity_id: UUID
    host: str
    name: str
    locale: str


_BRANDS: Memory[str, BrandFacts | None] = Memory()


async def brand_of(database: Database, host: str) -> BrandFacts | None:
    """The brand at a host name (any case, with or without a port), None where there is none; some seconds old."""
    name = hostname(host)
    return await _BRANDS.get(database, name, lambda: _read(database, name))


def forget(database: Database) -> None:
    """Look every host up anew, in this process."""
    _BRANDS.forget(database)


async def _read(database: Database, host: str) -> BrandFacts | None:
    columns = (Brand.id, Brand.entity_id, Brand.host, Brand.name, Brand.locale)
    async with database.session(SYSTEM) as session:
        row = (await session.execute(select(*columns).where(Brand.host == host))).one_or_none()
    return BrandFacts(*row) if row else None
