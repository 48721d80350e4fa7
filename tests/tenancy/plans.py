"""Plans in the world of the tenancy tests: one made, one published, each with visits of all entities."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.planning.arrival import moment
from domain.plans.models import Plan, PlanState, PlanTeamDay, PlanVisit
from domain.teams.models import Team
from domain.visits.models import Visit
from tenants.models import BusinessEntity, Membership

_DAY = date(2026, 3, 2)
_VISITS = 4


async def add_plans(session: AsyncSession) -> None:
    """Two plans, and for each some visits of every entity: placed ones, and ones that are left out."""
    team_id = (await session.scalars(select(Team.id).order_by(Team.id))).first()
    assert team_id is not None
    for number, state in enumerate((PlanState.FINISHED, PlanState.PUBLISHED), start=1):
        plan = await _plan(session, number, state)
        for entity_id in (await session.scalars(select(BusinessEntity.id))).all():
            visits = await session.scalars(select(Visit.id).where(Visit.entity_id == entity_id).limit(_VISITS))
            session.add_all(_visits(plan.id, entity_id, team_id, visits.all()))
        session.add(_team_day(plan.id, team_id))
    await session.flush()


async def _plan(session: AsyncSession, number: int, state: PlanState) -> Plan:
    asking = (await session.scalars(select(Membership).order_by(Membership.id))).first()
    assert asking is not None
    first = _DAY + timedelta(days=7 * number)
    plan = Plan(number=number, state=state, first_day=first, last_day=first + timedelta(days=4), seconds=10)
    plan.requested_by, plan.entity_id = asking.user_id, asking.entity_id
    session.add(plan)
    await session.flush()
    return plan


def _visits(plan_id: UUID, entity_id: UUID, team_id: UUID, visits: Sequence[UUID]) -> list[PlanVisit]:
    placed = {
        "team_id": team_id,
        "day": _DAY,
        "block": "MORNING",
        "route_order": 0,
        "starts_at": moment(_DAY, 9 * 60),
        "ends_at": moment(_DAY, 10 * 60),
    }
    left_out: dict[str, Any] = {"rule": "SKILLS", "amount": 0, "blocking": [{"rule": "SKILLS", "amount": 0}]}
    left_out["near_team_id"] = team_id
    of = {"plan_id": plan_id, "entity_id": entity_id, "value": 300, "fingerprint": "another"}
    return [
        PlanVisit(**of, visit_id=visit, **(left_out if number % 2 else placed)) for number, visit in enumerate(visits)
    ]


def _team_day(plan_id: UUID, team_id: UUID) -> PlanTeamDay:
    counted = {"visits": 3, "work_minutes": 270, "travel_minutes": 60, "travel_km": 51.5, "available_minutes": 540}
    before = {"visits_before": 2, "work_minutes_before": 180, "travel_minutes_before": 70, "travel_km_before": 55.5}
    return PlanTeamDay(plan_id=plan_id, team_id=team_id, day=_DAY, **counted, **before)
