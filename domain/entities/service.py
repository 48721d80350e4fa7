"""Making and changing business entities and their brands. Values come in their normal form (details.py)."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.entities import events
from domain.entities.errors import SetByPlatform
from domain.events.record import changes_of, record
from domain.leads import defaults
from domain.rows import actor_of, find
from domain.unique import refusing_taken
from tenants.models import Brand, BusinessEntity
from tenants.permissions import Permission


async def create_entity(session: AsyncSession, values: Mapping[str, Any], brand: Mapping[str, Any]) -> BusinessEntity:
    """A new business entity with its first brand and what its code starts with; for platform administrators."""
    id = (await session.execute(select(func.uuidv7()))).scalar_one()
    entity = BusinessEntity(id=id, **values)
    taken = {"uq_business_entity_code": ("code",), "uq_business_entity_invoice_prefix": ("invoice_prefix",)}
    async with refusing_taken(session, **taken):
        session.add(entity)
    await record(session, events.EntityCreated(entity.code), entity_id=id, subject_id=id)
    await create_brand(session, id, brand, at=("brand",))
    await defaults.install(session, entity)
    return entity


async def update_entity(session: AsyncSession, id: UUID, values: Mapping[str, Any]) -> BusinessEntity:
    """Change the given columns; code and invoice prefix are in numbers that were given out, so they stay."""
    entity = await find(session, BusinessEntity, id, lock=True)
    for column, value in values.items():
        setattr(entity, column, value)
    if changes := changes_of(entity):
        await record(
            session, events.EntityUpdated(sorted(changes)), entity_id=entity.id, subject_id=entity.id, changes=changes
        )
    return entity


async def create_brand(
    session: AsyncSession, entity_id: UUID, values: Mapping[str, Any], *, at: tuple[str, ...] = ()
) -> Brand:
    """A new portal of an entity; its host name is chosen by platform administrators."""
    entity = await find(session, BusinessEntity, entity_id, field=("entity_id",))
    _refuse_host(session, values, at)
    id = (await session.execute(select(func.uuidv7()))).scalar_one()
    brand = Brand(id=id, entity_id=entity.id, **values)
    async with refusing_taken(session, uq_brand_host=(*at, "host")):
        session.add(brand)
    await record(session, events.BrandCreated(brand.host), entity_id=entity.id, subject_id=id)
    return brand


async def update_brand(session: AsyncSession, id: UUID, values: Mapping[str, Any]) -> Brand:
    """Change the given columns of a brand."""
    brand = await find(session, Brand, id, lock=True)
    if values.get("host", brand.host) != brand.host:
        _refuse_host(session, values, ())
    async with refusing_taken(session, uq_brand_host=("host",)):
        for column, value in values.items():
            setattr(brand, column, value)
        changes = changes_of(brand)
    if changes:
        payload = events.BrandUpdated(sorted(changes))
        await record(session, payload, entity_id=brand.entity_id, subject_id=brand.id, changes=changes)
    return brand


def _refuse_host(session: AsyncSession, values: Mapping[str, Any], at: tuple[str, ...]) -> None:
    if "host" in values and not actor_of(session).may(Permission.ENTITIES_CREATE):
        raise SetByPlatform(field=(*at, "host"))
