"""What of a team's day may be told to who does not see all of its visits."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from domain.days.loading import Days, Sees
from domain.planning.discretion import coarse, down, up
from domain.planning.timing import Rule, Violation
from domain.planning.world import Stop


def hidden(days: Days, jobs: Iterable[int], sees: Sees) -> frozenset[int]:
    """The jobs of others."""
    return frozenset(job for job in jobs if not sees(days.row(job)))


def told(days: Days, found: Iterable[Violation], jobs: Sequence[int], sees: Sees) -> list[Violation]:
    """Rules of the day and of the reader's own visits: of others not even that they need a skill or have a promise."""
    others = hidden(days, jobs, sees)
    return softened(days, (each for each in found if _concerns(days, each, jobs, others)), jobs, sees)


def softened(days: Days, found: Iterable[Violation], jobs: Sequence[int], sees: Sees) -> list[Violation]:
    """All of them, their amounts rounded where a visit of others is on the day."""
    if not hidden(days, jobs, sees):
        return list(found)
    return [replace(each, amount=coarse(each.rule, each.amount)) for each in found]


def taken(stop: Stop) -> Stop:
    """The time that somebody else's visit takes, in whole steps."""
    return replace(stop, arrives=down(stop.arrives), starts=down(stop.starts), ends=up(stop.ends))


def _concerns(days: Days, each: Violation, jobs: Sequence[int], others: frozenset[int]) -> bool:
    if each.job is None or each.job not in others:
        return True
    if each.rule is Rule.RADIUS:
        return any(_apart(days, each.job, own) for own in jobs if own not in others)
    return each.rule is Rule.ABSENCE


def _apart(days: Days, one: int, other: int) -> bool:
    world = days.world
    return float(world.distance[world.jobs[one].place, world.jobs[other].place]) > world.rules.radius_km
