"""Asking what would be if, and keeping the answer. What is planned is not touched by it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain import validation
from domain.errors import Faults, NotFound, OutOfRange, TooMany
from domain.horizon.changing import Changes, to_json
from domain.horizon.errors import NothingChanged
from domain.horizon.models import WhatIf, WhatIfState
from domain.jobs.service import enqueue
from domain.plans.requests import AHEAD_DAYS, today
from domain.rows import actor_of, find
from domain.teams import details
from domain.teams.errors import EndsBeforeStart, InvalidPostcodePrefix
from domain.teams.models import Team

JOB, QUEUE = "horizon.try", "planning"
DAYS, MOST_DAYS = 14, 21
SECONDS, MOST_SECONDS = 10, 60
MOST_EACH, MOST_TEAMS, MOST_JOBS, MOST_NAME = 20, 20, 2_000, 120
NARROWEST, WIDEST = 1.0, 300.0
_PREFIX = re.compile(r"[1-9][0-9]{0,3}")


@dataclass(frozen=True, slots=True)
class Question:
    """What somebody wants to know; from `first_day`, tomorrow where it is not given."""

    changes: Changes
    entity_id: UUID
    """Whose staff ask."""
    name: str = ""
    first_day: date | None = None
    days: int = DAYS
    seconds: int = SECONDS


async def ask(session: AsyncSession, question: Question) -> WhatIf:
    """The question, which a worker answers when the transaction commits; in a session of the system.

    Raises: DomainErrors with all its faults.
    """
    first = question.first_day or today() + timedelta(days=1)
    checked(question, first)
    await _known(session, question.changes)
    row = WhatIf(
        entity_id=question.entity_id,
        name=validation.name(question.name, "name", minimum=0, maximum=MOST_NAME),
        first_day=first,
        last_day=first + timedelta(days=question.days - 1),
        seconds=question.seconds,
        changes=to_json(question.changes),
        requested_by=actor_of(session).user_id,
    )
    session.add(row)
    await session.flush()
    row.job_id = await enqueue(session, JOB, {"what_if_id": row.id}, queue=QUEUE, entity_id=question.entity_id)
    await session.flush()
    return row


async def answer(session: AsyncSession, id: UUID, figures: dict[str, Any], travel: str) -> None:
    """Keep what came of it; in a session of the system."""
    row = await find(session, WhatIf, id, lock=True)
    if row.state == WhatIfState.REQUESTED:
        row.figures, row.travel_source = figures, travel
        row.state, row.finished_at = WhatIfState.FINISHED, datetime.now(UTC)


async def fail(session: AsyncSession, id: UUID, failure: str) -> None:
    """There is no answer: a code says why."""
    row = await find(session, WhatIf, id, lock=True)
    if row.state == WhatIfState.REQUESTED:
        row.state, row.failure, row.finished_at = WhatIfState.FAILED, failure, datetime.now(UTC)


def checked(question: Question, first: date) -> None:
    """Raises: DomainErrors with all faults of a question."""
    changes, tomorrow = question.changes, today() + timedelta(days=1)
    with Faults() as faults:
        if not tomorrow <= first <= tomorrow + timedelta(days=AHEAD_DAYS):
            last = tomorrow + timedelta(days=AHEAD_DAYS)
            faults.add(OutOfRange(minimum=tomorrow.isoformat(), maximum=last.isoformat(), field=("first_day",)))
        _whole(faults, question.days, 1, MOST_DAYS, "days")
        _whole(faults, question.seconds, 1, MOST_SECONDS, "seconds")
        faults.take(lambda name: validation.name(name, "name", minimum=0, maximum=MOST_NAME), question.name)
        if not changes:
            faults.add(NothingChanged())
        _limits(faults, changes)
        _teams(faults, changes)
        _work(faults, changes)


def _whole(faults: Faults, value: int, least: int, most: int, *at: str | int) -> None:
    faults.take(lambda given: validation.integer(given, least, most, *at), value)


def _limits(faults: Faults, changes: Changes) -> None:
    if changes.radius_km is not None and not NARROWEST <= changes.radius_km <= WIDEST:
        faults.add(OutOfRange(minimum=NARROWEST, maximum=WIDEST, field=("radius_km",)))
    if changes.max_jobs is not None:
        _whole(faults, changes.max_jobs, 1, 10, "max_jobs")
    for name, argument in _LISTS.items():
        if len(getattr(changes, name)) > MOST_EACH:
            faults.add(TooMany(maximum=MOST_EACH, field=(argument,)))


_LISTS = {name: name for name in ("more_teams", "hours", "absences")} | {
    "without_teams": "without_team_ids",
    "more_jobs": "more_work",
}
"""Where callers find them."""


def _teams(faults: Faults, changes: Changes) -> None:
    for at, more in enumerate(changes.more_teams):
        _whole(faults, more.count, 1, MOST_TEAMS, "more_teams", at, "count")
    for at, hours in enumerate(changes.hours):
        if hours.ends <= hours.starts:
            faults.add(EndsBeforeStart(field=("hours", at, "ends")))
    for at, away in enumerate(changes.absences):
        if away.last_day < away.first_day:
            faults.add(EndsBeforeStart(field=("absences", at, "last_day")))


def _work(faults: Faults, changes: Changes) -> None:
    for at, more in enumerate(changes.more_jobs):
        _whole(faults, more.count, 1, MOST_JOBS, "more_work", at, "count")
        if more.minutes is not None:
            _whole(faults, more.minutes, 1, 24 * 60, "more_work", at, "minutes")
        if more.postcode_prefix and not _PREFIX.fullmatch(more.postcode_prefix):
            faults.add(InvalidPostcodePrefix(field=("more_work", at, "postcode_prefix")))
        if more.skills is not None:
            with faults.at("more_work", at):
                details.skills(more.skills)


async def _known(session: AsyncSession, changes: Changes) -> None:
    named = list(changes.named_teams)
    known = await _teams_of(session, (id for _, id in named)) if named else set()
    for at, id in named:
        if id not in known:
            raise NotFound(field=at)


async def _teams_of(session: AsyncSession, ids: Iterable[UUID]) -> set[UUID]:
    return set(await session.scalars(select(Team.id).where(Team.id.in_(set(ids)), Team.active)))
