"""What happens to bills of sessions. Payer and driver read the payloads: numbers and ids only."""

from dataclasses import dataclass

from domain.events.record import Payload


@dataclass(frozen=True)
class _BillEvent(Payload):
    subject_type = "ChargingBill"
    session_number: str


@dataclass(frozen=True)
class ChargingBillPriced(_BillEvent):
    """What a session costs is known."""

    type = "charging_bill.priced"
    bill_version: int
    net_cents: int
    gross_cents: int
    currency: str


@dataclass(frozen=True)
class ChargingBillCorrected(_BillEvent):
    """A session was priced again: a reading came late or was corrected, or somebody asked for it."""

    type = "charging_bill.corrected"
    bill_version: int
    gross_before_cents: int
    gross_cents: int
    currency: str


@dataclass(frozen=True)
class ChargingBillUnbillable(_BillEvent):
    """A session is billed to nobody, and stays so until somebody does something about the reason."""

    type = "charging_bill.unbillable"
    internal = True
    status: str


@dataclass(frozen=True)
class ChargingBillPayerChanged(_BillEvent):
    """Somebody said who pays for a session, or took that back."""

    type = "charging_bill.payer_changed"
    internal = True
    payer_id: str | None


@dataclass(frozen=True)
class ChargingBillWaiting(_BillEvent):
    """What is due of a session waits for the collective invoice of a month."""

    type = "charging_bill.waiting"
    due_month: str


@dataclass(frozen=True)
class ChargingBillInvoiced(_BillEvent):
    """What is due of a session was invoiced, or what was invoiced too much was credited."""

    type = "charging_bill.invoiced"
    invoice_ids: list[str]
    charged_gross_cents: int
    currency: str


@dataclass(frozen=True)
class ChargingBillWaived(_BillEvent):
    """It was decided that a session is not billed."""

    type = "charging_bill.waived"
    gross_cents: int
    currency: str


@dataclass(frozen=True)
class ChargingBillWaiverUndone(_BillEvent):
    """It is billed after all."""

    type = "charging_bill.waiver_undone"
    gross_cents: int
    currency: str


@dataclass(frozen=True)
class ChargingBillsExported(Payload):
    """Bills of sessions that ended from `since` on, until `until`, were downloaded."""

    type = "charging_bills.exported"
    subject_type = "BusinessEntity"
    internal = True
    since: str
    until: str
