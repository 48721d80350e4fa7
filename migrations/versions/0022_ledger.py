"""Ledger: accounts, entries and their lines, periods, rates between entities."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    _accounts()
    _entries()
    _lines()
    _periods()
    _rates()


def _accounts() -> None:
    op.create_table(
        "ledger_account",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name_nl", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("rgs_code", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "role IN ('RECEIVABLE', 'BANK', 'CASH', 'PROVIDER_CLEARING', 'TRANSIT', 'SUSPENSE', 'UNBILLED', 'VAT_INPUT', 'INTERCOMPANY_RECEIVABLE', 'RESULT', 'DEFERRED_REVENUE', 'VAT_STANDARD', 'VAT_REDUCED', 'PAYABLE', 'COMMISSION_ACCRUED', 'COMMISSION_PAYABLE', 'WALLET', 'INTERCOMPANY_PAYABLE', 'REVENUE_CHARGING_STATION', 'REVENUE_CABLE_ACCESSORY', 'REVENUE_MOUNTING_POLE', 'REVENUE_INSTALLATION_SERVICE', 'REVENUE_METER_BOX_MODULE', 'REVENUE_SMART_METER_OCPP', 'REVENUE_OTHER', 'DUNNING_INCOME', 'INTERCOMPANY_REVENUE', 'COMMISSION_EXPENSE', 'INTERCOMPANY_COST', 'BAD_DEBT', 'ROUNDING', 'PROVIDER_FEES')",
            name=op.f("ck_ledger_account_role"),
        ),
        sa.CheckConstraint(
            "type IN ('ASSET', 'LIABILITY', 'EQUITY', 'REVENUE', 'EXPENSE')", name=op.f("ck_ledger_account_type")
        ),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_ledger_account_entity_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_account")),
        sa.UniqueConstraint("entity_id", "code", name=op.f("uq_ledger_account_entity_id_code")),
        sa.UniqueConstraint("entity_id", "role", name=op.f("uq_ledger_account_entity_id_role")),
    )
    op.create_index("ix_ledger_account_code", "ledger_account", ["code", "id"])
    op.create_index("ix_ledger_account_newest", "ledger_account", ["created_at", "id"])


def _entries() -> None:
    op.create_table(
        "journal_entry",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("number", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("booked_on", sa.Date(), nullable=False),
        sa.Column("currency", sa.Text(), server_default="EUR", nullable=False),
        sa.Column("text", sa.Text(), server_default="", nullable=False),
        sa.Column("source_type", sa.Text(), nullable=False),
        sa.Column("source_id", sa.UUID(), nullable=False),
        sa.Column("reverses_id", sa.UUID(), nullable=True),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("transaction_id", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("recorded_by", sa.UUID(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("booked_on BETWEEN '2000-01-01' AND '2199-12-31'", name=op.f("ck_journal_entry_booked_on")),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name=op.f("ck_journal_entry_currency")),
        sa.CheckConstraint(
            "kind IN ('INVOICE', 'CREDIT_NOTE', 'SELF_BILLING', 'RECOGNITION', 'PAYMENT', 'REFUND', 'PAYOUT', 'WALLET', 'BANK', 'FEE', 'COMMISSION', 'WRITE_OFF', 'DUNNING', 'INTERCOMPANY', 'SETTLEMENT', 'REVERSAL', 'OPENING')",
            name=op.f("ck_journal_entry_kind"),
        ),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_journal_entry_entity_id")),
        sa.ForeignKeyConstraint(["reverses_id"], ["journal_entry.id"], name=op.f("fk_journal_entry_reverses_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journal_entry")),
        sa.UniqueConstraint("entity_id", "key", name=op.f("uq_journal_entry_entity_id_key")),
        sa.UniqueConstraint("number", name=op.f("uq_journal_entry_number")),
        sa.UniqueConstraint("reverses_id", name=op.f("uq_journal_entry_reverses_id")),
    )
    op.create_index("ix_journal_entry_entity_booked", "journal_entry", ["entity_id", "booked_on", "id"], unique=False)
    op.create_index("ix_journal_entry_entity_newest", "journal_entry", ["entity_id", "created_at", "id"], unique=False)
    op.create_index("ix_journal_entry_newest", "journal_entry", ["created_at", "id"], unique=False)
    op.create_index("ix_journal_entry_source", "journal_entry", ["source_id"], unique=False)
    op.create_index(
        "ix_journal_entry_unsealed",
        "journal_entry",
        ["transaction_id"],
        unique=False,
        postgresql_where=sa.text("number IS NULL"),
    )


def _lines() -> None:
    op.create_table(
        "journal_line",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entry_id", sa.UUID(), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.UUID(), nullable=False),
        sa.Column("debit_cents", sa.BigInteger(), nullable=False),
        sa.Column("credit_cents", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("booked_on", sa.Date(), nullable=False),
        sa.Column("contact_id", sa.UUID(), nullable=True),
        sa.Column("order_id", sa.UUID(), nullable=True),
        sa.Column("line_item_id", sa.UUID(), nullable=True),
        sa.Column("intercompany_entity_id", sa.UUID(), nullable=True),
        sa.CheckConstraint(
            "debit_cents BETWEEN 0 AND 1000000000000000 AND credit_cents BETWEEN 0 AND 1000000000000000 AND (debit_cents = 0) <> (credit_cents = 0)",
            name=op.f("ck_journal_line_amount"),
        ),
        sa.ForeignKeyConstraint(["account_id"], ["ledger_account.id"], name=op.f("fk_journal_line_account_id")),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name=op.f("fk_journal_line_contact_id")),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_journal_line_entity_id")),
        sa.ForeignKeyConstraint(["entry_id"], ["journal_entry.id"], name=op.f("fk_journal_line_entry_id")),
        sa.ForeignKeyConstraint(
            ["intercompany_entity_id"], ["business_entity.id"], name=op.f("fk_journal_line_intercompany_entity_id")
        ),
        sa.ForeignKeyConstraint(["line_item_id"], ["line_item.id"], name=op.f("fk_journal_line_line_item_id")),
        sa.ForeignKeyConstraint(["order_id"], ["order.id"], name=op.f("fk_journal_line_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journal_line")),
        sa.UniqueConstraint("entry_id", "position", name=op.f("uq_journal_line_entry_id_position")),
    )
    op.create_index(
        "ix_journal_line_account",
        "journal_line",
        ["entity_id", "account_id", "booked_on"],
        unique=False,
        postgresql_include=["currency", "debit_cents", "credit_cents", "intercompany_entity_id"],
    )
    op.create_index(
        "ix_journal_line_contact",
        "journal_line",
        ["contact_id", "booked_on"],
        unique=False,
        postgresql_where=sa.text("contact_id IS NOT NULL"),
    )
    op.create_index(
        "ix_journal_line_order",
        "journal_line",
        ["order_id"],
        unique=False,
        postgresql_where=sa.text("order_id IS NOT NULL"),
    )
    op.execute(
        "ALTER TABLE journal_line SET (autovacuum_vacuum_insert_scale_factor = 0.02)"
    )  # sums read the index alone


def _periods() -> None:
    op.create_table(
        "ledger_period",
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.UUID(), nullable=True),
        sa.Column("forced", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.CheckConstraint("EXTRACT(day FROM month) = 1", name=op.f("ck_ledger_period_month")),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_ledger_period_entity_id")),
        sa.PrimaryKeyConstraint("entity_id", "month", name=op.f("pk_ledger_period")),
    )


def _rates() -> None:
    op.create_table(
        "intercompany_rate",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("seller_entity_id", sa.UUID(), nullable=False),
        sa.Column("executing_entity_id", sa.UUID(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("percent", sa.Numeric(precision=5, scale=2), nullable=False),
        sa.Column("valid", postgresql.DATERANGE(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.column("seller_entity_id"), "="),
            (sa.column("executing_entity_id"), "="),
            (sa.column("category"), "="),
            (sa.column("valid"), "&&"),
            using="gist",
            name="one_intercompany_rate_at_a_time",
        ),
        sa.CheckConstraint(
            "category IN ('CHARGING_STATION', 'CABLE_ACCESSORY', 'MOUNTING_POLE', 'INSTALLATION_SERVICE', 'METER_BOX_MODULE', 'SMART_METER_OCPP')",
            name=op.f("ck_intercompany_rate_category"),
        ),
        sa.CheckConstraint("NOT isempty(valid)", name=op.f("ck_intercompany_rate_valid")),
        sa.CheckConstraint("percent BETWEEN 0 AND 100", name=op.f("ck_intercompany_rate_percent")),
        sa.CheckConstraint("seller_entity_id <> executing_entity_id", name=op.f("ck_intercompany_rate_two_entities")),
        sa.ForeignKeyConstraint(
            ["executing_entity_id"], ["business_entity.id"], name=op.f("fk_intercompany_rate_executing_entity_id")
        ),
        sa.ForeignKeyConstraint(
            ["seller_entity_id"], ["business_entity.id"], name=op.f("fk_intercompany_rate_seller_entity_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_intercompany_rate")),
    )
    op.create_index("ix_intercompany_rate_newest", "intercompany_rate", ["created_at", "id"], unique=False)


_FUNCTIONS = (
    "seal_journal_entries",
    "check_journal_lines",
    "stamp_journal_entry",
    "refuse_change_of_journal",
    "ledger_of_new_entity",
    "ensure_ledger_accounts",
    "ledger_open_from",
    "ledger_lock",
)


def downgrade() -> None:
    op.execute("DROP TRIGGER IF EXISTS ledger_of_new_entity ON business_entity")
    for table in ("intercompany_rate", "ledger_period", "journal_line", "journal_entry", "ledger_account"):
        op.drop_table(table)
    for function in _FUNCTIONS:
        op.execute(f"DROP FUNCTION IF EXISTS {function}")
