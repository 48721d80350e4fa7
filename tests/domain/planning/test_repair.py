"""A repaired day: as many promises as possible, then the most worth, within the hard rules, nothing begun given up."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations, permutations

from hypothesis import given, settings
from hypothesis import strategies as st

from chargecars.bench.planning.instances import instance
from domain.planning.day_columns import Begun, DayJobs, day_columns
from domain.planning.repair import jobs_of_day, repair_day, rest_of_day
from domain.planning.timing import timed, violations, worth
from domain.planning.world import Placement, Solution, TeamDay, World
from domain.visits.models import DayBlock
from tests.planning.worlds import worlds


def _allowed(world: World, day: TeamDay, jobs: Sequence[int]) -> bool:
    return not violations(world, day, jobs)


def _sequences(jobs: Sequence[int], most: int) -> Iterator[tuple[int, ...]]:
    for length in range(1, most + 1):
        yield from permutations(jobs, length)


def _by_hand(world: World, day: TeamDay, jobs: Sequence[int]) -> dict[frozenset[int], int]:
    """The best worth of each set that the team-day can make, found with the one reading of the rules."""
    found: dict[frozenset[int], int] = {}
    for chosen in _sequences(jobs, min(3, day.most_jobs)):
        if _allowed(world, day, chosen):
            key = frozenset(chosen)
            found[key] = max(found.get(key, -(10**9)), worth(world, timed(world, day, chosen)))
    return found


def _best_by_hand(world: World, options: Sequence[dict[frozenset[int], int]]) -> tuple[int, int]:
    """(promises, worth) of the best day: every combination."""
    if not options:
        return 0, 0
    first, *rest = options
    best = _best_by_hand(world, rest)
    for jobs, gain in first.items():
        others = [{key: value for key, value in option.items() if not key & jobs} for option in rest]
        kept, value = _best_by_hand(world, others)
        best = max(best, (kept + sum(world.jobs[index].promise is not None for index in jobs), value + gain))
    return best


def _measured(world: World, solution: Solution) -> tuple[int, int]:
    jobs = [world.jobs[stop.job] for route in solution.routes for stop in route.stops]
    return sum(job.promise is not None for job in jobs), solution.value


@given(worlds(most_jobs=6, most_days=1))
@settings(max_examples=60, deadline=None)
def test_columns_are_what_the_rules_allow(world: World) -> None:
    rest = rest_of_day(world, 0, {})
    jobs = [index for index, _ in enumerate(world.jobs)]
    columns = day_columns(DayJobs(world, 0, jobs), rest, {})
    told = {
        (made.team_day, frozenset(made.jobs)): made.worth
        for made in (columns.at(index) for index in range(len(columns)))
    }
    by_hand = {
        (position, key): value for position, day in rest.items() for key, value in _by_hand(world, day, jobs).items()
    }
    assert told == by_hand


@given(worlds(most_jobs=5, most_days=1))
@settings(max_examples=60, deadline=None)
def test_a_small_day_is_repaired_to_the_optimum(world: World) -> None:
    solution = repair_day(world, 0, 10)
    days = [day for day in world.team_days if day.day == 0]
    options = [_by_hand(world, day, jobs_of_day(world, 0)) for day in days]
    assert solution.figures["proven"]
    assert _measured(world, solution) == _best_by_hand(world, options)


@given(worlds(most_jobs=8, most_days=2), st.integers(0, 1), st.data())
@settings(max_examples=40, deadline=None)
def test_what_has_begun_is_kept_and_counts(world: World, day: int, data: st.DataObject) -> None:
    begun = _begun(world, day, data)
    solution = repair_day(world, day, 10, begun=begun)
    rest = {each.team: each for each in rest_of_day(world, day, begun).values()}
    given = {job for each in begun.values() for job in each.jobs}
    for route in solution.routes:
        jobs = [stop.job for stop in route.stops]
        assert not given & set(jobs)
        assert _allowed(world, rest[route.team], jobs)
        near = [*jobs, *(begun[route.team].jobs if route.team in begun else ())]
        assert all(_near(world, *pair) for pair in combinations(near, 2) if set(pair) & set(jobs))
    assert len({stop.job for route in solution.routes for stop in route.stops}) == solution.figures["placed"]


def _begun(world: World, day: int, data: st.DataObject) -> dict[int, Begun]:
    """Each job begun by one team at most, that team then standing at it."""
    teams = sorted({each.team for each in world.team_days if each.day == day})
    found: dict[int, Begun] = {}
    for job in jobs_of_day(world, day):
        team = data.draw(st.sampled_from([None, *teams]))
        if team is not None and team not in found:
            free = data.draw(st.sampled_from([0, 500, 700, 1000]))
            found[team] = Begun((job,), world.jobs[job].place, free)
    return found


def _near(world: World, one: int, other: int) -> bool:
    places = world.jobs[one].place, world.jobs[other].place
    return float(world.distance[places]) <= world.rules.radius_km


def _without(world: World, day: int, teams: set[int]) -> World:
    """These teams are ill on that day; what a planner fixed with them is free."""
    kept = tuple(each for each in world.team_days if not (each.day == day and each.team in teams))
    jobs = (replace(job, pin=None) if job.pin in {(team, day) for team in teams} else job for job in world.jobs)
    return replace(world, team_days=kept, jobs=tuple(jobs))


def test_at_todays_size_a_team_that_is_ill_costs_few_promises() -> None:
    world = instance(1, 3)
    for day in (0, 4, 7):
        ill = next(each.team for each in world.team_days if each.day == day)
        repaired = repair_day(_without(world, day, {ill}), day, 5)
        figures = repaired.figures
        assert figures["proven"]
        assert figures["kept"] >= figures["kept_before"]
        assert figures["promises"] == sum(job.promise is not None and job.promise[0] == day for job in world.jobs)


def test_a_large_day_is_repaired_by_steps_and_never_below_doing_nothing() -> None:
    """More columns than are decided at once; no time at all still gives what doing nothing keeps."""
    whole = instance(3, 1)
    ill = {each.team for each in whole.team_days if each.day == 1 and each.team % 5 == 0}
    world = _without(whole, 1, ill)
    at_once, better = repair_day(world, 1, 0.0), repair_day(world, 1, 1.0)
    assert at_once.figures["kept"] >= at_once.figures["kept_before"]
    assert _measured(world, better) > _measured(world, at_once)
    by_team = {each.team: each for each in world.team_days if each.day == 1}
    assert all(_allowed(world, by_team[r.team], [stop.job for stop in r.stops]) for r in better.routes)


def test_an_overrun_gives_the_next_customer_to_a_team_that_is_near() -> None:
    """The first job of a team takes all day; its promised second one is done by the team that has time."""
    world = instance(1, 5)
    day, team = _with_two(world)
    first, second = _stops(world, team, day)[:2]
    planned = world.jobs[second].current
    block = planned.block if planned else DayBlock.AFTERNOON
    jobs = list(world.jobs)
    jobs[second] = replace(jobs[second], promise=(day, block), skills=frozenset(), pin=None, unfit=frozenset())
    world = replace(world, jobs=tuple(jobs))
    solution = repair_day(world, day, 5, begun={team: Begun((first,), world.jobs[first].place, 20 * 60)})
    assert solution.figures["kept"] >= solution.figures["kept_before"]
    assert team not in {route.team for route in solution.routes}


def _with_two(world: World) -> tuple[int, int]:
    for each in world.team_days:
        if len(_stops(world, each.team, each.day)) >= 2:
            return each.day, each.team
    raise AssertionError("no team has two jobs")


def _stops(world: World, team: int, day: int) -> list[int]:
    found: list[tuple[Placement, int]] = [
        (job.current, index)
        for index, job in enumerate(world.jobs)
        if job.current and (job.current.team, job.current.day) == (team, day)
    ]
    return [index for _, index in sorted(found, key=lambda pair: pair[0].order)]


def test_nothing_to_do_is_a_plan_without_routes() -> None:
    world = replace(instance(1, 2), jobs=())
    assert repair_day(world, 0, 1).routes == ()
    assert repair_day(replace(instance(1, 2), team_days=()), 0, 1).routes == ()
