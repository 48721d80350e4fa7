"""What a plan is made of: the rows of the database as a world."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from sqlalchemy import Insert, insert

from domain.planning.arrival import AMSTERDAM, moment
from domain.plans.loading import Loaded, load
from domain.slots.models import SlotHold
from domain.teams.models import WeatherDay
from domain.visits.models import DayBlock
from tenants.actor import SYSTEM
from tests.domain.plans.making import later
from tests.visiting import AMERSFOORT, GRONINGEN, NIJKERK, Work, monday, planned, promised

MONDAY = monday()


async def loaded(some: Work, days: int = 5, first: date = MONDAY, **values: object) -> Loaded:
    async with some.database.session(SYSTEM) as session:
        return await load(session, first, days, **values)  # type: ignore[arg-type]  # handed on


async def test_what_waits_and_what_the_days_hold_become_jobs(some: Work) -> None:
    team, other = await some.team(), await some.team(skills=["EV", "NEN1010"])
    [waits] = await some.visits(places=[AMERSFOORT], priority=2, material_on=MONDAY + timedelta(days=2))
    [kept] = await some.visits(entity=1, **promised(planned(team, MONDAY)))
    [free] = await some.visits(**planned(team, MONDAY, at=11 * 60, order=1))
    [pinned] = await some.visits(pinned=True, **planned(other, MONDAY + timedelta(days=1)))
    [sent] = await some.visits(dispatched_at=some_time(), **planned(other, MONDAY, at=14 * 60))
    await some.visits(**planned(team, MONDAY + timedelta(days=9)))
    await some.visits(status="CANCELLED", outcome="CANCELLED")
    found = await loaded(some)
    jobs = {visit.id: job for visit, job in zip(found.visits, found.world.jobs, strict=True)}
    assert set(jobs) == {waits, kept, free, pinned, sent}
    teams = [each.id for each in found.world.teams]
    assert (jobs[waits].earliest, jobs[waits].value, jobs[waits].current) == (2, 300 + 200 + waited(found, waits), None)
    assert jobs[waits].promise is None
    assert jobs[kept].promise == (0, DayBlock.MORNING)
    assert jobs[kept].pin is None
    current = jobs[free].current
    assert current is not None
    assert (teams[current.team], current.day, current.block, current.order) == (team, 0, DayBlock.MORNING, 1)
    assert jobs[free].promise is None
    assert jobs[pinned].pin == (teams.index(other), 1)
    assert jobs[pinned].promise is None
    assert (jobs[sent].pin, jobs[sent].promise) == ((teams.index(other), 0), (0, DayBlock.AFTERNOON))
    assert len(found.world.team_days) == 10
    assert found.versions.keys() == set(found.world.days)
    assert found.versions[MONDAY] > found.versions[MONDAY + timedelta(days=4)]


async def test_second_visits_wait_for_the_first(some: Work) -> None:
    team = await some.team()
    first, second = await some.pair()
    early, later = await some.pair()
    await some.change(early, **planned(team, MONDAY - timedelta(days=1)))
    beyond, never = await some.pair()
    await some.change(beyond, **planned(team, MONDAY + timedelta(days=30)))
    done, ready = await some.pair()
    await some.change(done, **planned(team, MONDAY - timedelta(days=7)) | {"status": "DONE"})
    found = await loaded(some)
    jobs = {visit.id: job for visit, job in zip(found.visits, found.world.jobs, strict=True)}
    after = jobs[second].after
    assert after is not None
    assert found.visits[after].id == first
    assert (jobs[later].after, jobs[later].not_before) == (None, 0)
    assert jobs[never].not_before == 31
    assert (jobs[ready].after, jobs[ready].not_before) == (None, 0)


async def test_places_that_nobody_knows_and_orders_at_rest_are_in_no_world(some: Work) -> None:
    team = await some.team()
    [nowhere] = await some.visits(latitude=None, longitude=None, pc4=None)
    [abroad] = await some.visits(latitude=40.4, longitude=-3.7)
    [planned_nowhere] = await some.visits(latitude=None, longitude=None, pc4=None, **planned(team, MONDAY))
    found = await loaded(some)
    assert {visit.id for visit in found.unlocated} == {nowhere, abroad}
    assert [visit.id for visit in found.visits] == [planned_nowhere]
    assert found.world.jobs[0].place == found.world.team_days[0].leaves_from


async def test_only_the_chosen_teams_and_what_they_have(some: Work) -> None:
    mine, other = await some.team(), await some.team()
    [kept] = await some.visits(**planned(mine, MONDAY))
    await some.visits(**planned(other, MONDAY))
    [waits] = await some.visits(places=[GRONINGEN])
    found = await loaded(some, team_ids=[mine])
    assert [team.id for team in found.world.teams] == [mine]
    assert {visit.id for visit in found.visits} == {kept, waits}
    alone = await loaded(some, team_ids=[mine], waiting=False)
    assert {visit.id for visit in alone.visits} == {kept}


async def test_what_another_team_waits_for_is_not_moved_past_it(some: Work) -> None:
    mine, other = await some.team(), await some.team()
    first, second = await some.pair()
    await some.change(first, **planned(mine, MONDAY))
    await some.change(second, **planned(other, later(MONDAY, 3)))
    waits, awaits = await some.pair()
    await some.change(awaits, **planned(other, later(MONDAY, 4)))
    found = await loaded(some, team_ids=[mine])
    assert [(visit.id, job.pin) for visit, job in zip(found.visits, found.world.jobs, strict=True)] == [(first, (0, 0))]
    assert waits not in {visit.id for visit in found.visits}


async def test_nobody_works_outdoors_on_a_day_that_is_unfit(some: Work) -> None:
    await some.team()
    [outdoors] = await some.visits(places=[NIJKERK], outdoor=True)
    await some.visits(places=[NIJKERK])
    async with some.database.session(SYSTEM) as session:
        storm = {"area": "38", "day": later(MONDAY, 2), "gusts_kmh": 120.0, "rain_mm": 0.0, "warmest_c": 9.0}
        await session.execute(insert(WeatherDay).values(**storm, answered_at=some_time()))
    found = await loaded(some)
    unfit = {visit.id: job.unfit for visit, job in zip(found.visits, found.world.jobs, strict=True)}
    assert 2 in unfit.pop(outdoors)
    assert set(unfit.values()) == {frozenset()}


async def test_a_held_place_is_a_promise(some: Work) -> None:
    team = await some.team()
    [waits] = await some.visits(places=[NIJKERK])
    [moves] = await some.visits(**planned(team, MONDAY))
    async with some.database.session(SYSTEM) as session:
        for visit, day in ((waits, 1), (moves, 2)):
            await session.execute(_hold(some, visit, team, MONDAY + timedelta(days=day)))
    found = await loaded(some)
    rows = [(found.visits[n].id, job.promise, n in found.held) for n, job in enumerate(found.world.jobs)]
    held = [(waits, (1, DayBlock.AFTERNOON), True), (moves, None, False), (moves, (2, DayBlock.AFTERNOON), True)]
    assert sorted(rows, key=str) == sorted(held, key=str)


def _hold(some: Work, visit: UUID, team: UUID, day: date) -> Insert:
    sold = some.markets[0]
    return insert(SlotHold).values(
        entity_id=sold.entity.id,
        visit_id=visit,
        end_customer_contact_id=sold.customer.id,
        day=day,
        block="AFTERNOON",
        team_id=team,
        starts_at=moment(day, 13 * 60),
        ends_at=moment(day, 14 * 60 + 30),
        expires_at=datetime.now(UTC) + timedelta(minutes=10),
    )


def some_time() -> datetime:
    return datetime.now(UTC)


def waited(found: Loaded, visit_id: UUID) -> int:
    """Four for each day that the visit will have waited when the world begins."""
    created = next(visit.created_at for visit in found.visits if visit.id == visit_id)
    return 4 * (found.world.days[0] - created.astimezone(AMSTERDAM).date()).days
