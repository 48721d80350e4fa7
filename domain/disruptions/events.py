"""What happens with disruptions, told to staff of every business entity; and to whom a promise was made."""

from dataclasses import dataclass
from uuid import UUID

from domain.events.record import Payload
from domain.visits.events import VisitEvent


@dataclass(frozen=True)
class _DisruptionEvent(Payload):
    subject_type = "Disruption"
    internal = True
    kind: str
    first_day: str
    last_day: str


@dataclass(frozen=True)
class DisruptionReported(_DisruptionEvent):
    """Something upsets planned days."""

    type = "disruption.reported"
    team_ids: list[UUID]


@dataclass(frozen=True)
class DisruptionProposed(_DisruptionEvent):
    """There is a repaired plan."""

    type = "disruption.proposed"
    promises: int
    promises_kept: int
    changed: int


@dataclass(frozen=True)
class DisruptionFailed(_DisruptionEvent):
    """No repaired plan could be made; the plan in force stays."""

    type = "disruption.failed"
    failure: str


@dataclass(frozen=True)
class DisruptionApplied(_DisruptionEvent):
    """The repaired plan was put in force."""

    type = "disruption.applied"
    changed: int
    promises_broken: int


@dataclass(frozen=True)
class DisruptionDiscarded(_DisruptionEvent):
    """The repaired plan was put aside."""

    type = "disruption.discarded"


@dataclass(frozen=True)
class VisitPromiseBroken(VisitEvent):
    """A promised visit cannot be made as promised; these days and blocks are offered instead, the nearest first."""

    type = "visit.promise_broken"
    from_day: str
    from_block: str
    offers: list[dict[str, str]]
