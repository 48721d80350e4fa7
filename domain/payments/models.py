"""Payments, what they pay, the links to pay by, and the providers that carry them out."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Date, ForeignKey, Index, LargeBinary, text, true
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from domain.quotes.models import OWN_CONTACT
from tenants.base import Base, Identified, Updated, UUIDs, one_of
from tenants.listing import Listed, listed
from tenants.rls import OF_THE_ENTITY, Rule, protect


class Direction(StrEnum):
    IN = "IN"
    OUT = "OUT"


class PaymentKind(StrEnum):
    """What a payment is."""

    RECEIPT = "RECEIPT"
    REFUND = "REFUND"
    CHARGEBACK = "CHARGEBACK"
    """Taken back by the payer's bank or card company."""


class PaymentMethod(StrEnum):
    IDEAL = "IDEAL"
    CARD = "CARD"
    BANK_TRANSFER = "BANK_TRANSFER"
    DIRECT_DEBIT = "DIRECT_DEBIT"
    CASH = "CASH"
    WALLET = "WALLET"
    OTHER = "OTHER"


class PaymentStatus(StrEnum):
    PENDING = "PENDING"
    """Asked for; the money has not moved yet."""
    SUCCEEDED = "SUCCEEDED"
    PARTIALLY_REFUNDED = "PARTIALLY_REFUNDED"
    REFUNDED = "REFUNDED"
    FAILED = "FAILED"
    REVERSED = "REVERSED"
    """Registered by mistake, and undone."""


class Provider(StrEnum):
    """Who carries a payment out, or told us of it."""

    MOLLIE = "MOLLIE"
    STRIPE = "STRIPE"
    LOCAL = "LOCAL"
    """The platform's own page, for entities without a provider: no money moves."""
    BANK = "BANK"
    MANUAL = "MANUAL"
    WALLET = "WALLET"


class Destination(StrEnum):
    """Where a refund goes."""

    SOURCE = "SOURCE"
    WALLET = "WALLET"


class LinkPurpose(StrEnum):
    INVOICE = "INVOICE"
    TOP_UP = "TOP_UP"


class LinkStatus(StrEnum):
    ACTIVE = "ACTIVE"
    PAID = "PAID"
    EXPIRED = "EXPIRED"
    CANCELLED = "CANCELLED"


class AttemptStatus(StrEnum):
    """Where the provider's payment behind one visit of the payment page is."""

    CREATING = "CREATING"
    """The provider was asked, and has not answered yet."""
    OPEN = "OPEN"
    PENDING = "PENDING"
    """The payer is done, the money is not there yet."""
    PAID = "PAID"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"


OPEN_ATTEMPTS = (AttemptStatus.CREATING, AttemptStatus.OPEN, AttemptStatus.PENDING)


class Suspense(StrEnum):
    """Why money stands in suspense instead of paying what it was meant for."""

    WRONG_AMOUNT = "WRONG_AMOUNT"
    WRONG_CURRENCY = "WRONG_CURRENCY"
    UNKNOWN_PAYER = "UNKNOWN_PAYER"


class ProviderMode(StrEnum):
    LIVE = "LIVE"
    TEST = "TEST"


_TO_PARTNER = "payer_chain_ids && {organizations} AND entity_id = ANY ({entities})"
_TO_CUSTOMER = f"contact_id = {OWN_CONTACT} AND entity_id = ANY ({{entities}})"


class Payment(Identified, Updated, Base):
    """Money that moved between a contact and an entity, or is about to move back."""

    __tablename__ = "payment"
    __table_args__ = (
        one_of("kind", PaymentKind),
        one_of("direction", Direction),
        one_of("method", PaymentMethod),
        one_of("status", PaymentStatus),
        one_of("provider", Provider),
        CheckConstraint("suspense IN ('WRONG_AMOUNT', 'WRONG_CURRENCY', 'UNKNOWN_PAYER')", name="suspense"),
        CheckConstraint("refund_to IN ('SOURCE', 'WALLET')", name="refund_to"),
        CheckConstraint("amount_cents BETWEEN 1 AND 1000000000000000", name="amount"),
        CheckConstraint("refunded_cents BETWEEN 0 AND amount_cents", name="refunded"),
        CheckConstraint("(kind = 'RECEIPT') = (direction = 'IN')", name="direction_of_kind"),
        CheckConstraint("(kind = 'RECEIPT') = (refunds_payment_id IS NULL)", name="refund_of_payment"),
        CheckConstraint("wallet_cents BETWEEN 0 AND amount_cents", name="wallet_cents"),
        CheckConstraint("suspense_cents BETWEEN 0 AND amount_cents", name="suspense_cents"),
        CheckConstraint("missing_cents BETWEEN 0 AND amount_cents", name="missing_cents"),
        Index("uq_payment_provider_id", "provider", "provider_id", unique=True),
        Index("uq_payment_number", "entity_id", "number", unique=True),
        Index("ix_payment_entity_newest", "entity_id", "created_at", "id"),
        Index("ix_payment_newest", "created_at", "id"),
        Index("ix_payment_entity_status", "entity_id", "status", "created_at", "id"),
        Index("ix_payment_contact", "contact_id", "created_at", "id"),
        Index("ix_payment_payer_chain", "payer_chain_ids", postgresql_using="gin"),
        Index("ix_payment_refunds", "refunds_payment_id"),
        Index(
            "ix_payment_suspense",
            "entity_id",
            "created_at",
            "id",
            postgresql_where=text("suspense_cents > 0 OR missing_cents > 0"),
        ),
    )

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    number: Mapped[str]
    kind: Mapped[str] = mapped_column(server_default=PaymentKind.RECEIPT.value)
    direction: Mapped[str] = mapped_column(server_default=Direction.IN.value)
    method: Mapped[str]
    status: Mapped[str] = mapped_column(server_default=PaymentStatus.SUCCEEDED.value)
    contact_id: Mapped[UUID | None] = mapped_column(ForeignKey("contact.id"))
    """Who paid; none while nobody knows."""
    payer_chain_ids: Mapped[UUIDs] = mapped_column(server_default=text("'{}'"))
    amount_cents: Mapped[int] = mapped_column(BigInteger)
    refunded_cents: Mapped[int] = mapped_column(BigInteger, server_default="0")
    """Given back or taken back, refunds that are under way included."""
    wallet_cents: Mapped[int] = mapped_column(BigInteger, server_default="0")
    """What of it stands in the payer's wallet: the surplus, less what of it was refunded."""
    suspense_cents: Mapped[int] = mapped_column(BigInteger, server_default="0")
    missing_cents: Mapped[int] = mapped_column(BigInteger, server_default="0", default=0)
    """What of money that was taken back nothing was left for: it stands in suspense, to be claimed."""
    fee_cents: Mapped[int] = mapped_column(BigInteger, server_default="0", default=0)
    """What the provider kept."""
    currency: Mapped[str] = mapped_column(server_default="EUR")
    provider: Mapped[str]
    provider_id: Mapped[str | None]
    received_on: Mapped[date] = mapped_column(Date)
    reference: Mapped[str] = mapped_column(server_default="")
    reason: Mapped[str] = mapped_column(server_default="")
    """Why it was refunded, reversed or has failed."""
    suspense: Mapped[str | None]
    refund_to: Mapped[str | None]
    refunds_payment_id: Mapped[UUID | None] = mapped_column(ForeignKey("payment.id"))
    attempt_id: Mapped[UUID | None] = mapped_column(ForeignKey("payment_attempt.id"))
    made_by: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id"))


_FOR_STAFF = ("fee_cents", "missing_cents", "suspense_cents", "suspense", "made_by", "attempt_id", "provider_id")
protect(
    Payment,
    staff=Rule(OF_THE_ENTITY, "SELECT, INSERT, UPDATE"),
    partner=Rule(_TO_PARTNER, hidden=_FOR_STAFF),
    customer=Rule(_TO_CUSTOMER, hidden=_FOR_STAFF),
    system_may="SELECT, INSERT, UPDATE",
    explain={
        "staff": "The payment is to or from one of the actor's business entities.",
        "partner": "The actor's organization or one below it paid or is paid.",
        "customer": "The actor paid or is paid.",
    },
)
listed(
    Listed(
        "payment",
        "payment",
        "concat_ws(' ', r.number, r.reference, "
        "(SELECT concat_ws(' ', c.name, c.email) FROM contact c WHERE c.id = r.contact_id))",
        channel="r.payer_chain_ids",
        contact_ids="array_remove(ARRAY[r.contact_id], NULL)",
    )
)


class PaymentAllocation(Identified, Base):
    """What of a payment pays an invoice; of a refund or chargeback: what it opens again."""

    __tablename__ = "payment_allocation"
    __table_args__ = (
        CheckConstraint("amount_cents > 0", name="amount"),
        CheckConstraint("returned_cents BETWEEN 0 AND amount_cents", name="returned"),
        Index("ix_payment_allocation_payment", "payment_id"),
        Index("ix_payment_allocation_invoice", "invoice_id"),
    )

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    payment_id: Mapped[UUID] = mapped_column(ForeignKey("payment.id"))
    invoice_id: Mapped[UUID] = mapped_column(ForeignKey("invoice.id"))
    contact_id: Mapped[UUID] = mapped_column(ForeignKey("contact.id"))
    """Whom the invoice is to."""
    payer_chain_ids: Mapped[UUIDs] = mapped_column(server_default=text("'{}'"))
    amount_cents: Mapped[int] = mapped_column(BigInteger)
    returned_cents: Mapped[int] = mapped_column(BigInteger, server_default="0", default=0)
    """What of it was refunded, charged back or undone."""
    currency: Mapped[str] = mapped_column(server_default="EUR")


protect(
    PaymentAllocation,
    staff=Rule(OF_THE_ENTITY, "SELECT, INSERT, UPDATE"),
    partner=Rule(_TO_PARTNER),
    customer=Rule(_TO_CUSTOMER),
    system_may="SELECT, INSERT, UPDATE",
    explain={
        "staff": "The payment is to one of the actor's business entities.",
        "partner": "The invoice that it pays is to the actor's organization or one below it.",
        "customer": "The invoice that it pays is the actor's.",
    },
)


class PaymentProvider(Identified, Updated, Base):
    """An entity's account with a payment provider. One is active at a time; secrets are encrypted."""

    __tablename__ = "payment_provider"
    __table_args__ = (
        CheckConstraint("provider IN ('MOLLIE', 'STRIPE')", name="provider"),
        one_of("mode", ProviderMode),
        Index("uq_payment_provider_active", "entity_id", unique=True, postgresql_where=text("active")),
        Index("ix_payment_provider_entity_newest", "entity_id", "created_at", "id"),
        Index("ix_payment_provider_newest", "created_at", "id"),
    )

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    provider: Mapped[str]
    mode: Mapped[str]
    api_key: Mapped[bytes] = mapped_column(LargeBinary)
    webhook_secrets: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Stripe's signing secrets, newest first, as JSON; several while they are exchanged."""
    key_hint: Mapped[str]
    """The last four characters of the key."""
    active: Mapped[bool] = mapped_column(Boolean, server_default=true())


_SEALED = ("api_key", "webhook_secrets")
protect(
    PaymentProvider,
    staff=Rule(OF_THE_ENTITY, hidden=_SEALED),
    explain={"staff": "The account is of one of the actor's business entities."},
)


class PaymentLink(Identified, Updated, Base):
    """An address at which an invoice is paid or a wallet topped up; its token is derived, not kept."""

    __tablename__ = "payment_link"
    __table_args__ = (
        one_of("purpose", LinkPurpose),
        one_of("status", LinkStatus),
        CheckConstraint("(purpose = 'INVOICE') = (invoice_id IS NOT NULL)", name="invoice"),
        CheckConstraint("amount_cents BETWEEN 1 AND 1000000000000000", name="amount"),
        Index(
            "uq_payment_link_invoice_active",
            "invoice_id",
            unique=True,
            postgresql_where=text("status = 'ACTIVE' AND invoice_id IS NOT NULL"),
        ),
        Index("ix_payment_link_invoice", "invoice_id"),
        Index("ix_payment_link_entity_newest", "entity_id", "created_at", "id"),
        Index("ix_payment_link_expiry", "expires_at", postgresql_where=text("status = 'ACTIVE'")),
    )

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    brand_id: Mapped[UUID] = mapped_column(ForeignKey("brand.id"))
    """The portal whose looks and host name the page has."""
    purpose: Mapped[str] = mapped_column(server_default=LinkPurpose.INVOICE.value)
    invoice_id: Mapped[UUID | None] = mapped_column(ForeignKey("invoice.id"))
    contact_id: Mapped[UUID] = mapped_column(ForeignKey("contact.id"))
    """Who is to pay, or whose wallet is topped up."""
    payer_chain_ids: Mapped[UUIDs] = mapped_column(server_default=text("'{}'"))
    amount_cents: Mapped[int] = mapped_column(BigInteger)
    """The most that is paid by it; of an invoice never more than is open when it is paid."""
    currency: Mapped[str] = mapped_column(server_default="EUR")
    status: Mapped[str] = mapped_column(server_default=LinkStatus.ACTIVE.value)
    expires_at: Mapped[datetime]


protect(
    PaymentLink,
    staff=Rule(OF_THE_ENTITY, "SELECT, INSERT, UPDATE"),
    partner=Rule(_TO_PARTNER, "SELECT, INSERT, UPDATE", updates=("status", "updated_at")),
    customer=Rule(_TO_CUSTOMER, "SELECT, INSERT, UPDATE", updates=("status", "updated_at")),
    explain={
        "staff": "The link is of one of the actor's business entities.",
        "partner": "The actor's organization or one below it is to pay.",
        "customer": "The actor is to pay.",
    },
)


class PaymentAttempt(Identified, Updated, Base):
    """One payment at a provider; its id is the Idempotency-Key and the reference that the provider keeps."""

    __tablename__ = "payment_attempt"
    __table_args__ = (
        one_of("status", AttemptStatus),
        CheckConstraint("provider IN ('MOLLIE', 'STRIPE', 'LOCAL')", name="provider"),
        CheckConstraint("(provider = 'LOCAL') = (account_id IS NULL)", name="account"),
        CheckConstraint("amount_cents BETWEEN 1 AND 1000000000000000", name="amount"),
        Index("uq_payment_attempt_provider_id", "provider", "provider_id", unique=True),
        Index("ix_payment_attempt_intent", "provider", "intent_id"),
        Index("ix_payment_attempt_link", "link_id", "created_at"),
        Index(
            "ix_payment_attempt_open",
            "checked_at",
            postgresql_where=text("status IN ('CREATING', 'OPEN', 'PENDING')"),
        ),
    )

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    link_id: Mapped[UUID] = mapped_column(ForeignKey("payment_link.id"))
    account_id: Mapped[UUID | None] = mapped_column(ForeignKey("payment_provider.id"))
    provider: Mapped[str]
    provider_id: Mapped[str | None]
    """Mollie's payment, Stripe's Checkout Session."""
    intent_id: Mapped[str | None]
    """Stripe's PaymentIntent, by which its refunds and disputes name the payment."""
    checkout_url: Mapped[str | None]
    amount_cents: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(server_default="EUR")
    status: Mapped[str] = mapped_column(server_default=AttemptStatus.CREATING.value)
    checked_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    """When the provider was last asked about it."""


protect(
    PaymentAttempt,
    staff=Rule(OF_THE_ENTITY),
    explain={"staff": "The attempt is at one of the actor's business entities."},
)


class LocalPayment(Identified, Updated, Base):
    """What the local provider knows of a payment, apart from what we believe about it: no money moves."""

    __tablename__ = "local_payment"
    __table_args__ = (
        CheckConstraint("status IN ('OPEN', 'PAID', 'FAILED', 'CANCELLED')", name="status"),
        CheckConstraint("method IN ('IDEAL', 'CARD')", name="method"),
    )

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    attempt_id: Mapped[UUID] = mapped_column(ForeignKey("payment_attempt.id"), unique=True)
    amount_cents: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    method: Mapped[str | None]
    status: Mapped[str] = mapped_column(server_default="OPEN")
    refunds: Mapped[dict[str, int]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"), default=dict)
    """Cents by the Idempotency-Key of the refund."""
    return_url: Mapped[str]


protect(LocalPayment)
