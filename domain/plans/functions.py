"""What a plan changes of the plan in force, counted over all business entities: numbers for every planner, no visit.

The function runs as the tables' owner: row-level security shows each planner the visits of its own entities only.
"""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, Text, case, cast, func, literal_column, select, tuple_
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import aliased

from domain.plans.changes import ON_A_DAY, droppable
from domain.plans.models import PlanChange, PlanVisit
from domain.visits.models import Visit
from tenants.audience import Audience


def change(plan_visit: Any, visit: Any) -> ColumnElement[str]:
    """What a plan makes of a visit as the visit is now."""
    now = tuple_(visit.team_id, visit.day, visit.block)
    place = tuple_(plan_visit.team_id, plan_visit.day, plan_visit.block)
    out, planned = plan_visit.day.is_(None), visit.status.in_(ON_A_DAY)
    return cast(
        case(
            (out & ~planned, PlanChange.LEFT_OUT.value),
            (out & ~plan_visit.pinned & droppable(visit), PlanChange.DROPPED.value),
            (out, PlanChange.KEPT.value),
            (~planned, PlanChange.ADDED.value),
            (now.is_distinct_from(place), PlanChange.MOVED.value),
            else_=PlanChange.KEPT.value,
        ),
        Text,
    )


def statements() -> Iterator[str]:
    """Replaced by every migration."""
    yield _moves()
    yield _OUTDATED
    for function in ("plan_moves(uuid)", "plan_outdated_days(uuid)"):
        yield f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC"
        for audience in (Audience.STAFF, Audience.SYSTEM):
            yield f"GRANT EXECUTE ON FUNCTION {function} TO {audience.database_role}"


_OUTDATED = """
CREATE OR REPLACE FUNCTION plan_outdated_days(wanted uuid) RETURNS date[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT coalesce(array_agg(k.key::date ORDER BY k.key), '{}') FROM plan p
  CROSS JOIN LATERAL jsonb_each_text(
    CASE WHEN p.state = 'PUBLISHED' THEN p.published_versions ELSE p.day_versions END) k
  LEFT JOIN planning_day d ON d.day = k.key::date
  WHERE p.id = wanted AND coalesce(d.version, 0) <> k.value::bigint
$$"""
"""Days that have changed since a plan was made or, where it was published, since then."""


def _moves() -> str:
    p, v = aliased(PlanVisit), aliased(Visit)
    where = (p.team_id, p.day, v.team_id.label("from_team_id"), v.day.label("from_day"))
    counted = select(change(p, v).label("change"), *where, func.count()).join(v, v.id == p.visit_id)
    counted = counted.where(p.plan_id == literal_column("wanted"), ~p.held)
    text = counted.group_by(*(literal_column(str(number)) for number in range(1, 6))).compile(
        dialect=postgresql.dialect(),  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it untyped
        compile_kwargs={"literal_binds": True},
    )
    return f"""
CREATE OR REPLACE FUNCTION plan_moves(wanted uuid)
RETURNS TABLE (change text, team_id uuid, day date, from_team_id uuid, from_day date, visits bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
{text}
$$"""
