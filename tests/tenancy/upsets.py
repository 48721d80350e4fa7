"""Disruptions, looks ahead and what-ifs in the world of the tenancy tests, each with visits of all entities."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.disruptions.models import (
    Disruption,
    DisruptionEffect,
    DisruptionKind,
    DisruptionOffer,
    DisruptionState,
    DisruptionVisit,
)
from domain.horizon.models import Outlook, OutlookRun, WhatIf, WhatIfState
from domain.planning.arrival import moment
from domain.teams.models import Team
from domain.visits.models import Visit
from tenants.models import BusinessEntity

_DAY = date(2026, 3, 9)
_VISITS = 3
_FIGURES = {
    "jobs": 9, "served": 7, "promises": 2, "promises_kept": 2, "waited_days": 4.5, "late": 1, "late_left": 1,
    "work_minutes": 630, "available_minutes": 960, "utilization": 0.6563, "travel_minutes": 140,
    "travel_per_visit": 20.0, "value": 2100, "bound": None, "own_jobs": 4, "own_served": 3,
}  # fmt: skip


async def add_upsets(session: AsyncSession) -> None:
    """A disruption with a repaired plan and one without; an outlook for some visits of every entity; its what-ifs."""
    team_id = (await session.scalars(select(Team.id).order_by(Team.id))).first()
    assert team_id is not None
    disruption = await _disruption(session, team_id, DisruptionState.PROPOSED)
    await _disruption(session, team_id, DisruptionState.REPORTED)
    run = OutlookRun(first_day=_DAY, last_day=_DAY, travel_source="estimate", seconds=0.5, fingerprint="another")
    session.add(run)
    await session.flush()
    for entity_id in (await session.scalars(select(BusinessEntity.id))).all():
        visits = select(Visit.id).where(Visit.entity_id == entity_id).order_by(Visit.id).limit(_VISITS)
        for number, visit_id in enumerate((await session.scalars(visits)).all()):
            await _changed(session, disruption.id, entity_id, visit_id, team_id, broken=number == 0)
            dated = {"day": _DAY} if number else {"rule": "HORIZON", "amount": 0}
            session.add(Outlook(visit_id=visit_id, entity_id=entity_id, run_id=run.id, **dated))
        session.add(_what_if(entity_id))
    await session.flush()


async def _disruption(session: AsyncSession, team_id: UUID, state: DisruptionState) -> Disruption:
    known = {"kind": DisruptionKind.TEAM_ILL, "team_ids": [team_id], "first_day": _DAY, "last_day": _DAY}
    disruption = Disruption(**known, state=state, day_versions={_DAY.isoformat(): 1_000_000})
    session.add(disruption)
    await session.flush()
    return disruption


async def _changed(
    session: AsyncSession, disruption_id: UUID, entity_id: UUID, visit_id: UUID, team_id: UUID, *, broken: bool
) -> None:
    was = {"from_team_id": team_id, "from_day": _DAY, "from_block": "MORNING"}
    place = {"team_id": team_id, "day": _DAY, "block": "MORNING", **_times(_DAY)}
    effect = DisruptionEffect.PROMISE_BROKEN if broken else DisruptionEffect.MOVED
    of: dict[str, Any] = {"disruption_id": disruption_id, "entity_id": entity_id, "visit_id": visit_id}
    change = DisruptionVisit(**of, **was, change=effect, promised=broken, **({} if broken else place))
    session.add(change)
    await session.flush()
    if broken:
        later = _DAY + timedelta(days=1)
        offered = {"position": 0, "day": later, "block": "AFTERNOON", "team_id": team_id, "drive_added": 12}
        session.add(DisruptionOffer(disruption_visit_id=change.id, entity_id=entity_id, **offered, **_times(later)))


def _times(day: date) -> dict[str, Any]:
    return {"starts_at": moment(day, 13 * 60), "ends_at": moment(day, 14 * 60)}


def _what_if(entity_id: UUID) -> WhatIf:
    figures = {"in_force": _FIGURES, "as_is": _FIGURES, "what_if": _FIGURES | {"served": 9}}
    asked: dict[str, Any] = {"name": "40 km", "first_day": _DAY, "last_day": _DAY, "seconds": 1}
    return WhatIf(
        entity_id=entity_id, **asked, changes={"radius_km": 40.0}, figures=figures, state=WhatIfState.FINISHED
    )
