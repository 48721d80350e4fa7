"""Whether a drive time can be true."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from domain.travel.estimate import Kilometres
from domain.travel.services import Answer

FASTEST_KMH = 130.0
SLOWEST_KMH = 5.0
"""Walking."""
SNAP_KM = 0.5
"""A place is moved to the nearest road, so that two near ones may come to lie at the same spot."""
WAIT_SECONDS = 1800.0
"""For a ferry, or a bridge far off."""

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Checked:
    """An answer with what is wrong in it: `lies` cannot be true, `unknown` it does not know itself."""

    answer: Answer
    unknown: Mask
    lies: Mask

    @property
    def good(self) -> Mask:
        return ~(self.unknown | self.lies)


def checked(answer: Answer, kilometres: Kilometres) -> Checked:
    """Held against the great circle between the places; each direction by itself, for one-way streets are real."""
    seconds, metres = answer.seconds, answer.metres
    near = kilometres <= SNAP_KM
    unknown = np.isnan(seconds) | np.isnan(metres) | ((seconds == 0) & near)
    lies = ~unknown & ~(_times(seconds, kilometres) & _lengths(metres, kilometres))
    return Checked(answer, unknown, lies)


def _times(seconds: NDArray[np.float64], kilometres: Kilometres) -> Mask:
    hours = seconds / 3600
    in_time = (kilometres - SNAP_KM) <= hours * FASTEST_KMH
    return (seconds > 0) & in_time & (seconds <= WAIT_SECONDS + kilometres * (3600 / SLOWEST_KMH))


def _lengths(metres: NDArray[np.float64], kilometres: Kilometres) -> Mask:
    """Not shorter than the great circle, not ten times as long."""
    air = kilometres * 1000.0
    return (metres >= 0) & (metres >= air - SNAP_KM * 1000) & (metres <= air * 10 + 50_000)
