"""Bulk export and import."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0044"
down_revision = "0043"

_SUBJECTS = "'ORDERS', 'QUOTES', 'CONTACTS', 'INVOICES', 'PARTNER_ORDERS', 'PARTNER_SKUS', 'PRICES', 'EVENTS'"
_STATES = "'UPLOADING', 'QUEUED', 'RUNNING', 'DONE', 'FAILED', 'CANCELLED', 'UNDOING', 'UNDONE'"


def upgrade() -> None:
    op.create_table(
        "bulk_operation",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("organization_id", sa.UUID(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column(
            "options", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column("state", sa.Text(), server_default="QUEUED", nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=True),
        sa.Column("position", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("failed", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("undone", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("pieces", sa.Integer(), server_default="0", nullable=False),
        sa.Column("cursor", sa.UUID(), nullable=True),
        sa.Column("job_id", sa.UUID(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("user_id", sa.UUID(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("files_gone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("kind IN ('EXPORT', 'IMPORT')", name=op.f("ck_bulk_operation_kind")),
        sa.CheckConstraint(f"subject IN ({_SUBJECTS})", name=op.f("ck_bulk_operation_subject")),
        sa.CheckConstraint(f"state IN ({_STATES})", name=op.f("ck_bulk_operation_state")),
        sa.CheckConstraint("position >= 0 AND failed >= 0 AND undone >= 0", name=op.f("ck_bulk_operation_counts")),
        sa.CheckConstraint("failed <= position", name=op.f("ck_bulk_operation_failed")),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_bulk_operation_entity_id")),
        sa.ForeignKeyConstraint(["organization_id"], ["contact.id"], name=op.f("fk_bulk_operation_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulk_operation")),
    )
    op.create_index("ix_bulk_operation_entity_newest", "bulk_operation", ["entity_id", "created_at", "id"])
    op.create_index("ix_bulk_operation_organization_newest", "bulk_operation", ["organization_id", "created_at", "id"])
    op.create_index("ix_bulk_operation_newest", "bulk_operation", ["created_at", "id"])
    op.create_index(
        "ix_bulk_operation_expires_at",
        "bulk_operation",
        ["expires_at"],
        postgresql_where=sa.text("files_gone_at IS NULL"),
    )
    op.create_table(
        "bulk_piece",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("operation_id", sa.UUID(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("lines", sa.Integer(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "role IN ('INPUT', 'RESULT', 'ERRORS', 'UNDO', 'UNDO_RESULT')", name=op.f("ck_bulk_piece_role")
        ),
        sa.CheckConstraint("number >= 0 AND lines >= 0", name=op.f("ck_bulk_piece_counts")),
        sa.ForeignKeyConstraint(
            ["operation_id"], ["bulk_operation.id"], name=op.f("fk_bulk_piece_operation_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulk_piece")),
        sa.UniqueConstraint("operation_id", "role", "number", name=op.f("uq_bulk_piece_operation_id_role_number")),
    )


def downgrade() -> None:
    op.drop_table("bulk_piece")
    op.drop_table("bulk_operation")
