"""The GraphQL documents that a client has registered as its own."""

from uuid import UUID

from sqlalchemy import CheckConstraint, Computed, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from tenants.auth.models import ADMINS, OF_THEIR_ADMINS, OF_THEIR_PARTNER_ADMINS
from tenants.base import Base, Identified, Texts
from tenants.rls import Rule, protect


class TrustedDocument(Identified, Base):
    """One text in the manifest of one client: an API key, an application, or a brand's portal."""

    __tablename__ = "trusted_document"
    __table_args__ = (
        CheckConstraint("num_nonnulls(api_key_id, oauth_client_id, brand_id) = 1", name="client"),
        CheckConstraint("hash = encode(sha256(convert_to(document, 'UTF8')), 'hex')", name="hash"),
        UniqueConstraint("client_id", "hash"),
        Index("ix_trusted_document_entity_newest", "entity_id", "created_at", "id"),
        Index("ix_trusted_document_newest", "created_at", "id"),
    )

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    organization_id: Mapped[UUID | None] = mapped_column(ForeignKey("contact.id"), index=True)
    """The client's."""
    api_key_id: Mapped[UUID | None] = mapped_column(ForeignKey("api_key.id"))
    oauth_client_id: Mapped[UUID | None] = mapped_column(ForeignKey("oauth_client.id"))
    brand_id: Mapped[UUID | None] = mapped_column(ForeignKey("brand.id"))
    client_id: Mapped[UUID] = mapped_column(Computed("COALESCE(api_key_id, oauth_client_id, brand_id)", persisted=True))
    hash: Mapped[str]
    """SHA-256 of the text in UTF-8, 64 hexadecimal digits in lower case."""
    document: Mapped[str]
    operation_names: Mapped[Texts] = mapped_column(server_default=text("'{}'"))


protect(
    TrustedDocument,
    staff=Rule(OF_THEIR_ADMINS),
    partner=Rule(OF_THEIR_PARTNER_ADMINS),
    explain=ADMINS,
)
