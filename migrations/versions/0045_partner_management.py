"""Terms, scorecards, service levels, tickets."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0045"
down_revision = "0044"

_TABLES = ("partner_ticket_message", "partner_ticket", "maintenance_window", "service_breach", "partner_scorecard")


def upgrade() -> None:
    op.create_table(
        "partner_scorecard",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("organization_id", sa.UUID(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("orders", sa.Integer(), server_default="0", nullable=False),
        sa.Column("orders_before", sa.Integer(), server_default="0", nullable=False),
        sa.Column("cancelled", sa.Integer(), server_default="0", nullable=False),
        sa.Column("valued", sa.Integer(), server_default="0", nullable=False),
        sa.Column("value_cents", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("currency", sa.Text(), server_default="EUR", nullable=False),
        sa.Column("completed", sa.Integer(), server_default="0", nullable=False),
        sa.Column("completion_seconds", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("quotes_sent", sa.Integer(), server_default="0", nullable=False),
        sa.Column("quotes_ordered", sa.Integer(), server_default="0", nullable=False),
        sa.Column("quote_orders", sa.Integer(), server_default="0", nullable=False),
        sa.Column("visits_due", sa.Integer(), server_default="0", nullable=False),
        sa.Column("visits_done", sa.Integer(), server_default="0", nullable=False),
        sa.Column("visits_finished", sa.Integer(), server_default="0", nullable=False),
        sa.Column("visits_right", sa.Integer(), server_default="0", nullable=False),
        sa.Column("ratings", sa.Integer(), server_default="0", nullable=False),
        sa.Column("rating_sum", sa.Numeric(precision=12, scale=1), server_default="0", nullable=False),
        sa.Column("received", sa.Integer(), server_default="0", nullable=False),
        sa.Column("clean", sa.Integer(), server_default="0", nullable=False),
        sa.Column("exceptions", sa.Integer(), server_default="0", nullable=False),
        sa.Column("repeated", sa.Integer(), server_default="0", nullable=False),
        sa.Column("requests", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("refused", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("errors", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("response_p95_ms", sa.Integer(), nullable=True),
        sa.Column("deliveries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("deliveries_failed", sa.Integer(), server_default="0", nullable=False),
        sa.Column("tickets", sa.Integer(), server_default="0", nullable=False),
        sa.Column("score", sa.SmallInteger(), nullable=True),
        sa.Column("rank", sa.Integer(), nullable=True),
        sa.Column("computed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("period IN ('WEEK', 'MONTH')", name=op.f("ck_partner_scorecard_period")),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_partner_scorecard_entity_id")),
        sa.ForeignKeyConstraint(["organization_id"], ["contact.id"], name=op.f("fk_partner_scorecard_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_partner_scorecard")),
        sa.UniqueConstraint(
            "entity_id",
            "period",
            "starts_on",
            "organization_id",
            name=op.f("uq_partner_scorecard_entity_id_period_starts_on_organization_id"),
        ),
    )
    op.create_index(
        "ix_partner_scorecard_entity_newest", "partner_scorecard", ["entity_id", "created_at", "id"], unique=False
    )
    op.create_index("ix_partner_scorecard_newest", "partner_scorecard", ["created_at", "id"], unique=False)
    op.create_index(
        "ix_partner_scorecard_organization",
        "partner_scorecard",
        ["organization_id", "period", "starts_on"],
        unique=False,
    )
    op.create_index(
        "ix_partner_scorecard_rank", "partner_scorecard", ["entity_id", "period", "starts_on", "rank"], unique=False
    )
    op.create_table(
        "service_breach",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("organization_id", sa.UUID(), nullable=True),
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("target", sa.Numeric(precision=12, scale=3), nullable=False),
        sa.Column("worst", sa.Numeric(precision=12, scale=3), nullable=False),
        sa.Column("latest", sa.Numeric(precision=12, scale=3), nullable=False),
        sa.Column("samples", sa.Integer(), server_default="0", nullable=False),
        sa.Column("partners", sa.Integer(), server_default="1", nullable=False),
        sa.Column("level", sa.SmallInteger(), server_default="1", nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acknowledged_by", sa.UUID(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "metric IN ('UPTIME', 'RESPONSE', 'PROCESSING', 'STATUS')", name=op.f("ck_service_breach_metric")
        ),
        sa.CheckConstraint(
            "(acknowledged_by IS NULL) OR (acknowledged_at IS NOT NULL)", name=op.f("ck_service_breach_acknowledged")
        ),
        sa.CheckConstraint("closed_at >= opened_at", name=op.f("ck_service_breach_closed_at")),
        sa.CheckConstraint("level BETWEEN 1 AND 3", name=op.f("ck_service_breach_level")),
        sa.ForeignKeyConstraint(
            ["acknowledged_by"], ["user_account.id"], name=op.f("fk_service_breach_acknowledged_by")
        ),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_service_breach_entity_id")),
        sa.ForeignKeyConstraint(["organization_id"], ["contact.id"], name=op.f("fk_service_breach_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_breach")),
    )
    op.create_index(
        "ix_service_breach_entity_newest", "service_breach", ["entity_id", "created_at", "id"], unique=False
    )
    op.create_index("ix_service_breach_newest", "service_breach", ["created_at", "id"], unique=False)
    op.create_index(
        "ix_service_breach_organization_newest", "service_breach", ["organization_id", "created_at", "id"], unique=False
    )
    op.create_index(
        "uq_service_breach_open",
        "service_breach",
        ["entity_id", "organization_id", "metric"],
        unique=True,
        postgresql_where=sa.text("closed_at IS NULL"),
        postgresql_nulls_not_distinct=True,
    )
    op.create_table(
        "maintenance_window",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("announced_by", sa.UUID(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "ends_at > starts_at AND ends_at <= starts_at + interval '24 hours'",
            name=op.f("ck_maintenance_window_span"),
        ),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_maintenance_window_entity_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_maintenance_window")),
    )
    op.create_index("ix_maintenance_window_entity", "maintenance_window", ["entity_id", "starts_at"], unique=False)
    op.create_index(
        "ix_maintenance_window_entity_newest", "maintenance_window", ["entity_id", "created_at", "id"], unique=False
    )
    op.create_index("ix_maintenance_window_newest", "maintenance_window", ["created_at", "id"], unique=False)
    op.create_table(
        "partner_ticket",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("organization_id", sa.UUID(), nullable=False),
        sa.Column("channel_organization_ids", postgresql.ARRAY(sa.UUID()), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("priority", sa.Text(), server_default="NORMAL", nullable=False),
        sa.Column("state", sa.Text(), server_default="OPEN", nullable=False),
        sa.Column("order_id", sa.UUID(), nullable=True),
        sa.Column("owner_user_id", sa.UUID(), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("overdue_told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("opened_by", sa.Text(), nullable=False),
        sa.Column("opened_by_user_id", sa.UUID(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "(state = 'RESOLVED') = (resolved_at IS NOT NULL)", name=op.f("ck_partner_ticket_resolved_at")
        ),
        sa.CheckConstraint("priority IN ('LOW', 'NORMAL', 'HIGH', 'URGENT')", name=op.f("ck_partner_ticket_priority")),
        sa.CheckConstraint("state IN ('OPEN', 'WAITING', 'RESOLVED')", name=op.f("ck_partner_ticket_state")),
        sa.CheckConstraint(
            "topic IN ('ORDER', 'INTEGRATION', 'INVOICE', 'AGREEMENT', 'OTHER')", name=op.f("ck_partner_ticket_topic")
        ),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_partner_ticket_entity_id")),
        sa.ForeignKeyConstraint(["order_id"], ["order.id"], name=op.f("fk_partner_ticket_order_id")),
        sa.ForeignKeyConstraint(["organization_id"], ["contact.id"], name=op.f("fk_partner_ticket_organization_id")),
        sa.ForeignKeyConstraint(["owner_user_id"], ["user_account.id"], name=op.f("fk_partner_ticket_owner_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_partner_ticket")),
        sa.UniqueConstraint("number", name=op.f("uq_partner_ticket_number")),
    )
    op.create_index(
        "ix_partner_ticket_channel",
        "partner_ticket",
        ["channel_organization_ids"],
        unique=False,
        postgresql_using="gin",
    )
    op.create_index(
        "ix_partner_ticket_due", "partner_ticket", ["due_at"], unique=False, postgresql_where=sa.text("state = 'OPEN'")
    )
    op.create_index(
        "ix_partner_ticket_entity_newest", "partner_ticket", ["entity_id", "created_at", "id"], unique=False
    )
    op.create_index("ix_partner_ticket_newest", "partner_ticket", ["created_at", "id"], unique=False)
    op.create_index("ix_partner_ticket_order", "partner_ticket", ["order_id"], unique=False)
    op.create_index(
        "ix_partner_ticket_opened_by",
        "partner_ticket",
        ["opened_by_user_id"],
        unique=False,
        postgresql_where=sa.text("opened_by_user_id IS NOT NULL"),
    )
    op.create_index(
        "ix_partner_ticket_organization_newest", "partner_ticket", ["organization_id", "created_at", "id"], unique=False
    )
    op.create_table(
        "partner_ticket_message",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("ticket_id", sa.UUID(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("author_user_id", sa.UUID(), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("internal", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("side = 'STAFF' OR NOT internal", name=op.f("ck_partner_ticket_message_internal")),
        sa.CheckConstraint("side IN ('STAFF', 'PARTNER')", name=op.f("ck_partner_ticket_message_side")),
        sa.ForeignKeyConstraint(
            ["entity_id"], ["business_entity.id"], name=op.f("fk_partner_ticket_message_entity_id")
        ),
        sa.ForeignKeyConstraint(["ticket_id"], ["partner_ticket.id"], name=op.f("fk_partner_ticket_message_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_partner_ticket_message")),
    )
    op.create_index(
        "ix_partner_ticket_message_ticket", "partner_ticket_message", ["ticket_id", "created_at", "id"], unique=False
    )
    op.create_index(
        "ix_partner_ticket_message_author",
        "partner_ticket_message",
        ["author_user_id"],
        unique=False,
        postgresql_where=sa.text("author_user_id IS NOT NULL"),
    )


def downgrade() -> None:
    for table in _TABLES:
        op.drop_table(table)
