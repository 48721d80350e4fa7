"""Which business entity's portal a host name is, and the public address of a portal."""

from uuid import UUID

from sqlalchemy import select

from tenants.actor import SYSTEM
from tenants.auth.memory import Memory
from tenants.engine import Database
from tenants.models import Brand
from tenants.settings import Settings

_PORTALS: Memory[str, dict[str, UUID]] = Memory()


def hostname(host: str) -> str:
    """The value of a Host header without its port, in lower case."""
    name = host.strip().lower().rstrip(".")
    bare = name.rsplit(":", 1)[0] if name.rpartition(":")[2].isdigit() else name
    return bare.rstrip(".")


def origin(settings: Settings, host: str) -> str:
    """Scheme, host name and, without TLS, port: the issuer of tokens and the start of every link."""
    port = f":{settings.port}" if settings.public_scheme == "http" and settings.port != 80 else ""
    return f"{settings.public_scheme}://{hostname(host)}{port}"


async def portals(database: Database) -> dict[str, UUID]:
    """Business entity by host name of each brand."""
    return await _PORTALS.get(database, "", lambda: _read(database))


async def entity_of(database: Database, host: str) -> UUID | None:
    """The business entity whose brand has this host name."""
    return (await portals(database)).get(hostname(host))


async def is_issuer(database: Database, settings: Settings, issuer: str) -> bool:
    """Whether tokens of `issuer` can be ours."""
    return any(origin(settings, host) == issuer for host in await portals(database))


def forget(database: Database) -> None:
    """Read the brands again next time, in this process."""
    _PORTALS.forget(database)


async def _read(database: Database) -> dict[str, UUID]:
    async with database.session(SYSTEM) as session:
        rows = await session.execute(select(Brand.host, Brand.entity_id))
        return {host: entity_id for host, entity_id in rows}
