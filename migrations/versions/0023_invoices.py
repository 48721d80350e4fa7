"""Invoices, their lines, what of an order was billed to whom, and how contacts are invoiced."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0023"
down_revision = "0022"

FREE = {
    "invoice": ("status", "paid_cents", "credited_cents", "written_off_cents", "open_cents", "updated_at"),
    "invoice_line": ("credited_net_cents", "credited_vat_cents", "credited_quantity", "recognized_at"),
    "billing_part": ("state", "due_month", "invoice_id", "updated_at"),
}
"""What may still change of an issued invoice; `open_cents` is generated, and not known yet where a trigger looks."""

TABLES = ("billing_profile", "invoice", "invoice_line", "billing_part", "invoice_run", "invoice_run_order")


def upgrade() -> None:
    op.create_table(
        "billing_profile",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("contact_id", sa.UUID(), nullable=False),
        sa.Column("collective", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("invoice_email", sa.Text(), nullable=True),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("purchase_order_required", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("payment_terms_days", sa.Integer(), nullable=True),
        sa.Column("deposit_percent", sa.Numeric(precision=5, scale=2), server_default="0", nullable=False),
        sa.Column(
            "progress_percents",
            postgresql.ARRAY(sa.Numeric(precision=5, scale=2)),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column("vat_treatment", sa.Text(), server_default="AUTOMATIC", nullable=False),
        sa.Column("vat_reason", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("language IN ('nl', 'en')", name=op.f("ck_billing_profile_language")),
        sa.CheckConstraint(
            "vat_treatment = 'AUTOMATIC' OR vat_reason <> ''", name=op.f("ck_billing_profile_vat_reason")
        ),
        sa.CheckConstraint(
            "vat_treatment IN ('AUTOMATIC', 'DOMESTIC', 'REVERSE_CHARGE')",
            name=op.f("ck_billing_profile_vat_treatment"),
        ),
        sa.CheckConstraint("cardinality(progress_percents) <= 10", name=op.f("ck_billing_profile_progress_percents")),
        sa.CheckConstraint("deposit_percent BETWEEN 0 AND 100", name=op.f("ck_billing_profile_deposit_percent")),
        sa.CheckConstraint("invoice_email = lower(invoice_email)", name=op.f("ck_billing_profile_invoice_email_lower")),
        sa.CheckConstraint("payment_terms_days BETWEEN 0 AND 365", name=op.f("ck_billing_profile_payment_terms_days")),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name=op.f("fk_billing_profile_contact_id")),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_billing_profile_entity_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_billing_profile")),
        sa.UniqueConstraint("entity_id", "contact_id", name=op.f("uq_billing_profile_entity_id_contact_id")),
    )
    op.create_index("ix_billing_profile_contact", "billing_profile", ["contact_id"], unique=False)
    op.create_index(
        "ix_billing_profile_entity_newest", "billing_profile", ["entity_id", "created_at", "id"], unique=False
    )
    op.create_index("ix_billing_profile_newest", "billing_profile", ["created_at", "id"], unique=False)
    op.create_table(
        "invoice",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), server_default="ISSUED", nullable=False),
        sa.Column("order_id", sa.UUID(), nullable=True),
        sa.Column("payer_contact_id", sa.UUID(), nullable=False),
        sa.Column("payer_chain_ids", postgresql.ARRAY(sa.UUID()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("seller", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("payer", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("currency", sa.Text(), server_default="EUR", nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("supplied_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("payment_terms_days", sa.Integer(), nullable=False),
        sa.Column("language", sa.Text(), server_default="nl", nullable=False),
        sa.Column("reference", sa.Text(), server_default="", nullable=False),
        sa.Column("payment_reference", sa.Text(), nullable=False),
        sa.Column("net_cents", sa.BigInteger(), nullable=False),
        sa.Column("vat_cents", sa.BigInteger(), nullable=False),
        sa.Column("gross_cents", sa.BigInteger(), nullable=False),
        sa.Column(
            "vat_breakdown",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'::jsonb"),
            nullable=False,
        ),
        sa.Column("credits_invoice_id", sa.UUID(), nullable=True),
        sa.Column("period_month", sa.Date(), nullable=True),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("notes", sa.Text(), server_default="", nullable=False),
        sa.Column("paid_cents", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("credited_cents", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("written_off_cents", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column(
            "open_cents",
            sa.BigInteger(),
            sa.Computed(
                "CASE WHEN kind IN ('CREDIT_NOTE', 'SELF_BILLING_CREDIT') THEN 0 ELSE gross_cents - paid_cents - credited_cents - written_off_cents END",
                persisted=True,
            ),
            nullable=False,
        ),
        sa.Column("sealed_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "CASE WHEN kind IN ('CREDIT_NOTE', 'SELF_BILLING_CREDIT') THEN gross_cents <= 0 ELSE gross_cents >= 0 END",
            name=op.f("ck_invoice_sign"),
        ),
        sa.CheckConstraint("kind <> 'CREDIT_NOTE' OR credits_invoice_id IS NOT NULL", name=op.f("ck_invoice_credits")),
        sa.CheckConstraint(
            "kind IN ('INVOICE', 'CREDIT_NOTE', 'SELF_BILLING', 'SELF_BILLING_CREDIT')", name=op.f("ck_invoice_kind")
        ),
        sa.CheckConstraint("language IN ('nl', 'en')", name=op.f("ck_invoice_language")),
        sa.CheckConstraint(
            "part IN ('DEPOSIT', 'PROGRESS', 'FINAL', 'COLLECTIVE', 'CREDIT', 'COMMISSION')",
            name=op.f("ck_invoice_part"),
        ),
        sa.CheckConstraint(
            "status IN ('ISSUED', 'PARTIALLY_PAID', 'PAID', 'CREDITED', 'WRITTEN_OFF')", name=op.f("ck_invoice_status")
        ),
        sa.CheckConstraint("credited_cents BETWEEN 0 AND greatest(gross_cents, 0)", name=op.f("ck_invoice_credited")),
        sa.CheckConstraint("due_on >= issued_on AND payment_terms_days >= 0", name=op.f("ck_invoice_due")),
        sa.CheckConstraint("net_cents + vat_cents = gross_cents", name=op.f("ck_invoice_sum")),
        sa.CheckConstraint("paid_cents >= 0 AND written_off_cents >= 0", name=op.f("ck_invoice_settled")),
        sa.ForeignKeyConstraint(["credits_invoice_id"], ["invoice.id"], name=op.f("fk_invoice_credits_invoice_id")),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_invoice_entity_id")),
        sa.ForeignKeyConstraint(["order_id"], ["order.id"], name=op.f("fk_invoice_order_id")),
        sa.ForeignKeyConstraint(["payer_contact_id"], ["contact.id"], name=op.f("fk_invoice_payer_contact_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invoice")),
        sa.UniqueConstraint("entity_id", "payment_reference", name=op.f("uq_invoice_entity_id_payment_reference")),
        sa.UniqueConstraint("number", name=op.f("uq_invoice_number")),
    )
    op.create_index(
        "ix_invoice_credits",
        "invoice",
        ["credits_invoice_id"],
        unique=False,
        postgresql_where=sa.text("credits_invoice_id IS NOT NULL"),
    )
    op.create_index(
        "ix_invoice_due",
        "invoice",
        ["entity_id", "due_on", "id"],
        unique=False,
        postgresql_where=sa.text("open_cents <> 0"),
    )
    op.create_index("ix_invoice_entity_issued", "invoice", ["entity_id", "issued_on", "id"], unique=False)
    op.create_index("ix_invoice_entity_newest", "invoice", ["entity_id", "created_at", "id"], unique=False)
    op.create_index("ix_invoice_entity_status", "invoice", ["entity_id", "status", "created_at", "id"], unique=False)
    op.create_index("ix_invoice_newest", "invoice", ["created_at", "id"], unique=False)
    op.create_index("ix_invoice_order", "invoice", ["order_id"], unique=False)
    op.create_index("ix_invoice_payer", "invoice", ["payer_contact_id", "created_at", "id"], unique=False)
    op.create_index("ix_invoice_payer_chain", "invoice", ["payer_chain_ids"], unique=False, postgresql_using="gin")
    op.create_table(
        "invoice_line",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("invoice_id", sa.UUID(), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("line_item_id", sa.UUID(), nullable=True),
        sa.Column("order_id", sa.UUID(), nullable=True),
        sa.Column("credits_line_id", sa.UUID(), nullable=True),
        sa.Column("article_id", sa.UUID(), nullable=True),
        sa.Column("sku", sa.Text(), server_default="", nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Numeric(precision=12, scale=3), nullable=False),
        sa.Column("unit", sa.Text(), server_default="piece", nullable=False),
        sa.Column("unit_price_cents", sa.BigInteger(), nullable=False),
        sa.Column("discount_percent", sa.Numeric(precision=5, scale=2), server_default="0", nullable=False),
        sa.Column("discount_cents", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("vat_class", sa.Text(), nullable=False),
        sa.Column("vat_rate", sa.Numeric(precision=5, scale=2), nullable=False),
        sa.Column("vat_rule", sa.Text(), nullable=False),
        sa.Column("vat_category", sa.Text(), nullable=False),
        sa.Column("net_cents", sa.BigInteger(), nullable=False),
        sa.Column("vat_cents", sa.BigInteger(), nullable=False),
        sa.Column("gross_cents", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), server_default="EUR", nullable=False),
        sa.Column("portion_percent", sa.Numeric(precision=5, scale=2), nullable=True),
        sa.Column("credited_net_cents", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("credited_vat_cents", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("credited_quantity", sa.Numeric(precision=12, scale=3), server_default="0", nullable=False),
        sa.Column("recognized_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "category IN ('CHARGING_STATION', 'CABLE_ACCESSORY', 'MOUNTING_POLE', 'INSTALLATION_SERVICE', 'METER_BOX_MODULE', 'SMART_METER_OCPP', 'COMMISSION', 'OTHER')",
            name=op.f("ck_invoice_line_category"),
        ),
        sa.CheckConstraint(
            "vat_class IN ('STANDARD', 'REDUCED', 'ZERO', 'REVERSE_CHARGE')", name=op.f("ck_invoice_line_vat_class")
        ),
        sa.CheckConstraint(
            "credited_net_cents BETWEEN least(net_cents, 0) AND greatest(net_cents, 0)",
            name=op.f("ck_invoice_line_credited_net"),
        ),
        sa.CheckConstraint(
            "credited_quantity BETWEEN least(quantity, 0) AND greatest(quantity, 0)",
            name=op.f("ck_invoice_line_credited_quantity"),
        ),
        sa.CheckConstraint(
            "credited_vat_cents BETWEEN least(vat_cents, 0) AND greatest(vat_cents, 0)",
            name=op.f("ck_invoice_line_credited_vat"),
        ),
        sa.CheckConstraint("net_cents + vat_cents = gross_cents", name=op.f("ck_invoice_line_sum")),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name=op.f("fk_invoice_line_article_id")),
        sa.ForeignKeyConstraint(["credits_line_id"], ["invoice_line.id"], name=op.f("fk_invoice_line_credits_line_id")),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_invoice_line_entity_id")),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoice.id"], name=op.f("fk_invoice_line_invoice_id")),
        sa.ForeignKeyConstraint(["line_item_id"], ["line_item.id"], name=op.f("fk_invoice_line_line_item_id")),
        sa.ForeignKeyConstraint(["order_id"], ["order.id"], name=op.f("fk_invoice_line_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invoice_line")),
        sa.UniqueConstraint("invoice_id", "position", name=op.f("uq_invoice_line_invoice_id_position")),
    )
    op.create_index(
        "ix_invoice_line_credits",
        "invoice_line",
        ["credits_line_id"],
        unique=False,
        postgresql_where=sa.text("credits_line_id IS NOT NULL"),
    )
    op.create_index(
        "ix_invoice_line_line_item",
        "invoice_line",
        ["line_item_id"],
        unique=False,
        postgresql_where=sa.text("line_item_id IS NOT NULL"),
    )
    op.create_index(
        "ix_invoice_line_order",
        "invoice_line",
        ["order_id"],
        unique=False,
        postgresql_where=sa.text("order_id IS NOT NULL"),
    )
    op.create_table(
        "billing_part",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("order_id", sa.UUID(), nullable=False),
        sa.Column("payer_contact_id", sa.UUID(), nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("step", sa.Integer(), server_default="0", nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("due_month", sa.Date(), nullable=True),
        sa.Column("invoice_id", sa.UUID(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "(state IN ('INVOICED', 'RELEASED')) = (invoice_id IS NOT NULL)", name=op.f("ck_billing_part_invoice")
        ),
        sa.CheckConstraint(
            "part IN ('DEPOSIT', 'PROGRESS', 'FINAL', 'COLLECTIVE', 'CREDIT', 'COMMISSION')",
            name=op.f("ck_billing_part_part"),
        ),
        sa.CheckConstraint(
            "state IN ('WAITING', 'INVOICED', 'NOTHING', 'RELEASED')", name=op.f("ck_billing_part_state")
        ),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_billing_part_entity_id")),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoice.id"], name=op.f("fk_billing_part_invoice_id")),
        sa.ForeignKeyConstraint(["order_id"], ["order.id"], name=op.f("fk_billing_part_order_id")),
        sa.ForeignKeyConstraint(["payer_contact_id"], ["contact.id"], name=op.f("fk_billing_part_payer_contact_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_billing_part")),
    )
    op.create_index("ix_billing_part_invoice", "billing_part", ["invoice_id"], unique=False)
    op.create_index(
        "ix_billing_part_waiting",
        "billing_part",
        ["entity_id", "due_month", "payer_contact_id"],
        unique=False,
        postgresql_where=sa.text("state = 'WAITING'"),
    )
    op.create_index(
        "uq_billing_part_once",
        "billing_part",
        ["order_id", "payer_contact_id", "part", "step"],
        unique=True,
        postgresql_where=sa.text("state <> 'RELEASED'"),
    )
    op.create_table(
        "invoice_run",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("requested_by", sa.UUID(), nullable=True),
        sa.Column("completed_from", sa.Date(), nullable=True),
        sa.Column("completed_until", sa.Date(), nullable=True),
        sa.Column("asked_order_ids", postgresql.ARRAY(sa.UUID()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("job_id", sa.UUID(), nullable=True),
        sa.Column("divided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("(completed_from IS NULL) = (completed_until IS NULL)", name=op.f("ck_invoice_run_period")),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_invoice_run_entity_id")),
        sa.ForeignKeyConstraint(["requested_by"], ["user_account.id"], name=op.f("fk_invoice_run_requested_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invoice_run")),
    )
    op.create_index("ix_invoice_run_entity_newest", "invoice_run", ["entity_id", "created_at", "id"], unique=False)
    op.create_index("ix_invoice_run_newest", "invoice_run", ["created_at", "id"], unique=False)
    op.create_table(
        "invoice_run_order",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("run_id", sa.UUID(), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("order_id", sa.UUID(), nullable=False),
        sa.Column("chunk", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.Text(), server_default="WAITING", nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("invoice_ids", postgresql.ARRAY(sa.UUID()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("outcome IN ('WAITING', 'ISSUED', 'SKIPPED')", name=op.f("ck_invoice_run_order_outcome")),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_invoice_run_order_entity_id")),
        sa.ForeignKeyConstraint(["order_id"], ["order.id"], name=op.f("fk_invoice_run_order_order_id")),
        sa.ForeignKeyConstraint(
            ["run_id"], ["invoice_run.id"], name=op.f("fk_invoice_run_order_run_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invoice_run_order")),
        sa.UniqueConstraint("run_id", "order_id", name=op.f("uq_invoice_run_order_run_id_order_id")),
    )
    op.create_index("ix_invoice_run_order_order", "invoice_run_order", ["order_id"], unique=False)
    for table, columns in FREE.items():
        free = ", ".join(f"'{column}'" for column in columns)
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table} "
            f"FOR EACH ROW EXECUTE FUNCTION refuse_change({free})"
        )


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
