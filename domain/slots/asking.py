"""What an offer has to know of this second: the visit as it is, and the version of each day. One statement."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from domain.orders.stages import LIVE
from domain.planning.arrival import AMSTERDAM
from domain.planning.world import GAP_DAYS
from domain.slots.board import Job
from domain.slots.contents import located
from domain.teams.weather import Rule as WeatherRule
from domain.teams.weather import outlook
from domain.visits.models import DayBlock, VisitStatus
from tenants.actor import SETTINGS, Actor
from tenants.audience import Audience
from tenants.engine import Database

NEVER_DAYS = 10_000
_WAIT_SECONDS = 10.0
_CHANGEABLE = frozenset({VisitStatus.REQUIRED, VisitStatus.PLANNED})

_FACTS = """
  SELECT v.id, v.status, v.minutes, v.skills, v.outdoor, v.latitude, v.longitude, v.pc4, v.material_on,
    v.team_id, v.day, v.block, v.pinned, v.promised_at, v.dispatched_at, o.stage, o.on_hold,
    first.status AS first_status, first.day AS first_day, later.day AS later_day,
    h.id AS hold_id, h.day AS hold_day, h.block AS hold_block, h.team_id AS hold_team_id,
    h.expires_at AS hold_expires_at, h.renewed AS hold_renewed, clock_timestamp() AS now,
    (SELECT json_object_agg(d.day, d.version)::text FROM planning_day d WHERE d.day BETWEEN {first} AND {last})
      AS versions
  FROM visit v JOIN "order" o ON o.id = v.order_id
  LEFT JOIN LATERAL (
    SELECT f.status, f.day FROM visit f WHERE f.order_id = v.order_id AND f.status <> 'CANCELLED'
      AND COALESCE(f.work_position, f.position) < COALESCE(v.work_position, v.position)
    ORDER BY f.status = 'DONE', f.day DESC, f.position DESC LIMIT 1
  ) first ON true
  LEFT JOIN LATERAL (
    SELECT f.day FROM visit f WHERE f.order_id = v.order_id AND f.status NOT IN ('CANCELLED', 'REQUIRED')
      AND COALESCE(f.work_position, f.position) > COALESCE(v.work_position, v.position)
    ORDER BY f.day LIMIT 1
  ) later ON true
  LEFT JOIN slot_hold h ON h.visit_id = v.id AND h.expires_at > clock_timestamp()
  WHERE v.id = {id}"""
_COLUMNS = """
  id uuid, status text, minutes integer, skills text[], outdoor boolean, latitude double precision,
  longitude double precision, pc4 text, material_on date, team_id uuid, day date, block text, pinned boolean,
  promised_at timestamptz, dispatched_at timestamptz, stage text, on_hold boolean, first_status text, first_day date,
  later_day date, hold_id uuid, hold_day date, hold_block text, hold_team_id uuid, hold_expires_at timestamptz,
  hold_renewed boolean, now timestamptz, versions text"""
_CONTEXT = ", ".join(f"set_config('{name}', ${number}, true)" for number, name in enumerate(SETTINGS, start=4))
_SEEN_BY = f"""
SELECT f.* FROM (SELECT concat({_CONTEXT}) AS s OFFSET 0) g,
  LATERAL (SELECT v.id FROM visit v WHERE v.id = $1 AND g.s IS NOT NULL) seen, slot_facts(seen.id, $2, $3) f"""  # noqa: S608  # names of settings
_IN_SESSION = text("SELECT * FROM slot_facts(:id, :first, :last)")
_ASKING = (Audience.STAFF, Audience.PARTNER, Audience.CUSTOMER, Audience.SYSTEM)


def statements() -> Iterator[str]:
    """The function that tells of a visit what planning knows, for who has found the visit under its own policies."""
    facts_of = _FACTS.format(id="slot_facts.visit", first="slot_facts.first_day", last="slot_facts.last_day")
    yield "DROP FUNCTION IF EXISTS slot_facts(uuid, date, date)"
    yield f"""
CREATE FUNCTION slot_facts(visit uuid, first_day date, last_day date) RETURNS TABLE ({_COLUMNS}) LANGUAGE sql VOLATILE
ROWS 1 SECURITY DEFINER SET search_path = public, pg_temp AS $$ {facts_of} $$"""
    yield "REVOKE ALL ON FUNCTION slot_facts(uuid, date, date) FROM PUBLIC"
    roles = ", ".join(audience.database_role for audience in _ASKING)
    yield f"GRANT EXECUTE ON FUNCTION slot_facts(uuid, date, date) TO {roles}"


@dataclass(frozen=True, slots=True)
class Hold:
    """A place that the visit holds at this moment."""

    id: UUID
    day: date
    block: DayBlock
    team_id: UUID
    expires_at: datetime
    renewed: bool


@dataclass(frozen=True, slots=True)
class Facts:
    """A visit that asks for a place, at the time `now` of the database's clock."""

    id: UUID
    job: Job | None
    """None where nobody knows where it is."""
    status: VisitStatus
    outdoor: bool
    pc4: str | None
    day: date | None
    block: DayBlock | None
    team_id: UUID | None
    promised: bool
    open: bool
    """Whether its order is alive and not resting, and the visit neither given out nor begun nor over."""
    hold: Hold | None
    now: datetime
    versions: dict[date, int]
    """Of each day that was asked for."""

    @property
    def outdoor_area(self) -> str | None:
        """The two-digit postcode area whose weather matters; None where none does."""
        return self.pc4[:2] if self.outdoor and self.pc4 else None

    @property
    def planned(self) -> bool:
        return self.status == VisitStatus.PLANNED


async def facts(database: Database, actor: Actor, visit_id: UUID, first: date, last: date) -> Facts | None:
    """The visit as planning knows it, and versions of the days from `first` to `last`; None where it is not seen."""

    async def ask(connection: Any) -> asyncpg.Record | None:
        found: asyncpg.Record | None = await connection.fetchrow(
            _SEEN_BY, visit_id, first, last, *actor.settings().values()
        )
        return found

    pool = await database.pool(actor.audience)
    row = await pool.run(ask, _WAIT_SECONDS)
    return None if row is None else _facts(row, first, last)


async def sees(database: Database, actor: Actor, visit_id: UUID) -> bool:
    """Whether the visit exists for the actor."""
    return await facts(database, actor, visit_id, date.min, date.min) is not None


async def facts_in(session: AsyncSession, visit_id: UUID, first: date, last: date) -> Facts:
    """The same in a session of the system actor; the visit is there."""
    parameters = {"id": visit_id, "first": first, "last": last}
    row = (await session.execute(_IN_SESSION, parameters)).mappings().one()
    return _facts(row, first, last)


async def weathered(session: AsyncSession, known: Facts, rule: WeatherRule) -> Facts:
    """With the days on which nobody works outdoors where it is; in a session of the system actor."""
    if known.outdoor_area is None:
        return known
    said = await outlook(session, rule, [known.outdoor_area], known.versions)
    return unfit_on(known, frozenset(day.toordinal() for (_, day), weather in said.items() if weather.unfit))


def unfit_on(known: Facts, days: frozenset[int]) -> Facts:
    """With these days as unfit, by their ordinals."""
    return replace(known, job=replace(known.job, unfit=days)) if known.job else known


def _facts(row: Any, first: date, last: date) -> Facts:
    known = orjson.loads(row["versions"] or "{}")
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    status = VisitStatus(row["status"])
    alive = row["stage"] in LIVE and not row["on_hold"]
    return Facts(
        id=row["id"],
        job=_job(row),
        status=status,
        outdoor=row["outdoor"],
        pc4=row["pc4"],
        day=row["day"],
        block=DayBlock(row["block"]) if row["block"] else None,
        team_id=row["team_id"],
        promised=row["promised_at"] is not None,
        open=alive and status in _CHANGEABLE and row["dispatched_at"] is None,
        hold=_hold(row),
        now=row["now"],
        versions={day: known.get(day.isoformat(), 0) for day in days},
    )


def _hold(row: Any) -> Hold | None:
    if row["hold_id"] is None:
        return None
    return Hold(row["hold_id"], row["hold_day"], DayBlock(row["hold_block"]), row["hold_team_id"],
                row["hold_expires_at"], row["hold_renewed"])  # fmt: skip


def _job(row: Any) -> Job | None:
    point = located(row["latitude"], row["longitude"])
    if point is None:
        return None
    later, fixed = row["later_day"], row["pinned"] and row["team_id"] and row["day"]
    return Job(
        visit_id=row["id"],
        point=point,
        minutes=row["minutes"],
        skills=frozenset(row["skills"]),
        earliest=row["material_on"].toordinal() if row["material_on"] else 0,
        not_before=_not_before(row),
        not_after=later.toordinal() - GAP_DAYS if later else None,
        pin=(row["team_id"], row["day"].toordinal()) if fixed else None,
    )


def _not_before(row: Any) -> int:
    """The first day after the visit of its quote that comes before; out of reach while that one has no day."""
    if row["first_status"] in (None, VisitStatus.DONE):
        return 0
    if row["first_day"] is None or row["first_status"] == VisitStatus.REQUIRED:
        return today(row["now"]).toordinal() + NEVER_DAYS
    return int(row["first_day"].toordinal()) + GAP_DAYS


def today(now: datetime) -> date:
    """The day in Amsterdam."""
    return now.astimezone(AMSTERDAM).date()
