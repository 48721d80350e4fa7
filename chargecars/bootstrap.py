"""The first business entity of an installation and its administrator: what no API can be asked for yet."""

from collections.abc import Mapping
from typing import Any

import orjson

from chargecars.stack.errors import StackError
from domain.entities import details
from domain.entities.service import create_entity
from domain.errors import Faults
from domain.users.passwords import new_password_hash
from domain.validation import email, name
from tenants.actor import SYSTEM
from tenants.engine import Database
from tenants.models import Membership, UserAccount
from tenants.permissions import Role

PLATFORM_ADMIN = {"email": email, "name": name}


async def create_tenant(
    database: Database, entity: Mapping[str, Any], brand: Mapping[str, Any], admin: Mapping[str, str], password: str
) -> str:
    """An entity with its portal and a platform administrator, in one transaction; answers the portal's host.

    Raises: DomainErrors with every value that is wrong, under `entity`, `brand` or `admin`.
    """
    with Faults() as faults:
        with faults.at("entity"):
            entity = details.parse(details.NEW_ENTITY, entity, details.ENTITY_NEEDS)
        with faults.at("brand"):
            brand = details.parse(details.BRAND, brand, details.BRAND_NEEDS)
        with faults.at("admin"):
            admin = details.parse(PLATFORM_ADMIN, admin, tuple(PLATFORM_ADMIN))
    async with database.session(SYSTEM) as session:
        made = UserAccount(**admin)
        made.password_hash = await new_password_hash(password, made, ("admin", "password"))
        await create_entity(session, entity, brand)
        session.add(made)
        await session.flush()
        session.add(Membership(user_id=made.id, role=Role.PLATFORM_ADMIN.value))
    return str(brand["host"])


def described(text: bytes) -> tuple[dict[str, Any], dict[str, Any], dict[str, str]]:
    """Entity, brand and admin of a description in JSON. Raises: StackError."""
    try:
        parts = orjson.loads(text)
        entity, brand, admin = (dict(parts[part]) for part in ("entity", "brand", "admin"))
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        raise StackError("Expected JSON with the objects entity, brand and admin") from error
    return entity, brand, admin
