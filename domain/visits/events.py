"""What happens to visits. Everybody who sees the visit may read the payloads."""

from dataclasses import dataclass
from uuid import UUID

from domain.events.record import Payload


@dataclass(frozen=True)
class _VisitEvent(Payload):
    subject_type = "Visit"
    order_id: UUID
    position: int
    kind: str


@dataclass(frozen=True)
class VisitRequired(_VisitEvent):
    """The order asks for the visit, which has no day yet."""

    type = "visit.required"


@dataclass(frozen=True)
class VisitCancelled(_VisitEvent):
    """The visit was called off with its order."""

    type = "visit.cancelled"
