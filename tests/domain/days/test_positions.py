"""Where teams are: newest wins in whatever order it comes, in working hours only, and for some days."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from domain.days import positions, reports
from domain.days.errors import OutsideNetherlands, OutsideWorkingHours, ReportInFuture
from domain.days.models import DispatchedStop, ReportKind, TeamPosition, TeamTrack
from domain.days.positions import Position, Taken
from domain.days.reports import Report
from domain.errors import DomainErrors
from domain.geo.location import Point
from domain.planning.arrival import moment
from domain.visits.models import VisitOutcome
from tenants.actor import SYSTEM, Actor
from tests.visiting import AMERSFOORT, BARNEVELD, NIJKERK, Work, monday, planned

DAY = monday()
NOW = moment(DAY, 12 * 60)
HERE = Point(52.2, 5.4)


async def say(some: Work, team: UUID, *said: Position, now: datetime = NOW) -> Taken:
    async with some.database.session(SYSTEM) as session:
        return await positions.update(session, team, said, now)


async def seen(some: Work, team: UUID, actor: Actor = SYSTEM) -> list[tuple[datetime, float]]:
    async with some.database.session(actor) as session:
        rows = await session.scalars(select(TeamPosition).where(TeamPosition.team_id == team))
        return [(row.at, row.latitude) for row in rows]


def at(minutes: int, latitude: float = 52.2) -> Position:
    return Position(moment(DAY, minutes), Point(latitude, 5.4), 12, 90)


async def test_the_newest_is_shown_in_whatever_order_they_come(some: Work) -> None:
    team = await some.team()
    assert await say(some, team, at(600, 52.1), at(590)) == Taken(2, 0)
    assert await say(some, team, at(595), at(600, 52.1)) == Taken(1, 1)
    assert await seen(some, team) == [(moment(DAY, 600), 52.1)]
    async with some.database.session(SYSTEM) as session:
        track = await session.scalars(select(TeamTrack.at).where(TeamTrack.team_id == team).order_by(TeamTrack.at))
        assert list(track) == [moment(DAY, minutes) for minutes in (590, 595, 600)]


async def test_nobody_is_followed_in_their_own_time(some: Work) -> None:
    team = await some.team()
    evening = moment(DAY, 19 * 60)
    with pytest.raises(OutsideWorkingHours):
        await say(some, team, at(18 * 60 + 30), now=evening)
    assert await say(some, team, at(18 * 60), at(17 * 60), now=evening) == Taken(1, 1)
    saturday = moment(DAY + timedelta(days=5), 600)
    with pytest.raises(OutsideWorkingHours):
        await say(some, team, Position(saturday, HERE), now=saturday)


async def test_a_visit_that_takes_longer_is_work(some: Work) -> None:
    team = await some.team()
    [visit] = await some.visits(**planned(team, DAY, at=900))
    await some.change(visit, status="IN_PROGRESS", started_at=moment(DAY, 1000))
    assert await say(some, team, at(18 * 60 + 30), now=moment(DAY, 19 * 60)) == Taken(1, 0)


async def test_positions_that_cannot_be(some: Work) -> None:
    team = await some.team()
    for bad, error in (
        (Position(NOW, Point(48.8, 2.3)), OutsideNetherlands),
        (Position(NOW, Point(float("nan"), 5.0)), OutsideNetherlands),
        (Position(NOW + timedelta(minutes=6), HERE), ReportInFuture),
    ):
        with pytest.raises(error):
            await say(some, team, bad)
    with pytest.raises(DomainErrors):
        await say(some, team, Position(NOW, HERE, -1, 360))
    assert await say(some, team, Position(NOW - timedelta(hours=25), HERE)) == Taken(0, 1)
    assert await seen(some, team) == []


async def test_a_position_at_another_entity_s_customer_is_not_shown(some: Work) -> None:
    team = await some.team()
    [other] = await some.visits(entity=1, **planned(team, DAY), places=[AMERSFOORT])
    base = Point(*NIJKERK[:2])
    await say(some, team, Position(moment(DAY, 485), base))
    assert await seen(some, team, some.planners[0])
    await some.change(other, status="EN_ROUTE", en_route_at=moment(DAY, 490))
    await say(some, team, at(495))
    assert await seen(some, team, some.planners[0]) == []
    assert await seen(some, team, some.planners[1]) == [(moment(DAY, 495), 52.2)]


async def track(some: Work, team: UUID, actor: Actor) -> list[int]:
    """Minutes of the day of the places that the actor sees."""
    async with some.database.session(actor) as session:
        query = select(TeamTrack.at).where(TeamTrack.team_id == team).order_by(TeamTrack.at)
        return [round((found - moment(DAY, 0)).total_seconds() / 60) for found in await session.scalars(query)]


async def test_places_that_come_late_are_of_the_visit_of_their_time(some: Work) -> None:
    team = await some.team()
    [first] = await some.visits(entity=1, **planned(team, DAY), places=[AMERSFOORT])
    [second] = await some.visits(**planned(team, DAY, at=660, order=1), places=[BARNEVELD])
    await some.change(
        first, status="DONE", outcome="COMPLETED", en_route_at=moment(DAY, 490), finished_at=moment(DAY, 600)
    )
    await some.change(second, status="EN_ROUTE", en_route_at=moment(DAY, 630))
    await say(some, team, *map(at, (480, 500, 590, 615, 640)))
    assert await track(some, team, some.planners[0]) == [640], "under way for us only now"
    assert await track(some, team, some.planners[1]) == [480, 500, 590]
    assert await track(some, team, SYSTEM) == [480, 500, 590, 615, 640]
    both = replace(some.actor, entity_ids=tuple(each.entity.id for each in some.markets))
    assert 615 in await track(some, team, both), "between the two: for who sees either"


async def test_a_report_that_comes_late_says_whose_the_places_were(some: Work) -> None:
    team = await some.team()
    [other] = await some.visits(entity=1, **planned(team, DAY), places=[AMERSFOORT])
    [own] = await some.visits(**planned(team, DAY, at=660, order=1), places=[BARNEVELD])
    await some.change(own, status="EN_ROUTE", en_route_at=moment(DAY, 480))
    await say(some, team, *map(at, (490, 560, 640)))
    assert await track(some, team, some.actor) == [490, 560, 640]
    for kind, minutes in ((ReportKind.TRAVEL, 550), (ReportKind.COMPLETION, 600)):
        outcome = VisitOutcome.COMPLETED if kind is ReportKind.COMPLETION else None
        async with some.database.session(SYSTEM) as session:
            said = Report(uuid4(), kind, moment(DAY, minutes), outcome)
            assert (await reports.report(session, other, team, said, NOW)).conflict is None
    assert await track(some, team, some.actor) == [490, 640]
    assert await track(some, team, some.planners[1]) == []
    assert await seen(some, team, some.actor)


async def test_a_visit_that_was_taken_off_a_team_may_have_been_made_by_it(some: Work) -> None:
    team = await some.team()
    [other] = await some.visits(entity=1, places=[AMERSFOORT])
    await some.visits(**planned(team, DAY), places=[BARNEVELD])
    async with some.database.session(SYSTEM) as session:
        given = {"route_order": 0, "dispatched_at": moment(DAY, 300)}
        session.add(DispatchedStop(team_id=team, visit_id=other, day=DAY, **given))
    await say(some, team, at(500))
    assert await track(some, team, some.actor) == []


async def test_a_team_on_its_way_keeps_its_customer_informed(some: Work) -> None:
    team = await some.team()
    [visit] = await some.visits(**planned(team, DAY), places=[NIJKERK])
    told = {"arrival_from": moment(DAY, 480), "arrival_until": moment(DAY, 540), "dispatched_at": moment(DAY, 400)}
    await some.change(visit, status="EN_ROUTE", en_route_at=moment(DAY, 480), **told)
    far = Position(moment(DAY, 600), Point(52.95, 5.9))
    await say(some, team, far, now=moment(DAY, 600))
    row = await some.visit(visit)
    assert row.arrival_from is not None
    assert row.arrival_from > moment(DAY, 630)


async def test_positions_are_kept_for_some_days(some: Work) -> None:
    team = await some.team()
    now = datetime.now().astimezone()
    async with some.database.session(SYSTEM) as session:
        for age in (1, 20):
            place = {"latitude": 52.0, "longitude": 5.0, "entity_ids": []}
            session.add(TeamTrack(team_id=team, at=now - timedelta(days=age), **place))
    async with some.database.session(SYSTEM) as session:
        assert await positions.forget(session, 14) == 1
        assert len((await session.scalars(select(TeamTrack))).all()) == 1
