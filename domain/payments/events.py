"""What happens to payments. Who paid, or is paid, reads the payloads."""

from dataclasses import dataclass
from uuid import UUID

from domain.events.record import Payload


@dataclass(frozen=True)
class PaymentEvent(Payload):
    subject_type = "Payment"
    number: str
    method: str
    amount_cents: int
    currency: str


@dataclass(frozen=True)
class PaymentReceived(PaymentEvent):
    """Money came in; `invoice_ids` is what it pays."""

    type = "payment.received"
    invoice_ids: list[UUID]


@dataclass(frozen=True)
class PaymentAllocated(PaymentEvent):
    """What stood in suspense was allocated to invoices or to a wallet."""

    type = "payment.allocated"
    invoice_ids: list[UUID]


@dataclass(frozen=True)
class PaymentSuspended(PaymentEvent):
    """Money came in that pays nothing yet: somebody has to look at it. `suspense` says why."""

    type = "payment.suspended"
    internal = True
    suspense: str


@dataclass(frozen=True)
class PaymentReversed(PaymentEvent):
    """A payment that was registered by mistake was undone."""

    type = "payment.reversed"


@dataclass(frozen=True)
class RefundRequested(PaymentEvent):
    """A payment is to be given back; `refunds_payment_id` is the payment."""

    type = "payment.refund_requested"
    refunds_payment_id: UUID


@dataclass(frozen=True)
class PaymentRefunded(PaymentEvent):
    """Money was given back."""

    type = "payment.refunded"
    refunds_payment_id: UUID


@dataclass(frozen=True)
class RefundFailed(PaymentEvent):
    """Money could not be given back; what it was taken from has it again."""

    type = "payment.refund_failed"
    refunds_payment_id: UUID


@dataclass(frozen=True)
class PaymentChargedBack(PaymentEvent):
    """The payer's bank or card company took money back."""

    type = "payment.charged_back"
    refunds_payment_id: UUID


@dataclass(frozen=True)
class PaymentAttemptEnded(Payload):
    """A payment that was begun at the provider came to nothing: failed, cancelled or expired."""

    type = "payment.attempt_ended"
    subject_type = "PaymentLink"
    status: str
    amount_cents: int
    currency: str


@dataclass(frozen=True)
class PaymentLinkCreated(Payload):
    """There is an address at which an invoice is paid, or a wallet topped up."""

    type = "payment_link.created"
    subject_type = "PaymentLink"
    purpose: str
    amount_cents: int
    currency: str


@dataclass(frozen=True)
class PaymentProviderSaved(Payload):
    """An account with a payment provider was set up, changed or switched off. Keys are never told."""

    type = "payment_provider.saved"
    subject_type = "PaymentProvider"
    internal = True
    provider: str
    mode: str
    active: bool
