"""What happens with alerts and maintenance: whoever sees the charger's alerts may read the payloads."""

from dataclasses import dataclass
from uuid import UUID

from domain.events.record import Payload


@dataclass(frozen=True)
class AlertEvent(Payload):
    subject_type = "ChargerAlert"
    charger_id: UUID
    code: str
    severity: str


@dataclass(frozen=True)
class AlertOpened(AlertEvent):
    """Something is wrong with a charger."""

    type = "charger_alert.opened"
    connector: int | None


@dataclass(frozen=True)
class AlertEscalated(AlertEvent):
    """What is wrong has become worse."""

    type = "charger_alert.escalated"
    connector: int | None


@dataclass(frozen=True)
class AlertAcknowledged(AlertEvent):
    """Somebody deals with it."""

    type = "charger_alert.acknowledged"


@dataclass(frozen=True)
class AlertReopened(AlertEvent):
    """Nobody deals with it after all."""

    type = "charger_alert.reopened"


@dataclass(frozen=True)
class AlertClosed(AlertEvent):
    """It is over: by itself, or because somebody says so."""

    type = "charger_alert.closed"
    by_rule: bool
    reason: str


@dataclass(frozen=True)
class TaskEvent(Payload):
    subject_type = "MaintenanceTask"
    charger_id: UUID
    title: str
    due_on: str


@dataclass(frozen=True)
class MaintenancePlanned(TaskEvent):
    """A charger is to be maintained."""

    type = "maintenance.planned"
    priority: str


@dataclass(frozen=True)
class MaintenanceChanged(TaskEvent):
    """Its day, its priority, its text or who sees to it has changed."""

    type = "maintenance.changed"
    priority: str


@dataclass(frozen=True)
class MaintenanceScheduled(TaskEvent):
    """A visit is to deal with it."""

    type = "maintenance.scheduled"
    visit_id: UUID


@dataclass(frozen=True)
class MaintenanceUnscheduled(TaskEvent):
    """It has no visit any more."""

    type = "maintenance.unscheduled"


@dataclass(frozen=True)
class MaintenanceDone(TaskEvent):
    """The work was done."""

    type = "maintenance.done"
    outcome: str


@dataclass(frozen=True)
class MaintenanceCancelled(TaskEvent):
    """The work is not done; its alerts wait again."""

    type = "maintenance.cancelled"
    reason: str


@dataclass(frozen=True)
class MaintenanceReopened(TaskEvent):
    """What was ended by mistake is to be done again."""

    type = "maintenance.reopened"
