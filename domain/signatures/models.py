"""Signatures of quote versions."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import INET, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from domain.quotes.models import OWN_CONTACT
from tenants.base import Base, Identified, UUIDs, one_of
from tenants.rls import OF_THE_ENTITY, Rule, protect


class SignatureKind(StrEnum):
    SIGNED = "SIGNED"
    ACKNOWLEDGED = "ACKNOWLEDGED"
    DECLINED = "DECLINED"


class IdentityProof(StrEnum):
    """How we know who signed."""

    LOGIN = "LOGIN"
    LOGIN_TOTP = "LOGIN_TOTP"
    MAILED_CODE = "MAILED_CODE"


class Signature(Identified, Base):
    """One party's act on one version. The record is sealed with the server's Ed25519 key and chained per entity."""

    __tablename__ = "signature"
    __table_args__ = (
        one_of("kind", SignatureKind),
        one_of("identity_proof", IdentityProof),
        UniqueConstraint("quote_party_id"),
        UniqueConstraint("entity_id", "chain_position"),
        Index("ix_signature_version", "quote_version_id"),
    )

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    quote_id: Mapped[UUID] = mapped_column(ForeignKey("quote.id"))
    quote_version_id: Mapped[UUID] = mapped_column(ForeignKey("quote_version.id"))
    quote_party_id: Mapped[UUID] = mapped_column(ForeignKey("quote_party.id"))
    party_contact_id: Mapped[UUID] = mapped_column(ForeignKey("contact.id"))
    party_chain_ids: Mapped[UUIDs] = mapped_column(server_default=text("'{}'"))
    kind: Mapped[str]
    document_hash: Mapped[bytes] = mapped_column(LargeBinary)
    signer_user_id: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id"))
    signer_name: Mapped[str]
    signer_email: Mapped[str]
    identity_proof: Mapped[str]
    consent_text: Mapped[str]
    reason: Mapped[str] = mapped_column(server_default="")
    """Why a party declined."""
    signed_at: Mapped[datetime]
    ip_address: Mapped[str | None] = mapped_column(INET)
    user_agent: Mapped[str] = mapped_column(server_default="")
    chain_position: Mapped[int] = mapped_column(BigInteger)
    previous_hash: Mapped[bytes] = mapped_column(LargeBinary)
    """Empty for the first of the chain."""
    record: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """The sealed record, as it was signed."""
    record_hash: Mapped[bytes] = mapped_column(LargeBinary)
    key_id: Mapped[str]
    seal: Mapped[bytes] = mapped_column(LargeBinary)
    """Ed25519 over the canonical record."""


_APPEND = "SELECT, INSERT"
protect(
    Signature,
    system_may=_APPEND,
    staff=Rule(OF_THE_ENTITY, "SELECT"),
    partner=Rule("party_chain_ids && {organizations} AND entity_id = ANY ({entities})", _APPEND),
    customer=Rule(f"party_contact_id = {OWN_CONTACT} AND entity_id = ANY ({{entities}})", _APPEND),
    explain={
        "staff": "The signature is on a quote of one of the actor's business entities.",
        "partner": "The party is the actor's organization or one below it.",
        "customer": "The actor is the party.",
    },
)


class ChainHead(Base):
    """Position and hash of the last signature of an entity's chain; locked while the next one is added."""

    __tablename__ = "signature_chain_head"

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"), primary_key=True)
    position: Mapped[int] = mapped_column(BigInteger)
    record_hash: Mapped[bytes] = mapped_column(LargeBinary)


_EXTEND = "SELECT, INSERT, UPDATE"
protect(
    ChainHead,
    staff=Rule(OF_THE_ENTITY),
    partner=Rule(OF_THE_ENTITY, _EXTEND),
    customer=Rule(OF_THE_ENTITY, _EXTEND),
)
