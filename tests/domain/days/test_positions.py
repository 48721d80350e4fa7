"""Where teams are: newest wins in whatever order it comes, in working hours only, and for some days."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from domain.days import positions
from domain.days.errors import OutsideNetherlands, OutsideWorkingHours, ReportInFuture
from domain.days.models import TeamPosition, TeamTrack
from domain.days.positions import Position, Taken
from domain.errors import DomainErrors
from domain.geo.location import Point
from domain.planning.arrival import moment
from tenants.actor import SYSTEM, Actor
from tests.visiting import AMERSFOORT, NIJKERK, Work, monday, planned

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
    await say(some, team, at(485))
    assert await seen(some, team, some.planners[0])
    await some.change(other, status="EN_ROUTE", en_route_at=moment(DAY, 490))
    await say(some, team, at(495))
    assert await seen(some, team, some.planners[0]) == []
    assert await seen(some, team, some.planners[1]) == [(moment(DAY, 495), 52.2)]


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
            place = {"latitude": 52.0, "longitude": 5.0}
            session.add(TeamTrack(team_id=team, at=now - timedelta(days=age), **place))
    async with some.database.session(SYSTEM) as session:
        assert await positions.forget(session, 14) == 1
        assert len((await session.scalars(select(TeamTrack))).all()) == 1
