"""What happens between us and accounting packages; for staff."""

from dataclasses import dataclass
from uuid import UUID

from domain.events.record import Payload


@dataclass(frozen=True)
class AccountingConnectionSaved(Payload):
    """A connection with an accounting package was made, changed, paused, or tested with success."""

    type = "accounting_connection.saved"
    subject_type = "AccountingAdministration"
    internal = True
    package: str
    state: str


@dataclass(frozen=True)
class AccountingConnectionRefused(Payload):
    """The accounting package refused the credentials; nothing is sent until a test succeeds."""

    type = "accounting_connection.refused"
    subject_type = "AccountingAdministration"
    internal = True
    package: str


@dataclass(frozen=True)
class AccountingRecordFailed(Payload):
    """A contact, document or payment could not be told to the accounting package."""

    type = "accounting_record.failed"
    subject_type = "AccountingRecord"
    internal = True
    kind: str
    reference: str
    code: str


@dataclass(frozen=True)
class AccountingRecordRetried(Payload):
    """Somebody asked to try it again."""

    type = "accounting_record.retried"
    subject_type = "AccountingRecord"
    internal = True
    reference: str


@dataclass(frozen=True)
class AccountingDiffers(Payload):
    """A month of an accounting package is not what we told it."""

    type = "accounting_connection.differs"
    subject_type = "AccountingAdministration"
    internal = True
    month: str
    side: str
    count_here: int
    count_there: int
    gross_cents_here: int
    gross_cents_there: int


@dataclass(frozen=True)
class AuditFileMade(Payload):
    """An audit file of a year can be downloaded."""

    type = "audit_file.made"
    subject_type = "BusinessEntity"
    internal = True
    year: int
    document_id: UUID
    lines: int
