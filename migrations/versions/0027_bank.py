"""Bank statements, mandates and files for the bank; reminders."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0027"
down_revision = "0026"

_TABLES = (
    "account_statement",
    "dunning_pause",
    "reminder",
    "dunning_policy",
    "match_proposal",
    "bank_match",
    "bank_file_line",
    "bank_file",
    "mandate",
    "bank_transaction",
    "bank_statement",
)


def upgrade() -> None:
    op.create_table(
        "bank_statement",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("iban", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.Column("closed_on", sa.Date(), nullable=False),
        sa.Column("opening_cents", sa.BigInteger(), nullable=False),
        sa.Column("closing_cents", sa.BigInteger(), nullable=False),
        sa.Column("transactions", sa.Integer(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("missing", sa.Text(), nullable=True),
        sa.Column("imported_by", sa.UUID(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("opened_on <= closed_on", name=op.f("ck_bank_statement_days")),
        sa.CheckConstraint("transactions >= 0", name=op.f("ck_bank_statement_transactions")),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_bank_statement_entity_id")),
        sa.ForeignKeyConstraint(["imported_by"], ["user_account.id"], name=op.f("fk_bank_statement_imported_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bank_statement")),
        sa.UniqueConstraint("entity_id", "digest", name=op.f("uq_bank_statement_entity_id_digest")),
        sa.UniqueConstraint(
            "entity_id",
            "iban",
            "reference",
            "closed_on",
            name=op.f("uq_bank_statement_entity_id_iban_reference_closed_on"),
        ),
    )
    op.create_index("ix_bank_statement_account", "bank_statement", ["entity_id", "iban", "closed_on"], unique=False)
    op.create_index(
        "ix_bank_statement_entity_newest", "bank_statement", ["entity_id", "created_at", "id"], unique=False
    )
    op.create_index("ix_bank_statement_newest", "bank_statement", ["created_at", "id"], unique=False)
    op.create_table(
        "bank_transaction",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("statement_id", sa.UUID(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("identity", sa.Text(), nullable=False),
        sa.Column("booked_on", sa.Date(), nullable=False),
        sa.Column("valued_on", sa.Date(), nullable=False),
        sa.Column("amount_cents", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="UNMATCHED", nullable=False),
        sa.Column("counterparty_name", sa.Text(), nullable=True),
        sa.Column("counterparty_iban", sa.Text(), nullable=True),
        sa.Column("counterparty_bic", sa.Text(), nullable=True),
        sa.Column("end_to_end_id", sa.Text(), nullable=True),
        sa.Column("mandate_reference", sa.Text(), nullable=True),
        sa.Column("creditor_reference", sa.Text(), nullable=True),
        sa.Column("remittance", sa.Text(), server_default="", nullable=False),
        sa.Column("bank_reference", sa.Text(), nullable=True),
        sa.Column("batch_reference", sa.Text(), nullable=True),
        sa.Column("batch_count", sa.Integer(), nullable=True),
        sa.Column("return_reason", sa.Text(), nullable=True),
        sa.Column("bank_code", sa.Text(), server_default="", nullable=False),
        sa.Column("suspense_entry_id", sa.UUID(), nullable=True),
        sa.Column("round", sa.Integer(), server_default="1", nullable=False),
        sa.Column("ignored_reason", sa.Text(), nullable=True),
        sa.Column("matched_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "(state = 'IGNORED') = (ignored_reason IS NOT NULL)", name=op.f("ck_bank_transaction_ignored")
        ),
        sa.CheckConstraint(
            "kind IN ('TRANSFER', 'DIRECT_DEBIT', 'RETURN', 'PROVIDER_PAYOUT', 'CHARGE')",
            name=op.f("ck_bank_transaction_kind"),
        ),
        sa.CheckConstraint(
            "state IN ('UNMATCHED', 'PROPOSED', 'MATCHED', 'IGNORED')", name=op.f("ck_bank_transaction_state")
        ),
        sa.CheckConstraint("amount_cents <> 0", name=op.f("ck_bank_transaction_amount")),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_bank_transaction_entity_id")),
        sa.ForeignKeyConstraint(["statement_id"], ["bank_statement.id"], name=op.f("fk_bank_transaction_statement_id")),
        sa.ForeignKeyConstraint(
            ["suspense_entry_id"], ["journal_entry.id"], name=op.f("fk_bank_transaction_suspense_entry_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bank_transaction")),
        sa.UniqueConstraint("entity_id", "identity", name=op.f("uq_bank_transaction_entity_id_identity")),
    )
    op.create_index(
        "ix_bank_transaction_entity_newest", "bank_transaction", ["entity_id", "created_at", "id"], unique=False
    )
    op.create_index(
        "ix_bank_transaction_entity_state", "bank_transaction", ["entity_id", "state", "created_at", "id"], unique=False
    )
    op.create_index("ix_bank_transaction_newest", "bank_transaction", ["created_at", "id"], unique=False)
    op.create_index("ix_bank_transaction_statement", "bank_transaction", ["statement_id", "position"], unique=False)
    op.create_table(
        "mandate",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("contact_id", sa.UUID(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("scheme", sa.Text(), nullable=False),
        sa.Column("use", sa.Text(), nullable=False),
        sa.Column("iban", sa.Text(), nullable=False),
        sa.Column("bic", sa.Text(), nullable=True),
        sa.Column("account_holder", sa.Text(), nullable=False),
        sa.Column("signed_on", sa.Date(), nullable=False),
        sa.Column("state", sa.Text(), server_default="ACTIVE", nullable=False),
        sa.Column("last_collected_on", sa.Date(), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoke_reason", sa.Text(), nullable=True),
        sa.Column("registered_by", sa.UUID(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("(state = 'REVOKED') = (revoked_at IS NOT NULL)", name=op.f("ck_mandate_revoked")),
        sa.CheckConstraint("scheme IN ('CORE', 'B2B')", name=op.f("ck_mandate_scheme")),
        sa.CheckConstraint("state IN ('ACTIVE', 'REVOKED')", name=op.f("ck_mandate_state")),
        sa.CheckConstraint("use IN ('RECURRENT', 'ONE_OFF')", name=op.f("ck_mandate_use")),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name=op.f("fk_mandate_contact_id")),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_mandate_entity_id")),
        sa.ForeignKeyConstraint(["registered_by"], ["user_account.id"], name=op.f("fk_mandate_registered_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mandate")),
        sa.UniqueConstraint("entity_id", "reference", name=op.f("uq_mandate_entity_id_reference")),
    )
    op.create_index("ix_mandate_contact", "mandate", ["contact_id"], unique=False)
    op.create_index("ix_mandate_entity_newest", "mandate", ["entity_id", "created_at", "id"], unique=False)
    op.create_index("ix_mandate_newest", "mandate", ["created_at", "id"], unique=False)
    op.create_index(
        "uq_mandate_in_force",
        "mandate",
        ["entity_id", "contact_id", "scheme"],
        unique=True,
        postgresql_where=sa.text("state = 'ACTIVE' AND use = 'RECURRENT'"),
    )
    op.create_table(
        "bank_file",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("scheme", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), server_default="CREATED", nullable=False),
        sa.Column("executes_on", sa.Date(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("lines", sa.Integer(), nullable=False),
        sa.Column("total_cents", sa.BigInteger(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("made_by", sa.UUID(), nullable=True),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancelled_by", sa.UUID(), nullable=True),
        sa.Column("cancel_reason", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("(state = 'CANCELLED') = (cancelled_at IS NOT NULL)", name=op.f("ck_bank_file_cancelled")),
        sa.CheckConstraint("kind IN ('DIRECT_DEBIT', 'PAYOUT')", name=op.f("ck_bank_file_kind")),
        sa.CheckConstraint("state IN ('CREATED', 'SETTLED', 'CANCELLED')", name=op.f("ck_bank_file_state")),
        sa.CheckConstraint("lines > 0 AND total_cents > 0", name=op.f("ck_bank_file_totals")),
        sa.ForeignKeyConstraint(["cancelled_by"], ["user_account.id"], name=op.f("fk_bank_file_cancelled_by")),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_bank_file_entity_id")),
        sa.ForeignKeyConstraint(["made_by"], ["user_account.id"], name=op.f("fk_bank_file_made_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bank_file")),
        sa.UniqueConstraint("entity_id", "number", name=op.f("uq_bank_file_entity_id_number")),
    )
    op.create_index("ix_bank_file_entity_newest", "bank_file", ["entity_id", "created_at", "id"], unique=False)
    op.create_index("ix_bank_file_newest", "bank_file", ["created_at", "id"], unique=False)
    op.create_table(
        "bank_file_line",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("file_id", sa.UUID(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("invoice_id", sa.UUID(), nullable=True),
        sa.Column("refund_id", sa.UUID(), nullable=True),
        sa.Column("mandate_id", sa.UUID(), nullable=True),
        sa.Column("sequence_type", sa.Text(), nullable=True),
        sa.Column("contact_id", sa.UUID(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("iban", sa.Text(), nullable=False),
        sa.Column("amount_cents", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("end_to_end_id", sa.Text(), nullable=False),
        sa.Column("block", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="PENDING", nullable=False),
        sa.Column("return_reason", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "state IN ('PENDING', 'SETTLED', 'RETURNED', 'CANCELLED')", name=op.f("ck_bank_file_line_state")
        ),
        sa.CheckConstraint("amount_cents > 0", name=op.f("ck_bank_file_line_amount")),
        sa.CheckConstraint("num_nonnulls(invoice_id, refund_id) = 1", name=op.f("ck_bank_file_line_what_for")),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name=op.f("fk_bank_file_line_contact_id")),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_bank_file_line_entity_id")),
        sa.ForeignKeyConstraint(["file_id"], ["bank_file.id"], name=op.f("fk_bank_file_line_file_id")),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoice.id"], name=op.f("fk_bank_file_line_invoice_id")),
        sa.ForeignKeyConstraint(["mandate_id"], ["mandate.id"], name=op.f("fk_bank_file_line_mandate_id")),
        sa.ForeignKeyConstraint(["refund_id"], ["payment.id"], name=op.f("fk_bank_file_line_refund_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bank_file_line")),
        sa.UniqueConstraint("entity_id", "end_to_end_id", name=op.f("uq_bank_file_line_entity_id_end_to_end_id")),
    )
    op.create_index("ix_bank_file_line_contact", "bank_file_line", ["contact_id"], unique=False)
    op.create_index(op.f("ix_bank_file_line_entity_id"), "bank_file_line", ["entity_id"], unique=False)
    op.create_index("ix_bank_file_line_file", "bank_file_line", ["file_id", "position"], unique=False)
    op.create_index("ix_bank_file_line_mandate", "bank_file_line", ["mandate_id"], unique=False)
    op.create_index(
        "uq_bank_file_line_invoice",
        "bank_file_line",
        ["invoice_id"],
        unique=True,
        postgresql_where=sa.text("state = 'PENDING'"),
    )
    op.create_index(
        "uq_bank_file_line_refund",
        "bank_file_line",
        ["refund_id"],
        unique=True,
        postgresql_where=sa.text("state = 'PENDING'"),
    )
    op.create_table(
        "bank_match",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("transaction_id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("amount_cents", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("invoice_id", sa.UUID(), nullable=True),
        sa.Column("payment_id", sa.UUID(), nullable=True),
        sa.Column("file_line_id", sa.UUID(), nullable=True),
        sa.Column("entry_id", sa.UUID(), nullable=True),
        sa.Column("account_role", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("automatic", sa.Boolean(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("matched_by", sa.UUID(), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_by", sa.UUID(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "kind IN ('INVOICE', 'WALLET', 'LEDGER', 'PROVIDER_PAYOUT', 'FILE', 'RETURN')",
            name=op.f("ck_bank_match_kind"),
        ),
        sa.CheckConstraint("amount_cents <> 0", name=op.f("ck_bank_match_amount")),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_bank_match_entity_id")),
        sa.ForeignKeyConstraint(["entry_id"], ["journal_entry.id"], name=op.f("fk_bank_match_entry_id")),
        sa.ForeignKeyConstraint(["file_line_id"], ["bank_file_line.id"], name=op.f("fk_bank_match_file_line_id")),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoice.id"], name=op.f("fk_bank_match_invoice_id")),
        sa.ForeignKeyConstraint(["matched_by"], ["user_account.id"], name=op.f("fk_bank_match_matched_by")),
        sa.ForeignKeyConstraint(["payment_id"], ["payment.id"], name=op.f("fk_bank_match_payment_id")),
        sa.ForeignKeyConstraint(["transaction_id"], ["bank_transaction.id"], name=op.f("fk_bank_match_transaction_id")),
        sa.ForeignKeyConstraint(["undone_by"], ["user_account.id"], name=op.f("fk_bank_match_undone_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bank_match")),
    )
    op.create_index(op.f("ix_bank_match_entity_id"), "bank_match", ["entity_id"], unique=False)
    op.create_index("ix_bank_match_invoice", "bank_match", ["invoice_id"], unique=False)
    op.create_index("ix_bank_match_payment", "bank_match", ["payment_id"], unique=False)
    op.create_index("ix_bank_match_transaction", "bank_match", ["transaction_id"], unique=False)
    op.create_table(
        "match_proposal",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("transaction_id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("invoice_ids", postgresql.ARRAY(sa.UUID()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("reasons", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("amount_cents", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="OPEN", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("kind IN ('INVOICE', 'PROVIDER_PAYOUT')", name=op.f("ck_match_proposal_kind")),
        sa.CheckConstraint("state IN ('OPEN', 'ACCEPTED', 'REJECTED')", name=op.f("ck_match_proposal_state")),
        sa.CheckConstraint("score BETWEEN 1 AND 100", name=op.f("ck_match_proposal_score")),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_match_proposal_entity_id")),
        sa.ForeignKeyConstraint(
            ["transaction_id"], ["bank_transaction.id"], name=op.f("fk_match_proposal_transaction_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_match_proposal")),
    )
    op.create_index(
        "ix_match_proposal_entity_newest", "match_proposal", ["entity_id", "created_at", "id"], unique=False
    )
    op.create_index("ix_match_proposal_newest", "match_proposal", ["created_at", "id"], unique=False)
    op.create_index("ix_match_proposal_transaction", "match_proposal", ["transaction_id"], unique=False)
    op.create_table(
        "dunning_policy",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("steps", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("minimum_cents", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("collection_costs", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("interest", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("minimum_cents >= 0", name=op.f("ck_dunning_policy_minimum")),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_dunning_policy_entity_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dunning_policy")),
        sa.UniqueConstraint("entity_id", name=op.f("uq_dunning_policy_entity_id")),
    )
    op.create_index("ix_dunning_policy_newest", "dunning_policy", ["created_at", "id"], unique=False)
    op.create_table(
        "reminder",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("invoice_id", sa.UUID(), nullable=False),
        sa.Column("contact_id", sa.UUID(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("sent_on", sa.Date(), nullable=False),
        sa.Column("pay_before", sa.Date(), nullable=False),
        sa.Column("open_cents", sa.BigInteger(), nullable=False),
        sa.Column("interest_cents", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("costs_cents", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("costs_due", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=True),
        sa.Column("sent_by", sa.UUID(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("kind IN ('REMINDER', 'DEMAND', 'FINAL')", name=op.f("ck_reminder_kind")),
        sa.CheckConstraint(
            "open_cents > 0 AND interest_cents >= 0 AND costs_cents >= 0", name=op.f("ck_reminder_amounts")
        ),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name=op.f("fk_reminder_contact_id")),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_reminder_entity_id")),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoice.id"], name=op.f("fk_reminder_invoice_id")),
        sa.ForeignKeyConstraint(["sent_by"], ["user_account.id"], name=op.f("fk_reminder_sent_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reminder")),
    )
    op.create_index("ix_reminder_contact", "reminder", ["contact_id"], unique=False)
    op.create_index("ix_reminder_entity_newest", "reminder", ["entity_id", "created_at", "id"], unique=False)
    op.create_index("ix_reminder_invoice", "reminder", ["invoice_id", "sent_on"], unique=False)
    op.create_index("ix_reminder_newest", "reminder", ["created_at", "id"], unique=False)
    op.create_index(
        "uq_reminder_step",
        "reminder",
        ["invoice_id", "step"],
        unique=True,
        postgresql_where=sa.text("step IS NOT NULL"),
    )
    op.create_table(
        "dunning_pause",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("invoice_id", sa.UUID(), nullable=True),
        sa.Column("contact_id", sa.UUID(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("paused_by", sa.UUID(), nullable=True),
        sa.Column("lifted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lifted_by", sa.UUID(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("reason = 'DISPUTED' OR until IS NOT NULL", name=op.f("ck_dunning_pause_until")),
        sa.CheckConstraint("reason IN ('DISPUTED', 'AGREED', 'OTHER')", name=op.f("ck_dunning_pause_reason")),
        sa.CheckConstraint("num_nonnulls(invoice_id, contact_id) = 1", name=op.f("ck_dunning_pause_what")),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name=op.f("fk_dunning_pause_contact_id")),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_dunning_pause_entity_id")),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoice.id"], name=op.f("fk_dunning_pause_invoice_id")),
        sa.ForeignKeyConstraint(["lifted_by"], ["user_account.id"], name=op.f("fk_dunning_pause_lifted_by")),
        sa.ForeignKeyConstraint(["paused_by"], ["user_account.id"], name=op.f("fk_dunning_pause_paused_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dunning_pause")),
    )
    op.create_index("ix_dunning_pause_contact", "dunning_pause", ["contact_id"], unique=False)
    op.create_index("ix_dunning_pause_entity_newest", "dunning_pause", ["entity_id", "created_at", "id"], unique=False)
    op.create_index("ix_dunning_pause_invoice", "dunning_pause", ["invoice_id"], unique=False)
    op.create_index("ix_dunning_pause_newest", "dunning_pause", ["created_at", "id"], unique=False)
    op.create_table(
        "account_statement",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("contact_id", sa.UUID(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=True),
        sa.Column("requested_by", sa.UUID(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("since <= until", name=op.f("ck_account_statement_period")),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name=op.f("fk_account_statement_contact_id")),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_account_statement_entity_id")),
        sa.ForeignKeyConstraint(["requested_by"], ["user_account.id"], name=op.f("fk_account_statement_requested_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_statement")),
    )
    op.create_index("ix_account_statement_contact", "account_statement", ["contact_id"], unique=False)
    op.create_index(
        "ix_account_statement_entity_newest", "account_statement", ["entity_id", "created_at", "id"], unique=False
    )
    op.create_index("ix_account_statement_newest", "account_statement", ["created_at", "id"], unique=False)


def downgrade() -> None:
    for table in _TABLES:
        op.drop_table(table)
