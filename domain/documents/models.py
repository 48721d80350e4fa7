"""Files that the platform made or was given, kept as they were."""

from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from domain.quotes.models import OWN_CONTACT
from tenants.base import Base, Identified, UUIDs, one_of
from tenants.rls import OF_THE_ENTITY, Rule, protect

LARGEST = 64 * 1024 * 1024


class DocumentKind(StrEnum):
    """What a file is; of each kind a row has one."""

    PDF = "PDF"
    UBL = "UBL"
    """UBL 2.1 in the form of EN 16931."""
    XAF = "XAF"
    """XML Auditfile Financieel."""
    CAMT = "CAMT"
    """A bank statement that was read in."""
    PAIN = "PAIN"
    """Direct debits or payouts for the bank."""
    CSV = "CSV"


class Document(Identified, Base):
    """One file. It never changes (a trigger refuses it); whoever sees the row it is of sees it."""

    __tablename__ = "document"
    __table_args__ = (
        one_of("kind", DocumentKind),
        UniqueConstraint("owner_type", "owner_id", "kind"),
        CheckConstraint(f"size = octet_length(content) AND size BETWEEN 1 AND {LARGEST}", name="size"),
        CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name="sha256"),
        CheckConstraint(
            "file_name !~ '[[:cntrl:]/\\\\]' AND char_length(file_name) BETWEEN 1 AND 200", name="file_name"
        ),
        Index("ix_document_newest", "created_at", "id"),
        Index("ix_document_entity_newest", "entity_id", "created_at", "id"),
        Index("ix_document_contact", "contact_id"),
    )

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    owner_type: Mapped[str]
    """GraphQL type of what it is a document of: `Invoice`."""
    owner_id: Mapped[UUID]
    kind: Mapped[str]
    media_type: Mapped[str]
    file_name: Mapped[str]
    sha256: Mapped[str]
    """In hexadecimal digits."""
    size: Mapped[int] = mapped_column(Integer)
    """In bytes."""
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True, deferred_raiseload=True)
    contact_id: Mapped[UUID | None] = mapped_column(ForeignKey("contact.id"))
    """For whom it is."""
    payer_chain_ids: Mapped[UUIDs] = mapped_column(server_default=text("'{}'"))
    """Partners that see it, as on its owner."""


_TO_PARTNER = "payer_chain_ids && {organizations} AND entity_id = ANY ({entities})"
_TO_CUSTOMER = f"contact_id = {OWN_CONTACT} AND entity_id = ANY ({{entities}})"
_CONTENT = ("content",)
"""Is read by who has a signed link, never by an audience."""
protect(
    Document,
    system_may="SELECT, INSERT",
    staff=Rule(OF_THE_ENTITY, "SELECT, INSERT", write_only=_CONTENT),
    partner=Rule(_TO_PARTNER, hidden=_CONTENT),
    customer=Rule(_TO_CUSTOMER, hidden=_CONTENT),
    explain={
        "staff": "The document is of one of the actor's business entities.",
        "partner": "The document is for the actor's organization or one below it.",
        "customer": "The document is for the actor.",
    },
)
