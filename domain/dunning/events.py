"""What happens in reminding. Payers read of their own reminders; pauses and policies are for staff."""

from dataclasses import dataclass
from uuid import UUID

from domain.events.record import Payload


@dataclass(frozen=True)
class ReminderSent(Payload):
    """The payer was reminded of an invoice; `sent` is false where there is no address to write to."""

    type = "invoice.reminded"
    subject_type = "Invoice"
    number: str
    kind: str
    step: int | None
    open_cents: int
    currency: str
    sent: bool


@dataclass(frozen=True)
class DunningPausedEvent(Payload):
    """Nobody is reminded of an invoice for a while."""

    type = "invoice.dunning_paused"
    subject_type = "Invoice"
    internal = True
    pause_id: UUID
    reason: str
    until: str | None


@dataclass(frozen=True)
class DunningResumed(Payload):
    """The pause of an invoice was lifted."""

    type = "invoice.dunning_resumed"
    subject_type = "Invoice"
    internal = True
    pause_id: UUID


@dataclass(frozen=True)
class PayerPaused(Payload):
    """A payer is not reminded for a while."""

    type = "contact.dunning_paused"
    subject_type = "Contact"
    internal = True
    pause_id: UUID
    reason: str
    until: str | None


@dataclass(frozen=True)
class PayerResumed(Payload):
    """The pause of a payer was lifted."""

    type = "contact.dunning_resumed"
    subject_type = "Contact"
    internal = True
    pause_id: UUID


@dataclass(frozen=True)
class DunningPolicySaved(Payload):
    """How an entity reminds holds from now on."""

    type = "dunning_policy.saved"
    subject_type = "DunningPolicy"
    internal = True
    active: bool
    steps: list[str]


@dataclass(frozen=True)
class AccountStatementSent(Payload):
    """A statement of account was asked for; it is made and mailed."""

    type = "account_statement.requested"
    subject_type = "AccountStatement"
    internal = True
    since: str
    until: str
