"""What was told to accounting packages, and whether both sides agree; audit files."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0028"
down_revision = "0027"

_TABLES = ("audit_file", "accounting_reconciliation", "accounting_record", "accounting_connection")


def upgrade() -> None:
    op.create_table(
        "accounting_connection",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("package", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="UNTESTED", nullable=False),
        sa.Column("administration", sa.Text(), server_default="", nullable=False),
        sa.Column("administration_name", sa.Text(), server_default="", nullable=False),
        sa.Column("credentials", sa.LargeBinary(), nullable=False),
        sa.Column(
            "mapping", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column(
            "catalogue", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("with_payments", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("tested_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("synced_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resume_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease", sa.UUID(), nullable=True),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("package IN ('MONEYBIRD', 'SNELSTART')", name=op.f("ck_accounting_connection_package")),
        sa.CheckConstraint(
            "state IN ('UNTESTED', 'ACTIVE', 'PAUSED', 'REFUSED')", name=op.f("ck_accounting_connection_state")
        ),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_accounting_connection_entity_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounting_connection")),
        sa.UniqueConstraint("entity_id", "package", name=op.f("uq_accounting_connection_entity_id_package")),
    )
    op.create_index(
        "ix_accounting_connection_entity_newest",
        "accounting_connection",
        ["entity_id", "created_at", "id"],
        unique=False,
    )
    op.create_index("ix_accounting_connection_newest", "accounting_connection", ["created_at", "id"], unique=False)
    op.create_table(
        "accounting_record",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("connection_id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("subject_id", sa.UUID(), nullable=False),
        sa.Column("part_id", sa.UUID(), nullable=True),
        sa.Column("contact_id", sa.UUID(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("booked_on", sa.Date(), nullable=False),
        sa.Column("currency", sa.Text(), server_default="EUR", nullable=False),
        sa.Column("gross_cents", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("depends_on_id", sa.UUID(), nullable=True),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("content_hash", sa.Text(), nullable=True),
        sa.Column("difference_cents", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("state", sa.Text(), server_default="PENDING", nullable=False),
        sa.Column("uncertain", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=True),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "(state = 'FAILED') = (code IS NOT NULL AND next_attempt_at IS NULL)",
            name=op.f("ck_accounting_record_failed"),
        ),
        sa.CheckConstraint(
            "kind IN ('CONTACT', 'INVOICE', 'CREDIT_NOTE', 'SELF_BILLING', 'SELF_BILLING_CREDIT', 'PAYMENT')",
            name=op.f("ck_accounting_record_kind"),
        ),
        sa.CheckConstraint("state <> 'DONE' OR external_id IS NOT NULL", name=op.f("ck_accounting_record_done")),
        sa.CheckConstraint(
            "state IN ('PENDING', 'SENDING', 'DONE', 'FAILED')", name=op.f("ck_accounting_record_state")
        ),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["accounting_connection.id"], name=op.f("fk_accounting_record_connection_id")
        ),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name=op.f("fk_accounting_record_contact_id")),
        sa.ForeignKeyConstraint(
            ["depends_on_id"], ["accounting_record.id"], name=op.f("fk_accounting_record_depends_on_id")
        ),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_accounting_record_entity_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounting_record")),
        sa.UniqueConstraint(
            "connection_id",
            "kind",
            "subject_id",
            "part_id",
            name=op.f("uq_accounting_record_connection_id_kind_subject_id_part_id"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_index(
        "ix_accounting_record_connection_newest",
        "accounting_record",
        ["connection_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        "ix_accounting_record_due",
        "accounting_record",
        ["connection_id", "rank", "booked_on", "reference"],
        unique=False,
        postgresql_where=sa.text("state IN ('PENDING', 'SENDING')"),
    )
    op.create_index(
        "ix_accounting_record_entity_newest", "accounting_record", ["entity_id", "created_at", "id"], unique=False
    )
    op.create_index("ix_accounting_record_month", "accounting_record", ["connection_id", "booked_on"], unique=False)
    op.create_index("ix_accounting_record_newest", "accounting_record", ["created_at", "id"], unique=False)
    op.create_index("ix_accounting_record_subject", "accounting_record", ["subject_id"], unique=False)
    op.create_table(
        "accounting_reconciliation",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("connection_id", sa.UUID(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("count_here", sa.Integer(), nullable=False),
        sa.Column("count_there", sa.Integer(), nullable=False),
        sa.Column("gross_cents_here", sa.BigInteger(), nullable=False),
        sa.Column("gross_cents_there", sa.BigInteger(), nullable=False),
        sa.Column("paid_cents_here", sa.BigInteger(), nullable=False),
        sa.Column("paid_cents_there", sa.BigInteger(), nullable=False),
        sa.Column(
            "missing", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'::jsonb"), nullable=False
        ),
        sa.Column(
            "unknown", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'::jsonb"), nullable=False
        ),
        sa.Column(
            "different", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'::jsonb"), nullable=False
        ),
        sa.Column("agrees", sa.Boolean(), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("side IN ('SALES', 'PURCHASES')", name=op.f("ck_accounting_reconciliation_side")),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["accounting_connection.id"], name=op.f("fk_accounting_reconciliation_connection_id")
        ),
        sa.ForeignKeyConstraint(
            ["entity_id"], ["business_entity.id"], name=op.f("fk_accounting_reconciliation_entity_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounting_reconciliation")),
        sa.UniqueConstraint(
            "connection_id", "month", "side", name=op.f("uq_accounting_reconciliation_connection_id_month_side")
        ),
    )
    op.create_index(
        "ix_accounting_reconciliation_entity_newest",
        "accounting_reconciliation",
        ["entity_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        "ix_accounting_reconciliation_newest", "accounting_reconciliation", ["created_at", "id"], unique=False
    )
    op.create_table(
        "audit_file",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), server_default="REQUESTED", nullable=False),
        sa.Column("job_id", sa.UUID(), nullable=True),
        sa.Column("document_id", sa.UUID(), nullable=True),
        sa.Column("lines", sa.Integer(), nullable=True),
        sa.Column("debit_cents", sa.BigInteger(), nullable=True),
        sa.Column("credit_cents", sa.BigInteger(), nullable=True),
        sa.Column("requested_by", sa.UUID(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("(state = 'MADE') = (document_id IS NOT NULL)", name=op.f("ck_audit_file_document")),
        sa.CheckConstraint("state IN ('REQUESTED', 'MADE')", name=op.f("ck_audit_file_state")),
        sa.CheckConstraint("year BETWEEN 2000 AND 2199", name=op.f("ck_audit_file_year")),
        sa.ForeignKeyConstraint(["document_id"], ["document.id"], name=op.f("fk_audit_file_document_id")),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_audit_file_entity_id")),
        sa.ForeignKeyConstraint(["requested_by"], ["user_account.id"], name=op.f("fk_audit_file_requested_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_file")),
    )
    op.create_index("ix_audit_file_entity_newest", "audit_file", ["entity_id", "created_at", "id"], unique=False)
    op.create_index("ix_audit_file_newest", "audit_file", ["created_at", "id"], unique=False)


def downgrade() -> None:
    for table in _TABLES:
        op.drop_table(table)
