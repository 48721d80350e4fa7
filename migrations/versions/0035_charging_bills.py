"""Charging bills: revenue of charging in the books and on invoices, bills of sessions and what they earn."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0035"
down_revision = "0034"

_PARTS = "'DEPOSIT', 'PROGRESS', 'FINAL', 'COLLECTIVE', 'CREDIT', 'COMMISSION'"
_CATEGORIES = (
    "'CHARGING_STATION', 'CABLE_ACCESSORY', 'MOUNTING_POLE', 'INSTALLATION_SERVICE', 'METER_BOX_MODULE', "
    "'SMART_METER_OCPP'"
)
_ROLES = (
    "'RECEIVABLE', 'BANK', 'CASH', 'PROVIDER_CLEARING', 'TRANSIT', 'SUSPENSE', 'UNBILLED', 'VAT_INPUT', "
    "'INTERCOMPANY_RECEIVABLE', 'RESULT', 'DEFERRED_REVENUE', 'VAT_STANDARD', 'VAT_REDUCED', 'PAYABLE', "
    "'COMMISSION_ACCRUED', 'COMMISSION_PAYABLE', 'WALLET', 'INTERCOMPANY_PAYABLE', 'REVENUE_CHARGING_STATION', "
    "'REVENUE_CABLE_ACCESSORY', 'REVENUE_MOUNTING_POLE', 'REVENUE_INSTALLATION_SERVICE', "
    "'REVENUE_METER_BOX_MODULE', 'REVENUE_SMART_METER_OCPP'"
)
_LATER_ROLES = (
    "'REVENUE_OTHER', 'DUNNING_INCOME', 'INTERCOMPANY_REVENUE', 'COMMISSION_EXPENSE', 'INTERCOMPANY_COST', "
    "'BAD_DEBT', 'ROUNDING', 'PROVIDER_FEES'"
)

_TABLES = ("session_charge", "session_revenue", "session_bill_line", "session_bill", "session_billing")
_APPEND_ONLY = ("session_bill", "session_bill_line", "session_charge")


def upgrade() -> None:
    _hold("invoice", "part", f"{_PARTS}, 'CHARGING'")
    _hold("billing_part", "part", f"{_PARTS}, 'CHARGING'")
    _hold("invoice_line", "category", f"{_CATEGORIES}, 'CHARGING', 'COMMISSION', 'OTHER'")
    _hold("ledger_account", "role", f"{_ROLES}, 'REVENUE_CHARGING', {_LATER_ROLES}")
    _tables()
    for table in _APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )


def downgrade() -> None:
    for table in _TABLES:
        op.drop_table(table)
    op.execute("DELETE FROM ledger_account WHERE role = 'REVENUE_CHARGING'")
    _hold("ledger_account", "role", f"{_ROLES}, {_LATER_ROLES}")
    _hold("invoice_line", "category", f"{_CATEGORIES}, 'COMMISSION', 'OTHER'")
    _hold("billing_part", "part", _PARTS)
    _hold("invoice", "part", _PARTS)


def _hold(table: str, column: str, values: str) -> None:
    """The states that a column may have."""
    name = op.f(f"ck_{table}_{column}")
    op.drop_constraint(name, table)
    op.create_check_constraint(name, table, f"{column} IN ({values})")


def _tables() -> None:
    op.create_table(
        "session_billing",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("session_id", sa.UUID(), nullable=False),
        sa.Column("charger_id", sa.UUID(), nullable=False),
        sa.Column("owner_contact_id", sa.UUID(), nullable=True),
        sa.Column("driver_contact_id", sa.UUID(), nullable=True),
        sa.Column("payer_contact_id", sa.UUID(), nullable=True),
        sa.Column("payer_given", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("payer_chain_ids", postgresql.ARRAY(sa.UUID()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="0", nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("energy_wh", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("currency", sa.Text(), server_default="EUR", nullable=False),
        sa.Column("net_cents", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("vat_cents", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("gross_cents", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("charged_net_cents", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("charged_vat_cents", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("due_month", sa.Date(), nullable=True),
        sa.Column("waived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("waived_by", sa.UUID(), nullable=True),
        sa.Column("waived_reason", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("(waived_at IS NULL) = (waived_reason = '')", name=op.f("ck_session_billing_waived")),
        sa.CheckConstraint("status <> 'WAITING' OR due_month IS NOT NULL", name=op.f("ck_session_billing_waiting")),
        sa.CheckConstraint(
            "status IN ('NO_TARIFF', 'NO_PAYER', 'FREE', 'PRICED', 'WAITING', 'INVOICED', 'WAIVED')",
            name=op.f("ck_session_billing_status"),
        ),
        sa.CheckConstraint("net_cents + vat_cents = gross_cents", name=op.f("ck_session_billing_sum")),
        sa.CheckConstraint(
            "version >= 0 AND (version > 0 OR gross_cents = 0)", name=op.f("ck_session_billing_version")
        ),
        sa.ForeignKeyConstraint(["charger_id"], ["charger.id"], name=op.f("fk_session_billing_charger_id")),
        sa.ForeignKeyConstraint(
            ["driver_contact_id"], ["contact.id"], name=op.f("fk_session_billing_driver_contact_id")
        ),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_session_billing_entity_id")),
        sa.ForeignKeyConstraint(["owner_contact_id"], ["contact.id"], name=op.f("fk_session_billing_owner_contact_id")),
        sa.ForeignKeyConstraint(["payer_contact_id"], ["contact.id"], name=op.f("fk_session_billing_payer_contact_id")),
        sa.ForeignKeyConstraint(["session_id"], ["charging_session.id"], name=op.f("fk_session_billing_session_id")),
        sa.ForeignKeyConstraint(["waived_by"], ["user_account.id"], name=op.f("fk_session_billing_waived_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_session_billing")),
        sa.UniqueConstraint("session_id", name=op.f("uq_session_billing_session_id")),
    )
    op.create_index("ix_session_billing_charger", "session_billing", ["charger_id", "ended_at", "id"], unique=False)
    op.create_index(
        "ix_session_billing_driver", "session_billing", ["driver_contact_id", "created_at", "id"], unique=False
    )
    op.create_index("ix_session_billing_entity_ended", "session_billing", ["entity_id", "ended_at", "id"], unique=False)
    op.create_index(
        "ix_session_billing_entity_newest", "session_billing", ["entity_id", "created_at", "id"], unique=False
    )
    op.create_index(
        "ix_session_billing_entity_status", "session_billing", ["entity_id", "status", "created_at", "id"], unique=False
    )
    op.create_index("ix_session_billing_newest", "session_billing", ["created_at", "id"], unique=False)
    op.create_index(
        "ix_session_billing_payer", "session_billing", ["payer_contact_id", "created_at", "id"], unique=False
    )
    op.create_index(
        "ix_session_billing_payer_chain", "session_billing", ["payer_chain_ids"], unique=False, postgresql_using="gin"
    )
    op.create_index(
        "ix_session_billing_waiting",
        "session_billing",
        ["entity_id", "payer_contact_id", "due_month"],
        unique=False,
        postgresql_where=sa.text("status = 'WAITING'"),
    )
    op.create_table(
        "session_bill",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("billing_id", sa.UUID(), nullable=False),
        sa.Column("session_id", sa.UUID(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("tariff_version_id", sa.UUID(), nullable=False),
        sa.Column("currency", sa.Text(), server_default="EUR", nullable=False),
        sa.Column("energy_wh", sa.BigInteger(), nullable=False),
        sa.Column("vat_class", sa.Text(), nullable=False),
        sa.Column("vat_rate", sa.Numeric(precision=5, scale=2), nullable=False),
        sa.Column("vat_rule", sa.Text(), nullable=False),
        sa.Column("vat_category", sa.Text(), nullable=False),
        sa.Column("net_cents", sa.BigInteger(), nullable=False),
        sa.Column("vat_cents", sa.BigInteger(), nullable=False),
        sa.Column("gross_cents", sa.BigInteger(), nullable=False),
        sa.Column("delta_net_cents", sa.BigInteger(), nullable=False),
        sa.Column("delta_vat_cents", sa.BigInteger(), nullable=False),
        sa.Column("delta_gross_cents", sa.BigInteger(), nullable=False),
        sa.Column("inputs", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("inputs_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "vat_class IN ('STANDARD', 'REDUCED', 'ZERO', 'REVERSE_CHARGE')", name=op.f("ck_session_bill_vat_class")
        ),
        sa.CheckConstraint("delta_net_cents + delta_vat_cents = delta_gross_cents", name=op.f("ck_session_bill_delta")),
        sa.CheckConstraint("net_cents + vat_cents = gross_cents", name=op.f("ck_session_bill_sum")),
        sa.CheckConstraint("version > 0", name=op.f("ck_session_bill_version")),
        sa.ForeignKeyConstraint(["billing_id"], ["session_billing.id"], name=op.f("fk_session_bill_billing_id")),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_session_bill_entity_id")),
        sa.ForeignKeyConstraint(["session_id"], ["charging_session.id"], name=op.f("fk_session_bill_session_id")),
        sa.ForeignKeyConstraint(
            ["tariff_version_id"], ["tariff_version.id"], name=op.f("fk_session_bill_tariff_version_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_session_bill")),
        sa.UniqueConstraint("billing_id", "version", name=op.f("uq_session_bill_billing_id_version")),
    )
    op.create_table(
        "session_charge",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("billing_id", sa.UUID(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("invoice_id", sa.UUID(), nullable=False),
        sa.Column("invoice_line_id", sa.UUID(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("net_cents", sa.BigInteger(), nullable=False),
        sa.Column("vat_cents", sa.BigInteger(), nullable=False),
        sa.Column("gross_cents", sa.BigInteger(), nullable=False),
        sa.Column("net_before_cents", sa.BigInteger(), nullable=False),
        sa.Column("vat_before_cents", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), server_default="EUR", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("net_cents + vat_cents = gross_cents", name=op.f("ck_session_charge_sum")),
        sa.ForeignKeyConstraint(["billing_id"], ["session_billing.id"], name=op.f("fk_session_charge_billing_id")),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_session_charge_entity_id")),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoice.id"], name=op.f("fk_session_charge_invoice_id")),
        sa.ForeignKeyConstraint(
            ["invoice_line_id"], ["invoice_line.id"], name=op.f("fk_session_charge_invoice_line_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_session_charge")),
        sa.UniqueConstraint("invoice_line_id", name=op.f("uq_session_charge_invoice_line_id")),
    )
    op.create_index("ix_session_charge_billing", "session_charge", ["billing_id", "id"], unique=False)
    op.create_index("ix_session_charge_invoice", "session_charge", ["invoice_id"], unique=False)
    op.create_table(
        "session_bill_line",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("bill_id", sa.UUID(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("segment", sa.Text(), server_default="", nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("unit_price", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("multiplier", sa.Numeric(precision=20, scale=6), server_default="1", nullable=False),
        sa.Column("from_wh", sa.BigInteger(), nullable=True),
        sa.Column("until_wh", sa.BigInteger(), nullable=True),
        sa.Column("readings", sa.Integer(), nullable=True),
        sa.Column("pack_id", sa.UUID(), nullable=True),
        sa.Column("formula", sa.Text(), nullable=False),
        sa.Column("inputs", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("vat_inputs", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("net_cents", sa.BigInteger(), nullable=False),
        sa.Column("vat_cents", sa.BigInteger(), nullable=False),
        sa.Column("gross_cents", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), server_default="EUR", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "kind IN ('ENERGY', 'TIME', 'IDLE', 'START_FEE', 'MINIMUM', 'PACK', 'DISCOUNT', 'CAP', 'DAMAGE_RESERVE')",
            name=op.f("ck_session_bill_line_kind"),
        ),
        sa.CheckConstraint("unit IN ('WATT_HOUR', 'SECOND', 'PIECE')", name=op.f("ck_session_bill_line_unit")),
        sa.CheckConstraint("net_cents + vat_cents = gross_cents", name=op.f("ck_session_bill_line_sum")),
        sa.ForeignKeyConstraint(["bill_id"], ["session_bill.id"], name=op.f("fk_session_bill_line_bill_id")),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_session_bill_line_entity_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_session_bill_line")),
        sa.UniqueConstraint("bill_id", "position", name=op.f("uq_session_bill_line_bill_id_position")),
    )
    op.create_table(
        "session_revenue",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("billing_id", sa.UUID(), nullable=False),
        sa.Column("bill_id", sa.UUID(), nullable=False),
        sa.Column("charger_id", sa.UUID(), nullable=False),
        sa.Column("owner_contact_id", sa.UUID(), nullable=True),
        sa.Column("hour", sa.DateTime(timezone=True), nullable=False),
        sa.Column("energy_wh", sa.BigInteger(), nullable=False),
        sa.Column("seconds", sa.Integer(), nullable=False),
        sa.Column("net_cents", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), server_default="EUR", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["bill_id"], ["session_bill.id"], name=op.f("fk_session_revenue_bill_id")),
        sa.ForeignKeyConstraint(["billing_id"], ["session_billing.id"], name=op.f("fk_session_revenue_billing_id")),
        sa.ForeignKeyConstraint(["charger_id"], ["charger.id"], name=op.f("fk_session_revenue_charger_id")),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_session_revenue_entity_id")),
        sa.ForeignKeyConstraint(["owner_contact_id"], ["contact.id"], name=op.f("fk_session_revenue_owner_contact_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_session_revenue")),
        sa.UniqueConstraint("billing_id", "hour", name=op.f("uq_session_revenue_billing_id_hour")),
    )
    op.create_index("ix_session_revenue_charger_hour", "session_revenue", ["charger_id", "hour"], unique=False)
    op.create_index("ix_session_revenue_entity_hour", "session_revenue", ["entity_id", "hour"], unique=False)
    op.create_index("ix_session_revenue_owner_hour", "session_revenue", ["owner_contact_id", "hour"], unique=False)
