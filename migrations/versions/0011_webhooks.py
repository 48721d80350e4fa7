"""Webhook endpoints, deliveries, attempts and replays."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    _create_endpoint()
    _create_replay()
    _create_delivery()
    _create_attempt()
    for table in ("order", "quote"):
        op.create_index(
            f"ix_{table}_partner_order",
            table,
            ["entity_id", "partner_order_id"],
            unique=False,
            postgresql_where=sa.text("partner_order_id IS NOT NULL"),
        )


def _create_endpoint() -> None:
    op.create_table(
        "webhook_endpoint",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("organization_id", sa.UUID(), nullable=True),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column("event_types", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("selection", sa.Text(), nullable=True),
        sa.Column("contact_emails", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("language", sa.Text(), server_default="nl", nullable=False),
        sa.Column("mail_fallback", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("state", sa.Text(), server_default="ENABLED", nullable=False),
        sa.Column("disabled_reason", sa.Text(), nullable=True),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=True),
        sa.Column("retry_seconds", sa.Integer(), nullable=True),
        sa.Column("retry_factor", sa.Float(), nullable=True),
        sa.Column("retry_longest_seconds", sa.Integer(), nullable=True),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("previous_secret", sa.LargeBinary(), nullable=True),
        sa.Column("overlap_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failed_in_a_row", sa.Integer(), server_default="0", nullable=False),
        sa.Column("alerted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_by_user_id", sa.UUID(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "(state = 'DISABLED') = (disabled_at IS NOT NULL)", name=op.f("ck_webhook_endpoint_disabled_at")
        ),
        sa.CheckConstraint(
            "(state = 'DISABLED') = (disabled_reason IS NOT NULL)",
            name=op.f("ck_webhook_endpoint_disabled_with_reason"),
        ),
        sa.CheckConstraint(
            "disabled_reason IN ('MANUAL', 'FAILING', 'GONE', 'DELETED')",
            name=op.f("ck_webhook_endpoint_disabled_reason"),
        ),
        sa.CheckConstraint("state IN ('ENABLED', 'DISABLED')", name=op.f("ck_webhook_endpoint_state")),
        sa.CheckConstraint(
            "(previous_secret IS NULL) = (overlap_until IS NULL)",
            name=op.f("ck_webhook_endpoint_previous_secret"),
        ),
        sa.CheckConstraint("attempts BETWEEN 1 AND 20", name=op.f("ck_webhook_endpoint_attempts")),
        sa.CheckConstraint("retry_factor BETWEEN 1 AND 10", name=op.f("ck_webhook_endpoint_retry_factor")),
        sa.CheckConstraint(
            "retry_longest_seconds BETWEEN 1 AND 86400", name=op.f("ck_webhook_endpoint_retry_longest_seconds")
        ),
        sa.CheckConstraint("retry_seconds BETWEEN 1 AND 3600", name=op.f("ck_webhook_endpoint_retry_seconds")),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_webhook_endpoint_entity_id")),
        sa.ForeignKeyConstraint(["organization_id"], ["contact.id"], name=op.f("fk_webhook_endpoint_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_endpoint")),
    )
    op.create_index(
        "ix_webhook_endpoint_entity_newest", "webhook_endpoint", ["entity_id", "created_at", "id"], unique=False
    )
    op.create_index("ix_webhook_endpoint_newest", "webhook_endpoint", ["created_at", "id"], unique=False)
    op.create_index(
        "ix_webhook_endpoint_organization_newest",
        "webhook_endpoint",
        ["organization_id", "created_at", "id"],
        unique=False,
    )


def _create_replay() -> None:
    op.create_table(
        "webhook_replay",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("organization_id", sa.UUID(), nullable=True),
        sa.Column("endpoint_id", sa.UUID(), nullable=False),
        sa.Column("state", sa.Text(), server_default="RUNNING", nullable=False),
        sa.Column("undelivered_only", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("after_position", sa.BigInteger(), nullable=False),
        sa.Column("until_position", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("examined", sa.Integer(), server_default="0", nullable=False),
        sa.Column("queued", sa.Integer(), server_default="0", nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_by_user_id", sa.UUID(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("state IN ('RUNNING', 'DONE', 'CANCELLED')", name=op.f("ck_webhook_replay_state")),
        sa.ForeignKeyConstraint(["endpoint_id"], ["webhook_endpoint.id"], name=op.f("fk_webhook_replay_endpoint_id")),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_webhook_replay_entity_id")),
        sa.ForeignKeyConstraint(["organization_id"], ["contact.id"], name=op.f("fk_webhook_replay_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_replay")),
    )
    op.create_index("ix_webhook_replay_endpoint", "webhook_replay", ["endpoint_id", "created_at", "id"], unique=False)
    op.create_index(
        "ix_webhook_replay_running",
        "webhook_replay",
        ["created_at"],
        unique=False,
        postgresql_where=sa.text("state = 'RUNNING'"),
    )


def _create_delivery() -> None:
    op.create_table(
        "webhook_delivery",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("organization_id", sa.UUID(), nullable=True),
        sa.Column("endpoint_id", sa.UUID(), nullable=False),
        sa.Column("event_id", sa.UUID(), nullable=False),
        sa.Column("event_type", sa.Text(), nullable=False),
        sa.Column("event_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("subject_type", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.UUID(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("test", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("state", sa.Text(), server_default="PENDING", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("attempts_before", sa.Integer(), server_default="0", nullable=False),
        sa.Column("interruptions", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_status", sa.Integer(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("mailed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("replay_id", sa.UUID(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "state IN ('PENDING', 'DELIVERED', 'FAILED', 'SKIPPED')", name=op.f("ck_webhook_delivery_state")
        ),
        sa.ForeignKeyConstraint(["endpoint_id"], ["webhook_endpoint.id"], name=op.f("fk_webhook_delivery_endpoint_id")),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_webhook_delivery_entity_id")),
        sa.ForeignKeyConstraint(["organization_id"], ["contact.id"], name=op.f("fk_webhook_delivery_organization_id")),
        sa.ForeignKeyConstraint(["replay_id"], ["webhook_replay.id"], name=op.f("fk_webhook_delivery_replay_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_delivery")),
        sa.UniqueConstraint("endpoint_id", "event_id", name=op.f("uq_webhook_delivery_endpoint_id_event_id")),
    )
    op.create_index(
        "ix_webhook_delivery_due",
        "webhook_delivery",
        ["endpoint_id", "next_attempt_at"],
        unique=False,
        postgresql_where=sa.text("state = 'PENDING'"),
    )
    op.create_index(
        "ix_webhook_delivery_endpoint_newest", "webhook_delivery", ["endpoint_id", "created_at", "id"], unique=False
    )
    op.create_index(
        "ix_webhook_delivery_entity_newest", "webhook_delivery", ["entity_id", "created_at", "id"], unique=False
    )
    op.create_index(
        "ix_webhook_delivery_leased",
        "webhook_delivery",
        ["lease_until"],
        unique=False,
        postgresql_where=sa.text("lease_until IS NOT NULL"),
    )
    op.create_index("ix_webhook_delivery_newest", "webhook_delivery", ["created_at", "id"], unique=False)
    op.create_index(
        "ix_webhook_delivery_organization_newest",
        "webhook_delivery",
        ["organization_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        "ix_webhook_delivery_replay",
        "webhook_delivery",
        ["replay_id"],
        unique=False,
        postgresql_where=sa.text("replay_id IS NOT NULL"),
    )
    op.create_index(
        "ix_webhook_delivery_subject",
        "webhook_delivery",
        ["endpoint_id", "subject_id", "position"],
        unique=False,
        postgresql_where=sa.text("state = 'PENDING'"),
    )
    op.create_index("ix_webhook_delivery_about", "webhook_delivery", ["subject_id"], unique=False)
    op.create_index(
        "ix_webhook_delivery_unwritten",
        "webhook_delivery",
        ["created_at"],
        unique=False,
        postgresql_where=sa.text("state = 'PENDING' AND body IS NULL"),
    )


def _create_attempt() -> None:
    op.create_table(
        "webhook_attempt",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("organization_id", sa.UUID(), nullable=True),
        sa.Column("endpoint_id", sa.UUID(), nullable=False),
        sa.Column("delivery_id", sa.UUID(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("latency_ms", sa.Integer(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column(
            "request_headers",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column(
            "response_headers",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column("response_body", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "error IN ('STATUS', 'TIMEOUT', 'DNS', 'ADDRESS_REFUSED', 'CONNECTION', 'TLS', 'PROTOCOL', 'PAYLOAD', 'INTERRUPTED')",
            name=op.f("ck_webhook_attempt_error"),
        ),
        sa.CheckConstraint("octet_length(response_body) <= 8192", name=op.f("ck_webhook_attempt_response_body")),
        sa.ForeignKeyConstraint(["delivery_id"], ["webhook_delivery.id"], name=op.f("fk_webhook_attempt_delivery_id")),
        sa.ForeignKeyConstraint(["endpoint_id"], ["webhook_endpoint.id"], name=op.f("fk_webhook_attempt_endpoint_id")),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_webhook_attempt_entity_id")),
        sa.ForeignKeyConstraint(["organization_id"], ["contact.id"], name=op.f("fk_webhook_attempt_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_attempt")),
        sa.UniqueConstraint("delivery_id", "number", name=op.f("uq_webhook_attempt_delivery_id_number")),
    )
    op.create_index("ix_webhook_attempt_endpoint", "webhook_attempt", ["endpoint_id", "created_at"], unique=False)


def downgrade() -> None:
    for table in ("order", "quote"):
        op.drop_index(f"ix_{table}_partner_order", table_name=table)
    for table in ("webhook_attempt", "webhook_delivery", "webhook_replay", "webhook_endpoint"):
        op.drop_table(table)
