"""Sandboxes of partners: entities that stand beside the live ones, their clocks, faults and runs of checks."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0042"
down_revision = "0041"

_TABLES = ("rehearsed_visit", "sandbox_check", "sandbox_run", "partner_sandbox")
_FAULTS = "fault IN ('DUPLICATE', 'LATE', 'OUT_OF_ORDER', 'BAD_SIGNATURE', 'SERVER_ERROR', 'TIMEOUT')"


def upgrade() -> None:
    _mark_entities()
    _keep_mail()
    _allow_faults()
    _create_sandbox()
    _create_run()
    _create_check()
    _create_rehearsed_visit()
    op.add_column("partner_integration", sa.Column("clock_frozen_at", sa.DateTime(timezone=True), nullable=True))


def _create_rehearsed_visit() -> None:
    op.create_table(
        "rehearsed_visit",
        sa.Column("order_id", sa.UUID(), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("installer", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_rehearsed_visit")),
        sa.ForeignKeyConstraint(["order_id"], ["order.id"], name=op.f("fk_rehearsed_visit_order_id")),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_rehearsed_visit_entity_id")),
    )
    op.create_index(op.f("ix_rehearsed_visit_entity_id"), "rehearsed_visit", ["entity_id"])


def _mark_entities() -> None:
    op.add_column("business_entity", sa.Column("sandbox_of_entity_id", sa.UUID(), nullable=True))
    op.create_foreign_key(
        op.f("fk_business_entity_sandbox_of_entity_id"),
        "business_entity",
        "business_entity",
        ["sandbox_of_entity_id"],
        ["id"],
    )
    op.create_unique_constraint(
        op.f("uq_business_entity_sandbox_of_entity_id"), "business_entity", ["sandbox_of_entity_id"]
    )
    op.drop_constraint(op.f("ck_business_entity_code"), "business_entity")
    op.create_check_constraint(
        op.f("ck_business_entity_code"),
        "business_entity",
        "CASE WHEN sandbox_of_entity_id IS NULL THEN code ~ '^[A-Z]{2,4}$' ELSE code ~ '^S[A-Z]{2,4}$' END",
    )


def _keep_mail() -> None:
    op.drop_constraint(op.f("ck_mail_message_status"), "mail_message")
    op.create_check_constraint(
        op.f("ck_mail_message_status"), "mail_message", "status IN ('QUEUED', 'SENT', 'FAILED', 'SUPPRESSED', 'KEPT')"
    )
    op.create_index(
        "ix_mail_message_kept",
        "mail_message",
        ["entity_id", "created_at", "id"],
        postgresql_where=sa.text("status = 'KEPT'"),
    )
    op.drop_constraint(op.f("ck_notification_delivery_reason"), "notification_delivery")
    reasons = "NOT_CONFIGURED NO_ADDRESS OPTED_OUT BOUNCED REFUSED GIVEN_UP ERASED COMPLAINED OUTDATED SANDBOX"
    op.create_check_constraint(
        op.f("ck_notification_delivery_reason"), "notification_delivery", f"reason IN {tuple(reasons.split())}"
    )


def _allow_faults() -> None:
    op.add_column("webhook_endpoint", sa.Column("faults", postgresql.JSONB(), nullable=True))
    op.add_column("webhook_delivery", sa.Column("fault", sa.Text(), nullable=True))
    op.add_column(
        "webhook_delivery", sa.Column("fault_due", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
    op.add_column("webhook_attempt", sa.Column("fault", sa.Text(), nullable=True))
    op.create_check_constraint(op.f("ck_webhook_delivery_fault"), "webhook_delivery", _FAULTS)
    op.create_check_constraint(op.f("ck_webhook_attempt_fault"), "webhook_attempt", _FAULTS)


def _create_sandbox() -> None:
    op.create_table(
        "partner_sandbox",
        *_identified(),
        *_of_the_partner(),
        sa.Column("sandbox_entity_id", sa.UUID(), nullable=False),
        sa.Column("sandbox_organization_id", sa.UUID(), nullable=False),
        sa.Column("clock_offset_seconds", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("clock_frozen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("faults", postgresql.JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.Column("copied_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("emptied_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by_user_id", sa.UUID(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("sandbox_entity_id <> entity_id", name=op.f("ck_partner_sandbox_another_entity")),
        *_keys("partner_sandbox"),
        sa.ForeignKeyConstraint(
            ["sandbox_entity_id"], ["business_entity.id"], name=op.f("fk_partner_sandbox_sandbox_entity_id")
        ),
        sa.ForeignKeyConstraint(
            ["sandbox_organization_id"], ["contact.id"], name=op.f("fk_partner_sandbox_sandbox_organization_id")
        ),
        sa.UniqueConstraint("entity_id", "organization_id", name=op.f("uq_partner_sandbox_entity_id_organization_id")),
        sa.UniqueConstraint("sandbox_organization_id", name=op.f("uq_partner_sandbox_sandbox_organization_id")),
    )
    _lists("partner_sandbox")


def _create_run() -> None:
    op.create_table(
        "sandbox_run",
        *_identified(),
        *_of_the_partner(),
        sa.Column("sandbox_id", sa.UUID(), nullable=False),
        sa.Column("state", sa.Text(), server_default="RUNNING", nullable=False),
        sa.Column("score", sa.Integer(), server_default="0", nullable=False),
        sa.Column("progress_text", sa.Text(), server_default="", nullable=False),
        sa.Column("plan", postgresql.JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("started_by_user_id", sa.UUID(), nullable=True),
        sa.CheckConstraint("state IN ('RUNNING', 'PASSED', 'FAILED', 'STOPPED')", name=op.f("ck_sandbox_run_state")),
        sa.CheckConstraint("score BETWEEN 0 AND 100", name=op.f("ck_sandbox_run_score")),
        sa.CheckConstraint("(state = 'RUNNING') = (finished_at IS NULL)", name=op.f("ck_sandbox_run_finished_at")),
        *_keys("sandbox_run"),
        sa.ForeignKeyConstraint(["sandbox_id"], ["partner_sandbox.id"], name=op.f("fk_sandbox_run_sandbox_id")),
    )
    _lists("sandbox_run")
    op.create_index("ix_sandbox_run_sandbox", "sandbox_run", ["sandbox_id", "created_at", "id"])
    op.create_index(
        "uq_sandbox_run_running",
        "sandbox_run",
        ["sandbox_id"],
        unique=True,
        postgresql_where=sa.text("state = 'RUNNING'"),
    )


def _create_check() -> None:
    op.create_table(
        "sandbox_check",
        *_identified(),
        *_of_the_partner(),
        sa.Column("run_id", sa.UUID(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("required", sa.Boolean(), nullable=False),
        sa.Column("state", sa.Text(), server_default="WAITING", nullable=False),
        sa.Column("evidence", postgresql.JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('WAITING', 'PASSED', 'FAILED', 'SKIPPED')", name=op.f("ck_sandbox_check_state")),
        *_keys("sandbox_check"),
        sa.ForeignKeyConstraint(["run_id"], ["sandbox_run.id"], name=op.f("fk_sandbox_check_run_id")),
        sa.UniqueConstraint("run_id", "code", name=op.f("uq_sandbox_check_run_id_code")),
    )
    op.create_index(op.f("ix_sandbox_check_entity_id"), "sandbox_check", ["entity_id"])
    op.create_index(op.f("ix_sandbox_check_organization_id"), "sandbox_check", ["organization_id"])


def _identified() -> tuple[sa.Column[object], ...]:
    return (
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
    )


def _of_the_partner() -> tuple[sa.Column[object], ...]:
    return (
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("organization_id", sa.UUID(), nullable=False),
    )


def _keys(table: str) -> tuple[sa.Constraint, ...]:
    return (
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f(f"fk_{table}_entity_id")),
        sa.ForeignKeyConstraint(["organization_id"], ["contact.id"], name=op.f(f"fk_{table}_organization_id")),
    )


def _lists(table: str) -> None:
    op.create_index(f"ix_{table}_entity_newest", table, ["entity_id", "created_at", "id"])
    op.create_index(f"ix_{table}_organization_newest", table, ["organization_id", "created_at", "id"])
    op.create_index(f"ix_{table}_newest", table, ["created_at", "id"])


def downgrade() -> None:
    op.drop_column("partner_integration", "clock_frozen_at")
    for table in _TABLES:
        op.drop_table(table)
    op.drop_column("webhook_attempt", "fault")
    op.drop_column("webhook_delivery", "fault_due")
    op.drop_column("webhook_delivery", "fault")
    op.drop_column("webhook_endpoint", "faults")
    for table in ("visit", "invoice", "commission", "lead"):
        op.execute(f"DROP TRIGGER IF EXISTS refuse_in_sandbox ON {table}")
    op.execute("DROP FUNCTION IF EXISTS refuse_in_sandbox()")
    op.execute("DROP TRIGGER IF EXISTS keep_in_sandbox ON notification_delivery")
    op.execute("DROP TRIGGER IF EXISTS keep_in_sandbox ON mail_message")
    op.execute("DROP FUNCTION IF EXISTS keep_notification_in_sandbox(), keep_mail_in_sandbox()")
    op.execute("UPDATE mail_message SET status = 'SUPPRESSED' WHERE status = 'KEPT'")
    op.execute("UPDATE notification_delivery SET reason = 'NOT_CONFIGURED' WHERE reason = 'SANDBOX'")
    _forget_keeping()
    op.drop_constraint(op.f("ck_business_entity_code"), "business_entity")
    op.drop_constraint(op.f("uq_business_entity_sandbox_of_entity_id"), "business_entity")
    op.drop_column("business_entity", "sandbox_of_entity_id")
    op.create_check_constraint(op.f("ck_business_entity_code"), "business_entity", "code ~ '^S?[A-Z]{2,4}$'")


def _forget_keeping() -> None:
    op.drop_constraint(op.f("ck_notification_delivery_reason"), "notification_delivery")
    reasons = "NOT_CONFIGURED NO_ADDRESS OPTED_OUT BOUNCED REFUSED GIVEN_UP ERASED COMPLAINED OUTDATED"
    op.create_check_constraint(
        op.f("ck_notification_delivery_reason"), "notification_delivery", f"reason IN {tuple(reasons.split())}"
    )
    op.drop_index("ix_mail_message_kept", "mail_message")
    op.drop_constraint(op.f("ck_mail_message_status"), "mail_message")
    op.create_check_constraint(
        op.f("ck_mail_message_status"), "mail_message", "status IN ('QUEUED', 'SENT', 'FAILED', 'SUPPRESSED')"
    )
