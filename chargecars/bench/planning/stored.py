"""An instance as rows of a database that holds the demo: its teams, orders and visits in the place of the demo's plan.

The instance's working days become those from tomorrow on, so that offers see them.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg

from domain.planning.arrival import moment
from domain.planning.timing import timed
from domain.planning.world import Route, World
from domain.teams.days_off import public

_AMSTERDAM = ZoneInfo("Europe/Amsterdam")
_EMPTY = (
    "DELETE FROM slot_hold",
    """DELETE FROM visit WHERE order_id IN (SELECT id FROM "order" WHERE number LIKE 'INST-%')""",
    """DELETE FROM "order" WHERE number LIKE 'INST-%'""",
    "DELETE FROM absence WHERE upper(days) > current_date",
    "DELETE FROM team_hours WHERE team_id IN (SELECT id FROM team WHERE name LIKE 'Instance %')",
    "DELETE FROM team WHERE name LIKE 'Instance %'",
    "UPDATE visit SET status = 'CANCELLED', outcome = 'CANCELLED' WHERE status IN ('REQUIRED', 'PLANNED')",
    "UPDATE team SET active = false",
)
_TEAMS = """
INSERT INTO team
  (id, name, base_city, base_postcode, base_latitude, base_longitude, skills, crew, max_jobs, max_minutes)
VALUES ($1, $2, 'Nijkerk', $3, $4, $5, $6, $7, $8, $9)"""
_HOURS = "INSERT INTO team_hours (team_id, weekday, starts, ends) VALUES ($1, $2, $3, $4)"
_ABSENT = """
INSERT INTO absence (team_id, days, reason, starts, ends) VALUES ($1, daterange($2, $2, '[]'), 'LEAVE', $3, $4)"""
_ORDERS = """
INSERT INTO "order" ({columns}) SELECT {values} FROM "order" o, generate_series(1, $2::int) n WHERE o.id = $1
RETURNING id"""
_COLUMNS = """
SELECT column_name FROM information_schema.columns WHERE table_schema = 'public' AND table_name = 'order'
  AND column_name NOT IN ('id', 'number', 'sequence', 'partner_order_id') AND is_generated = 'NEVER'"""
_MODEL = """
SELECT o.id FROM "order" o WHERE o.entity_id = $1 AND ($2::uuid IS NULL OR o.end_customer_contact_id = $2)
  AND o.stage <> 'CANCELLED' AND NOT o.on_hold ORDER BY o.id LIMIT 1"""
_VISITS = """
INSERT INTO visit (id, entity_id, order_id, channel_organization_ids, end_customer_contact_id, position, kind, minutes,
  skills, latitude, longitude, pc4, material_on, status, team_id, day, block, route_order, starts_at, ends_at,
  promised_at)
SELECT $1, o.entity_id, o.id, o.channel_organization_ids, o.end_customer_contact_id, $3, 'INSTALLATION', $4, $5, $6, $7,
  $8, $9, $10, $11, $12, $13, $14, $15, $16, $17 FROM "order" o WHERE o.id = $2"""


def working_days(count: int) -> list[date]:
    """From tomorrow on, without weekends and holidays."""
    first = datetime.now(_AMSTERDAM).date() + timedelta(days=1)
    span = [first + timedelta(days=number) for number in range(count * 2 + 14)]
    off = public(span[0], span[-1])
    return [day for day in span if day.weekday() < 5 and day not in off][:count]


async def store(
    owner: "asyncpg.Connection[Any]", world: World, entity_id: UUID, customer_id: UUID | None
) -> list[UUID]:
    """Put the instance into the place of what the database plans; the ids of the visits that have no day yet.

    All orders are like one of the entity's, of the customer where one is given.
    """
    days = working_days(len(world.days))
    async with owner.transaction():
        for statement in _EMPTY:
            await owner.execute(statement)
        await _store_teams(owner, world, days)
        orders = await _store_orders(owner, world, entity_id, customer_id)
        rows = list(_visits(world, days, orders))
        await owner.executemany(_VISITS, rows)
        await owner.execute('UPDATE "order" SET stage = $1 WHERE id = ANY ($2)', "PLANNING", list(set(orders.values())))
    await owner.execute('ANALYZE visit, team, "order"')
    return [row[0] for row in rows if row[9] == "REQUIRED"]


async def _store_teams(owner: "asyncpg.Connection[Any]", world: World, days: list[date]) -> None:
    works = {(day.team, day.day): day for day in world.team_days}
    of_team = {day.team: day for day in reversed(world.team_days)}
    longest = {team: max(day.end for day in world.team_days if day.team == team) for team in of_team}
    for number, team in enumerate(world.teams):
        day = of_team[number]
        base, jobs = world.places[day.leaves_from], max(each.most_jobs for each in world.team_days)
        name, pc4 = f"Instance {number + 1}", world.areas[day.leaves_from]
        await owner.execute(_TEAMS, team.id, name, pc4, base.latitude, base.longitude, sorted(team.skills), team.crew,
                            jobs, day.most_minutes)  # fmt: skip
        hours = (_clock(day.start), _clock(longest[number]))
        await owner.executemany(_HOURS, [(team.id, weekday, *hours) for weekday in range(5)])
        for at, on in enumerate(days):
            found = works.get((number, at))
            if found is None:
                await owner.execute(_ABSENT, team.id, on, None, None)
            elif found.end < longest[number]:
                await owner.execute(_ABSENT, team.id, on, _clock(found.end), hours[1])


def _clock(minutes: int) -> time:
    return time(minutes // 60, minutes % 60)


async def _store_orders(
    owner: "asyncpg.Connection[Any]", world: World, entity_id: UUID, customer_id: UUID | None
) -> dict[int, UUID]:
    """By job its order; both visits of a quote have one."""
    model = await owner.fetchval(_MODEL, entity_id, customer_id)
    names = [f'"{row["column_name"]}"' for row in await owner.fetch(_COLUMNS)]
    values = [f"o.{name}" for name in names]
    last = await owner.fetchval('SELECT max(sequence) FROM "order"')
    statement = _ORDERS.format(
        columns=", ".join([*names, "number", "sequence"]),
        values=", ".join([*values, f"'INST-' || ({last} + n)", f"{last} + n"]),
    )
    firsts = [number for number, job in enumerate(world.jobs) if job.after is None]
    made = [row["id"] for row in await owner.fetch(statement, model, len(firsts))]
    of_first = dict(zip(firsts, made, strict=True))
    return {n: of_first[n if job.after is None else job.after] for n, job in enumerate(world.jobs)}


def _visits(world: World, days: list[date], orders: dict[int, UUID]) -> Iterator[tuple[Any, ...]]:
    placed = {stop.job: (route, order) for route in _routes(world) for order, stop in enumerate(route.stops)}
    for number, job in enumerate(world.jobs):
        point = world.places[job.place]
        of_job = (job.id, orders[number], 1 if job.after is None else 2, job.minutes, sorted(job.skills),
                  point.latitude, point.longitude, world.areas[job.place],
                  days[job.earliest] if job.earliest else None)  # fmt: skip
        if number not in placed:
            yield (*of_job, "REQUIRED", *(None,) * 7)
            continue
        route, order = placed[number]
        stop, day = route.stops[order], days[route.day]
        times = (moment(day, stop.starts), moment(day, stop.ends))
        promised = datetime.now(_AMSTERDAM) if job.promise else None
        yield (*of_job, "PLANNED", world.teams[route.team].id, day, stop.block.value, order, *times, promised)


def _routes(world: World) -> list[Route]:
    """The plan in force, as its jobs say."""
    held: defaultdict[tuple[int, int], list[int]] = defaultdict(list)
    for number, job in enumerate(world.jobs):
        if job.current:
            held[job.current.team, job.current.day].append(number)
    works = {(day.team, day.day): day for day in world.team_days}
    return [timed(world, works[at], sorted(jobs, key=lambda job: _order(world, job))) for at, jobs in held.items()]


def _order(world: World, number: int) -> int:
    current = world.jobs[number].current
    assert current is not None
    return current.order
