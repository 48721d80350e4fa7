"""Trusted documents per client, and the origins that browsers may call a portal from."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"

RESTRICTED = "restricted_to_trusted_documents"
CLIENTS = ("api_key", "oauth_client", "brand")


def upgrade() -> None:
    for table in CLIENTS:
        op.add_column(table, sa.Column(RESTRICTED, sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column(
        "brand",
        sa.Column("allowed_origins", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
    )
    op.create_table(
        "trusted_document",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("organization_id", sa.UUID(), nullable=True),
        sa.Column("api_key_id", sa.UUID(), nullable=True),
        sa.Column("oauth_client_id", sa.UUID(), nullable=True),
        sa.Column("brand_id", sa.UUID(), nullable=True),
        sa.Column(
            "client_id",
            sa.UUID(),
            sa.Computed("COALESCE(api_key_id, oauth_client_id, brand_id)", persisted=True),
            nullable=False,
        ),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("operation_names", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "num_nonnulls(api_key_id, oauth_client_id, brand_id) = 1", name=op.f("ck_trusted_document_client")
        ),
        sa.CheckConstraint(
            "hash = encode(sha256(convert_to(document, 'UTF8')), 'hex')", name=op.f("ck_trusted_document_hash")
        ),
        sa.ForeignKeyConstraint(["api_key_id"], ["api_key.id"], name=op.f("fk_trusted_document_api_key_id")),
        sa.ForeignKeyConstraint(["brand_id"], ["brand.id"], name=op.f("fk_trusted_document_brand_id")),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_trusted_document_entity_id")),
        sa.ForeignKeyConstraint(
            ["oauth_client_id"], ["oauth_client.id"], name=op.f("fk_trusted_document_oauth_client_id")
        ),
        sa.ForeignKeyConstraint(["organization_id"], ["contact.id"], name=op.f("fk_trusted_document_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trusted_document")),
        sa.UniqueConstraint("client_id", "hash", name=op.f("uq_trusted_document_client_id_hash")),
    )
    op.create_index("ix_trusted_document_entity_newest", "trusted_document", ["entity_id", "created_at", "id"])
    op.create_index("ix_trusted_document_newest", "trusted_document", ["created_at", "id"])
    op.create_index(op.f("ix_trusted_document_organization_id"), "trusted_document", ["organization_id"])


def downgrade() -> None:
    op.drop_table("trusted_document")
    op.drop_column("brand", "allowed_origins")
    for table in CLIENTS:
        op.drop_column(table, RESTRICTED)
