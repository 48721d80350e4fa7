"""Every change that planning has to know of is counted for its days; other changes are not."""

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import delete, select, text, update
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.ext.asyncio import AsyncSession

from domain.contacts.models import Address
from domain.orders.models import Order
from domain.teams import planning_days
from domain.teams.models import Absence, HolidayChange, Team, TeamHours
from domain.visits.models import Visit
from tenants.actor import SYSTEM
from tenants.engine import Database
from tests import factories
from tests.quoting import market

_NO_PATIENCE = text("SET LOCAL lock_timeout = '20ms'")
DAY, NEXT, LATER = date(2032, 3, 1), date(2032, 3, 2), date(2032, 3, 3)


async def counted(session: AsyncSession, change: Callable[[], Awaitable[Any]]) -> list[int]:
    """By how much the versions of the three days grow with a change."""
    days = (DAY, NEXT, LATER)
    before = await planning_days.versions(session, days)
    await change()
    await session.flush()
    after = await planning_days.versions(session, days)
    return [after[day] - before[day] for day in days]


@pytest.fixture
async def ordered(database: Database) -> UUID:
    """An order with one visit at a place that is known."""
    sold = await market(database, agreement={})
    return await sold.ordered()


async def test_a_visit_counts_for_the_day_that_it_leaves_and_that_it_comes_to(
    database: Database, ordered: UUID
) -> None:
    def change(**values: Any) -> Callable[[], Awaitable[Any]]:
        return lambda: session.execute(update(Visit).where(Visit.order_id == ordered).values(**values))

    async with database.session(SYSTEM) as session:
        team = await factories.team(session)
        assert await counted(session, change(priority=3)) == [0, 0, 0]
        assert await counted(session, change(day=DAY, block="MORNING", team_id=team.id, status="PLANNED")) == [1, 0, 0]
        assert await counted(session, change(day=LATER)) == [1, 0, 1]
        assert await counted(session, change(route_order=1)) == [0, 0, 1]
        assert await counted(session, change(dispatched_at=datetime.now(UTC))) == [0, 0, 0]
        assert await counted(session, change(day=LATER)) == [0, 0, 0]
        assert await counted(session, change(day=None, block=None, team_id=None, route_order=None)) == [0, 0, 1]


async def test_an_absence_counts_for_its_days(database: Database) -> None:
    async with database.session(SYSTEM) as session:
        team = await factories.team(session)
        absence = Absence(team_id=team.id, days=Range(DAY, LATER), reason="ILL")

        async def absent() -> None:
            session.add(absence)

        async def shorter() -> None:
            absence.days = Range(NEXT, LATER)

        async def noted() -> None:
            absence.note = "Griep"

        async def back() -> None:
            await session.execute(delete(Absence).where(Absence.id == absence.id))

        changes = (absent, shorter, noted, back)
        found = [await counted(session, change) for change in changes]
        assert found == [[1, 1, 0], [1, 1, 0], [0, 0, 0], [0, 1, 0]]


async def test_a_holiday_counts_for_its_day(database: Database) -> None:
    async with database.session(SYSTEM) as session:

        async def off() -> None:
            session.add(HolidayChange(day=NEXT, name="Brugdag", working=False))

        async def on() -> None:
            await session.execute(delete(HolidayChange).where(HolidayChange.day == NEXT))

        assert [await counted(session, off), await counted(session, on)] == [[0, 1, 0], [0, 1, 0]]


async def test_a_change_of_the_teams_counts_for_every_day_ahead(database: Database) -> None:
    today = datetime.now(UTC).date()
    days = [today, today + timedelta(days=300)]
    async with database.session(SYSTEM) as session:
        team = await factories.team(session)
        before = await planning_days.versions(session, days)
        await session.execute(update(Team).where(Team.id == team.id).values(max_jobs=2))
        hours = update(TeamHours).where(TeamHours.team_id == team.id, TeamHours.weekday == 0)
        await session.execute(hours.values(starts=time(9)))
        await session.execute(update(Team).where(Team.id == team.id).values(vehicle="Bus"))
        after = await planning_days.versions(session, days)
    assert {day: after[day] - before[day] for day in days} == dict.fromkeys(days, 2)


async def test_days_are_locked_without_counting_by_any_audience(database: Database) -> None:
    async with database.session(SYSTEM) as session:
        before = await planning_days.versions(session, [DAY, LATER])
    sold = await market(database, agreement={})
    async with database.session(sold.actors["customer"]) as session:
        await planning_days.lock(session, [LATER, None, DAY, DAY])
        await planning_days.lock(session, [])
    async with database.session(SYSTEM) as session:
        assert await planning_days.versions(session, [DAY, LATER]) == before


async def test_a_day_that_is_held_is_waited_for(database: Database) -> None:
    async with database.session(SYSTEM) as holder:
        await planning_days.lock(holder, [DAY])
        async with database.session(SYSTEM) as other:
            await other.execute(_NO_PATIENCE)
            with pytest.raises(Exception, match="lock timeout"):
                await planning_days.lock(other, [DAY])
            await other.rollback()


async def test_a_visit_is_where_its_address_is(database: Database, ordered: UUID) -> None:
    of_order = select(Visit.latitude, Visit.longitude, Visit.pc4).where(Visit.order_id == ordered)
    address = select(Address).join(Order, Order.service_address_id == Address.id).where(Order.id == ordered)
    async with database.session(SYSTEM) as session:
        row = (await session.scalars(address)).one()
        assert tuple((await session.execute(of_order)).one()) == (row.latitude, row.longitude, row.postal_code[:4])
        row.latitude, row.longitude, row.postal_code = 53.21, 6.56, "9712AB"
        await session.flush()
        assert tuple((await session.execute(of_order)).one()) == (53.21, 6.56, "9712")
        row.country = "BE"
        await session.flush()
        assert (await session.execute(of_order)).one().pc4 is None


async def test_a_visit_that_is_called_off_holds_no_place(database: Database, ordered: UUID) -> None:
    now = datetime.now(UTC)
    planned = {"day": DAY, "block": "MORNING", "status": "PLANNED", "promised_at": now, "pinned": True}
    times = {"starts_at": now, "ends_at": now + timedelta(hours=1), "arrival_from": now, "route_order": 0}
    async with database.session(SYSTEM) as session:
        team = await factories.team(session)
        visit = update(Visit).where(Visit.order_id == ordered)
        await session.execute(visit.values(team_id=team.id, **planned, **times))
        await session.execute(visit.values(status="CANCELLED", outcome="CANCELLED"))
        row = (await session.scalars(select(Visit).where(Visit.order_id == ordered))).one()
        await session.refresh(row)
        gone = (row.promised_at, row.starts_at, row.ends_at, row.arrival_from, row.route_order)
        assert (gone, row.pinned, row.day) == ((None,) * 5, False, DAY)
