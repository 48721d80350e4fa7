"""Which portal a request came to: the brand of its Host, before anybody has logged in."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from tenants.actor import SYSTEM, Client, ClientKind
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
    origins: tuple[str, ...] = ()
    """Further origins that browsers may call it from."""
    restricted: bool = False
    """Whether its portal may send trusted documents only."""

    @property
    def client(self) -> Client:
        """The portal as a program that asks."""
        return Client(ClientKind.PORTAL, self.brand_id, self.restricted)


_BRANDS: Memory[str, BrandFacts | None] = Memory()


async def brand_of(database: Database, host: str) -> BrandFacts | None:
    """The brand at a host name (any case, with or without a port), None where there is none; some seconds old."""
    name = hostname(host)
    return await _BRANDS.get(database, name, lambda: _read(database, name))


def forget(database: Database) -> None:
    """Look every host up anew, in this process."""
    _BRANDS.forget(database)


async def _read(database: Database, host: str) -> BrandFacts | None:
    query = select(Brand).where(Brand.host == host)
    async with database.session(SYSTEM) as session:
        row = (await session.execute(query)).scalar_one_or_none()
    if row is None:
        return None
    origins = tuple(row.allowed_origins)
    return BrandFacts(
        row.id, row.entity_id, row.host, row.name, row.locale, origins, row.restricted_to_trusted_documents
    )
