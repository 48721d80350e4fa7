"""Health."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0036"
down_revision = "0035"

_TABLES = ("charger_alert", "maintenance_task", "charger_hearing", "charger_trouble_hour", "charger_health")


def upgrade() -> None:
    op.create_table(
        "charger_health",
        sa.Column("charger_id", sa.UUID(), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("score", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column(
            "reasons", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'::jsonb"), nullable=False
        ),
        sa.Column("offline_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("temperature_dc", sa.Integer(), nullable=True),
        sa.Column("faults", sa.Integer(), server_default="0", nullable=False),
        sa.Column("restarts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("outages", sa.Integer(), server_default="0", nullable=False),
        sa.Column("sessions", sa.Integer(), server_default="0", nullable=False),
        sa.Column("failed_sessions", sa.Integer(), server_default="0", nullable=False),
        sa.Column("power_w", sa.Integer(), nullable=True),
        sa.Column("expected_power_w", sa.Integer(), nullable=True),
        sa.Column("power_percent", sa.Integer(), nullable=True),
        sa.Column("power_hours", sa.Integer(), server_default="0", nullable=False),
        sa.Column("power_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("computed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("power_percent BETWEEN 0 AND 1000", name=op.f("ck_charger_health_power_percent")),
        sa.CheckConstraint("score BETWEEN 0 AND 100", name=op.f("ck_charger_health_score")),
        sa.ForeignKeyConstraint(["charger_id"], ["charger.id"], name=op.f("fk_charger_health_charger_id")),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_charger_health_entity_id")),
        sa.PrimaryKeyConstraint("charger_id", name=op.f("pk_charger_health")),
    )
    op.create_index("ix_charger_health_computed", "charger_health", ["computed_at"], unique=False)
    op.create_index("ix_charger_health_score", "charger_health", ["entity_id", "score", "charger_id"], unique=False)
    op.create_table(
        "charger_trouble_hour",
        sa.Column("charger_id", sa.UUID(), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("hour", sa.DateTime(timezone=True), nullable=False),
        sa.Column("faults", sa.Integer(), server_default="0", nullable=False),
        sa.Column("restarts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("outages", sa.Integer(), server_default="0", nullable=False),
        sa.CheckConstraint(
            "faults >= 0 AND restarts >= 0 AND outages >= 0", name=op.f("ck_charger_trouble_hour_counts")
        ),
        sa.ForeignKeyConstraint(["charger_id"], ["charger.id"], name=op.f("fk_charger_trouble_hour_charger_id")),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_charger_trouble_hour_entity_id")),
        sa.PrimaryKeyConstraint("charger_id", "hour", name=op.f("pk_charger_trouble_hour")),
    )
    op.create_index("ix_charger_trouble_hour_hour", "charger_trouble_hour", ["hour"], unique=False)
    op.create_table(
        "charger_hearing",
        sa.Column("protocol", sa.Text(), nullable=False),
        sa.Column("deaf_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("heard_since", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("protocol IN ('MQTT', 'OCPP16', 'OCPP201')", name=op.f("ck_charger_hearing_protocol")),
        sa.PrimaryKeyConstraint("protocol", name=op.f("pk_charger_hearing")),
    )
    op.create_table(
        "maintenance_task",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="OPEN", nullable=False),
        sa.Column("priority", sa.Text(), server_default="WARNING", nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("assigned_to", sa.UUID(), nullable=True),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("score", sa.SmallInteger(), nullable=True),
        sa.Column(
            "reasons", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'::jsonb"), nullable=False
        ),
        sa.Column("visit_id", sa.UUID(), nullable=True),
        sa.Column("planned_by", sa.UUID(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.UUID(), nullable=True),
        sa.Column("outcome", sa.Text(), server_default="", nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("charger_id", sa.UUID(), nullable=False),
        sa.Column(
            "channel_organization_ids", postgresql.ARRAY(sa.UUID()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("owner_contact_id", sa.UUID(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("(state = 'SCHEDULED') <= (visit_id IS NOT NULL)", name=op.f("ck_maintenance_task_visit")),
        sa.CheckConstraint(
            "(state IN ('DONE', 'CANCELLED')) = (ended_at IS NOT NULL)", name=op.f("ck_maintenance_task_ended")
        ),
        sa.CheckConstraint("priority IN ('INFO', 'WARNING', 'CRITICAL')", name=op.f("ck_maintenance_task_priority")),
        sa.CheckConstraint(
            "state IN ('OPEN', 'SCHEDULED', 'DONE', 'CANCELLED')", name=op.f("ck_maintenance_task_state")
        ),
        sa.CheckConstraint("score BETWEEN 0 AND 100", name=op.f("ck_maintenance_task_score")),
        sa.ForeignKeyConstraint(["assigned_to"], ["user_account.id"], name=op.f("fk_maintenance_task_assigned_to")),
        sa.ForeignKeyConstraint(["charger_id"], ["charger.id"], name=op.f("fk_maintenance_task_charger_id")),
        sa.ForeignKeyConstraint(["ended_by"], ["user_account.id"], name=op.f("fk_maintenance_task_ended_by")),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_maintenance_task_entity_id")),
        sa.ForeignKeyConstraint(
            ["owner_contact_id"], ["contact.id"], name=op.f("fk_maintenance_task_owner_contact_id")
        ),
        sa.ForeignKeyConstraint(["planned_by"], ["user_account.id"], name=op.f("fk_maintenance_task_planned_by")),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name=op.f("fk_maintenance_task_visit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_maintenance_task")),
    )
    op.create_index(
        "ix_maintenance_task_channel",
        "maintenance_task",
        ["channel_organization_ids"],
        unique=False,
        postgresql_using="gin",
    )
    op.create_index("ix_maintenance_task_charger", "maintenance_task", ["charger_id", "created_at", "id"], unique=False)
    op.create_index(
        "ix_maintenance_task_entity_newest", "maintenance_task", ["entity_id", "created_at", "id"], unique=False
    )
    op.create_index(
        "ix_maintenance_task_entity_state", "maintenance_task", ["entity_id", "state", "created_at", "id"], unique=False
    )
    op.create_index("ix_maintenance_task_newest", "maintenance_task", ["created_at", "id"], unique=False)
    op.create_index(
        "ix_maintenance_task_owner", "maintenance_task", ["owner_contact_id", "created_at", "id"], unique=False
    )
    op.create_index("ix_maintenance_task_visit", "maintenance_task", ["visit_id"], unique=False)
    op.create_table(
        "charger_alert",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("connector", sa.Integer(), nullable=True),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="OPEN", nullable=False),
        sa.Column("source", sa.Text(), server_default="DEVICE", nullable=False),
        sa.Column("text", sa.Text(), server_default="", nullable=False),
        sa.Column("occurrences", sa.Integer(), server_default="1", nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acknowledged_by", sa.UUID(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.UUID(), nullable=True),
        sa.Column("close_reason", sa.Text(), server_default="", nullable=False),
        sa.Column("maintenance_task_id", sa.UUID(), nullable=True),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("charger_id", sa.UUID(), nullable=False),
        sa.Column(
            "channel_organization_ids", postgresql.ARRAY(sa.UUID()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("owner_contact_id", sa.UUID(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("(state = 'CLOSED') = (closed_at IS NOT NULL)", name=op.f("ck_charger_alert_closed")),
        sa.CheckConstraint("code ~ '^[A-Z0-9][A-Z0-9_]{0,63}$'", name=op.f("ck_charger_alert_code")),
        sa.CheckConstraint("severity IN ('INFO', 'WARNING', 'CRITICAL')", name=op.f("ck_charger_alert_severity")),
        sa.CheckConstraint("source IN ('DEVICE', 'RULE')", name=op.f("ck_charger_alert_source")),
        sa.CheckConstraint(
            "state <> 'ACKNOWLEDGED' OR acknowledged_at IS NOT NULL", name=op.f("ck_charger_alert_acknowledged")
        ),
        sa.CheckConstraint("state IN ('OPEN', 'ACKNOWLEDGED', 'CLOSED')", name=op.f("ck_charger_alert_state")),
        sa.CheckConstraint("last_at >= opened_at", name=op.f("ck_charger_alert_last_at")),
        sa.CheckConstraint("occurrences >= 1", name=op.f("ck_charger_alert_occurrences")),
        sa.ForeignKeyConstraint(
            ["acknowledged_by"], ["user_account.id"], name=op.f("fk_charger_alert_acknowledged_by")
        ),
        sa.ForeignKeyConstraint(["charger_id"], ["charger.id"], name=op.f("fk_charger_alert_charger_id")),
        sa.ForeignKeyConstraint(["closed_by"], ["user_account.id"], name=op.f("fk_charger_alert_closed_by")),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_charger_alert_entity_id")),
        sa.ForeignKeyConstraint(
            ["maintenance_task_id"], ["maintenance_task.id"], name=op.f("fk_charger_alert_maintenance_task_id")
        ),
        sa.ForeignKeyConstraint(["owner_contact_id"], ["contact.id"], name=op.f("fk_charger_alert_owner_contact_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_charger_alert")),
    )
    op.create_index(
        "ix_charger_alert_channel", "charger_alert", ["channel_organization_ids"], unique=False, postgresql_using="gin"
    )
    op.create_index("ix_charger_alert_charger", "charger_alert", ["charger_id", "created_at", "id"], unique=False)
    op.create_index("ix_charger_alert_entity_newest", "charger_alert", ["entity_id", "created_at", "id"], unique=False)
    op.create_index(
        "ix_charger_alert_entity_state", "charger_alert", ["entity_id", "state", "created_at", "id"], unique=False
    )
    op.create_index("ix_charger_alert_newest", "charger_alert", ["created_at", "id"], unique=False)
    op.create_index("ix_charger_alert_owner", "charger_alert", ["owner_contact_id", "created_at", "id"], unique=False)
    op.create_index("ix_charger_alert_task", "charger_alert", ["maintenance_task_id"], unique=False)
    op.create_index(
        "ix_charger_alert_waiting",
        "charger_alert",
        ["code", "last_at"],
        unique=False,
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_index(
        "uq_charger_alert_open",
        "charger_alert",
        ["charger_id", "code"],
        unique=True,
        postgresql_where=sa.text("closed_at IS NULL"),
    )


def downgrade() -> None:
    for table in _TABLES:
        op.drop_table(table)
