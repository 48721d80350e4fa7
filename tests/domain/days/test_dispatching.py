"""What a team is told of its day, and what it is told again."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import func, select

from domain.days import dispatching, reactions
from domain.days.dispatching import Dispatched
from domain.days.errors import DayIsOver, UnknownShift
from domain.days.loading import apart
from domain.events.models import Event
from domain.notifications.models import Notification
from domain.planning.arrival import moment
from domain.travel.matrix import Travel
from tenants.actor import SYSTEM
from tenants.permissions import Role
from tests import factories
from tests.domain.days.telling import told
from tests.visiting import AMERSFOORT, NIJKERK, Work, monday, planned

DAY = monday()
EVE = moment(DAY - timedelta(days=1), 16 * 60)


async def dispatch(some: Work, travel: Travel, team: UUID, now: object = EVE, day: object = DAY) -> Dispatched:
    _, drives = await apart(some.database, travel, [team], day, day)  # type: ignore[arg-type]  # a day
    async with some.database.session(SYSTEM) as session:
        return await dispatching.dispatch(session, drives, team, day, now)  # type: ignore[arg-type]  # a day, a time


async def test_a_team_is_told_its_day_once_and_then_what_has_changed(some: Work, travel: Travel) -> None:
    team, other = await some.team(), await some.team()
    async with some.database.session(SYSTEM) as session:
        technician = await factories.actor_with(session, Role.TECHNICIAN, some.markets[0].entity, team_id=team)
    [first] = await some.visits(**planned(team, DAY), places=[NIJKERK])
    [second] = await some.visits(entity=1, **planned(team, DAY, at=640, order=1), places=[AMERSFOORT])
    assert await dispatch(some, travel, team) == Dispatched((first, second), ())
    row = await some.visit(first)
    assert row.dispatched_at == EVE
    assert row.arrival_from is not None
    assert row.arrival_until is not None
    assert row.arrival_from < moment(DAY, 480 + 60) < row.arrival_until + timedelta(hours=1)
    assert await dispatch(some, travel, team) == Dispatched((), ())
    await some.change(second, starts_at=moment(DAY, 660), ends_at=moment(DAY, 750))
    assert await dispatch(some, travel, team, EVE + timedelta(minutes=5)) == Dispatched((second,), ())
    await some.change(first, team_id=other)
    assert await dispatch(some, travel, team, EVE + timedelta(minutes=9)) == Dispatched((second,), (first,))
    assert (await told(some, first)).count("visit.dispatched") == 1
    assert (await told(some, second)).count("visit.dispatched") == 3
    async with some.database.session(SYSTEM) as session:
        dispatched = select(Event).where(Event.subject_id == team, Event.type == "team.dispatched").order_by(Event.id)
        for event in (await session.scalars(dispatched)).all():
            for _ in range(2):
                await reactions.react(session, event)
        mine = select(func.count()).where(Notification.user_id == technician.user_id)
        mine = mine.where(Notification.kind == dispatching.KIND)
        assert (await session.execute(mine)).scalar_one() == 3


async def test_what_has_begun_is_not_told_again(some: Work, travel: Travel) -> None:
    team = await some.team()
    [visit] = await some.visits(**planned(team, DAY))
    await dispatch(some, travel, team)
    await some.change(visit, status="IN_PROGRESS", started_at=moment(DAY, 500), route_order=7)
    assert await dispatch(some, travel, team, moment(DAY, 510)) == Dispatched((), ())


async def test_days_that_cannot_be_dispatched(some: Work, travel: Travel) -> None:
    team = await some.team()
    with pytest.raises(DayIsOver):
        await dispatch(some, travel, team, now=EVE + timedelta(days=3))
    with pytest.raises(UnknownShift):
        await dispatch(some, travel, team, day=DAY + timedelta(days=5))
