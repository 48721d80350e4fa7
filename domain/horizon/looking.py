"""The earliest day of everything that waits, kept: made anew when anything that it rests on has changed."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, insert, literal, select, text
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncSession

from domain.horizon.earliest import Ahead, Dated, earliest_days
from domain.horizon.models import Outlook, OutlookRun
from domain.jobs.service import enqueue
from domain.planning.timing import Rule
from domain.planning.world import Rules
from domain.plans.fingerprints import fingerprint
from domain.plans.loading import Read, read
from domain.plans.requests import today
from domain.teams.models import PlanningDay
from domain.travel.estimate import SOURCE
from domain.visits.models import Visit, VisitStatus
from tenants.actor import SYSTEM
from tenants.engine import Database

JOB, QUEUE = "horizon.look", "repairs"
DAYS = 182
"""How far it looks: half a year."""
_LOCK = 0x686F_7269_7A6F  # an arbitrary constant: the advisory lock of one look at a time
_RUNS_KEPT = 10


@dataclass(frozen=True, slots=True)
class Look:
    """One look ahead, made and not yet kept."""

    first_day: date
    fingerprint: str
    read: Read
    dated: Sequence[Dated]
    seconds: float


async def look(database: Database, rules: Rules, *, first_day: date | None = None) -> UUID | None:
    """Date everything that waits, from tomorrow on; None where nothing has changed since the last look."""
    first = first_day or today() + timedelta(days=1)
    async with database.session(SYSTEM) as session:
        now = await _fingerprint(session, first)
        if now == await _known(session):
            return None
        began = time.monotonic()
        read_ = await read(session, first, DAYS)
    dated = await asyncio.to_thread(lambda: earliest_days(Ahead.of_draft(read_.draft, rules)))
    made = Look(first, now, read_, dated, round(time.monotonic() - began, 2))
    async with database.session(SYSTEM) as session:
        return await keep(session, made)


async def ask(session: AsyncSession, entity_id: UUID | None) -> UUID:
    """A look as soon as a worker is free; the id of its job."""
    return await enqueue(session, JOB, {}, queue=QUEUE, entity_id=entity_id)


async def keep(session: AsyncSession, made: Look) -> UUID:
    """In the place of the last one; in a session of the system."""
    await session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    run = OutlookRun(
        first_day=made.first_day,
        last_day=made.first_day + timedelta(days=DAYS - 1),
        travel_source=SOURCE,
        seconds=made.seconds,
        fingerprint=made.fingerprint,
    )
    session.add(run)
    await session.flush()
    await session.execute(delete(Outlook))
    rows = await _still_there(session, [{"run_id": run.id, **row} for row in _rows(made)])
    if rows:
        await session.execute(insert(Outlook), rows)
    await _forget(session)
    return run.id


def _rows(made: Look) -> list[dict[str, Any]]:
    visits, days = made.read.draft.visits, made.read.draft.days
    found = [_row(visits[each.job], each, days) for each in made.dated if not visits[each.job].held]
    nowhere = Dated(-1, rule=Rule.PLACE.value)
    return found + [_row(visit, nowhere, days) for visit in made.read.draft.unlocated if not visit.planned]


def _row(visit: Any, dated: Dated, days: Sequence[date]) -> dict[str, Any]:
    return {
        "visit_id": visit.id,
        "entity_id": visit.entity_id,
        "day": None if dated.day is None else days[dated.day],
        "rule": dated.rule,
        "amount": dated.amount if dated.rule else None,
    }


async def _still_there(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Without visits that were removed meanwhile."""
    known = set(await session.scalars(select(Visit.id).where(Visit.status == VisitStatus.REQUIRED)))
    return [row for row in rows if row["visit_id"] in known]


async def _known(session: AsyncSession) -> str | None:
    newest = select(OutlookRun.fingerprint).order_by(OutlookRun.created_at.desc()).limit(1)
    found: str | None = await session.scalar(newest)
    return found


async def _fingerprint(session: AsyncSession, first: date) -> str:
    """Changes with every day that it looks at and every visit that waits."""
    days = select(func.sum(PlanningDay.version)).where(PlanningDay.day.between(first, first + timedelta(days=DAYS - 1)))
    each = func.md5(func.concat(Visit.id, Visit.priority, fingerprint()))
    every = func.string_agg(each, aggregate_order_by(literal(""), Visit.id))
    waiting = select(func.md5(every)).where(Visit.status == VisitStatus.REQUIRED)
    return f"{first}:{await session.scalar(days) or 0}:{await session.scalar(waiting) or ''}"


async def _forget(session: AsyncSession) -> None:
    kept = select(OutlookRun.id).order_by(OutlookRun.created_at.desc()).limit(_RUNS_KEPT)
    await session.execute(delete(OutlookRun).where(OutlookRun.id.not_in(kept)))
