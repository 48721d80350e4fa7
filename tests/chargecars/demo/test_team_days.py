"""The days ahead in the demo are such that a plan could have made them."""

from collections import defaultdict
from datetime import date

from chargecars.demo import Loaded
from domain.geo.location import Point, distance_km
from domain.teams.calendar import calendar
from domain.travel.estimate import estimate
from tenants.actor import SYSTEM
from tenants.engine import Database
from tests.chargecars.demo.conftest import last_wednesday
from tests.chargecars.demo.rows import Connection

_AHEAD = (
    "SELECT *, extract(epoch FROM starts_at AT TIME ZONE 'Europe/Amsterdam' - day::timestamp)::int / 60 AS starts "
    "FROM visit WHERE team_id IS NOT NULL AND day >= $1 ORDER BY team_id, day, route_order"
)


async def test_seven_teams_of_nijkerk_work_in_seven_regions(rows: Connection) -> None:
    teams = await rows.fetch(
        "SELECT t.base_city, (SELECT count(*) FROM team_member m WHERE m.team_id = t.id) AS members, "
        "(SELECT count(*) FROM team_region r WHERE r.team_id = t.id) AS regions FROM team t"
    )
    assert len(teams) == await rows.fetchval("SELECT count(*) FROM region") == 7
    assert {(row["base_city"], row["regions"]) for row in teams} == {("Nijkerk", 1)}
    assert {row["members"] for row in teams} == {2, 3}


async def test_days_ahead_are_driven_within_hours_and_30_km(demo: Database, rows: Connection, loaded: Loaded) -> None:
    today = last_wednesday()
    async with demo.session(SYSTEM) as session:
        working = await calendar(session, today, 30)
    teams = {team.id: team for team in working.teams}
    hours = {(working.teams[day.team].id, working.days[day.day]): day for day in working.team_days}
    routes: defaultdict[tuple[object, date], list[object]] = defaultdict(list)
    for row in await rows.fetch(_AHEAD, today):
        routes[row["team_id"], row["day"]].append(row)
    assert len(routes) > 40
    for (team_id, day), stops in routes.items():
        allowed = hours[team_id, day]
        places = [Point(stop["latitude"], stop["longitude"]) for stop in stops]
        drive = estimate([teams[team_id].base, *places])
        clock = allowed.start
        for at, stop in enumerate(stops):
            assert stop["starts"] >= clock + drive[at, at + 1]
            assert set(stop["skills"]) <= teams[team_id].skills
            clock = stop["starts"] + stop["minutes"]
        assert clock + drive[len(stops), 0] <= allowed.end
        assert sum(stop["minutes"] for stop in stops) <= allowed.max_minutes
        assert all(distance_km(one, other) <= 30 for one in places for other in places)


async def test_there_is_room_ahead_and_a_backlog_to_fill_it(rows: Connection) -> None:
    today = last_wednesday()
    counts = await rows.fetchrow(
        "SELECT count(*) FILTER (WHERE status = 'REQUIRED') AS waiting, "
        "count(*) FILTER (WHERE status = 'REQUIRED' AND material_on IS NOT NULL) AS material, "
        "count(*) FILTER (WHERE promised_at IS NOT NULL) AS promised, "
        "count(*) FILTER (WHERE day >= $1) AS ahead, max(day) - $1 AS furthest FROM visit",
        today,
    )
    assert counts["waiting"] > 60
    assert 0 < counts["material"] < counts["waiting"]
    assert counts["promised"] < counts["ahead"] <= 15 * 7 * 3
    assert counts["furthest"] < 22
