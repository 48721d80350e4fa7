"""Orders, milestones, visits, and the event log."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "order",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("quote_id", sa.UUID(), nullable=False),
        sa.Column("quote_version_id", sa.UUID(), nullable=False),
        sa.Column("sequence", sa.Integer(), server_default="1", nullable=False),
        sa.Column("account_contact_id", sa.UUID(), nullable=True),
        sa.Column("end_customer_contact_id", sa.UUID(), nullable=False),
        sa.Column("account_chain_ids", postgresql.ARRAY(sa.UUID()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column(
            "channel_organization_ids", postgresql.ARRAY(sa.UUID()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("service_address_id", sa.UUID(), nullable=True),
        sa.Column("stage", sa.Text(), server_default="RECEIVED", nullable=False),
        sa.Column("progress", sa.Integer(), server_default="0", nullable=False),
        sa.Column("on_hold", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("hold_reason", sa.Text(), nullable=True),
        sa.Column("held_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancel_reason", sa.Text(), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("partner_order_id", sa.Text(), nullable=True),
        sa.Column(
            "partner_metadata",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column("currency", sa.Text(), server_default="EUR", nullable=False),
        sa.Column("payment_terms_days", sa.Integer(), server_default="14", nullable=False),
        sa.Column("estimated_processing_minutes", sa.Integer(), server_default="5", nullable=False),
        sa.Column("team_ids", postgresql.ARRAY(sa.UUID()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "stage IN ('RECEIVED', 'PLANNING', 'SCHEDULED', 'IN_PROGRESS', 'COMPLETED', 'CANCELLED')",
            name=op.f("ck_order_stage"),
        ),
        sa.CheckConstraint("NOT on_hold OR hold_reason IS NOT NULL", name=op.f("ck_order_hold_reason")),
        sa.CheckConstraint("progress BETWEEN 0 AND 100", name=op.f("ck_order_progress")),
        sa.ForeignKeyConstraint(["account_contact_id"], ["contact.id"], name=op.f("fk_order_account_contact_id")),
        sa.ForeignKeyConstraint(
            ["end_customer_contact_id"], ["contact.id"], name=op.f("fk_order_end_customer_contact_id")
        ),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_order_entity_id")),
        sa.ForeignKeyConstraint(["quote_id"], ["quote.id"], name=op.f("fk_order_quote_id")),
        sa.ForeignKeyConstraint(["quote_version_id"], ["quote_version.id"], name=op.f("fk_order_quote_version_id")),
        sa.ForeignKeyConstraint(["service_address_id"], ["address.id"], name=op.f("fk_order_service_address_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order")),
        sa.UniqueConstraint("number", name=op.f("uq_order_number")),
        sa.UniqueConstraint("quote_version_id", "sequence", name=op.f("uq_order_quote_version_id_sequence")),
    )
    op.create_table(
        "order_milestone",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("order_id", sa.UUID(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("reached_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "stage IN ('RECEIVED', 'PLANNING', 'SCHEDULED', 'IN_PROGRESS', 'COMPLETED', 'CANCELLED')",
            name=op.f("ck_order_milestone_stage"),
        ),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_order_milestone_entity_id")),
        sa.ForeignKeyConstraint(["order_id"], ["order.id"], name=op.f("fk_order_milestone_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_milestone")),
        sa.UniqueConstraint("order_id", "stage", name=op.f("uq_order_milestone_order_id_stage")),
    )
    op.create_table(
        "visit",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("order_id", sa.UUID(), nullable=False),
        sa.Column(
            "channel_organization_ids", postgresql.ARRAY(sa.UUID()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("end_customer_contact_id", sa.UUID(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), server_default="REQUIRED", nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("skills", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("team_id", sa.UUID(), nullable=True),
        sa.Column("day", sa.Date(), nullable=True),
        sa.Column("block", sa.Text(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("block IN ('MORNING', 'AFTERNOON')", name=op.f("ck_visit_block")),
        sa.CheckConstraint("kind IN ('SURVEY', 'INSTALLATION', 'METER_BOX')", name=op.f("ck_visit_kind")),
        sa.CheckConstraint(
            "outcome IN ('COMPLETED', 'PARTIAL', 'RESCHEDULED', 'CANCELLED')", name=op.f("ck_visit_outcome")
        ),
        sa.CheckConstraint(
            "status IN ('REQUIRED', 'PLANNED', 'EN_ROUTE', 'IN_PROGRESS', 'DONE', 'CANCELLED')",
            name=op.f("ck_visit_status"),
        ),
        sa.ForeignKeyConstraint(
            ["end_customer_contact_id"], ["contact.id"], name=op.f("fk_visit_end_customer_contact_id")
        ),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_visit_entity_id")),
        sa.ForeignKeyConstraint(["order_id"], ["order.id"], name=op.f("fk_visit_order_id")),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_visit_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit")),
        sa.UniqueConstraint("order_id", "position", name=op.f("uq_visit_order_id_position")),
    )
    op.create_table(
        "event",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("sequence", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("schema_version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("subject_type", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.UUID(), nullable=False),
        sa.Column("actor_user_id", sa.UUID(), nullable=True),
        sa.Column("actor_name", sa.Text(), server_default="", nullable=False),
        sa.Column("actor_role", sa.Text(), nullable=False),
        sa.Column(
            "payload", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column(
            "changes", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column("internal", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("organization_ids", postgresql.ARRAY(sa.UUID()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column(
            "channel_organization_ids", postgresql.ARRAY(sa.UUID()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("contact_ids", postgresql.ARRAY(sa.UUID()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("team_ids", postgresql.ARRAY(sa.UUID()), server_default=sa.text("'{}'"), nullable=False),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_event_entity_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event")),
        sa.UniqueConstraint("sequence", name=op.f("uq_event_sequence")),
    )
    op.create_table(
        "timeline_row",
        sa.Column("key", sa.UUID(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("event_id", sa.UUID(), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.PrimaryKeyConstraint("key", "created_at", "event_id", name=op.f("pk_timeline_row")),
    )
    op.create_index("ix_event_channel", "event", ["channel_organization_ids"], unique=False, postgresql_using="gin")
    op.create_index("ix_event_contact", "event", ["contact_ids"], unique=False, postgresql_using="gin")
    op.create_index("ix_event_entity_newest", "event", ["entity_id", "created_at", "id"], unique=False)
    op.create_index("ix_event_newest", "event", ["created_at", "id"], unique=False)
    op.create_index("ix_event_subject", "event", ["subject_id", "created_at", "id"], unique=False)
    op.create_index("ix_order_account", "order", ["account_contact_id", "created_at", "id"], unique=False)
    op.create_index("ix_order_channel", "order", ["channel_organization_ids"], unique=False, postgresql_using="gin")
    op.create_index("ix_order_customer", "order", ["end_customer_contact_id", "created_at", "id"], unique=False)
    op.create_index("ix_order_entity_newest", "order", ["entity_id", "created_at", "id"], unique=False)
    op.create_index("ix_order_entity_stage", "order", ["entity_id", "stage", "created_at", "id"], unique=False)
    op.create_index("ix_order_newest", "order", ["created_at", "id"], unique=False)
    op.create_index(op.f("ix_order_quote_id"), "order", ["quote_id"], unique=False)
    op.create_index("ix_order_teams", "order", ["team_ids"], unique=False, postgresql_using="gin")
    op.create_index(
        "uq_order_partner_order",
        "order",
        ["entity_id", "account_contact_id", "partner_order_id"],
        unique=True,
        postgresql_where=sa.text("partner_order_id IS NOT NULL"),
    )
    op.create_index("ix_visit_channel", "visit", ["channel_organization_ids"], unique=False, postgresql_using="gin")
    op.create_index("ix_visit_customer", "visit", ["end_customer_contact_id", "created_at", "id"], unique=False)
    op.create_index("ix_visit_entity_newest", "visit", ["entity_id", "created_at", "id"], unique=False)
    op.create_index("ix_visit_newest", "visit", ["created_at", "id"], unique=False)
    op.create_index("ix_visit_team_day", "visit", ["team_id", "day"], unique=False)
    op.create_index("ix_visit_team_newest", "visit", ["team_id", "created_at", "id"], unique=False)


def downgrade() -> None:
    op.execute('DROP TABLE "timeline_row" CASCADE')
    op.execute('DROP TABLE "event" CASCADE')
    op.execute('DROP TABLE "visit" CASCADE')
    op.execute('DROP TABLE "order_milestone" CASCADE')
    op.execute('DROP TABLE "order" CASCADE')
