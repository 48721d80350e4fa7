"""A planning problem and its answer, as plain data: no session, no clock, no network.

Indices: a job, a team and a place are positions in the tuples of their `World`; a day is a position in `World.days`.
Times are minutes after midnight in Amsterdam; drive times are whole minutes, rounded up.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from domain.geo.location import Point
from domain.visits.models import DayBlock

GAP_DAYS = 1
"""Days between the visits of a quote, at least."""

Minutes = NDArray[np.int32]
Kilometres = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Rules:
    """Hard limits, settings of the platform (Decision 14)."""

    radius_km: float = 30.0
    """Any two jobs of one team-day are at most so far apart, by great circle."""
    blocks: Mapping[DayBlock, tuple[int, int]] = field(
        default_factory=lambda: {DayBlock.MORNING: (8 * 60, 12 * 60), DayBlock.AFTERNOON: (12 * 60, 17 * 60)}
    )
    """Work of a block begins in [from, to)."""


@dataclass(frozen=True, slots=True)
class Weights:
    """What the goal counts, in drive minutes. Each is at least 0."""

    extra_area: int = 15
    """Each 2-digit postcode area of a team-day beyond the first (P2)."""
    outside_region: int = 30
    """Each job that is in none of the team's regions."""
    stay_day: int = 20
    """Gained by a job that keeps the day and block that the plan in force gives it."""
    stay_team: int = 10
    """Gained by a job that also keeps its team."""


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a plan puts a job."""

    team: int
    day: int
    block: DayBlock
    order: int
    """Position in the team's day, from 0."""


@dataclass(frozen=True, slots=True)
class Job:
    """A visit to be planned."""

    id: UUID
    place: int
    pc2: str
    """First two digits of the postcode."""
    minutes: int
    skills: frozenset[str] = frozenset()
    value: int = 300
    """What doing it within these days is worth, in drive minutes: priority and lateness."""
    earliest: int = 0
    """First day on which its material is there."""
    not_before: int = 0
    """First day that a visit outside this world leaves to it (the other visit of its quote)."""
    unfit: frozenset[int] = frozenset()
    """Days on which the weather forbids it."""
    promise: tuple[int, DayBlock] | None = None
    """Day and block that the customer was promised."""
    pin: tuple[int, int] | None = None
    """Team and day that a planner has fixed."""
    after: int | None = None
    """The job of the same quote that has to be done before."""
    gap_days: int = GAP_DAYS
    """At least so many days after `after`."""
    current: Placement | None = None
    """Where the plan in force has it."""


@dataclass(frozen=True, slots=True)
class Team:
    id: UUID
    skills: frozenset[str]
    areas: tuple[str, ...] = ()
    """Postcode prefixes of its regions; none: everywhere is its region."""
    crew: int = 2


@dataclass(frozen=True, slots=True)
class TeamDay:
    """What a team can do on a day; a team that is absent has none."""

    team: int
    day: int
    start: int
    end: int
    """It leaves the place `leaves_from` at `start` at the earliest and is at `returns_to` by `end`."""
    leaves_from: int
    returns_to: int
    most_jobs: int = 3
    most_minutes: int = 480
    """Work at customers, driving excluded."""


@dataclass(frozen=True, slots=True)
class World:
    days: tuple[date, ...]
    places: tuple[Point, ...]
    areas: tuple[str, ...]
    """Four postcode digits per place."""
    drive: Minutes
    """[from, to]; it need not be symmetric."""
    distance: Kilometres
    """Great circle between places."""
    jobs: tuple[Job, ...]
    teams: tuple[Team, ...]
    team_days: tuple[TeamDay, ...]
    rules: Rules = field(default_factory=Rules)
    weights: Weights = field(default_factory=Weights)
    travel: str = "great circle"
    """Who says the drive times: a provider's name, or the estimate."""


@dataclass(frozen=True, slots=True)
class Stop:
    job: int
    arrives: int
    starts: int
    ends: int
    block: DayBlock


@dataclass(frozen=True, slots=True)
class Route:
    """A team's day: `stops` in order. `drive` counts from leaving to being back."""

    team: int
    day: int
    stops: tuple[Stop, ...]
    drive: int
    back: int
    """When it is back, minutes after midnight."""


@dataclass(frozen=True, slots=True)
class Solution:
    """Routes without violations of the hard rules; `value` is the goal, `bound` proven (None where it is not)."""

    routes: tuple[Route, ...]
    value: int
    bound: float | None = None
    figures: Mapping[str, Any] = field(default_factory=dict)
