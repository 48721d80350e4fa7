"""What happens to the books; for staff only."""

from dataclasses import dataclass

from domain.events.record import Payload


@dataclass(frozen=True)
class PeriodClosed(Payload):
    """A month of an entity's books was closed."""

    type = "period.closed"
    subject_type = "BusinessEntity"
    internal = True
    month: str
    forced: bool


@dataclass(frozen=True)
class PeriodReopened(Payload):
    """The month that was closed last was opened again."""

    type = "period.reopened"
    subject_type = "BusinessEntity"
    internal = True
    month: str


@dataclass(frozen=True)
class LedgerDiffers(Payload):
    """The nightly check found a difference in an entity's books."""

    type = "ledger.differs"
    subject_type = "BusinessEntity"
    internal = True
    check: str
    currency: str
    booked_cents: int
    expected_cents: int


@dataclass(frozen=True)
class IntercompanySettled(Payload):
    """What two entities owed each other for a month was settled."""

    type = "intercompany.settled"
    subject_type = "BusinessEntity"
    internal = True
    month: str
    other_entity_id: str
    cents: int


@dataclass(frozen=True)
class IntercompanyRateSaved(Payload):
    """A percentage between two entities was agreed or changed."""

    type = "intercompany.rate_saved"
    subject_type = "BusinessEntity"
    internal = True
    other_entity_id: str
    category: str
    percent: str


@dataclass(frozen=True)
class JournalExported(Payload):
    """Somebody downloaded the journal of an entity."""

    type = "ledger.journal_exported"
    subject_type = "BusinessEntity"
    internal = True
    since: str
    until: str
