"""Which team works when: hours, holidays, absences."""

from datetime import date, time, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.ext.asyncio import AsyncSession

from domain.teams.calendar import Calendar, Window, calendar, longest_left, shortest_prefixes
from domain.teams.days_off import holidays_between, public
from domain.teams.models import Absence, HolidayChange, Region, Team, TeamRegion
from tenants.actor import SYSTEM
from tenants.engine import Database
from tests import factories

EIGHT, FIVE = 8 * 60, 17 * 60
MONDAY = date(2031, 3, 3)
moments = st.integers(0, 24 * 60)
windows = st.tuples(moments, moments).filter(lambda window: window[0] < window[1])


@given(windows, st.lists(windows, max_size=5))
def test_what_is_left_is_the_longest_run_of_minutes_that_is_worked(hours: Window, absent: list[Window]) -> None:
    present = [minute for minute in range(*hours) if not any(away <= minute < back for away, back in absent)]
    longest = run = 0
    for before, minute in zip([None, *present], present, strict=False):
        run = run + 1 if before is not None and minute == before + 1 else 1
        longest = max(longest, run)
    left = longest_left(hours, absent)
    assert (left[1] - left[0] if left else 0) == longest
    assert left is None or set(range(*left)) <= set(present)


def test_a_team_without_hours_that_day_does_not_work() -> None:
    assert longest_left(None, []) is None


@given(st.lists(st.from_regex(r"\A[1-9][0-9]{0,3}\Z")))
def test_shortened_prefixes_cover_the_same_postcodes(prefixes: list[str]) -> None:
    short = shortest_prefixes(prefixes)
    for pc4 in range(1000, 10_000, 7):
        assert str(pc4).startswith(short) == str(pc4).startswith(tuple(prefixes))
    assert not any(one != other and one.startswith(other) for one in short for other in short)


def test_public_holidays_come_by_year() -> None:
    days = public(date(2026, 12, 20), date(2027, 1, 5))
    assert days == {
        date(2026, 12, 25): "Eerste kerstdag",
        date(2026, 12, 26): "Tweede kerstdag",
        date(2027, 1, 1): "Nieuwjaarsdag",
    }


async def test_hours_regions_and_limits_make_the_days_of_a_team(database: Database) -> None:
    async with database.session(SYSTEM) as session:
        team = await factories.team(session, max_jobs=2, max_minutes=600)
        north = Region(code=factories.unique("N-").upper(), name="Noord", postcode_prefixes=["9", "78"])
        east = Region(code=factories.unique("O-").upper(), name="Oost", postcode_prefixes=["78", "97"])
        session.add_all([north, east])
        await session.flush()
        session.add_all([TeamRegion(team_id=team.id, region_id=region.id) for region in (north, east)])
        await session.flush()
        found = await calendar(session, MONDAY, 7)
    working = next(each for each in found.teams if each.id == team.id)
    assert (working.areas, working.base_pc4, working.crew) == (("78", "9"), "3861", 2)
    days = found.days_of(team.id)
    assert [each.day for each in days] == [0, 1, 2, 3, 4]
    assert {(each.start, each.end, each.max_jobs, each.max_minutes) for each in days} == {(EIGHT, FIVE, 2, 540)}


@pytest.mark.parametrize(
    ("hours", "left"),
    [
        ((None, None), None),
        ((time(8), time(12)), (12 * 60, FIVE)),
        ((time(15), time(20)), (EIGHT, 15 * 60)),
        ((time(10), time(11)), (11 * 60, FIVE)),
        ((time(18), time(20)), (EIGHT, FIVE)),
    ],
)
async def test_an_absence_takes_whole_days_or_hours(
    database: Database, hours: tuple[time | None, time | None], left: Window | None
) -> None:
    async with database.session(SYSTEM) as session:
        team = await factories.team(session)
        session.add(_absent(team.id, MONDAY + timedelta(days=1), 2, *hours))
        await session.flush()
        found = _windows(await calendar(session, MONDAY, 5), team)
        assert found == [(EIGHT, FIVE), left, left, (EIGHT, FIVE), (EIGHT, FIVE)]


async def test_a_team_that_is_not_active_has_no_days(database: Database) -> None:
    async with database.session(SYSTEM) as session:
        team = await factories.team(session, active=False)
        assert team.id not in {each.id for each in (await calendar(session, MONDAY, 5)).teams}


async def test_nobody_works_on_a_holiday_unless_a_planner_says_so(database: Database) -> None:
    ascension, bridge = date(2031, 5, 22), date(2031, 5, 23)
    async with database.session(SYSTEM) as session:
        team = await factories.team(session)
        assert _windows(await calendar(session, ascension, 2), team) == [None, (EIGHT, FIVE)]
        session.add_all(
            [
                HolidayChange(day=ascension, name="Hemelvaartsdag", working=True),
                HolidayChange(day=bridge, name="Brugdag", working=False),
            ]
        )
        await session.flush()
        assert _windows(await calendar(session, ascension, 2), team) == [(EIGHT, FIVE), None]
        off = [(each.day, each.working, each.changed) for each in await holidays_between(session, ascension, bridge)]
        assert off == [(ascension, True, True), (bridge, False, True)]
        await _forget(session, ascension, bridge)


def _windows(found: Calendar, team: Team) -> list[Window | None]:
    by_day = {each.day: (each.start, each.end) for each in found.days_of(team.id)}
    return [by_day.get(place) for place in range(len(found.days))]


def _absent(team_id: UUID, first: date, days: int, starts: time | None, ends: time | None) -> Absence:
    span = Range(first, first + timedelta(days=days))
    return Absence(team_id=team_id, days=span, starts=starts, ends=ends, reason="LEAVE")


async def _forget(session: AsyncSession, *days: date) -> None:
    await session.execute(delete(HolidayChange).where(HolidayChange.day.in_(days)))
