"""What happens to invoices. Their parties may read the payloads: numbers and ids only."""

from dataclasses import dataclass

from domain.events.record import Payload


@dataclass(frozen=True)
class _InvoiceEvent(Payload):
    subject_type = "Invoice"
    number: str
    kind: str


@dataclass(frozen=True)
class InvoiceIssued(_InvoiceEvent):
    """A document was made final: an invoice, a credit note, a self-billing invoice."""

    type = "invoice.issued"
    part: str
    order_id: str | None
    gross_cents: int
    currency: str


@dataclass(frozen=True)
class InvoiceCredited(_InvoiceEvent):
    """A credit note takes off a part of the invoice, or all of it."""

    type = "invoice.credited"
    credit_note_id: str
    net_cents: int
    gross_cents: int
    currency: str


@dataclass(frozen=True)
class InvoicePaymentChanged(_InvoiceEvent):
    """A payment was allocated to the invoice, or taken back from it."""

    type = "invoice.payment_changed"
    changed_cents: int
    paid_cents: int
    open_cents: int
    currency: str


@dataclass(frozen=True)
class InvoicePaid(_InvoiceEvent):
    """A payment left nothing open."""

    type = "invoice.paid"
    paid_cents: int
    currency: str


@dataclass(frozen=True)
class InvoiceWrittenOff(_InvoiceEvent):
    """What is open is not expected any more."""

    type = "invoice.written_off"
    internal = True
    written_off_cents: int
    currency: str
    reason: str


@dataclass(frozen=True)
class InvoiceWriteOffUndone(_InvoiceEvent):
    """What was written off is open again."""

    type = "invoice.write_off_undone"
    internal = True
    open_cents: int
    currency: str


@dataclass(frozen=True)
class InvoiceRunRequested(Payload):
    """Somebody asked for the invoices of many orders."""

    type = "invoice_run.requested"
    subject_type = "InvoiceRun"
    internal = True
    orders: int


@dataclass(frozen=True)
class InvoiceSkipped(Payload):
    """An order could not be invoiced, and stays so until somebody does something about the reason."""

    type = "invoice.skipped"
    subject_type = "Order"
    internal = True
    number: str
    part: str
    reason: str


@dataclass(frozen=True)
class BillingProfileSaved(Payload):
    """How a contact is invoiced holds from now on."""

    type = "billing_profile.saved"
    subject_type = "BillingProfile"
    internal = True
    collective: bool
    vat_treatment: str


@dataclass(frozen=True)
class InvoicesExported(Payload):
    """Invoices of days from `since` on, until `until`, were downloaded."""

    type = "invoices.exported"
    subject_type = "BusinessEntity"
    internal = True
    since: str
    until: str
