"""How likely a charger fails, 0 to 100: points that add up, each with the figure that it comes from.

    points = weight × (figure - threshold) / (full - threshold), from 0 to weight, rounded half up
    score  = the sum of all points, at most 100

A figure up to its threshold gives none, from `full` on it gives all. No single cause reaches PREDICTED: a charger
that is expected to fail has trouble of more than one kind. Nothing but the figures goes into it: the same figures give
the same score, and docs/chargers.md has the table.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

PREDICTED, EXPECTED_SOON, SOUND = 60, 85, 50
"""A failure is predicted from the first, soon from the second, and no more below the third."""
ENOUGH_SESSIONS = 5
ENOUGH_HOURS = 5
"""Comparable hours, of late and before; less says nothing of its power."""
MOST = 100


class Cause(StrEnum):
    HEAT = "HEAT"
    FAULTS = "FAULTS"
    FAILED_SESSIONS = "FAILED_SESSIONS"
    LOST_POWER = "LOST_POWER"
    RESTARTS = "RESTARTS"
    OUTAGES = "OUTAGES"


@dataclass(frozen=True, slots=True)
class Figures:
    """What is known of a charger: of seven days; `temperature_dc` of one, in tenths of a degree Celsius."""

    temperature_dc: int | None = None
    faults: int = 0
    restarts: int = 0
    outages: int = 0
    sessions: int = 0
    failed_sessions: int = 0
    power_percent: int | None = None
    """What it delivers in comparable hours, of what it did before."""

    @property
    def failed_percent(self) -> int | None:
        """Of its sessions; None where there were too few."""
        if self.sessions < ENOUGH_SESSIONS:
            return None
        return 100 * self.failed_sessions // self.sessions

    @property
    def degrees(self) -> int | None:
        return None if self.temperature_dc is None else self.temperature_dc // 10

    @property
    def lost_percent(self) -> int | None:
        return None if self.power_percent is None else max(0, 100 - self.power_percent)


@dataclass(frozen=True, slots=True)
class Factor:
    """From `threshold` to `full` the figure gives 0 to `weight` points."""

    cause: Cause
    unit: str
    threshold: int
    full: int
    weight: int
    figure: Callable[[Figures], int | None]


FACTORS = (
    Factor(Cause.HEAT, "°C", 60, 85, 50, lambda f: f.degrees),
    Factor(Cause.FAULTS, "in 7 days", 3, 30, 50, lambda f: f.faults),
    Factor(Cause.LOST_POWER, "%", 10, 50, 45, lambda f: f.lost_percent),
    Factor(Cause.FAILED_SESSIONS, "%", 10, 60, 40, lambda f: f.failed_percent),
    Factor(Cause.RESTARTS, "in 7 days", 3, 20, 25, lambda f: f.restarts),
    Factor(Cause.OUTAGES, "in 7 days", 3, 20, 15, lambda f: f.outages),
)


@dataclass(frozen=True, slots=True)
class Reason:
    """One cause and what it adds to the score."""

    cause: Cause
    figure: int
    unit: str
    threshold: int
    full: int
    weight: int
    points: int

    def json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Score:
    value: int
    reasons: tuple[Reason, ...]
    """Those that gave points, the heaviest first."""


def score(figures: Figures) -> Score:
    """See above."""
    found = [_reason(factor, figures) for factor in FACTORS]
    reasons = sorted((r for r in found if r and r.points), key=lambda r: (-r.points, r.cause))
    return Score(min(MOST, sum(r.points for r in reasons)), tuple(reasons))


def points(factor: Factor, figure: int) -> int:
    """Rounded half up."""
    above, range_ = min(figure, factor.full) - factor.threshold, factor.full - factor.threshold
    return (2 * factor.weight * above + range_) // (2 * range_) if above > 0 else 0


def _reason(factor: Factor, figures: Figures) -> Reason | None:
    figure = factor.figure(figures)
    if figure is None:
        return None
    worth = points(factor, figure)
    return Reason(factor.cause, figure, factor.unit, factor.threshold, factor.full, factor.weight, worth)
