"""Lock and fingerprint of days: triggers count every change that planning has to know of.

A day's version grows in the transaction of the change, which holds the day's row until it ends. So changes of one day
go one after the other, and what was computed from a day is valid while its version is the same.

Deadlocks: whoever changes planned rows locks the days concerned first (`lock`), all of them at once or in ascending
order; the triggers lock each statement's days in ascending order too, and find those already held.
"""

from collections.abc import Iterable, Iterator
from datetime import date

from sqlalchemy import Date, bindparam, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from domain.teams.models import PlanningDay
from tenants.audience import Audience

AHEAD_DAYS = 400
"""A change of the teams themselves counts for every day from yesterday until so many days ahead."""
_DAYS = bindparam("days", type_=ARRAY(Date))
_TOUCHED = text("SELECT touch_planning_days(:days)").bindparams(_DAYS)
_LOCK = text("SELECT lock_planning_days(:days)").bindparams(_DAYS)


async def lock(session: AsyncSession, days: Iterable[date | None]) -> None:
    """Hold the days until the transaction ends; as any audience. None stands for no day."""
    if wanted := sorted({day for day in days if day is not None}):
        await session.execute(_LOCK, {"days": wanted})


async def versions(session: AsyncSession, days: Iterable[date]) -> dict[date, int]:
    """The version of each day; as the system actor."""
    wanted = sorted(set(days))
    known = select(PlanningDay.day, PlanningDay.version).where(PlanningDay.day.in_(wanted))
    found = {row.day: row.version for row in await session.execute(known)}
    return {day: found.get(day, 0) for day in wanted}


async def touch(session: AsyncSession, days: Iterable[date]) -> None:
    """Count a change of what no trigger watches; as the system actor."""
    if wanted := sorted(set(days)):
        await session.execute(_TOUCHED, {"days": wanted})


def statements() -> Iterator[str]:
    """Functions and triggers, replaced by every migration."""
    yield _TOUCH
    yield _LOCK_FUNCTION
    for function in ("touch_planning_days(date[])", "lock_planning_days(date[])"):
        yield f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC"
    roles = ", ".join(audience.database_role for audience in Audience)
    yield f"GRANT EXECUTE ON FUNCTION lock_planning_days(date[]) TO {roles}"
    yield f"GRANT EXECUTE ON FUNCTION touch_planning_days(date[]) TO {Audience.SYSTEM.database_role}"
    yield from counted("absence", "generate_series(lower(r.days), upper(r.days) - 1, '1 day')::date", _ABSENCE)
    yield from counted("holiday_change", "r.day", ("day", "working"))
    for table, columns in _TEAMS.items():
        yield from counted(table, _ALL_DAYS, columns)


_ABSENCE = ("id", "team_id", "days", "starts", "ends")
_ALL_DAYS = f"generate_series(current_date - 1, current_date + {AHEAD_DAYS}, '1 day')::date"
_TEAMS = {
    "team": ("id", "skills", "base_latitude", "base_longitude", "crew", "max_jobs", "max_minutes", "active"),
    "team_hours": ("team_id", "weekday", "starts", "ends"),
    "team_region": ("team_id", "region_id"),
    "region": ("id", "postcode_prefixes"),
}

_TOUCH = """
CREATE OR REPLACE FUNCTION touch_planning_days(changed date[]) RETURNS void LANGUAGE sql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
  INSERT INTO planning_day (day, version)
  SELECT DISTINCT d.day, 1 FROM unnest(changed) AS d (day) WHERE d.day IS NOT NULL ORDER BY 1
  ON CONFLICT (day) DO UPDATE SET version = planning_day.version + 1
$$"""
# A conflicting row is locked even where the update's condition does not hold: one pass, in order, and nothing written.
_LOCK_FUNCTION = """
CREATE OR REPLACE FUNCTION lock_planning_days(wanted date[]) RETURNS void LANGUAGE sql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
  INSERT INTO planning_day (day, version)
  SELECT DISTINCT d.day, 0 FROM unnest(wanted) AS d (day) WHERE d.day IS NOT NULL ORDER BY 1
  ON CONFLICT (day) DO UPDATE SET version = planning_day.version WHERE false
$$"""


def counted(table: str, days: str, columns: Iterable[str]) -> Iterator[str]:
    """Triggers that count changes of `columns` (its key among them) for `days`: SQL over `r`, sets are allowed."""
    names = ", ".join(columns)
    was, became = f"SELECT {names} FROM former", f"SELECT {names} FROM changed"  # noqa: S608  # declared names
    differing = f"({was} EXCEPT {became}) UNION ALL ({became} EXCEPT {was})"
    yield from _trigger(table, "INSERT", "NEW TABLE AS changed", days, became)
    yield from _trigger(table, "DELETE", "OLD TABLE AS former", days, was)
    yield from _trigger(table, "UPDATE", "OLD TABLE AS former NEW TABLE AS changed", days, differing)


def _trigger(table: str, action: str, transition: str, days: str, rows: str) -> Iterator[str]:
    name = f"count_{table}_{action.lower()}"
    yield f"""
CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM touch_planning_days(ARRAY(SELECT DISTINCT {days} FROM ({rows}) r));
  RETURN NULL;
END $$"""  # noqa: S608  # declared names
    yield (
        f"CREATE OR REPLACE TRIGGER {name} AFTER {action} ON {table} REFERENCING {transition} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {name}()"
    )
