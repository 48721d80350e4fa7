"""Why a plan puts a job where it does, and what would let in the ones that it leaves out. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from domain.planning.evaluate import BIT, BLOCKS, Calendar, Candidate, Evaluation, evaluate
from domain.planning.timing import Rule
from domain.planning.world import Job, Route, Solution, Stop, Team, World
from domain.plans.models import PlanKept, PlanRule
from domain.visits.models import DayBlock

_NEVER = 1_000_000
GRAVEST = tuple(Rule(rule.value) for rule in PlanRule if rule is not PlanRule.VALUE)
"""What a planner can do least about, first."""


@dataclass(frozen=True, slots=True)
class WhyThere:
    """`drive_added`: what the team's day would save without the job."""

    drive_added: int
    neighbours: int
    in_region: bool
    kept: PlanKept


@dataclass(frozen=True, slots=True)
class WhyNot:
    """The rules that keep a job from the team-day that it misses by least, the gravest first, with what is missing.

    Amounts are in the unit that `domain.planning.timing.Rule` states.
    """

    blocking: tuple[tuple[str, int], ...]
    team: int | None = None
    day: int | None = None
    block: DayBlock | None = None


def why_there(world: World, route: Route, base: tuple[int, int]) -> list[WhyThere]:
    """For each stop of a route that leaves from and returns to `base`."""
    places = [base[0], *(world.jobs[stop.job].place for stop in route.stops), base[1]]
    team = world.teams[route.team]
    return [
        WhyThere(
            drive_added=_added(world, *places[at : at + 3]),
            neighbours=len(route.stops) - 1,
            in_region=_in_region(world, team, world.jobs[stop.job]),
            kept=_kept(world.jobs[stop.job], route, stop),
        )
        for at, stop in enumerate(route.stops)
    ]


def _added(world: World, before: int, place: int, after: int) -> int:
    drive = world.drive
    return int(drive[before, place] + drive[place, after] - drive[before, after])


def _in_region(world: World, team: Team, job: Job) -> bool:
    return not team.areas or world.areas[job.place].startswith(team.areas)


def _kept(job: Job, route: Route, stop: Stop) -> PlanKept:
    current = job.current
    if current is None or (current.day, current.block) != (route.day, stop.block):
        return PlanKept.NOTHING
    return PlanKept.TEAM if current.team == route.team else PlanKept.DAY


def why_not(world: World, solution: Solution) -> Iterator[tuple[int, WhyNot]]:
    """For each job that the solution leaves out."""
    days = {stop.job: route.day for route in solution.routes for stop in route.stops}
    left = [number for number in range(len(world.jobs)) if number not in days]
    if not left:
        return
    calendar = Calendar.planned(world, solution)
    for number in left:
        yield number, _why_not(world, calendar, world.jobs[number], days)


def _why_not(world: World, calendar: Calendar, job: Job, days: Mapping[int, int]) -> WhyNot:
    if not len(calendar):
        return WhyNot(((Rule.ABSENCE.value, 0),))
    said = evaluate(calendar, _candidate(world, job, days))
    block, number = divmod(int(said.relaxation().argmin()), len(calendar))
    where = (int(calendar.team[number]), int(calendar.day[number]), BLOCKS[block])
    if not said.blocked[block, number]:
        return WhyNot(((PlanRule.VALUE.value, max(0, int(said.drive[block, number]) - job.value)),), *where)
    return WhyNot(tuple(_gravest_first(said, block, number)), *where)


def _candidate(world: World, job: Job, days: Mapping[int, int]) -> Candidate:
    """With the day that the other visit of its quote leaves to it."""
    candidate = Candidate.of(world, job)
    if job.after is None:
        return candidate
    first = days.get(job.after)
    not_before = _NEVER if first is None else first + job.gap_days
    return replace(candidate, not_before=max(not_before, job.not_before))


def _gravest_first(said: Evaluation, block: int, number: int) -> Iterator[tuple[str, int]]:
    mask = int(said.blocked[block, number])
    for rule in GRAVEST:
        if mask & BIT[rule]:
            amount = said.amount(rule, block, number)
            yield rule.value, amount if amount < _NEVER // 2 else 0
