"""What happens to the documents of invoices. Their parties may read the payloads."""

from dataclasses import dataclass

from domain.events.record import Payload


@dataclass(frozen=True)
class InvoiceSent(Payload):
    """The invoice was put into a mail, as PDF and as UBL; `again`: somebody asked for it once more."""

    type = "invoice.sent"
    subject_type = "Invoice"

    number: str
    kind: str
    again: bool


@dataclass(frozen=True)
class InvoiceNotSent(Payload):
    """The documents are there, and no address is known to send them to, or no brand to send them as."""

    type = "invoice.not_sent"
    subject_type = "Invoice"
    internal = True

    number: str
    kind: str
