"""Which business entity's portal a host name is, and the public address of a portal."""

from urllib.parse import urlsplit
from uuid import UUID

from tenants.brands import brand_of
from tenants.engine import Database
from tenants.hostnames import hostname
from tenants.settings import Settings


def origin(settings: Settings, host: str) -> str:
    """Scheme, host name and, without TLS, port: the issuer of tokens and the start of every link."""
    port = f":{settings.port}" if settings.public_scheme == "http" and settings.port != 80 else ""
    return f"{settings.public_scheme}://{hostname(host)}{port}"


async def entity_of(database: Database, host: str) -> UUID | None:
    """The business entity whose brand has this host name."""
    brand = await brand_of(database, hostname(host))
    return brand.entity_id if brand else None


async def is_issuer(database: Database, settings: Settings, issuer: object) -> bool:
    """Whether tokens of `issuer` can be ours: it is the address of one of our portals."""
    try:
        host = urlsplit(str(issuer)).hostname or ""
    except ValueError:
        return False
    return origin(settings, host) == issuer and await entity_of(database, host) is not None
