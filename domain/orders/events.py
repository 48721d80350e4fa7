"""What happens to orders. All parties to the order may read the payloads: no line, no amount."""

from dataclasses import dataclass

from domain.events.record import Payload


@dataclass(frozen=True)
class _OrderEvent(Payload):
    subject_type = "Order"
    number: str


@dataclass(frozen=True)
class OrderReceived(_OrderEvent):
    """All parties agreed: there is an order."""

    type = "order.received"
    quote_number: str
    estimated_processing_minutes: int


@dataclass(frozen=True)
class OrderStageChanged(_OrderEvent):
    """The order reached another stage."""

    type = "order.stage_changed"
    stage: str
    progress: int


@dataclass(frozen=True)
class OrderCancelled(_OrderEvent):
    """The order was called off."""

    type = "order.cancelled"
    reason: str


@dataclass(frozen=True)
class OrderReopened(_OrderEvent):
    """A cancellation was undone."""

    type = "order.reopened"
    reason: str


@dataclass(frozen=True)
class OrderHeld(_OrderEvent):
    """Work on the order rests."""

    type = "order.held"
    reason: str


@dataclass(frozen=True)
class OrderResumed(_OrderEvent):
    """Work on the order goes on."""

    type = "order.resumed"


@dataclass(frozen=True)
class OrderNoted(_OrderEvent):
    """Somebody wrote a note that all parties may read."""

    type = "order.noted"
    note: str


@dataclass(frozen=True)
class OrderNotedInternally(_OrderEvent):
    """A note for staff only."""

    type = "order.noted_internally"
    internal = True
    note: str
