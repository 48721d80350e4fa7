"""What happens on a team's day. Everybody who sees the visit may read the payloads."""

from dataclasses import dataclass
from uuid import UUID

from domain.events.record import Payload
from domain.visits.events import VisitEvent


@dataclass(frozen=True)
class VisitDispatched(VisitEvent):
    """The team was given the visit, or what has changed of it."""

    type = "visit.dispatched"
    day: str
    block: str


@dataclass(frozen=True)
class VisitEnRoute(VisitEvent):
    """The team is on its way."""

    type = "visit.en_route"
    at: str


@dataclass(frozen=True)
class VisitArrived(VisitEvent):
    """The team has arrived and begins to work."""

    type = "visit.arrived"
    at: str


@dataclass(frozen=True)
class VisitCompleted(VisitEvent):
    """The visit is over; `follow_up` says whether another one is called for."""

    type = "visit.completed"
    at: str
    outcome: str
    follow_up: bool


@dataclass(frozen=True)
class VisitArrivalChanged(VisitEvent):
    """The team is expected in another window than the one that was told."""

    type = "visit.arrival_changed"
    arrival_from: str
    arrival_until: str


@dataclass(frozen=True)
class VisitReportRefused(VisitEvent):
    """What a team reported contradicts what was known already; a planner has to look at it."""

    type = "visit.report_refused"
    internal = True
    report: str
    at: str
    reason: str


@dataclass(frozen=True)
class VisitPinned(VisitEvent):
    """A planner fixed the team and the day of the visit."""

    type = "visit.pinned"
    internal = True


@dataclass(frozen=True)
class VisitUnpinned(VisitEvent):
    """Team and day of the visit are free again."""

    type = "visit.unpinned"
    internal = True


@dataclass(frozen=True)
class VisitPromiseReleased(VisitEvent):
    """A planner took back the day or the part of it that the customer was promised; empty: no other one yet."""

    type = "visit.promise_released"
    from_day: str
    from_block: str
    day: str
    block: str
    agreed: bool


@dataclass(frozen=True)
class TeamDispatched(Payload):
    """The team was given its route of a day, or what has changed of it."""

    type = "team.dispatched"
    subject_type = "Team"
    day: str
    stops: int
    changes: int
    visit_id: UUID
