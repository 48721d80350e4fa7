"""Documents of invoices and files for banks and tax authorities; mail with documents attached."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    op.create_table(
        "document",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("owner_type", sa.Text(), nullable=False),
        sa.Column("owner_id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("contact_id", sa.UUID(), nullable=True),
        sa.Column("payer_chain_ids", postgresql.ARRAY(sa.UUID()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("kind IN ('PDF', 'UBL', 'XAF', 'CAMT', 'PAIN', 'CSV')", name=op.f("ck_document_kind")),
        sa.CheckConstraint(
            "size = octet_length(content) AND size BETWEEN 1 AND 67108864", name=op.f("ck_document_size")
        ),
        sa.CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name=op.f("ck_document_sha256")),
        sa.CheckConstraint(
            "file_name !~ '[[:cntrl:]/\\\\]' AND char_length(file_name) BETWEEN 1 AND 200",
            name=op.f("ck_document_file_name"),
        ),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_document_entity_id")),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name=op.f("fk_document_contact_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document")),
        sa.UniqueConstraint("owner_type", "owner_id", "kind", name=op.f("uq_document_owner_type_owner_id_kind")),
    )
    op.create_index("ix_document_newest", "document", ["created_at", "id"])
    op.create_index("ix_document_entity_newest", "document", ["entity_id", "created_at", "id"])
    op.create_index("ix_document_contact", "document", ["contact_id"])
    # PDF and XML that was compressed, or is small: PostgreSQL's own compression would only cost time on the first.
    op.execute("ALTER TABLE document ALTER COLUMN content SET STORAGE EXTERNAL")
    op.execute(
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON document FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )
    op.add_column(
        "mail_message",
        sa.Column("attachment_ids", postgresql.ARRAY(sa.UUID()), server_default=sa.text("'{}'"), nullable=False),
    )


def downgrade() -> None:
    op.drop_column("mail_message", "attachment_ids")
    op.drop_table("document")
