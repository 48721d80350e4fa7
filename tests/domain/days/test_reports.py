"""Reports of teams whose telephones were offline: late, twice, in any order, and against what a planner did."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import permutations
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from domain.days import dispatching, reports
from domain.days.errors import (
    NotTheDay,
    ReportInFuture,
    ReportReused,
    ReportTooOld,
    TimesContradict,
    VisitAlreadyCompleted,
    VisitCalledOff,
    VisitReassigned,
)
from domain.days.loading import apart
from domain.days.models import ReportKind, VisitReport
from domain.days.reports import Report, Reported
from domain.errors import OutOfRange, Required
from domain.orders.models import Order
from domain.planning.arrival import moment
from domain.travel.matrix import Travel
from domain.visits.models import Visit, VisitOutcome
from tenants.actor import SYSTEM
from tests.domain.days.telling import told
from tests.visiting import Work, monday, planned

DAY = monday()
NOW = moment(DAY, 20 * 60)


def travel_(at: int = 480) -> Report:
    return Report(uuid4(), ReportKind.TRAVEL, moment(DAY, at))


def arrival(at: int = 510) -> Report:
    return Report(uuid4(), ReportKind.ARRIVAL, moment(DAY, at))


def completion(at: int = 600, outcome: VisitOutcome = VisitOutcome.COMPLETED, **values: Any) -> Report:
    return Report(uuid4(), ReportKind.COMPLETION, moment(DAY, at), outcome, **values)


async def say(some: Work, visit: UUID, said: Report, team: UUID | None = None, now: datetime = NOW) -> Reported:
    """One report in a transaction of its own, as the API takes it."""
    async with some.database.session(SYSTEM) as session:
        done = await reports.report(session, visit, team, said, now)
        await reports.follow(session, done, now)
        return done


async def visit_of(some: Work, **values: Any) -> tuple[UUID, UUID]:
    team = await some.team()
    [visit] = await some.visits(**(planned(team, DAY) | values))
    return team, visit


async def state(some: Work, visit: UUID) -> tuple[Any, ...]:
    row = await some.visit(visit)
    return row.status, row.outcome, row.en_route_at, row.started_at, row.finished_at


async def stage(some: Work, visit: UUID) -> str:
    async with some.database.session(SYSTEM) as session:
        query = select(Order.stage).join(Visit, Visit.order_id == Order.id).where(Visit.id == visit)
        return (await session.execute(query)).scalar_one()


async def test_a_visit_is_travelled_to_begun_and_completed(some: Work) -> None:
    team, visit = await visit_of(some)
    await say(some, visit, travel_(), team)
    assert (await some.visit(visit)).status == "EN_ROUTE"
    await say(some, visit, arrival(), team)
    assert (await some.visit(visit)).status == "IN_PROGRESS"
    assert await stage(some, visit) == "IN_PROGRESS"
    await say(some, visit, completion(), team)
    assert await state(some, visit) == ("DONE", "COMPLETED", *(moment(DAY, at) for at in (480, 510, 600)))
    assert await stage(some, visit) == "COMPLETED"
    assert await told(some, visit) == ["visit.en_route", "visit.arrived", "visit.completed"]


async def test_reports_converge_in_whatever_order_they_arrive(some: Work) -> None:
    said = [travel_(), arrival(), completion(), arrival(505), travel_(485)]
    ends = set()
    for order in [*permutations(said)][::17]:
        team, visit = await visit_of(some)
        for each in order:
            assert (await say(some, visit, each, team)).conflict is None
        ends.add(await state(some, visit))
        assert await stage(some, visit) == "COMPLETED"
    assert ends == {("DONE", "COMPLETED", *(moment(DAY, at) for at in (480, 505, 600)))}


async def test_a_double_tap_has_one_effect_and_one_answer(some: Work) -> None:
    team, visit = await visit_of(some)
    said = completion(outcome=VisitOutcome.PARTIAL, minutes_left=45)
    first, second = await say(some, visit, said, team), await say(some, visit, said, team)
    assert first.follow_up_id is not None
    assert first.follow_up_id == second.follow_up_id
    again = await say(some, visit, completion(at=601, outcome=VisitOutcome.PARTIAL), team)
    assert again.conflict is None
    assert again.follow_up_id in (None, first.follow_up_id)
    async with some.database.session(SYSTEM) as session:
        found = (await session.scalars(select(Visit).where(Visit.follow_up_of_id == visit))).all()
    assert [(each.status, each.minutes, each.position, each.work_position) for each in found] == [
        ("REQUIRED", 45, 2, 1)
    ]
    assert await told(some, visit) == ["visit.completed"]
    assert await told(some, found[0].id) == ["visit.required"]


@pytest.mark.parametrize(
    ("outcome", "follow_ups", "stage_after"),
    [("PARTIAL", 1, "PLANNING"), ("RESCHEDULED", 1, "PLANNING"), ("CANCELLED", 0, "RECEIVED")],
)
async def test_what_is_left_is_required_again(some: Work, outcome: str, follow_ups: int, stage_after: str) -> None:
    team, visit = await visit_of(some)
    done = await say(some, visit, completion(outcome=VisitOutcome(outcome)), team)
    assert bool(done.follow_up_id) == bool(follow_ups)
    assert (await some.visit(visit)).outcome == outcome
    assert await stage(some, visit) == stage_after
    if done.follow_up_id:
        follow_up = await some.visit(done.follow_up_id)
        assert (follow_up.minutes, follow_up.priority, follow_up.team_id) == (90, 1, None)


async def test_taps_at_the_same_moment_have_one_effect(some: Work) -> None:
    team, visit = await visit_of(some)
    said = completion(outcome=VisitOutcome.RESCHEDULED)
    other = completion(outcome=VisitOutcome.RESCHEDULED)
    done = await asyncio.gather(*(say(some, visit, each, team) for each in (said, said, other, said)))
    assert {each.conflict for each in done} == {None}
    assert len({each.follow_up_id for each in done} - {None}) == 1
    assert await told(some, visit) == ["visit.completed"]


async def test_a_number_stands_for_one_report(some: Work) -> None:
    team, visit = await visit_of(some)
    said = travel_()
    await say(some, visit, said, team)
    with pytest.raises(ReportReused):
        await say(some, visit, Report(said.client_id, ReportKind.ARRIVAL, said.at), team)


async def test_what_contradicts_changes_nothing_and_is_kept_for_the_planner(some: Work) -> None:
    team, visit = await visit_of(some)
    await say(some, visit, completion(), team)
    before = await state(some, visit)
    refused = [
        (completion(outcome=VisitOutcome.CANCELLED), VisitAlreadyCompleted),
        (arrival(at=630), TimesContradict),
        (Report(uuid4(), ReportKind.ARRIVAL, moment(DAY, 510) - timedelta(days=1)), NotTheDay),
    ]
    for said, conflict in refused:
        for _ in range(2):
            assert isinstance((await say(some, visit, said, team)).conflict, conflict)
    assert await state(some, visit) == before
    assert (await told(some, visit)).count("visit.report_refused") == len(refused)
    async with some.database.session(SYSTEM) as session:
        kept = await session.scalars(select(VisitReport.refused).where(VisitReport.visit_id == visit))
        assert {code for code in kept if code} == {conflict.code for _, conflict in refused}


async def test_a_visit_that_was_taken_away_meanwhile(some: Work, travel: Travel) -> None:
    team, visit = await visit_of(some)
    other = await some.team()
    _, drives = await apart(some.database, travel, [team], DAY, DAY)
    async with some.database.session(SYSTEM) as session:
        await dispatching.dispatch(session, drives, team, DAY, moment(DAY, 400))
    async with some.database.session(SYSTEM) as session:
        assert await reports.given_to(session, visit, team)
        assert not await reports.given_to(session, visit, other)
    await some.change(visit, team_id=other)
    assert isinstance((await say(some, visit, travel_(), team)).conflict, VisitReassigned)
    assert (await some.visit(visit)).status == "PLANNED"
    await some.change(visit, status="CANCELLED", outcome="CANCELLED")
    assert isinstance((await say(some, visit, arrival(), other)).conflict, VisitCalledOff)


async def test_times_that_cannot_be(some: Work) -> None:
    team, visit = await visit_of(some)
    with pytest.raises(ReportInFuture):
        await say(some, visit, travel_(), team, now=moment(DAY, 470))
    with pytest.raises(ReportTooOld):
        await say(some, visit, travel_(), team, now=NOW + timedelta(days=15))
    with pytest.raises(Required):
        await say(some, visit, Report(uuid4(), ReportKind.COMPLETION, moment(DAY, 500)), team)
    with pytest.raises(OutOfRange):
        await say(some, visit, completion(outcome=VisitOutcome.PARTIAL, minutes_left=0), team)
    done = await say(some, visit, travel_(at=480), team, now=moment(DAY, 478))
    assert done.visit is not None
    assert done.visit.en_route_at == moment(DAY, 478), "a clock that is a little fast"


async def test_customers_ahead_are_told_when_the_team_is_late(some: Work, travel: Travel) -> None:
    team = await some.team()
    [first] = await some.visits(**planned(team, DAY, at=500))
    [second] = await some.visits(**planned(team, DAY, at=620, order=1), places=[(52.1561, 5.3878, "3811")])
    _, drives = await apart(some.database, travel, [team], DAY, DAY)
    async with some.database.session(SYSTEM) as session:
        await dispatching.dispatch(session, drives, team, DAY, moment(DAY, 400))
    window = await _window(some, second)
    await say(some, first, arrival(at=485), team, now=moment(DAY, 486))
    assert await _window(some, second) == window, "five minutes are not worth a message"
    await say(some, first, completion(at=660), team, now=moment(DAY, 661))
    later = await _window(some, second)
    assert min(new - old for new, old in zip(later, window, strict=True)) >= timedelta(minutes=60)
    assert (await told(some, second)).count("visit.arrival_changed") == 2


async def _window(some: Work, visit: UUID) -> Sequence[datetime]:
    row = await some.visit(visit)
    assert row.arrival_from is not None
    assert row.arrival_until is not None
    return row.arrival_from, row.arrival_until
