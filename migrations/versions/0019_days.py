"""A team's day: where it is, what it was given and reported, follow-up visits, moves by hand."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0019"
down_revision = "0018"

_PLACE = "latitude BETWEEN 50.7 AND 53.7 AND longitude BETWEEN 3.2 AND 7.3"


def upgrade() -> None:
    op.add_column("visit", sa.Column("en_route_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("visit", sa.Column("follow_up_of_id", sa.UUID(), nullable=True))
    op.add_column("visit", sa.Column("work_position", sa.Integer(), nullable=True))
    op.create_foreign_key(op.f("fk_visit_follow_up_of_id"), "visit", "visit", ["follow_up_of_id"], ["id"])
    op.create_index(op.f("ix_visit_follow_up_of_id"), "visit", ["follow_up_of_id"])
    _positions()
    _reports()
    _dispatches()
    _moves()


def _positions() -> None:
    op.create_table(
        "team_position",
        sa.Column("team_id", sa.UUID(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("latitude", sa.Float(), nullable=False),
        sa.Column("longitude", sa.Float(), nullable=False),
        sa.Column("accuracy_metres", sa.Integer(), nullable=True),
        sa.Column("heading", sa.SmallInteger(), nullable=True),
        sa.Column("entity_id", sa.UUID(), nullable=True),
        sa.CheckConstraint(_PLACE, name=op.f("ck_team_position_place")),
        sa.CheckConstraint("heading BETWEEN 0 AND 359", name=op.f("ck_team_position_heading")),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_team_position_entity_id")),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_team_position_team_id")),
        sa.PrimaryKeyConstraint("team_id", name=op.f("pk_team_position")),
    )
    op.create_table(
        "team_track",
        sa.Column("team_id", sa.UUID(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("latitude", sa.Float(), nullable=False),
        sa.Column("longitude", sa.Float(), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=True),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_team_track_entity_id")),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_team_track_team_id")),
        sa.PrimaryKeyConstraint("team_id", "at", name=op.f("pk_team_track")),
    )
    op.create_index("ix_team_track_at", "team_track", ["at"])


def _reports() -> None:
    op.create_table(
        "visit_report",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("team_id", sa.UUID(), nullable=False),
        sa.Column("client_id", sa.UUID(), nullable=False),
        sa.Column("visit_id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("minutes_left", sa.Integer(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("refused", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("kind IN ('TRAVEL', 'ARRIVAL', 'COMPLETION')", name=op.f("ck_visit_report_kind")),
        sa.CheckConstraint(
            "outcome IN ('COMPLETED', 'PARTIAL', 'RESCHEDULED', 'CANCELLED')", name=op.f("ck_visit_report_outcome")
        ),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_visit_report_team_id")),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name=op.f("fk_visit_report_visit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit_report")),
        sa.UniqueConstraint("team_id", "client_id", name=op.f("uq_visit_report_team_id_client_id")),
    )
    op.create_index("ix_visit_report_visit", "visit_report", ["visit_id"])


def _dispatches() -> None:
    op.create_table(
        "dispatched_stop",
        sa.Column("team_id", sa.UUID(), nullable=False),
        sa.Column("visit_id", sa.UUID(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("route_order", sa.Integer(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("dispatched_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_dispatched_stop_team_id")),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name=op.f("fk_dispatched_stop_visit_id")),
        sa.PrimaryKeyConstraint("team_id", "visit_id", name=op.f("pk_dispatched_stop")),
    )
    op.create_index("ix_dispatched_stop_visit", "dispatched_stop", ["visit_id"])


def _moves() -> None:
    op.create_table(
        "visit_move",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("visit_id", sa.UUID(), nullable=False),
        sa.Column("user_id", sa.UUID(), nullable=True),
        sa.Column("former", postgresql.JSONB(), nullable=False),
        sa.Column("versions", postgresql.JSONB(), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_visit_move_user_id")),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name=op.f("fk_visit_move_visit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit_move")),
    )
    op.create_index("ix_visit_move_visit", "visit_move", ["visit_id", "created_at"])


def downgrade() -> None:
    for table in ("visit_move", "dispatched_stop", "visit_report", "team_track", "team_position"):
        op.drop_table(table)
    op.drop_column("visit", "work_position")
    op.drop_column("visit", "follow_up_of_id")
    op.drop_column("visit", "en_route_at")
