"""Which version of which tariff holds at a charger.

What is assigned to the charger itself comes before what is assigned to its owner, and that before what holds at all
chargers of the entity; among those, the first whose tariff has a published version that holds at the time. Of a tariff
that is the one with the last `valid_from` that has come.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.chargers.models import Charger
from domain.rows import granted_columns
from domain.tariffs.models import TariffAssignment, TariffVersion, VersionStatus
from domain.tariffs.parsing import parse
from domain.tariffs.terms import Terms
from tenants.base import moment


async def version_for(session: AsyncSession, charger_id: UUID, at: datetime) -> TariffVersion | None:
    """The version that holds at a charger at a time, as far as the actor sees it; None where no tariff does."""
    found = select(Charger.entity_id, Charger.owner_contact_id).where(Charger.id == charger_id)
    charger = (await session.execute(found)).one_or_none()
    if charger is None:
        return None
    query = (
        select(TariffVersion)
        .join(TariffAssignment, TariffAssignment.tariff_id == TariffVersion.tariff_id)
        .where(_covers(charger_id, charger.entity_id, charger.owner_contact_id))
        .where(TariffAssignment.valid.op("@>")(moment(at)))
        .where(TariffVersion.status == VersionStatus.PUBLISHED, TariffVersion.valid_from <= at)
        .options(*granted_columns(session, TariffVersion))
        .order_by(_distance(), TariffVersion.valid_from.desc())
        .limit(1)
    )
    return (await session.execute(query)).scalar_one_or_none()


def _covers(charger_id: UUID, entity_id: UUID, owner_id: UUID | None) -> ColumnElement[bool]:
    """Whether an assignment is for a charger, its owner or its entity; each by an index."""
    a = TariffAssignment
    own = and_(a.charger_id == charger_id, a.entity_id == entity_id)
    everywhere = and_(a.charger_id.is_(None), a.owner_contact_id.is_(None), a.entity_id == entity_id)
    owners = and_(a.charger_id.is_(None), a.owner_contact_id == owner_id, a.entity_id == entity_id)
    return or_(own, everywhere) if owner_id is None else or_(own, everywhere, owners)


def _distance() -> ColumnElement[int]:
    return case(
        (TariffAssignment.charger_id.is_not(None), 0), (TariffAssignment.owner_contact_id.is_not(None), 1), else_=2
    )


def terms_of(version: TariffVersion) -> Terms:
    """The terms of a version, ready to price with."""
    return parse(version.terms)


async def versions_named(session: AsyncSession, ids: Sequence[UUID]) -> dict[UUID, Terms]:
    """The terms of versions by their ids."""
    query = select(TariffVersion.id, TariffVersion.terms).where(TariffVersion.id.in_(ids))
    return {row.id: parse(row.terms) for row in await session.execute(query)}
