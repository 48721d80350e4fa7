"""Readings of chargers and their roll-ups, in monthly partitions."""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"

_TABLES = (
    "telemetry_day",
    "telemetry_hour",
    "telemetry_minute",
    "telemetry_latest",
    "reading_correction",
    "telemetry_reading",
)


def upgrade() -> None:
    op.create_table(
        "telemetry_reading",
        *_measured(),
        sa.PrimaryKeyConstraint("charger_id", "connector", "read_at", "sequence", name=op.f("pk_telemetry_reading")),
        postgresql_partition_by="RANGE (read_at)",
    )
    op.create_table(
        "reading_correction",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("corrected_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        *_measured(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reading_correction")),
    )
    op.create_index("ix_reading_correction_reading", "reading_correction", ["charger_id", "connector", "read_at"])
    op.create_table(
        "telemetry_latest",
        sa.Column("charger_id", sa.UUID(), nullable=False),
        sa.Column("connector", sa.SmallInteger(), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sequence", sa.Integer(), nullable=True),
        sa.Column("register_wh", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["charger_id"], ["charger.id"], name=op.f("fk_telemetry_latest_charger_id")),
        sa.PrimaryKeyConstraint("charger_id", "connector", name=op.f("pk_telemetry_latest")),
    )
    for table in ("telemetry_minute", "telemetry_hour"):
        op.create_table(
            table,
            sa.Column("at", sa.DateTime(timezone=True), nullable=False),
            sa.Column("charger_id", sa.UUID(), nullable=False),
            sa.Column("connector", sa.SmallInteger(), nullable=False),
            *_rolled_up(),
            sa.PrimaryKeyConstraint("charger_id", "connector", "at", name=op.f(f"pk_{table}")),
            postgresql_partition_by="RANGE (at)",
        )
    op.create_table(
        "telemetry_day",
        sa.Column("charger_id", sa.UUID(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("connector", sa.SmallInteger(), nullable=False),
        *_rolled_up(),
        sa.PrimaryKeyConstraint("charger_id", "connector", "day", name=op.f("pk_telemetry_day")),
    )
    op.execute("ALTER TABLE telemetry_latest SET (fillfactor = 70)")
    op.execute("ALTER TABLE telemetry_day SET (fillfactor = 80)")


def _measured() -> tuple[sa.Column[object], ...]:
    """In the order that leaves no holes between them."""
    return (
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("energy_wh", sa.BigInteger(), nullable=True),
        sa.Column("charger_id", sa.UUID(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("power_w", sa.Integer(), nullable=True),
        sa.Column("voltage_mv", sa.Integer(), nullable=True),
        sa.Column("current_ma", sa.Integer(), nullable=True),
        sa.Column("connector", sa.SmallInteger(), nullable=False),
        sa.Column("revision", sa.SmallInteger(), nullable=False),
        sa.Column("temperature_dc", sa.SmallInteger(), nullable=True),
        sa.Column("soc_percent", sa.SmallInteger(), nullable=True),
        sa.Column("transaction_id", sa.Text(), nullable=True),
    )


def _rolled_up() -> tuple[sa.Column[object], ...]:
    return (
        sa.Column("energy_wh", sa.BigInteger(), nullable=True),
        sa.Column("power_sum_w", sa.BigInteger(), nullable=True),
        sa.Column("readings", sa.Integer(), nullable=False),
        sa.Column("power_readings", sa.Integer(), nullable=False),
        sa.Column("power_max_w", sa.Integer(), nullable=True),
        sa.Column("voltage_min_mv", sa.Integer(), nullable=True),
        sa.Column("voltage_max_mv", sa.Integer(), nullable=True),
        sa.Column("current_max_ma", sa.Integer(), nullable=True),
        sa.Column("temperature_max_dc", sa.SmallInteger(), nullable=True),
        sa.Column("soc_min_percent", sa.SmallInteger(), nullable=True),
        sa.Column("soc_max_percent", sa.SmallInteger(), nullable=True),
    )


def downgrade() -> None:
    for table in _TABLES:
        op.drop_table(table)
    op.execute(
        "DROP FUNCTION IF EXISTS make_telemetry_months(timestamptz, timestamptz), "
        "make_telemetry_month(text, timestamp), drop_telemetry_months(text, integer)"
    )
