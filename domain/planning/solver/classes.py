"""Team-days that are interchangeable."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from domain.planning.solver.tables import WIDTH, Shape
from domain.planning.world import TeamDay, World


@dataclass(frozen=True)
class ClassDay:
    """Team-days of one day and one shape. Only a class of one team can have jobs that are pinned to it."""

    shape: Shape
    day: int
    members: tuple[int, ...]
    """Positions in `World.team_days`."""
    teams: tuple[int, ...]

    @property
    def count(self) -> int:
        return len(self.members)


def shape_of(world: World, day: TeamDay) -> Shape:
    team = world.teams[day.team]
    most = max(0, min(day.most_jobs, WIDTH))
    return Shape(
        day.start, day.end, day.leaves_from, day.returns_to, most, day.most_minutes,
        team.skills, tuple(sorted(team.areas)), team.crew,
    )  # fmt: skip


def class_days(world: World, among: Iterable[int], *, apart: frozenset[tuple[int, int]]) -> list[ClassDay]:
    """The team-days `among`, grouped; those of (team, day) in `apart` stay alone."""
    groups: dict[tuple[Shape, int, int], list[int]] = defaultdict(list)
    for index in among:
        each = world.team_days[index]
        alone = each.team if (each.team, each.day) in apart else -1
        groups[shape_of(world, each), each.day, alone].append(index)
    return [
        ClassDay(shape, day, tuple(members), tuple(world.team_days[index].team for index in members))
        for (shape, day, _), members in groups.items()
    ]


def pinned(world: World) -> frozenset[tuple[int, int]]:
    return frozenset(job.pin for job in world.jobs if job.pin)


def occupied(world: World) -> frozenset[tuple[int, int]]:
    """Team-days to which the plan in force gives work."""
    return frozenset((job.current.team, job.current.day) for job in world.jobs if job.current)
