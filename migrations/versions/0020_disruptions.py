"""Disruptions with the plans that repair them; the earliest days of what waits; worlds that were tried."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.create_table(
        "disruption",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="REPORTED", nullable=False),
        sa.Column("team_ids", postgresql.ARRAY(sa.UUID()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("from_time", sa.Time(), nullable=True),
        sa.Column("minutes", sa.Integer(), nullable=True),
        sa.Column("postcode_prefixes", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("absence_ids", postgresql.ARRAY(sa.UUID()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("reported_by", sa.UUID(), nullable=True),
        sa.Column("job_id", sa.UUID(), nullable=True),
        sa.Column("visits", sa.Integer(), server_default="0", nullable=False),
        sa.Column("promises", sa.Integer(), server_default="0", nullable=False),
        sa.Column("promises_kept", sa.Integer(), server_default="0", nullable=False),
        sa.Column("promises_kept_before", sa.Integer(), server_default="0", nullable=False),
        sa.Column("changed", sa.Integer(), server_default="0", nullable=False),
        sa.Column("left_out", sa.Integer(), server_default="0", nullable=False),
        sa.Column("travel_minutes", sa.Integer(), server_default="0", nullable=False),
        sa.Column("travel_minutes_before", sa.Integer(), server_default="0", nullable=False),
        sa.Column("travel_source", sa.Text(), server_default="", nullable=False),
        sa.Column("proven", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("seconds", sa.Float(), server_default="0", nullable=False),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column(
            "day_versions",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("applied_by", sa.UUID(), nullable=True),
        sa.Column("discarded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("(kind = 'OVERRUN') = (minutes IS NOT NULL)", name=op.f("ck_disruption_overrun")),
        sa.CheckConstraint("(kind = 'WEATHER') = (cardinality(team_ids) = 0)", name=op.f("ck_disruption_teams")),
        sa.CheckConstraint("kind IN ('TEAM_ILL', 'VEHICLE', 'WEATHER', 'OVERRUN')", name=op.f("ck_disruption_kind")),
        sa.CheckConstraint(
            "state IN ('REPORTED', 'PROPOSED', 'APPLIED', 'DISCARDED', 'FAILED')", name=op.f("ck_disruption_state")
        ),
        sa.CheckConstraint("last_day >= first_day", name=op.f("ck_disruption_days")),
        sa.CheckConstraint("minutes BETWEEN 1 AND 720", name=op.f("ck_disruption_minutes")),
        sa.ForeignKeyConstraint(["applied_by"], ["user_account.id"], name=op.f("fk_disruption_applied_by")),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_disruption_entity_id")),
        sa.ForeignKeyConstraint(["reported_by"], ["user_account.id"], name=op.f("fk_disruption_reported_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_disruption")),
    )
    op.create_index("ix_disruption_days", "disruption", ["first_day", "last_day"], unique=False)
    op.create_index("ix_disruption_newest", "disruption", ["created_at", "id"], unique=False)
    op.create_table(
        "disruption_visit",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("disruption_id", sa.UUID(), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("visit_id", sa.UUID(), nullable=False),
        sa.Column("change", sa.Text(), nullable=False),
        sa.Column("held", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("promised", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("from_team_id", sa.UUID(), nullable=False),
        sa.Column("from_day", sa.Date(), nullable=False),
        sa.Column("from_block", sa.Text(), nullable=False),
        sa.Column("from_starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("team_id", sa.UUID(), nullable=True),
        sa.Column("day", sa.Date(), nullable=True),
        sa.Column("block", sa.Text(), nullable=True),
        sa.Column("route_order", sa.Integer(), nullable=True),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("block IN ('MORNING', 'AFTERNOON')", name=op.f("ck_disruption_visit_block")),
        sa.CheckConstraint(
            "change IN ('MOVED', 'RETIMED', 'LEFT_OUT', 'PROMISE_BROKEN')", name=op.f("ck_disruption_visit_change")
        ),
        sa.CheckConstraint("from_block IN ('MORNING', 'AFTERNOON')", name=op.f("ck_disruption_visit_from_block")),
        sa.CheckConstraint(
            "num_nulls(team_id, day, block, starts_at, ends_at) = CASE WHEN change IN ('MOVED', 'RETIMED') THEN 0 ELSE 5 END",
            name=op.f("ck_disruption_visit_placed"),
        ),
        sa.ForeignKeyConstraint(
            ["disruption_id"], ["disruption.id"], name=op.f("fk_disruption_visit_disruption_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_disruption_visit_entity_id")),
        sa.ForeignKeyConstraint(["from_team_id"], ["team.id"], name=op.f("fk_disruption_visit_from_team_id")),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_disruption_visit_team_id")),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name=op.f("fk_disruption_visit_visit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_disruption_visit")),
        sa.UniqueConstraint(
            "disruption_id", "visit_id", "held", name=op.f("uq_disruption_visit_disruption_id_visit_id_held")
        ),
    )
    op.create_index(
        "ix_disruption_visit_entity",
        "disruption_visit",
        ["disruption_id", "entity_id", "created_at", "id"],
        unique=False,
    )
    op.create_index("ix_disruption_visit_visit", "disruption_visit", ["visit_id"], unique=False)
    op.create_table(
        "disruption_offer",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("disruption_visit_id", sa.UUID(), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("block", sa.Text(), nullable=False),
        sa.Column("team_id", sa.UUID(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("drive_added", sa.Integer(), nullable=False),
        sa.Column("hold_id", sa.UUID(), nullable=True),
        sa.Column("held_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("block IN ('MORNING', 'AFTERNOON')", name=op.f("ck_disruption_offer_block")),
        sa.ForeignKeyConstraint(
            ["disruption_visit_id"],
            ["disruption_visit.id"],
            name=op.f("fk_disruption_offer_disruption_visit_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_disruption_offer_entity_id")),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_disruption_offer_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_disruption_offer")),
        sa.UniqueConstraint(
            "disruption_visit_id", "position", name=op.f("uq_disruption_offer_disruption_visit_id_position")
        ),
    )
    op.create_index("ix_disruption_offer_entity", "disruption_offer", ["entity_id", "created_at", "id"], unique=False)
    op.create_table(
        "outlook_run",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("travel_source", sa.Text(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outlook_run")),
    )
    op.create_index("ix_outlook_run_newest", "outlook_run", ["created_at", "id"], unique=False)
    op.create_table(
        "outlook",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("visit_id", sa.UUID(), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("run_id", sa.UUID(), nullable=False),
        sa.Column("day", sa.Date(), nullable=True),
        sa.Column("rule", sa.Text(), nullable=True),
        sa.Column("amount", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("(day IS NULL) <> (rule IS NULL)", name=op.f("ck_outlook_day_or_rule")),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_outlook_entity_id")),
        sa.ForeignKeyConstraint(["run_id"], ["outlook_run.id"], name=op.f("fk_outlook_run_id")),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name=op.f("fk_outlook_visit_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outlook")),
        sa.UniqueConstraint("visit_id", name=op.f("uq_outlook_visit_id")),
    )
    op.create_index("ix_outlook_entity_day", "outlook", ["entity_id", "day"], unique=False)
    op.create_index(op.f("ix_outlook_run_id"), "outlook", ["run_id"], unique=False)
    op.create_table(
        "what_if",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="REQUESTED", nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("seconds", sa.Integer(), nullable=False),
        sa.Column("changes", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "figures", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column("travel_source", sa.Text(), server_default="", nullable=False),
        sa.Column("requested_by", sa.UUID(), nullable=True),
        sa.Column("job_id", sa.UUID(), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("state IN ('REQUESTED', 'FINISHED', 'FAILED')", name=op.f("ck_what_if_state")),
        sa.CheckConstraint("last_day >= first_day", name=op.f("ck_what_if_days")),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_what_if_entity_id")),
        sa.ForeignKeyConstraint(["requested_by"], ["user_account.id"], name=op.f("fk_what_if_requested_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_what_if")),
    )
    op.create_index("ix_what_if_entity_newest", "what_if", ["entity_id", "created_at", "id"], unique=False)
    op.create_index("ix_what_if_newest", "what_if", ["created_at", "id"], unique=False)
    op.create_index(
        "ix_visit_entity_backlog",
        "visit",
        ["entity_id", "created_at", "id"],
        postgresql_where=sa.text("status = 'REQUIRED'"),
    )


def downgrade() -> None:
    op.drop_index("ix_visit_entity_backlog", "visit")
    for table in ("what_if", "outlook", "outlook_run", "disruption_offer", "disruption_visit", "disruption"):
        op.drop_table(table)
