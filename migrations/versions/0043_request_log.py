"""What keys and applications asked in the last days, in partitions by day, and its counts by hour."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0043"
down_revision = "0042"

_MOST = 16384


def upgrade() -> None:
    op.create_table(
        "request_log",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("organization_id", sa.UUID(), nullable=True),
        sa.Column("client_kind", sa.Text(), nullable=True),
        sa.Column("client_id", sa.UUID(), nullable=True),
        sa.Column("user_id", sa.UUID(), nullable=True),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("route", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("operation", sa.Text(), nullable=True),
        sa.Column("ip_address", sa.Text(), nullable=False),
        sa.Column("codes", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("request_headers", postgresql.JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.Column("request_body", sa.Text(), nullable=True),
        sa.Column("response_body", sa.Text(), nullable=True),
        sa.Column("milliseconds", sa.Integer(), nullable=False),
        sa.Column("request_bytes", sa.Integer(), nullable=False),
        sa.Column("response_bytes", sa.Integer(), nullable=False),
        sa.Column("status", sa.SmallInteger(), nullable=False),
        sa.Column("sandbox", sa.Boolean(), nullable=False),
        sa.Column("replayable", sa.Boolean(), nullable=False),
        sa.CheckConstraint(f"length(request_body) <= {_MOST}", name=op.f("ck_request_log_request_body")),
        sa.CheckConstraint(f"length(response_body) <= {_MOST}", name=op.f("ck_request_log_response_body")),
        sa.PrimaryKeyConstraint("id", "created_at", name=op.f("pk_request_log")),
        postgresql_partition_by="RANGE (created_at)",
    )
    for name, column in (("organization", "organization_id"), ("entity", "entity_id"), ("client", "client_id")):
        op.create_index(f"ix_request_log_{name}_newest", "request_log", [column, "created_at", "id"])
    op.create_index("ix_request_log_newest", "request_log", ["created_at", "id"])
    op.create_table(
        "request_hour",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("hour", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("organization_id", sa.UUID(), nullable=True),
        sa.Column("client_kind", sa.Text(), nullable=True),
        sa.Column("client_id", sa.UUID(), nullable=True),
        sa.Column("route", sa.Text(), nullable=False),
        sa.Column("sandbox", sa.Boolean(), nullable=False),
        sa.Column("requests", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("errors", sa.Integer(), nullable=False),
        sa.Column("unlogged", sa.Integer(), nullable=False),
        sa.Column("milliseconds", sa.BigInteger(), nullable=False),
        sa.Column("slowest", sa.Integer(), nullable=False),
        sa.Column("histogram", postgresql.ARRAY(sa.Integer()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("cardinality(histogram) = 12", name=op.f("ck_request_hour_histogram")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_request_hour")),
    )
    op.create_index(
        "uq_request_hour",
        "request_hour",
        ["hour", "entity_id", "organization_id", "client_kind", "client_id", "route", "sandbox"],
        unique=True,
        postgresql_nulls_not_distinct=True,
    )
    op.create_index("ix_request_hour_organization", "request_hour", ["organization_id", "hour", "id"])
    op.create_index("ix_request_hour_entity", "request_hour", ["entity_id", "hour", "id"])


def downgrade() -> None:
    op.drop_table("request_hour")
    op.drop_table("request_log")
    op.execute("DROP FUNCTION IF EXISTS make_request_log_days(date, date), drop_request_log_days(integer)")
