"""The teams' calendar: which team is where on which day, at most three visits per team and day."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from chargecars.demo.draw import Draw
from chargecars.demo.tenants import Team
from domain.geo.location import Point, distance_km
from domain.visits.models import DayBlock

_AT_MOST = {DayBlock.MORNING: 2, DayBlock.AFTERNOON: 1}
_SATURDAY = 5
_CHOICE_OF_TEAMS = 2


@dataclass(frozen=True, slots=True)
class Slot:
    """Where a visit was put."""

    team_id: UUID
    day: date
    block: DayBlock


class Schedule:
    """Gives the first free slot of one of the nearest teams; `crews` multiplies what a team can do."""

    def __init__(self, draw: Draw, teams: list[Team], crews: int) -> None:
        self._draw, self._teams, self._crews = draw, teams, crews
        self._taken: Counter[tuple[UUID, date, DayBlock]] = Counter()
        self._near: dict[tuple[float, float], list[Team]] = {}

    def book(self, wanted: date, latitude: float, longitude: float) -> Slot:
        teams = self._nearest(latitude, longitude)
        day = working_day(wanted)
        while (slot := self._free(teams, day)) is None:
            day = working_day(day + timedelta(days=1))
        self._taken[slot.team_id, slot.day, slot.block] += 1
        return slot

    def _free(self, teams: list[Team], day: date) -> Slot | None:
        blocks = self._draw.several(tuple(DayBlock), 2)
        for team in teams:
            for block in blocks:
                if self._taken[team.id, day, block] < _AT_MOST[block] * self._crews:
                    return Slot(team.id, day, block)
        return None

    def _nearest(self, latitude: float, longitude: float) -> list[Team]:
        place = (latitude, longitude)
        if place not in self._near:
            by_distance = sorted(self._teams, key=lambda team: distance_km(team.base, Point(*place)))
            self._near[place] = by_distance[:_CHOICE_OF_TEAMS]
        return self._near[place]


def working_day(day: date) -> date:
    """The day, or the Monday after it."""
    return day if day.weekday() < _SATURDAY else day + timedelta(days=7 - day.weekday())
