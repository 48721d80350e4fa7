"""What it would mean to put a visit somewhere else: both days as they would be, and what speaks against it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from domain.days.board import broken, route_of
from domain.days.loading import BEGUN, Days
from domain.planning.timing import Rule, Violation
from domain.planning.world import Route
from domain.visits.models import DayBlock

Key = tuple[UUID, date]
"""A team's day."""


@dataclass(frozen=True, slots=True)
class Wish:
    """Where a planner wants a visit; without a target it waits to be planned again."""

    visit_id: UUID
    target: Key | None
    position: int | None = None
    """Place in the route, from 0; where it costs least when nothing is said."""
    block: DayBlock | None = None
    """Part of the day; what comes of the route when nothing is said."""
    release: bool = False
    """The promise to the customer may be broken."""
    agreed: bool = False
    """The customer has agreed to the new time, which is promised."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """`days` is the world in which the move was made."""

    days: Days
    job: int
    origin: Key | None
    target: Key | None
    routes: dict[Key, list[int]]
    """The jobs of each day that changes, in their new order."""
    broken: dict[Key, list[Violation]]
    """What each of them breaks that it did not break before, or breaks by more."""
    releases: bool
    """Whether the customer was promised another day or part of it."""

    def route(self, key: Key, now: datetime) -> Route:
        """With times; only of days on which the team works."""
        shift = self.days.team_day(*key)
        assert shift is not None
        return route_of(self.days, shift, self.routes[key], key[1], now)


def weigh(days: Days, wish: Wish, now: datetime, latest: date | None = None) -> Weighed:
    """`latest`: the last day that the visits of the order that come after it leave to it."""
    job = days.job_of(wish.visit_id)
    assert job is not None
    origin = _origin(days, job)
    after = _as_wished(days, job, wish)
    routes = {origin: [each for each in days.jobs_of(*origin) if each != job]} if origin else {}
    if wish.target is not None:
        there = routes.get(wish.target, days.jobs_of(*wish.target))
        routes[wish.target] = _inserted(after, wish.target, there, job, wish.position)
    new = {key: _new(days, after, key, routes[key]) for key in routes}
    if wish.target is not None and latest is not None and wish.target[1] > latest:
        new[wish.target].append(Violation(Rule.PREDECESSOR, (wish.target[1] - latest).days, job))
    return Weighed(after, job, origin, wish.target, routes, new, _releases(days, after, job, wish, routes, now))


def _origin(days: Days, job: int) -> Key | None:
    visit = days.waiting[job]
    if not visit.planned or visit.team_id is None or visit.day is None or visit.team_id not in days.team_ids:
        return None
    return visit.team_id, visit.day


def _as_wished(days: Days, job: int, wish: Wish) -> Days:
    """The world in which the visit is bound by what the planner wants of it."""
    found = days.world.jobs[job]
    promise = found.promise
    if wish.target is not None and (wish.block is not None or wish.release):
        promise = (days.at(wish.target[1]), wish.block) if wish.block is not None else None
    jobs = (*days.world.jobs[:job], replace(found, promise=promise), *days.world.jobs[job + 1 :])
    return replace(days, world=replace(days.world, jobs=jobs))


def _inserted(days: Days, key: Key, there: Sequence[int], job: int, position: int | None) -> list[int]:
    """Behind what has begun; at the position that was asked for, or where it costs least."""
    first = sum(days.waiting[each].status in BEGUN for each in there)
    places = range(first, len(there) + 1) if position is None else [min(max(position, first), len(there))]
    orders = ([*there[:at], job, *there[at:]] for at in places)
    return min(orders, key=lambda order: _cost(days, key, order))


def _cost(days: Days, key: Key, order: Sequence[int]) -> tuple[int, int, int]:
    shift = days.team_day(*key)
    if shift is None:
        return 0, 0, 0
    found = broken(days, shift, order)
    route = route_of(days, shift, order, key[1], _LONG_AGO)
    return len(found), sum(each.amount for each in found), route.drive


def _new(before: Days, after: Days, key: Key, jobs: Sequence[int]) -> list[Violation]:
    """What is broken now and was not, or was by less."""
    shift = before.team_day(*key)
    known: dict[tuple[Rule, int | None], int] = {}
    for each in broken(before, shift, before.jobs_of(*key)):
        at = (each.rule, each.job)
        known[at] = max(known.get(at, 0), each.amount)
    found = broken(after, shift, jobs)
    return [each for each in found if each.amount > known.get((each.rule, each.job), -1)]


def _releases(days: Days, after: Days, job: int, wish: Wish, routes: dict[Key, list[int]], now: datetime) -> bool:
    """Whether the promise would not be kept."""
    visit = days.waiting[job]
    if not visit.promised:
        return False
    if wish.target is None or wish.target[1] != visit.day:
        return True
    return _block(after, wish.target, routes[wish.target], job, now) != visit.block


def _block(days: Days, key: Key, jobs: Sequence[int], job: int, now: datetime) -> str | None:
    shift = days.team_day(*key)
    if shift is None:
        return days.waiting[job].block
    stops = route_of(days, shift, jobs, key[1], now).stops
    return next(stop.block.value for stop in stops if stop.job == job)


_LONG_AGO = datetime.fromisoformat("2000-01-01T00:00:00+00:00")
"""A clock that holds nothing up."""
