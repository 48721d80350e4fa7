"""Reproducible planning problems over Dutch postcodes: today's business (1x) and ten times of it.

More work than three weeks can hold, two or three jobs per team-day, every team from Nijkerk (P3), in seven overlapping
regions (P1). All promises can be kept together: each was given for a place on a team-day that had room for it, and the
plan in force is that assignment.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from random import Random
from uuid import UUID

from chargecars.bench.planning.assignment import Assignment
from chargecars.bench.planning.places import Postcode, postcodes
from domain.planning.world import Job, Placement, Team, TeamDay, World
from domain.travel import distances, estimate

DAYS = 15
FIRST_DAY = date(2026, 11, 23)
SKILLS = ("THREE_PHASE", "GROUNDWORK", "METER_CABINET")
REGIONS: tuple[tuple[str, ...], ...] = (
    ("10", "11", "12", "13", "14", "15", "16", "17", "18", "19", "20", "21"),
    ("20", "21", "22", "23", "24", "25", "26", "27", "28", "29", "30", "31", "32"),
    ("12", "13", "34", "35", "36", "37", "38", "39", "67", "73"),
    ("29", "30", "31", "32", "33", "40", "41", "42", "43", "44", "45", "46", "47", "48", "49"),
    ("48", "50", "51", "52", "53", "54", "55", "56", "57", "58", "59", "60", "61", "62", "63", "64"),
    ("38", "39", "65", "66", "67", "68", "69", "70", "71", "72", "73", "74", "75", "76"),
    ("76", "77", "78", "79", "80", "81", "82", "83", *(str(area) for area in range(84, 100))),
)
"""Prefixes of postcodes; neighbours overlap."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What is done, minutes from and to, and how often."""

    minutes: tuple[int, int]
    skills: tuple[str, ...]
    outdoor: bool
    weight: int


KINDS = (
    Kind((60, 75), (), False, 22),
    Kind((90, 135), (), False, 30),
    Kind((120, 165), ("THREE_PHASE",), False, 20),
    Kind((165, 240), ("GROUNDWORK",), True, 14),
    Kind((150, 210), ("METER_CABINET",), False, 9),
    Kind((180, 240), ("THREE_PHASE", "GROUNDWORK"), True, 5),
)
"""Survey or service, home charger, three phases, pole with cable, meter cabinet, charging square."""
_PRIORITIES = ((0, 240, 80), (1, 330, 15), (2, 450, 5))
_SECOND_VISITS, _LATE_MATERIAL, _OUTSIDE, _PINS = 0.12, 0.15, 0.03, 0.02


@dataclass(frozen=True, slots=True)
class Size:
    teams: int
    jobs: int
    promises: int
    planned: int
    """In the plan in force beside the promised."""

    @classmethod
    def of(cls, scale: int) -> "Size":
        return cls(7 * scale, 600 * scale, 150 * scale, 60 * scale)


def instance(scale: int = 1, seed: int = 0, file: Path | None = None, table: Sequence[Postcode] | None = None) -> World:
    """A problem; the same one for the same arguments. `table`: postcodes that were read before."""
    random = Random(f"planning {scale} {seed}")  # noqa: S311  # reproducible on purpose
    size = Size.of(scale)
    world = _without_plan(random, size, table or postcodes(file))
    return _with_plan(random, size, world)


def urgent(world: World, share: float = 0.05, seed: int = 0) -> World:
    """The same world with so much more work, of a value that it displaces others."""
    random = Random(f"urgent {seed}")  # noqa: S311  # reproducible on purpose
    count = round(len(world.jobs) * share)
    drawn = random.sample([job for job in world.jobs if job.after is None], count)
    added = [
        replace(job, id=_id(random), value=600, promise=None, pin=None, current=None, earliest=0, not_before=0)
        for job in drawn
    ]
    return replace(world, jobs=(*world.jobs, *added))


# --- without a plan -------------------------------------------------------------------------------------------------


def _without_plan(random: Random, size: Size, table: Sequence[Postcode]) -> World:
    places, drawn = _drawn(random, size.jobs, table)
    points = tuple(place.point for place in places)
    weather = _weather(random)
    teams = tuple(_teams(random, size.teams))
    return World(
        days=_days(),
        places=points,
        areas=tuple(place.pc4 for place in places),
        drive=estimate(points),
        distance=distances(points),
        jobs=tuple(_jobs(random, drawn, places, weather)),
        teams=teams,
        team_days=tuple(_team_days(random, teams)),
    )


def _drawn(random: Random, jobs: int, table: Sequence[Postcode]) -> tuple[list[Postcode], list[int]]:
    """The postcodes in use, the base first, and the place of each job."""
    picked = [random.randrange(1, len(table)) for _ in range(jobs)]
    used = sorted(set(picked))
    position = {row: place for place, row in enumerate(used, 1)}
    return [table[0], *(table[row] for row in used)], [position[row] for row in picked]


def _days() -> tuple[date, ...]:
    every = (FIRST_DAY + timedelta(days) for days in range(DAYS * 2))
    return tuple(day for day in every if day.weekday() < 5)[:DAYS]


def _weather(random: Random) -> dict[str, frozenset[int]]:
    """Days unfit for work outdoors, by the first digit of the postcode."""
    return {str(part): frozenset(day for day in range(DAYS) if random.random() < 0.12) for part in range(1, 10)}


def _jobs(
    random: Random, drawn: list[int], places: Sequence[Postcode], weather: dict[str, frozenset[int]]
) -> list[Job]:
    jobs: list[Job] = []
    for index, place in enumerate(drawn):
        first = index - 1 if index % 2 and random.random() < 2 * _SECOND_VISITS else None
        jobs.append(_job(random, jobs[first].place if first is not None else place, places, weather, first))
    return jobs


def _job(
    random: Random, place: int, places: Sequence[Postcode], weather: dict[str, frozenset[int]], first: int | None
) -> Job:
    kind = random.choices(KINDS, [each.weight for each in KINDS])[0]
    pc4 = places[place].pc4
    _, worth, _ = random.choices(_PRIORITIES, [weight for _, _, weight in _PRIORITIES])[0]
    waited = min(120, int(random.expovariate(1 / 18)))
    return Job(
        id=_id(random),
        place=place,
        pc2=pc4[:2],
        minutes=random.randrange(kind.minutes[0], kind.minutes[1] + 1, 15),
        skills=frozenset(kind.skills),
        value=worth + 2 * waited,
        earliest=random.randint(2, 11) if random.random() < _LATE_MATERIAL else 0,
        not_before=random.randint(1, 6) if first is None and random.random() < _OUTSIDE else 0,
        unfit=weather[pc4[0]] if kind.outdoor else frozenset(),
        after=first,
        gap_days=random.randint(1, 4),
    )


def _id(random: Random) -> UUID:
    return UUID(int=random.getrandbits(128), version=4)


def _teams(random: Random, count: int) -> Iterator[Team]:
    """Two or three skills each; every skill is in every region where it has more than one team."""
    for index in range(count):
        skills = list(SKILLS)
        if random.random() < 0.6:
            skills.pop((index // len(REGIONS) + index) % len(SKILLS))
        crew = 3 if random.random() < 0.3 else 2
        yield Team(_id(random), frozenset(skills), REGIONS[index % len(REGIONS)], crew)


def _team_days(random: Random, teams: Sequence[Team]) -> Iterator[TeamDay]:
    for index, team in enumerate(teams):
        absent = _absent(random)
        for day in range(DAYS):
            if day in absent:
                continue
            half = random.random() < 0.03
            most_jobs = 2 if random.random() < 0.1 else 3
            start = 7 * 60 if index % 3 else 6 * 60 + 30
            end = 13 * 60 if half else start + 10 * 60 + 30
            yield TeamDay(index, day, start, end, 0, 0, most_jobs, 540 if team.crew == 3 else 480)


def _absent(random: Random) -> frozenset[int]:
    """Some are away for a while, some on a day of training."""
    away = random.randrange(DAYS) if random.random() < 0.25 else DAYS
    return frozenset(range(away, away + random.randint(1, 5))) | frozenset(
        random.sample(range(DAYS), random.random() < 0.3)
    )


# --- promises and the plan in force ---------------------------------------------------------------------------------


def _with_plan(random: Random, size: Size, world: World) -> World:
    assignment = Assignment(world)
    order = random.sample(range(len(world.jobs)), len(world.jobs))
    promised = _assigned(random, assignment, order, size.promises, range(DAYS - 3))
    _assigned(random, assignment, order, size.planned, range(10))
    jobs = list(world.jobs)
    for index, placement in assignment.placements():
        jobs[index] = replace(jobs[index], current=placement)
        if index in promised:
            jobs[index] = replace(jobs[index], promise=(placement.day, placement.block))
        if random.random() < (_PINS if index in promised else 5 * _PINS):
            jobs[index] = replace(jobs[index], pin=(placement.team, placement.day))
    return replace(world, jobs=tuple(jobs))


def _assigned(random: Random, assignment: Assignment, order: Sequence[int], count: int, days: range) -> frozenset[int]:
    """So many more jobs get a place, each on the cheapest of the team-days of three random days."""
    found: set[int] = set()
    for index in order:
        if len(found) == count:
            break
        if not assignment.is_placed(index) and assignment.place(index, random.sample(days, 3)):
            found.add(index)
    return frozenset(found)


def placements(world: World) -> list[tuple[int, Placement]]:
    """The plan in force."""
    return [(index, job.current) for index, job in enumerate(world.jobs) if job.current]
