"""Which portal a request came to: the brand of its Host, before anybody has logged in."""

import time
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from tenants.actor import SYSTEM
from tenants.engine import Database
from tenants.models import Brand

_KEPT_SECONDS = 10.0
_MOST_KEPT = 4096


@dataclass(frozen=True, slots=True)
class BrandFacts:
    """What a request needs to know of the portal that it came to."""

    brand_id: UUID
    entity_id: UUID
    host: str
    name: str
    locale: str


_KEPT: dict[tuple[str, str], tuple[float, BrandFacts | None]] = {}


async def brand_of(database: Database, host: str) -> BrandFacts | None:
    """The brand at a host name (any case, no port), None where there is none; up to ten seconds old."""
    key = (database.url, host.lower())
    known = _KEPT.get(key)
    if known is not None and known[0] > time.monotonic():
        return known[1]
    found = await _lookup(database, host.lower())
    if len(_KEPT) >= _MOST_KEPT:  # made-up hosts must not fill the memory
        _KEPT.clear()
    _KEPT[key] = (time.monotonic() + _KEPT_SECONDS, found)
    return found


def forget_brands() -> None:
    """Look every host up anew."""
    _KEPT.clear()


async def _lookup(database: Database, host: str) -> BrandFacts | None:
    columns = (Brand.id, Brand.entity_id, Brand.host, Brand.name, Brand.locale)
    async with database.session(SYSTEM) as session:
        row = (await session.execute(select(*columns).where(Brand.host == host))).one_or_none()
    return BrandFacts(*row) if row else None
