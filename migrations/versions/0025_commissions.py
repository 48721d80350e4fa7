"""Commission: what is agreed, what is due to whom, and disputes."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0025"
down_revision = "0024"

KEPT = {
    "commission_terms": ("entity_id", "agreement_id", "terms"),
    "commission": (
        "entity_id",
        "order_id",
        "lead_id",
        "agreement_id",
        "terms_id",
        "kind",
        "cause",
        "rule",
        "commission_level",
        "commission_rate",
        "base_cents",
        "uncut_cents",
        "amount_cents",
        "currency",
        "period_month",
        "measured",
        "accrued_at",
        "reverses_id",
        "source_id",
    ),
    "commission_dispute": ("entity_id", "commission_id", "reason"),
}
"""What never changes once it is written; of whom it is follows when organizations are merged. Compared column by column:
a run updates tens of thousands of rows."""


def upgrade() -> None:
    op.create_table(
        "commission_terms",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("agreement_id", sa.UUID(), nullable=True),
        sa.Column("organization_id", sa.UUID(), nullable=True),
        sa.Column("valid", postgresql.TSTZRANGE(), server_default=sa.text("tstzrange(now(), NULL)"), nullable=False),
        sa.Column("terms", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.column("entity_id"), "="),
            (sa.column("organization_id"), "="),
            (sa.column("valid"), "&&"),
            using="gist",
            name="one_commission_at_a_time",
        ),
        postgresql.ExcludeConstraint(
            (sa.column("entity_id"), "="),
            (sa.column("valid"), "&&"),
            where=sa.text("organization_id IS NULL"),
            using="gist",
            name="one_standard_commission_at_a_time",
        ),
        sa.CheckConstraint(
            "(agreement_id IS NULL) = (organization_id IS NULL)", name=op.f("ck_commission_terms_of_an_agreement")
        ),
        sa.ForeignKeyConstraint(["agreement_id"], ["agreement.id"], name=op.f("fk_commission_terms_agreement_id")),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_commission_terms_entity_id")),
        sa.ForeignKeyConstraint(["organization_id"], ["contact.id"], name=op.f("fk_commission_terms_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_commission_terms")),
    )
    op.create_index("ix_commission_terms_agreement", "commission_terms", ["agreement_id"], unique=False)
    op.create_index(
        "ix_commission_terms_entity_newest", "commission_terms", ["entity_id", "created_at", "id"], unique=False
    )
    op.create_index("ix_commission_terms_newest", "commission_terms", ["created_at", "id"], unique=False)
    op.create_index("ix_commission_terms_organization", "commission_terms", ["organization_id"], unique=False)
    op.create_table(
        "commission",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("order_id", sa.UUID(), nullable=True),
        sa.Column("lead_id", sa.UUID(), nullable=True),
        sa.Column("agreement_id", sa.UUID(), nullable=True),
        sa.Column("terms_id", sa.UUID(), nullable=True),
        sa.Column("beneficiary_contact_id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), server_default="", nullable=False),
        sa.Column("commission_level", sa.Integer(), nullable=True),
        sa.Column("commission_rate", sa.Numeric(precision=6, scale=3), nullable=True),
        sa.Column("base_cents", sa.BigInteger(), nullable=False),
        sa.Column("uncut_cents", sa.BigInteger(), nullable=False),
        sa.Column("amount_cents", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("period_month", sa.Date(), nullable=False),
        sa.Column("measured", sa.Numeric(precision=18, scale=2), nullable=True),
        sa.Column("accrued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("earned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("self_billing_invoice_id", sa.UUID(), nullable=True),
        sa.Column("reverses_id", sa.UUID(), nullable=True),
        sa.Column("source_id", sa.UUID(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("(cause = 'ACCRUED') = (reverses_id IS NULL)", name=op.f("ck_commission_reverses")),
        sa.CheckConstraint("(status = 'PAID') = (paid_at IS NOT NULL)", name=op.f("ck_commission_paid")),
        sa.CheckConstraint(
            "(status IN ('PAYABLE', 'PAID')) = (self_billing_invoice_id IS NOT NULL)", name=op.f("ck_commission_billed")
        ),
        sa.CheckConstraint(
            "cause IN ('ACCRUED', 'CREDITED', 'CANCELLED', 'RESTORED', 'CORRECTED', 'RECOMPUTED')",
            name=op.f("ck_commission_cause"),
        ),
        sa.CheckConstraint("kind IN ('LEVEL', 'KICKBACK', 'BONUS', 'PENALTY', 'CAP')", name=op.f("ck_commission_kind")),
        sa.CheckConstraint(
            "status IN ('ACCRUED', 'EARNED', 'PAYABLE', 'PAID', 'REVERSED')", name=op.f("ck_commission_status")
        ),
        sa.CheckConstraint(
            "status NOT IN ('EARNED', 'PAYABLE', 'PAID') OR earned_at IS NOT NULL", name=op.f("ck_commission_earned")
        ),
        sa.CheckConstraint("abs(amount_cents) <= 1000000000000000", name=op.f("ck_commission_amount")),
        sa.CheckConstraint("base_cents >= 0", name=op.f("ck_commission_base")),
        sa.CheckConstraint("commission_level > 0", name=op.f("ck_commission_level")),
        sa.CheckConstraint("commission_rate BETWEEN 0 AND 100", name=op.f("ck_commission_rate")),
        sa.CheckConstraint("extract(day FROM period_month) = 1", name=op.f("ck_commission_period_month")),
        sa.CheckConstraint("order_id IS NULL OR lead_id IS NULL", name=op.f("ck_commission_of_one")),
        sa.ForeignKeyConstraint(["agreement_id"], ["agreement.id"], name=op.f("fk_commission_agreement_id")),
        sa.ForeignKeyConstraint(
            ["beneficiary_contact_id"], ["contact.id"], name=op.f("fk_commission_beneficiary_contact_id")
        ),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_commission_entity_id")),
        sa.ForeignKeyConstraint(["lead_id"], ["lead.id"], name=op.f("fk_commission_lead_id")),
        sa.ForeignKeyConstraint(["order_id"], ["order.id"], name=op.f("fk_commission_order_id")),
        sa.ForeignKeyConstraint(["reverses_id"], ["commission.id"], name=op.f("fk_commission_reverses_id")),
        sa.ForeignKeyConstraint(
            ["self_billing_invoice_id"], ["invoice.id"], name=op.f("fk_commission_self_billing_invoice_id")
        ),
        sa.ForeignKeyConstraint(["terms_id"], ["commission_terms.id"], name=op.f("fk_commission_terms_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_commission")),
    )
    op.create_index(
        "ix_commission_beneficiary", "commission", ["beneficiary_contact_id", "created_at", "id"], unique=False
    )
    op.create_index(
        "ix_commission_due",
        "commission",
        ["entity_id", "beneficiary_contact_id", "earned_at"],
        unique=False,
        postgresql_where=sa.text("status = 'EARNED'"),
    )
    op.create_index("ix_commission_entity_newest", "commission", ["entity_id", "created_at", "id"], unique=False)
    op.create_index(
        "ix_commission_invoice",
        "commission",
        ["self_billing_invoice_id"],
        unique=False,
        postgresql_where=sa.text("self_billing_invoice_id IS NOT NULL"),
    )
    op.create_index(
        "ix_commission_month", "commission", ["entity_id", "period_month", "beneficiary_contact_id"], unique=False
    )
    op.create_index("ix_commission_newest", "commission", ["created_at", "id"], unique=False)
    op.create_index("ix_commission_order", "commission", ["order_id"], unique=False)
    op.create_index(
        "ix_commission_reverses",
        "commission",
        ["reverses_id"],
        unique=False,
        postgresql_where=sa.text("reverses_id IS NOT NULL"),
    )
    op.create_index(
        "uq_commission_lead",
        "commission",
        ["lead_id"],
        unique=True,
        postgresql_where=sa.text("reverses_id IS NULL AND lead_id IS NOT NULL"),
    )
    op.create_index(
        "uq_commission_order",
        "commission",
        ["order_id", "kind", "commission_level"],
        unique=True,
        postgresql_where=sa.text("reverses_id IS NULL AND order_id IS NOT NULL"),
    )
    op.create_index(
        "uq_commission_rule",
        "commission",
        ["entity_id", "beneficiary_contact_id", "rule"],
        unique=True,
        postgresql_where=sa.text("reverses_id IS NULL AND order_id IS NULL AND lead_id IS NULL"),
    )
    op.create_table(
        "commission_dispute",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("commission_id", sa.UUID(), nullable=False),
        sa.Column("beneficiary_contact_id", sa.UUID(), nullable=False),
        sa.Column("state", sa.Text(), server_default="OPEN", nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("correction_id", sa.UUID(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("(state = 'OPEN') = (closed_at IS NULL)", name=op.f("ck_commission_dispute_closed")),
        sa.CheckConstraint(
            "(state IN ('UPHELD', 'REJECTED')) = (answer IS NOT NULL)", name=op.f("ck_commission_dispute_answered")
        ),
        sa.CheckConstraint("correction_id IS NULL OR state = 'UPHELD'", name=op.f("ck_commission_dispute_correction")),
        sa.CheckConstraint(
            "state IN ('OPEN', 'UPHELD', 'REJECTED', 'WITHDRAWN')", name=op.f("ck_commission_dispute_state")
        ),
        sa.ForeignKeyConstraint(
            ["beneficiary_contact_id"], ["contact.id"], name=op.f("fk_commission_dispute_beneficiary_contact_id")
        ),
        sa.ForeignKeyConstraint(["commission_id"], ["commission.id"], name=op.f("fk_commission_dispute_commission_id")),
        sa.ForeignKeyConstraint(["correction_id"], ["commission.id"], name=op.f("fk_commission_dispute_correction_id")),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_commission_dispute_entity_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_commission_dispute")),
    )
    op.create_index(
        "ix_commission_dispute_beneficiary",
        "commission_dispute",
        ["beneficiary_contact_id", "created_at", "id"],
        unique=False,
    )
    op.create_index("ix_commission_dispute_commission", "commission_dispute", ["commission_id"], unique=False)
    op.create_index(
        "ix_commission_dispute_entity_newest", "commission_dispute", ["entity_id", "created_at", "id"], unique=False
    )
    op.create_index("ix_commission_dispute_newest", "commission_dispute", ["created_at", "id"], unique=False)
    op.create_index(
        "uq_commission_dispute_open",
        "commission_dispute",
        ["commission_id"],
        unique=True,
        postgresql_where=sa.text("state = 'OPEN'"),
    )
    for table, columns in KEPT.items():
        changed = " OR ".join(f"OLD.{column} IS DISTINCT FROM NEW.{column}" for column in columns)
        op.execute(
            f"CREATE TRIGGER never_changed BEFORE UPDATE ON {table} FOR EACH ROW WHEN ({changed}) "
            "EXECUTE FUNCTION refuse_change()"
        )
        _keep(table)


def _keep(table: str) -> None:
    op.execute(f"CREATE TRIGGER never_deleted BEFORE DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_change()")


def downgrade() -> None:
    for table in ("commission_dispute", "commission", "commission_terms"):
        op.drop_table(table)
