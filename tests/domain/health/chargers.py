"""Chargers for tests of their health."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from domain.chargers.models import Charger, ChargerState
from tenants.models import BusinessEntity
from tests import factories


@dataclass(frozen=True)
class Device:
    """A charger that has said who it is."""

    charger_id: UUID
    entity_id: UUID


async def charger(session: AsyncSession, entity: BusinessEntity | None = None, **values: Any) -> Charger:
    """A charger in service; of an entity of its own where none is given."""
    entity = entity or await factories.business_entity(session)
    given = {"identity": factories.unique("C-"), "vendor": "Maker", "max_power_w": 22_000}
    given |= {"state": ChargerState.IN_SERVICE.value}
    made = Charger(entity_id=entity.id, **(given | values))
    session.add(made)
    await session.flush()
    return made


def device(row: Charger) -> Device:
    """The charger as it reports itself."""
    return Device(row.id, row.entity_id)
