"""The chargers of an entity, a page per transaction."""

from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, func, select

from domain.chargers.models import Charger, Connector
from domain.contacts.models import Contact
from tenants.actor import Actor
from tenants.engine import Database

COLUMNS = (
    "identity",
    "name",
    "vendor",
    "model",
    "serial_number",
    "firmware_version",
    "state",
    "access",
    "max_power_w",
    "connectors",
    "connected",
    "last_seen_at",
    "owner",
    "street",
    "postal_code",
    "city",
)
_PAGE = 500


async def pages(database: Database, actor: Actor, entity_id: UUID) -> AsyncIterator[Sequence[Row[Any]]]:
    """In the order in which they were registered, as the actor sees them."""
    last: UUID | None = None
    while True:
        async with database.session(actor) as session:
            rows = (await session.execute(_page(entity_id, last))).all()
        if rows:
            yield rows
        if len(rows) < _PAGE:
            return
        last = rows[-1].id


def _page(entity_id: UUID, last: UUID | None) -> Select[*tuple[Any, ...]]:
    connectors = select(func.count(Connector.id)).where(Connector.charger_id == Charger.id).scalar_subquery()
    computed = {"connectors": connectors.label("connectors"), "owner": Contact.name.label("owner")}
    columns = [computed[name] if name in computed else getattr(Charger, name) for name in COLUMNS]
    query = select(Charger.id, *columns).outerjoin(Contact, Contact.id == Charger.owner_contact_id)
    query = query.where(Charger.entity_id == entity_id)
    if last is not None:
        query = query.where(Charger.id > last)
    return query.order_by(Charger.id).limit(_PAGE)
