"""Sessions: tokens, sessions and what was reported of them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0034"
down_revision = "0033"


def upgrade() -> None:
    op.create_table(
        "id_token",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), server_default="RFID", nullable=False),
        sa.Column("label", sa.Text(), server_default="", nullable=False),
        sa.Column("contact_id", sa.UUID(), nullable=False),
        sa.Column("charger_ids", postgresql.ARRAY(sa.UUID()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("status", sa.Text(), server_default="ACCEPTED", nullable=False),
        sa.Column("blocked_reason", sa.Text(), server_default="", nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("kind IN ('RFID', 'APP', 'VEHICLE')", name=op.f("ck_id_token_kind")),
        sa.CheckConstraint("status IN ('ACCEPTED', 'BLOCKED')", name=op.f("ck_id_token_status")),
        sa.CheckConstraint("token = upper(token) AND length(token) BETWEEN 1 AND 36", name=op.f("ck_id_token_token")),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name=op.f("fk_id_token_contact_id")),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_id_token_entity_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_id_token")),
        sa.UniqueConstraint("entity_id", "token", name=op.f("uq_id_token_entity_id_token")),
    )
    op.create_index("ix_id_token_contact", "id_token", ["contact_id", "created_at", "id"], unique=False)
    op.create_index("ix_id_token_entity_newest", "id_token", ["entity_id", "created_at", "id"], unique=False)
    op.create_index("ix_id_token_newest", "id_token", ["created_at", "id"], unique=False)
    op.create_index(
        "uq_id_token_app",
        "id_token",
        ["entity_id", "contact_id"],
        unique=True,
        postgresql_where=sa.text("kind = 'APP'"),
    )
    op.create_table(
        "charging_session",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("charger_id", sa.UUID(), nullable=False),
        sa.Column("connector", sa.Integer(), nullable=False),
        sa.Column(
            "channel_organization_ids", postgresql.ARRAY(sa.UUID()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("owner_contact_id", sa.UUID(), nullable=True),
        sa.Column("driver_contact_id", sa.UUID(), nullable=True),
        sa.Column("id_token", sa.Text(), nullable=True),
        sa.Column("id_token_id", sa.UUID(), nullable=True),
        sa.Column("transaction_id", sa.Text(), nullable=True),
        sa.Column("transaction_number", sa.Integer(), nullable=True),
        sa.Column("protocol", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), server_default="STARTING", nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.Text(), nullable=True),
        sa.Column("stop_reason", sa.Text(), server_default="", nullable=False),
        sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paused_seconds", sa.Integer(), server_default="0", nullable=False),
        sa.Column("meter_start_wh", sa.BigInteger(), nullable=True),
        sa.Column("meter_wh", sa.BigInteger(), nullable=True),
        sa.Column("meter_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("energy_wh", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("power_w", sa.Integer(), nullable=True),
        sa.Column("soc_percent", sa.SmallInteger(), nullable=True),
        sa.Column("target_wh", sa.BigInteger(), nullable=True),
        sa.Column("milestone", sa.SmallInteger(), nullable=True),
        sa.Column("emergency", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("tariff_version_id", sa.UUID(), nullable=True),
        sa.Column("marks", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("heard_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("requested_by", sa.UUID(), nullable=True),
        sa.Column("stop_requested_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recount_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("usage_digest", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("(state = 'COMPLETED') = (closed_by IS NOT NULL)", name=op.f("ck_charging_session_closed")),
        sa.CheckConstraint("(state = 'COMPLETED') = (ended_at IS NOT NULL)", name=op.f("ck_charging_session_ended_at")),
        sa.CheckConstraint("(state = 'PAUSED') = (paused_at IS NOT NULL)", name=op.f("ck_charging_session_paused_at")),
        sa.CheckConstraint("closed_by IN ('CHARGER', 'RULE', 'STAFF')", name=op.f("ck_charging_session_closed_by")),
        sa.CheckConstraint(
            "marks <@ ARRAY['OFFLINE_START', 'NO_START', 'NO_STOP', 'LATE_STOP', 'STUCK_TRANSACTION', 'NEVER_STARTED', 'METER_RESTARTED', 'METER_MISSING', 'CLOCK_CORRECTED', 'ENERGY_ESTIMATED', 'CHARGER_REBOOTED', 'CHARGER_REPLACED', 'UNKNOWN_TOKEN', 'REFUSED_TOKEN', 'CLOSED_BY_STAFF']",
            name=op.f("ck_charging_session_marks"),
        ),
        sa.CheckConstraint("protocol IN ('MQTT', 'OCPP16', 'OCPP201')", name=op.f("ck_charging_session_protocol")),
        sa.CheckConstraint(
            "state IN ('STARTING', 'ACTIVE', 'PAUSED', 'COMPLETED')", name=op.f("ck_charging_session_state")
        ),
        sa.CheckConstraint("connector BETWEEN 1 AND 20", name=op.f("ck_charging_session_connector")),
        sa.CheckConstraint("ended_at >= started_at", name=op.f("ck_charging_session_times")),
        sa.CheckConstraint("energy_wh >= 0 AND paused_seconds >= 0", name=op.f("ck_charging_session_amounts")),
        sa.CheckConstraint("milestone IN (0, 25, 50, 75, 100)", name=op.f("ck_charging_session_milestone")),
        sa.CheckConstraint("target_wh > 0", name=op.f("ck_charging_session_target_wh")),
        sa.ForeignKeyConstraint(["charger_id"], ["charger.id"], name=op.f("fk_charging_session_charger_id")),
        sa.ForeignKeyConstraint(
            ["driver_contact_id"], ["contact.id"], name=op.f("fk_charging_session_driver_contact_id")
        ),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_charging_session_entity_id")),
        sa.ForeignKeyConstraint(["id_token_id"], ["id_token.id"], name=op.f("fk_charging_session_id_token_id")),
        sa.ForeignKeyConstraint(
            ["owner_contact_id"], ["contact.id"], name=op.f("fk_charging_session_owner_contact_id")
        ),
        sa.ForeignKeyConstraint(["requested_by"], ["user_account.id"], name=op.f("fk_charging_session_requested_by")),
        sa.ForeignKeyConstraint(
            ["tariff_version_id"], ["tariff_version.id"], name=op.f("fk_charging_session_tariff_version_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_charging_session")),
        sa.UniqueConstraint("entity_id", "number", name=op.f("uq_charging_session_entity_id_number")),
    )
    op.create_index(
        "ix_charging_session_at_charger", "charging_session", ["charger_id", "connector", "started_at"], unique=False
    )
    op.create_index(
        "ix_charging_session_channel",
        "charging_session",
        ["channel_organization_ids"],
        unique=False,
        postgresql_using="gin",
    )
    op.create_index(
        "ix_charging_session_driver", "charging_session", ["driver_contact_id", "created_at", "id"], unique=False
    )
    op.create_index("ix_charging_session_ended", "charging_session", ["charger_id", "ended_at"], unique=False)
    op.create_index(
        "ix_charging_session_entity_newest", "charging_session", ["entity_id", "created_at", "id"], unique=False
    )
    op.create_index(
        "ix_charging_session_entity_started", "charging_session", ["entity_id", "started_at", "id"], unique=False
    )
    op.create_index("ix_charging_session_newest", "charging_session", ["created_at", "id"], unique=False)
    op.create_index(
        "ix_charging_session_number_at_charger", "charging_session", ["charger_id", "transaction_number"], unique=False
    )
    op.create_index(
        "ix_charging_session_open",
        "charging_session",
        ["heard_at"],
        unique=False,
        postgresql_where=sa.text("state <> 'COMPLETED'"),
    )
    op.create_index(
        "ix_charging_session_owner", "charging_session", ["owner_contact_id", "created_at", "id"], unique=False
    )
    op.create_index(
        "ix_charging_session_recount",
        "charging_session",
        ["recount_at"],
        unique=False,
        postgresql_where=sa.text("recount_at IS NOT NULL"),
    )
    op.create_index(
        "ix_charging_session_token",
        "charging_session",
        ["id_token_id"],
        unique=False,
        postgresql_where=sa.text("state <> 'COMPLETED'"),
    )
    op.create_index(
        "uq_charging_session_open",
        "charging_session",
        ["charger_id", "connector"],
        unique=True,
        postgresql_where=sa.text("state <> 'COMPLETED'"),
    )
    op.create_index(
        "uq_charging_session_transaction", "charging_session", ["charger_id", "transaction_id"], unique=True
    )
    op.create_table(
        "session_report",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("session_id", sa.UUID(), nullable=False),
        sa.Column("charger_id", sa.UUID(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), server_default="CHARGER", nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("corrected", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("sequence", sa.Integer(), server_default="0", nullable=False),
        sa.Column("meter_wh", sa.BigInteger(), nullable=True),
        sa.Column("id_token", sa.Text(), nullable=True),
        sa.Column("charging_state", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("offline", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "charging_state IN ('CHARGING', 'SUSPENDED')", name=op.f("ck_session_report_charging_state")
        ),
        sa.CheckConstraint("kind IN ('STARTED', 'UPDATED', 'ENDED')", name=op.f("ck_session_report_kind")),
        sa.CheckConstraint("source IN ('CHARGER', 'COMMAND', 'STATUS')", name=op.f("ck_session_report_source")),
        sa.CheckConstraint("meter_wh >= 0", name=op.f("ck_session_report_meter_wh")),
        sa.ForeignKeyConstraint(["charger_id"], ["charger.id"], name=op.f("fk_session_report_charger_id")),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_session_report_entity_id")),
        sa.ForeignKeyConstraint(["session_id"], ["charging_session.id"], name=op.f("fk_session_report_session_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_session_report")),
        sa.UniqueConstraint("charger_id", "key", name=op.f("uq_session_report_charger_id_key")),
    )
    op.create_index("ix_session_report_entity", "session_report", ["entity_id", "created_at", "id"], unique=False)
    op.create_index("ix_session_report_session", "session_report", ["session_id", "at"], unique=False)
    op.create_table(
        "session_hour",
        sa.Column("session_id", sa.UUID(), nullable=False),
        sa.Column("hour", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("charger_id", sa.UUID(), nullable=False),
        sa.Column("owner_contact_id", sa.UUID(), nullable=True),
        sa.Column(
            "channel_organization_ids", postgresql.ARRAY(sa.UUID()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("energy_wh", sa.BigInteger(), nullable=False),
        sa.Column("connected_seconds", sa.Integer(), nullable=False),
        sa.Column("charging_seconds", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "charging_seconds BETWEEN 0 AND connected_seconds", name=op.f("ck_session_hour_charging_seconds")
        ),
        sa.CheckConstraint("connected_seconds BETWEEN 0 AND 3600", name=op.f("ck_session_hour_connected_seconds")),
        sa.CheckConstraint("energy_wh >= 0", name=op.f("ck_session_hour_energy_wh")),
        sa.ForeignKeyConstraint(["charger_id"], ["charger.id"], name=op.f("fk_session_hour_charger_id")),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_session_hour_entity_id")),
        sa.ForeignKeyConstraint(["owner_contact_id"], ["contact.id"], name=op.f("fk_session_hour_owner_contact_id")),
        sa.ForeignKeyConstraint(["session_id"], ["charging_session.id"], name=op.f("fk_session_hour_session_id")),
        sa.PrimaryKeyConstraint("session_id", "hour", name=op.f("pk_session_hour")),
    )
    op.create_index(
        "ix_session_hour_channel", "session_hour", ["channel_organization_ids"], unique=False, postgresql_using="gin"
    )
    op.create_index("ix_session_hour_charger", "session_hour", ["charger_id", "hour"], unique=False)
    op.create_index("ix_session_hour_entity", "session_hour", ["entity_id", "hour"], unique=False)
    op.create_index("ix_session_hour_owner", "session_hour", ["owner_contact_id", "hour"], unique=False)


def downgrade() -> None:
    op.drop_table("session_hour")
    op.drop_table("session_report")
    op.drop_table("charging_session")
    op.execute("DROP FUNCTION IF EXISTS list_charging_session()")
    op.drop_table("id_token")
    op.execute("DELETE FROM channel_row WHERE kind = 'charging_session'")
    op.execute("DELETE FROM search_row WHERE kind = 'charging_session'")
