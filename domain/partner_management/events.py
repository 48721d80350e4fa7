"""What happens with tickets, promises and announced maintenance."""

from dataclasses import dataclass

from domain.events.record import Payload


@dataclass(frozen=True)
class BreachEvent(Payload):
    subject_type = "ServiceBreach"
    metric: str
    target: str
    value: str


@dataclass(frozen=True)
class BreachOpened(BreachEvent):
    """What was promised is not kept."""

    type = "service_breach.opened"


@dataclass(frozen=True)
class BreachEscalated(BreachEvent):
    """It goes on, and nobody has seen to it."""

    type = "service_breach.escalated"
    internal = True
    level: int


@dataclass(frozen=True)
class BreachAcknowledged(BreachEvent):
    """Somebody sees to it, or does not any more."""

    type = "service_breach.acknowledged"
    internal = True
    acknowledged: bool


@dataclass(frozen=True)
class BreachReopened(BreachEvent):
    """It is back before it was over for long."""

    type = "service_breach.reopened"


@dataclass(frozen=True)
class BreachClosed(BreachEvent):
    """What was promised is kept again."""

    type = "service_breach.closed"


@dataclass(frozen=True)
class MaintenanceEvent(Payload):
    subject_type = "MaintenanceWindow"
    starts_at: str
    ends_at: str
    reason: str


@dataclass(frozen=True)
class WindowAnnounced(MaintenanceEvent):
    """The systems will be worked on."""

    type = "maintenance_window.announced"


@dataclass(frozen=True)
class WindowCancelled(MaintenanceEvent):
    """The systems will not be worked on, or no longer."""

    type = "maintenance_window.cancelled"


@dataclass(frozen=True)
class TicketEvent(Payload):
    subject_type = "PartnerTicket"
    number: str
    subject: str


@dataclass(frozen=True)
class TicketOpened(TicketEvent):
    """Something needs an answer."""

    type = "partner_ticket.opened"
    side: str
    topic: str
    priority: str


@dataclass(frozen=True)
class TicketAnswered(TicketEvent):
    """Somebody wrote on a ticket."""

    type = "partner_ticket.answered"
    side: str
    state: str


@dataclass(frozen=True)
class TicketNoted(TicketEvent):
    """Staff wrote a note for itself."""

    type = "partner_ticket.noted"
    internal = True


@dataclass(frozen=True)
class TicketAssigned(TicketEvent):
    """Somebody else sees to it, or nobody."""

    type = "partner_ticket.assigned"
    internal = True
    owner: str


@dataclass(frozen=True)
class TicketChanged(TicketEvent):
    """Its priority or topic has changed."""

    type = "partner_ticket.changed"
    topic: str
    priority: str


@dataclass(frozen=True)
class TicketSolved(TicketEvent):
    """It needs nothing any more."""

    type = "partner_ticket.resolved"
    side: str


@dataclass(frozen=True)
class TicketReopened(TicketEvent):
    """It needs something after all."""

    type = "partner_ticket.reopened"
    side: str


@dataclass(frozen=True)
class TicketOverdue(TicketEvent):
    """We have not answered in time."""

    type = "partner_ticket.overdue"
    internal = True


@dataclass(frozen=True)
class ScorecardsExported(Payload):
    """Scorecards of partners were taken away as a file."""

    type = "business_entity.scorecards_exported"
    subject_type = "BusinessEntity"
    internal = True
    period: str
    starts_on: str


@dataclass(frozen=True)
class TicketsExported(Payload):
    """Tickets of partners were taken away as a file."""

    type = "business_entity.tickets_exported"
    subject_type = "BusinessEntity"
    internal = True
    since: str
    until: str
