"""What happens to visits. Everybody who sees the visit may read the payloads."""

from dataclasses import dataclass
from uuid import UUID

from domain.events.record import Payload


@dataclass(frozen=True)
class VisitEvent(Payload):
    subject_type = "Visit"
    order_id: UUID
    position: int
    kind: str


@dataclass(frozen=True)
class VisitRequired(VisitEvent):
    """The order asks for the visit, which has no day yet."""

    type = "visit.required"


@dataclass(frozen=True)
class VisitCancelled(VisitEvent):
    """The visit was called off, with its order or by itself."""

    type = "visit.cancelled"
    version = 2
    reason: str = ""


@dataclass(frozen=True)
class VisitPlanned(VisitEvent):
    """The visit was given a day, a part of it and a team."""

    type = "visit.planned"
    day: str
    block: str
    team_id: UUID


@dataclass(frozen=True)
class VisitMoved(VisitEvent):
    """A visit that was planned was given another day, another part of it, or another team; none for the moment."""

    type = "visit.moved"
    day: str
    block: str
    team_id: UUID | None
    from_day: str
    from_block: str


@dataclass(frozen=True)
class VisitReassigned(VisitEvent):
    """Another team comes at the same day and part of it, since somebody else's visit was given a place.

    Told to staff and to both teams: customers and partners would learn from it that somebody booked.
    """

    type = "visit.reassigned"
    day: str
    block: str
    team_id: UUID | None


@dataclass(frozen=True)
class VisitRetimed(VisitEvent):
    """A plan lets the visit begin at another time of the same part of the day; its customer was told a window."""

    type = "visit.retimed"
    internal = True
    day: str
    block: str


@dataclass(frozen=True)
class VisitUnplanned(VisitEvent):
    """The visit lost its day and waits to be planned anew."""

    type = "visit.unplanned"
    version = 2
    from_day: str
    from_block: str
    reason: str = ""


@dataclass(frozen=True)
class VisitMaterialSet(VisitEvent):
    """A planner said from which day its material is there; none: it is there."""

    type = "visit.material_set"
    internal = True
    material_on: str | None


@dataclass(frozen=True)
class VisitPrioritized(VisitEvent):
    """A planner said how much it matters, 0 to 9."""

    type = "visit.prioritized"
    internal = True
    priority: int


@dataclass(frozen=True)
class VisitBooked(VisitEvent):
    """A day and a part of it were chosen for the visit and are promised."""

    type = "visit.booked"
    day: str
    block: str


@dataclass(frozen=True)
class VisitConfirmed(VisitEvent):
    """The day and the part of it that were announced are promised."""

    type = "visit.confirmed"
    day: str
    block: str


@dataclass(frozen=True)
class VisitHeld(VisitEvent):
    """A place is kept for the visit until a time."""

    type = "visit.held"
    internal = True
    day: str
    block: str
    until: str


@dataclass(frozen=True)
class VisitReleased(VisitEvent):
    """The place that was kept is free again."""

    type = "visit.released"
    internal = True
    day: str
    block: str
