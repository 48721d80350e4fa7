"""Whether a visit is as it was: of days their versions tell, of visits without a day this does."""

from typing import Any

from sqlalchemy import ColumnElement, Text, cast, func

from domain.visits.models import Visit


def fingerprint(visit: Any = Visit) -> ColumnElement[str]:
    """SQL: changes with everything that planning reads of a visit, but for its priority and its place in the route."""
    read = func.jsonb_build_array(
        visit.status,
        visit.team_id,
        visit.day,
        visit.block,
        visit.minutes,
        visit.skills,
        visit.outdoor,
        visit.latitude,
        visit.longitude,
        visit.material_on,
        visit.promised_at,
        visit.pinned,
        visit.dispatched_at,
    )
    return func.md5(cast(read, Text))
