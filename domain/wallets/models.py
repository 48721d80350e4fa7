"""Wallets and their movements; the balance is the wallet's share of the ledger's account WALLET."""

from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from domain.quotes.models import OWN_CONTACT
from tenants.base import Base, Identified, Updated, UUIDs, one_of
from tenants.listing import Listed, listed
from tenants.rls import OF_THE_ENTITY, Rule, protect


class MovementKind(StrEnum):
    """Why the balance of a wallet changed."""

    TOP_UP = "TOP_UP"
    """Paid in by its owner."""
    DEBIT = "DEBIT"
    """Used to pay an invoice."""
    REFUND = "REFUND"
    """A payment that was given back to the wallet instead of to its source."""
    SURPLUS = "SURPLUS"
    """Received over what was open."""
    PAYOUT = "PAYOUT"
    """Given back to the source of the payment it came from, or taken back with that payment."""
    CORRECTION = "CORRECTION"
    """By hand, with a reason."""


class Wallet(Identified, Updated, Base):
    """What an entity holds for a contact, in one currency. A trigger keeps the balance; it is never negative."""

    __tablename__ = "wallet"
    __table_args__ = (
        UniqueConstraint("entity_id", "contact_id", "currency"),
        CheckConstraint("balance_cents BETWEEN 0 AND 1000000000000000", name="balance"),
        Index("ix_wallet_entity_newest", "entity_id", "created_at", "id"),
        Index("ix_wallet_newest", "created_at", "id"),
        Index("ix_wallet_contact", "contact_id", "created_at", "id"),
    )

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    contact_id: Mapped[UUID] = mapped_column(ForeignKey("contact.id"))
    payer_chain_ids: Mapped[UUIDs] = mapped_column(server_default=text("'{}'"))
    """The owner and its ancestors where it is an organization."""
    currency: Mapped[str] = mapped_column(server_default="EUR")
    balance_cents: Mapped[int] = mapped_column(BigInteger, server_default="0")


_TO_PARTNER = "payer_chain_ids && {organizations} AND entity_id = ANY ({entities})"
_TO_CUSTOMER = f"contact_id = {OWN_CONTACT} AND entity_id = ANY ({{entities}})"
_EXPLAINED = {
    "staff": "The wallet is with one of the actor's business entities.",
    "partner": "The wallet is of the actor's organization or one below it.",
    "customer": "The wallet is the actor's own.",
}
protect(
    Wallet,
    staff=Rule(OF_THE_ENTITY, "SELECT, INSERT, UPDATE", updates=("updated_at",)),
    partner=Rule(_TO_PARTNER),
    customer=Rule(_TO_CUSTOMER),
    system_may="SELECT, INSERT, UPDATE",
    explain=_EXPLAINED,
)


listed(
    Listed(
        "wallet",
        "wallet",
        None,
        channel="r.payer_chain_ids",
        contact_ids="ARRAY[r.contact_id]",
    )
)


class WalletMovement(Identified, Base):
    """One change of a balance. Append-only; inserting it is what changes the balance."""

    __tablename__ = "wallet_movement"
    __table_args__ = (
        one_of("kind", MovementKind),
        CheckConstraint("amount_cents <> 0", name="amount"),
        CheckConstraint("kind <> 'CORRECTION' OR length(reason) > 0", name="reason"),
        UniqueConstraint("wallet_id", "key"),
        Index("ix_wallet_movement_wallet", "wallet_id", "created_at", "id"),
        Index("ix_wallet_movement_entity_newest", "entity_id", "created_at", "id"),
        Index("ix_wallet_movement_newest", "created_at", "id"),
        Index("ix_wallet_movement_contact", "contact_id", "created_at", "id"),
        Index("ix_wallet_movement_payment", "payment_id"),
    )

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    wallet_id: Mapped[UUID] = mapped_column(ForeignKey("wallet.id"))
    contact_id: Mapped[UUID] = mapped_column(ForeignKey("contact.id"))
    payer_chain_ids: Mapped[UUIDs] = mapped_column(server_default=text("'{}'"))
    kind: Mapped[str]
    amount_cents: Mapped[int] = mapped_column(BigInteger)
    """What is added; negative where it is taken out."""
    balance_cents: Mapped[int] = mapped_column(BigInteger, server_default="0")
    """The balance after it, written by the trigger."""
    currency: Mapped[str] = mapped_column(server_default="EUR")
    reason: Mapped[str] = mapped_column(server_default="")
    payment_id: Mapped[UUID | None]
    """The payment that brought it about."""
    key: Mapped[str]
    """What makes it happen once, such as `payment:…`."""
    made_by: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id"))


protect(
    WalletMovement,
    staff=Rule(OF_THE_ENTITY, "SELECT, INSERT"),
    partner=Rule(_TO_PARTNER, hidden=("made_by",)),
    customer=Rule(_TO_CUSTOMER, hidden=("made_by",)),
    system_may="SELECT, INSERT",
    explain=_EXPLAINED,
)
