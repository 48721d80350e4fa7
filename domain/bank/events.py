"""What happens at the bank. Staff alone see it; what payers are to know is told of their payments and invoices."""

from dataclasses import dataclass
from uuid import UUID

from domain.events.record import Payload


@dataclass(frozen=True)
class _BankEvent(Payload):
    internal = True


@dataclass(frozen=True)
class BankStatementImported(_BankEvent):
    """A bank statement was read in; `missing` says what was not received before it."""

    type = "bank_statement.imported"
    subject_type = "BankStatement"
    reference: str
    transactions: int
    matched: int
    missing: str | None


@dataclass(frozen=True)
class BankTransactionProposed(_BankEvent):
    """It was found what a transaction may be; somebody has to say so."""

    type = "bank_transaction.proposed"
    subject_type = "BankTransaction"
    proposals: int
    best_score: int


@dataclass(frozen=True)
class BankTransactionMatched(_BankEvent):
    """It is known what a transaction is, by a rule or by somebody who said so."""

    type = "bank_transaction.matched"
    subject_type = "BankTransaction"
    rule: str
    invoice_ids: list[UUID]


@dataclass(frozen=True)
class BankTransactionUnmatched(_BankEvent):
    """A match was undone."""

    type = "bank_transaction.unmatched"
    subject_type = "BankTransaction"


@dataclass(frozen=True)
class BankTransactionIgnored(_BankEvent):
    """Somebody looked at a transaction and leaves it as it is."""

    type = "bank_transaction.ignored"
    subject_type = "BankTransaction"


@dataclass(frozen=True)
class DirectDebitReturned(_BankEvent):
    """The payer's bank took a collection back; its invoice is open again."""

    type = "bank_transaction.direct_debit_returned"
    subject_type = "BankTransaction"
    invoice_id: UUID | None
    reason: str | None
    amount_cents: int
    currency: str


@dataclass(frozen=True)
class MandateSigned(_BankEvent):
    """A payer allows collections."""

    type = "mandate.signed"
    subject_type = "Mandate"
    reference: str
    scheme: str


@dataclass(frozen=True)
class MandateRevoked(_BankEvent):
    """A payer allows collections no more."""

    type = "mandate.revoked"
    subject_type = "Mandate"
    reference: str


@dataclass(frozen=True)
class BankFileCreated(_BankEvent):
    """There is a file of collections or payouts for the bank."""

    type = "bank_file.created"
    subject_type = "BankFile"
    number: str
    kind: str
    lines: int
    total_cents: int
    currency: str


@dataclass(frozen=True)
class BankFileCancelled(_BankEvent):
    """A file is not given to the bank; what is in it may be put into another."""

    type = "bank_file.cancelled"
    subject_type = "BankFile"
    number: str


@dataclass(frozen=True)
class BankFileSettled(_BankEvent):
    """The bank has carried out or returned every line of a file."""

    type = "bank_file.settled"
    subject_type = "BankFile"
    number: str


@dataclass(frozen=True)
class BankSettingsSaved(_BankEvent):
    """What the entity's bank knows it by was set."""

    type = "bank_settings.saved"
    subject_type = "BusinessEntity"
    creditor_id: str
