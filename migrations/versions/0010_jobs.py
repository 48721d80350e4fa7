"""Jobs have rows: asked for in the transaction that needs them, found again whatever is lost. Failed ones say more."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"

_JSON = postgresql.JSONB()
_EMPTY = sa.text("'{}'::jsonb")
_FAILED = "failed_job"


def _time(name: str, *, given: bool = False) -> "sa.Column[Any]":
    default = sa.text("now()") if given else None
    return sa.Column(name, sa.DateTime(timezone=True), server_default=default, nullable=not given)


def _count(name: str) -> "sa.Column[Any]":
    return sa.Column(name, sa.Integer(), server_default="0", nullable=False)


def upgrade() -> None:
    _create_job()
    _widen_failed_job()


def _create_job() -> None:
    op.create_table(
        "job",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("arguments", _JSON, server_default=_EMPTY, nullable=False),
        sa.Column("key", sa.Text(), nullable=True),
        sa.Column("actor", _JSON, nullable=False),
        sa.Column("user_id", sa.UUID(), nullable=True),
        sa.Column("entity_id", sa.UUID(), nullable=True),
        _time("run_at", given=True),
        sa.Column("state", sa.Text(), server_default="QUEUED", nullable=False),
        _count("attempts"),
        _count("failures"),
        _count("interruptions"),
        _time("lease_until"),
        _time("handed_over_at"),
        sa.Column("progress", sa.Float(), server_default="0", nullable=False),
        sa.Column("progress_text", sa.Text(), server_default="", nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        _time("started_at"),
        _time("finished_at"),
        _time("created_at", given=True),
        sa.CheckConstraint("state IN ('QUEUED', 'RUNNING', 'DONE', 'FAILED')", name=op.f("ck_job_state")),
        sa.CheckConstraint("octet_length(arguments::text) <= 65536", name=op.f("ck_job_arguments")),
        sa.CheckConstraint("progress BETWEEN 0 AND 1", name=op.f("ck_job_progress")),
        sa.CheckConstraint("(state = 'RUNNING') = (lease_until IS NOT NULL)", name=op.f("ck_job_lease")),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_job_entity_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job")),
    )
    op.execute("ALTER TABLE job SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02)")
    _index_job()


def _index_job() -> None:
    keyed = sa.text("key IS NOT NULL")
    op.create_index("uq_job_name_key", "job", ["name", "key"], unique=True, postgresql_where=keyed)
    queued, running = sa.text("state = 'QUEUED'"), sa.text("state = 'RUNNING'")
    op.create_index("ix_job_queued", "job", ["queue", "run_at", "id"], postgresql_where=queued)
    op.create_index("ix_job_running", "job", ["queue", "id"], postgresql_where=running)
    op.create_index("ix_job_newest", "job", ["created_at", "id"])
    op.create_index("ix_job_entity_newest", "job", ["entity_id", "created_at", "id"])
    op.create_index("ix_job_user_newest", "job", ["user_id", "created_at", "id"])
    finished = sa.text("finished_at IS NOT NULL")
    op.create_index("ix_job_finished", "job", ["finished_at"], postgresql_where=finished)


def _widen_failed_job() -> None:
    op.alter_column(_FAILED, "job", new_column_name="name")
    op.drop_column(_FAILED, "job_id")
    for column in (
        sa.Column("job_id", sa.UUID(), nullable=True),
        sa.Column("queue", sa.Text(), server_default="default", nullable=False),
        sa.Column("arguments", _JSON, server_default=_EMPTY, nullable=False),
        sa.Column("key", sa.Text(), nullable=True),
        sa.Column("actor", _JSON, server_default=_EMPTY, nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=True),
        _time("resolved_at"),
        sa.Column("resolved_by", sa.UUID(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
    ):
        op.add_column(_FAILED, column)
    op.drop_constraint("ck_failed_job_state", _FAILED)
    op.execute("UPDATE failed_job SET state = 'DISCARDED' WHERE state = 'DISMISSED'")
    op.execute("UPDATE failed_job SET resolved_at = created_at WHERE state <> 'OPEN'")
    op.create_check_constraint(op.f("ck_failed_job_state"), _FAILED, "state IN ('OPEN', 'RETRIED', 'DISCARDED')")
    op.create_check_constraint(op.f("ck_failed_job_resolved"), _FAILED, "(state = 'OPEN') = (resolved_at IS NULL)")
    op.create_foreign_key(op.f("fk_failed_job_entity_id"), _FAILED, "business_entity", ["entity_id"], ["id"])
    op.create_index("ix_failed_job_entity_newest", _FAILED, ["entity_id", "created_at", "id"])
    op.create_index("ix_failed_job_open", _FAILED, ["queue", "name"], postgresql_where=sa.text("state = 'OPEN'"))
    op.create_index("ix_failed_job_job_id", _FAILED, ["job_id"])


def downgrade() -> None:
    op.execute("UPDATE failed_job SET state = 'DISMISSED' WHERE state = 'DISCARDED'")
    op.drop_constraint("ck_failed_job_state", _FAILED)
    for column in ("job_id", "queue", "arguments", "key", "actor", "entity_id", "resolved_at", "resolved_by", "reason"):
        op.drop_column(_FAILED, column)
    op.add_column(_FAILED, sa.Column("job_id", sa.Text(), server_default="", nullable=False))
    op.alter_column(_FAILED, "name", new_column_name="job")
    states = "state IN ('OPEN', 'RETRIED', 'DISMISSED')"
    op.create_check_constraint(op.f("ck_failed_job_state"), _FAILED, states)
    op.drop_table("job")
