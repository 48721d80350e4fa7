"""What happens to teams, regions and their calendar. Told to the staff of each entity that the person acts for."""

from dataclasses import dataclass
from uuid import UUID

from domain.events.record import Payload


@dataclass(frozen=True)
class _TeamEvent(Payload):
    subject_type = "Team"
    internal = True
    name: str


@dataclass(frozen=True)
class TeamAdded(_TeamEvent):
    """A team was added."""

    type = "team.added"


@dataclass(frozen=True)
class TeamChanged(_TeamEvent):
    """A team was changed: its base, members, hours, skills, limits or regions."""

    type = "team.changed"
    fields: list[str]


@dataclass(frozen=True)
class _RegionEvent(Payload):
    subject_type = "Region"
    internal = True
    code: str


@dataclass(frozen=True)
class RegionAdded(_RegionEvent):
    """A region was added."""

    type = "region.added"


@dataclass(frozen=True)
class RegionChanged(_RegionEvent):
    """A region was changed."""

    type = "region.changed"
    fields: list[str]


@dataclass(frozen=True)
class RegionRemoved(_RegionEvent):
    """A region was removed."""

    type = "region.removed"


@dataclass(frozen=True)
class _AbsenceEvent(Payload):
    subject_type = "Absence"
    internal = True
    team_id: UUID
    first_day: str
    last_day: str
    reason: str


@dataclass(frozen=True)
class AbsenceSet(_AbsenceEvent):
    """A team was said to be absent, or an absence was changed."""

    type = "absence.set"


@dataclass(frozen=True)
class AbsenceRemoved(_AbsenceEvent):
    """An absence was taken back."""

    type = "absence.removed"


@dataclass(frozen=True)
class _HolidayEvent(Payload):
    subject_type = "Holiday"
    internal = True
    day: str
    name: str


@dataclass(frozen=True)
class HolidaySet(_HolidayEvent):
    """A day was made one off, or one on which work goes on."""

    type = "holiday.set"
    working: bool


@dataclass(frozen=True)
class HolidayRestored(_HolidayEvent):
    """A day is again what the calendar of public holidays says."""

    type = "holiday.restored"
