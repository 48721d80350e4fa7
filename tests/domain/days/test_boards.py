"""A team's day as planners and technicians see it."""

from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import update

from domain.days.board import Board, Seen, board
from domain.days.loading import apart
from domain.days.maps import hull, route
from domain.geo.location import Point
from domain.planning.arrival import moment
from domain.planning.timing import Rule
from domain.teams import absences
from domain.teams.details import Away
from domain.teams.models import AbsenceReason, Team
from domain.travel.matrix import Travel
from domain.visits.models import Visit
from tenants.actor import SYSTEM
from tests.visiting import AMERSFOORT, BARNEVELD, GRONINGEN, NIJKERK, Work, monday, planned, promised

DAY = monday()
BEFORE = moment(DAY, 0) - timedelta(days=3)


async def shown(
    some: Work, travel: Travel, team: UUID, *, day: date = DAY, entity: int | None = None, now: datetime = BEFORE,
    seen: Seen | None = None,
) -> Board:  # fmt: skip
    """As staff of one entity, or as the team itself."""
    days, _ = await apart(some.database, travel, [team], day, day)
    own = None if entity is None else some.markets[entity].entity.id

    def sees(visit: Visit) -> bool:
        return own is None or visit.entity_id == own

    return board(days, team, day, sees, now, seen=seen)


async def test_stops_come_in_the_order_of_the_route_with_times_and_driving(some: Work, travel: Travel) -> None:
    team = await some.team()
    [second] = await some.visits(**planned(team, DAY, at=640, order=1), places=[BARNEVELD])
    [first] = await some.visits(**planned(team, DAY, at=505, order=0), places=[AMERSFOORT])
    found = await shown(some, travel, team)
    assert [stop.visit_id for stop in found.stops] == [first, second]
    assert found.works_from == moment(DAY, 480)
    assert found.works_until == moment(DAY, 1020)
    one, other = found.stops
    assert one.arrives_at == moment(DAY, 480 + one.drive_minutes) == one.starts_at
    assert other.arrives_at == one.ends_at + timedelta(minutes=other.drive_minutes)
    assert found.drive_minutes > one.drive_minutes + other.drive_minutes
    assert found.drive_metres
    assert (one.drive_metres or 0) > 5_000
    assert (found.work_minutes, found.available_minutes, found.utilization) == (180, 480, 180 / 480)
    assert not found.warnings


async def test_another_entity_s_stops_are_time_that_is_taken(some: Work, travel: Travel) -> None:
    team = await some.team()
    [own] = await some.visits(**planned(team, DAY, at=505), places=[AMERSFOORT])
    [other] = await some.visits(entity=1, **promised(planned(team, DAY, at=640, order=1)), places=[BARNEVELD])
    mine, all_ = await shown(some, travel, team, entity=0), await shown(some, travel, team)
    assert [stop.visit_id for stop in all_.stops] == [own, other]
    taken = mine.stops[1]
    exact = all_.stops[1]
    assert (taken.starts_at, taken.ends_at) == (stepped(exact.starts_at), stepped(exact.ends_at, up=True))
    assert (taken.visit_id, taken.place, taken.status, taken.promised, taken.drive_metres) == (None,) * 5
    assert mine.drive_metres is None
    assert mine.back_metres is None
    drawn = route(mine, {own: "visit"})
    coordinates = str(drawn)
    assert str(BARNEVELD[0]) not in coordinates
    assert str(AMERSFOORT[0]) in coordinates


def stepped(at: datetime, *, up: bool = False) -> datetime:
    over = timedelta(minutes=at.minute % 5)
    return at - over + (timedelta(minutes=5) if up and over else timedelta())


async def test_driving_next_to_a_stop_of_others_is_told_in_steps(some: Work, travel: Travel) -> None:
    team = await some.team()
    await some.visits(**planned(team, DAY, at=505), places=[AMERSFOORT])
    await some.visits(entity=1, **planned(team, DAY, at=640, order=1), places=[BARNEVELD])
    await some.visits(**planned(team, DAY, at=800, order=2), places=[NIJKERK])
    mine, exact = await shown(some, travel, team, entity=0), await shown(some, travel, team)
    legs = [stop.drive_minutes for stop in exact.stops]
    assert any(leg % 5 for leg in legs[1:])
    assert [stop.drive_minutes for stop in mine.stops] == [legs[0], *(-(-leg // 5) * 5 for leg in legs[1:])]
    back = exact.drive_minutes - sum(legs)
    assert mine.drive_minutes == sum(stop.drive_minutes for stop in mine.stops) + back
    theirs = await shown(some, travel, team, entity=1)
    assert theirs.back_at is not None
    assert (theirs.back_at.minute % 5, theirs.drive_minutes % 5) == (0, 0)


async def test_rules_of_others_visits_are_not_told(some: Work, travel: Travel) -> None:
    team = await some.team(skills=["EV"], max_jobs=2)
    late = {"material_on": DAY + timedelta(days=2), "skills": ["HV"], "minutes": 341}
    await some.visits(**planned(team, DAY, at=505), places=[AMERSFOORT])
    await some.visits(entity=1, **(planned(team, DAY, at=620, order=1) | late), places=[GRONINGEN])
    exact = {each.rule: each.amount for each in (await shown(some, travel, team)).warnings}
    mine = {each.rule: (each.amount, each.visit_id) for each in (await shown(some, travel, team, entity=0)).warnings}
    assert {Rule.SKILLS, Rule.MATERIAL, Rule.RADIUS, Rule.HOURS} <= set(exact)
    assert set(mine) == set(exact) - {Rule.SKILLS, Rule.MATERIAL}
    assert (exact[Rule.RADIUS] % 5_000 > 0, exact[Rule.HOURS] % 5 > 0) == (True, True)
    assert mine[Rule.RADIUS] == (-(-exact[Rule.RADIUS] // 5_000) * 5_000, None)
    assert mine[Rule.HOURS] == (-(-exact[Rule.HOURS] // 5) * 5, None)
    theirs = {each.rule for each in (await shown(some, travel, team, entity=1)).warnings}
    assert {Rule.SKILLS, Rule.MATERIAL} <= theirs


async def test_how_far_others_visits_are_apart_is_not_told(some: Work, travel: Travel) -> None:
    team = await some.team()
    for order, place in enumerate([AMERSFOORT, GRONINGEN]):
        at = 505 + 200 * order
        await some.visits(entity=1, **planned(team, DAY, at=at, order=order), places=[place])
    assert Rule.RADIUS in {each.rule for each in (await shown(some, travel, team)).warnings}
    assert Rule.RADIUS not in {each.rule for each in (await shown(some, travel, team, entity=0)).warnings}


async def test_rules_that_are_broken_as_things_are_now(some: Work, travel: Travel) -> None:
    team = await some.team(skills=["EV"], max_jobs=2)
    [far] = await some.visits(**planned(team, DAY, at=620, order=1), places=[GRONINGEN])
    [skilled] = await some.visits(**planned(team, DAY, at=505), skills=["HV"], places=[AMERSFOORT])
    found = {warning.rule: warning for warning in (await shown(some, travel, team)).warnings}
    assert found[Rule.SKILLS].visit_id == skilled
    assert found[Rule.RADIUS].visit_id == far
    assert found[Rule.RADIUS].amount > 80_000
    assert Rule.JOBS not in found
    await some.change(skilled, material_on=DAY + timedelta(days=2))
    late = {warning.rule: warning.amount for warning in (await shown(some, travel, team)).warnings}
    assert late[Rule.MATERIAL] == 2


async def test_a_team_that_is_absent_has_its_visits_still(some: Work, travel: Travel) -> None:
    team = await some.team()
    [visit] = await some.visits(**planned(team, DAY))
    async with some.database.session(some.actor) as session:
        await absences.set_absence(session, None, team, Away(DAY, DAY), AbsenceReason.ILL, "")
    found = await shown(some, travel, team)
    assert found.works_from is None
    assert [(warning.rule, warning.visit_id) for warning in found.warnings] == [(Rule.ABSENCE, visit)]
    assert [stop.visit_id for stop in found.stops] == [visit]


async def test_a_team_on_the_road_is_expected_from_where_it_is(some: Work, travel: Travel) -> None:
    team = await some.team()
    [visit] = await some.visits(**planned(team, DAY), places=[AMERSFOORT])
    await some.change(visit, status="EN_ROUTE", en_route_at=moment(DAY, 480))
    now = moment(DAY, 490)
    near = Seen(Point(AMERSFOORT[0] + 0.01, AMERSFOORT[1]), now)
    expected = (await shown(some, travel, team, now=now)).stops[0].arrives_at
    seen = (await shown(some, travel, team, now=now, seen=near)).stops[0].arrives_at
    assert now < seen < expected


async def test_what_is_planned_for_a_team_that_is_no_more(some: Work, travel: Travel) -> None:
    team = await some.team()
    [visit] = await some.visits(**planned(team, DAY))
    async with some.database.session(SYSTEM) as session:
        await session.execute(update(Team).where(Team.id == team).values(active=False))
    found = await shown(some, travel, team)
    assert [(warning.rule, warning.visit_id) for warning in found.warnings] == [(Rule.ABSENCE, visit)]
    assert (found.stops, found.work_minutes) == ((), 90)


async def test_an_empty_day(some: Work, travel: Travel) -> None:
    found = await shown(some, travel, await some.team(), day=DAY + timedelta(days=5))
    assert (found.stops, found.warnings, found.back_at, found.utilization) == ((), (), None, 0.0)


def test_the_hull_of_points() -> None:
    corners = [(0.0, 0.0), (2.0, 0.0), (2.0, 2.0), (0.0, 2.0)]
    assert hull([*corners, (1.0, 1.0), (1.0, 0.0)]) == corners
    assert hull([(1.0, 1.0), (1.0, 1.0)]) == [(1.0, 1.0)]
