"""Regions, teams and their calendar; where a visit is, what it waits for and where the plan in force has it."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    _create_region()
    _extend_team()
    _create_calendar()
    _extend_visit()


def _id() -> sa.Column[object]:
    return sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False)


def _at(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False)


def _create_region() -> None:
    op.create_table(
        "region",
        _id(),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("postcode_prefixes", postgresql.ARRAY(sa.Text()), nullable=False),
        _at("created_at"),
        _at("updated_at"),
        sa.CheckConstraint("code ~ '^[A-Z0-9-]{1,20}$'", name=op.f("ck_region_code")),
        sa.CheckConstraint(
            "array_to_string(postcode_prefixes, ',', '*') ~ '^[1-9][0-9]{0,3}(,[1-9][0-9]{0,3})*$'",
            name=op.f("ck_region_postcode_prefixes"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_region")),
        sa.UniqueConstraint("code", name=op.f("uq_region_code")),
    )
    op.create_index("ix_region_newest", "region", ["created_at", "id"])


def _extend_team() -> None:
    for column in (
        sa.Column("base_postcode", sa.Text(), server_default="3861", nullable=False),
        sa.Column("base_latitude", sa.Float(), server_default=sa.text("52.2217"), nullable=False),
        sa.Column("base_longitude", sa.Float(), server_default=sa.text("5.4837"), nullable=False),
        sa.Column("vehicle", sa.Text(), server_default="", nullable=False),
        sa.Column("crew", sa.Integer(), server_default=sa.text("2"), nullable=False),
        sa.Column("max_jobs", sa.Integer(), server_default=sa.text("3"), nullable=False),
        sa.Column("max_minutes", sa.Integer(), server_default=sa.text("480"), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.true(), nullable=False),
    ):
        op.add_column("team", column)
    op.create_check_constraint(op.f("ck_team_crew"), "team", "crew BETWEEN 1 AND 10")
    op.create_check_constraint(op.f("ck_team_max_jobs"), "team", "max_jobs BETWEEN 1 AND 10")
    op.create_check_constraint(op.f("ck_team_max_minutes"), "team", "max_minutes BETWEEN 30 AND 1440")
    op.create_index("ix_team_newest", "team", ["created_at", "id"])


def _create_calendar() -> None:
    op.create_table(
        "team_region",
        sa.Column("team_id", sa.UUID(), nullable=False),
        sa.Column("region_id", sa.UUID(), nullable=False),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_team_region_team_id")),
        sa.ForeignKeyConstraint(["region_id"], ["region.id"], name=op.f("fk_team_region_region_id")),
        sa.PrimaryKeyConstraint("team_id", "region_id", name=op.f("pk_team_region")),
    )
    op.create_index("ix_team_region_region", "team_region", ["region_id"])
    op.create_table(
        "team_member",
        _id(),
        sa.Column("team_id", sa.UUID(), nullable=False),
        sa.Column("user_id", sa.UUID(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        _at("created_at"),
        sa.CheckConstraint("until >= since", name=op.f("ck_team_member_until")),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_team_member_team_id")),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_team_member_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_team_member")),
    )
    op.create_index("ix_team_member_team", "team_member", ["team_id", "since"])
    op.create_table(
        "team_hours",
        sa.Column("team_id", sa.UUID(), nullable=False),
        sa.Column("weekday", sa.SmallInteger(), nullable=False),
        sa.Column("starts", sa.Time(), nullable=False),
        sa.Column("ends", sa.Time(), nullable=False),
        sa.CheckConstraint("weekday BETWEEN 0 AND 6", name=op.f("ck_team_hours_weekday")),
        sa.CheckConstraint("ends > starts", name=op.f("ck_team_hours_ends")),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_team_hours_team_id")),
        sa.PrimaryKeyConstraint("team_id", "weekday", name=op.f("pk_team_hours")),
    )
    # Teams that were there before work the ordinary week until somebody says otherwise.
    op.execute(
        "INSERT INTO team_hours SELECT t.id, d, '07:30', '17:30' FROM team t CROSS JOIN generate_series(0, 4) AS d"
    )
    _create_absence()
    op.create_table(
        "holiday_change",
        _id(),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("working", sa.Boolean(), nullable=False),
        _at("created_at"),
        _at("updated_at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_holiday_change")),
        sa.UniqueConstraint("day", name=op.f("uq_holiday_change_day")),
    )
    op.create_table(
        "weather_day",
        sa.Column("area", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("gusts_kmh", sa.Float(), nullable=False),
        sa.Column("rain_mm", sa.Float(), nullable=False),
        sa.Column("warmest_c", sa.Float(), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("area", "day", name=op.f("pk_weather_day")),
    )
    op.create_index(op.f("ix_weather_day_answered_at"), "weather_day", ["answered_at"])
    op.create_table(
        "planning_day",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_planning_day")),
    )


def _create_absence() -> None:
    op.create_table(
        "absence",
        _id(),
        sa.Column("team_id", sa.UUID(), nullable=False),
        sa.Column("days", postgresql.DATERANGE(), nullable=False),
        sa.Column("starts", sa.Time(), nullable=True),
        sa.Column("ends", sa.Time(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        _at("created_at"),
        _at("updated_at"),
        sa.CheckConstraint(
            "reason IN ('ILL', 'LEAVE', 'VEHICLE', 'TRAINING', 'OTHER')", name=op.f("ck_absence_reason")
        ),
        sa.CheckConstraint(
            "NOT isempty(days) AND NOT lower_inf(days) AND NOT upper_inf(days)", name=op.f("ck_absence_days")
        ),
        sa.CheckConstraint(
            "(starts IS NULL) = (ends IS NULL) AND (ends > starts) IS NOT FALSE", name=op.f("ck_absence_hours")
        ),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_absence_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_absence")),
    )
    op.create_index("ix_absence_team_newest", "absence", ["team_id", "created_at", "id"])
    op.create_index("ix_absence_newest", "absence", ["created_at", "id"])
    op.create_index("ix_absence_days", "absence", ["days"], postgresql_using="gist")


def _extend_visit() -> None:
    moments = ("starts_at", "ends_at", "arrival_from", "arrival_until", "dispatched_at")
    columns: tuple[sa.Column[Any], ...] = (
        sa.Column("outdoor", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("latitude", sa.Float(), nullable=True),
        sa.Column("longitude", sa.Float(), nullable=True),
        sa.Column("pc4", sa.Text(), nullable=True),
        sa.Column("material_on", sa.Date(), nullable=True),
        sa.Column("priority", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("promised_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("promised_by", sa.UUID(), nullable=True),
        sa.Column("pinned", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("route_order", sa.Integer(), nullable=True),
        *(sa.Column(name, sa.DateTime(timezone=True), nullable=True) for name in moments),
    )
    for column in columns:
        op.add_column("visit", column)
    op.create_foreign_key(op.f("fk_visit_promised_by"), "visit", "user_account", ["promised_by"], ["id"])
    for name, check in (
        ("priority", "priority BETWEEN 0 AND 9"),
        ("route_order", "route_order IS NULL OR (route_order >= 0 AND team_id IS NOT NULL AND day IS NOT NULL)"),
        ("promised", "promised_at IS NULL OR (day IS NOT NULL AND block IS NOT NULL)"),
        ("ends_at", "ends_at > starts_at"),
        ("arrival_until", "arrival_until > arrival_from"),
    ):
        op.create_check_constraint(op.f(f"ck_visit_{name}"), "visit", check)
    op.create_index("ix_visit_day", "visit", ["day"], postgresql_where=sa.text("day IS NOT NULL"))
    op.create_index("ix_visit_backlog", "visit", ["created_at", "id"], postgresql_where=sa.text("status = 'REQUIRED'"))
    op.create_index("ix_order_service_address", "order", ["service_address_id"])
    _know_what_visits_are_about()


def _know_what_visits_are_about() -> None:
    op.execute(
        "UPDATE visit v SET latitude = a.latitude, longitude = a.longitude, "
        "pc4 = CASE WHEN a.country = 'NL' THEN substring(a.postal_code from '^[1-9][0-9]{3}') END "
        'FROM "order" o JOIN address a ON a.id = o.service_address_id WHERE o.id = v.order_id'
    )
    op.execute(
        'UPDATE visit v SET outdoor = true FROM "order" o JOIN quote_visit q ON q.quote_version_id = o.quote_version_id '
        "WHERE o.id = v.order_id AND q.position = v.position AND q.outdoor"
    )


def downgrade() -> None:
    op.drop_index("ix_order_service_address", "order")
    for name in (
        "outdoor", "latitude", "longitude", "pc4", "material_on", "priority", "promised_at", "promised_by", "pinned",
        "route_order", "starts_at", "ends_at", "arrival_from", "arrival_until", "dispatched_at",
    ):  # fmt: skip
        op.execute(f'ALTER TABLE visit DROP COLUMN "{name}" CASCADE')
    op.drop_index("ix_visit_day", "visit", if_exists=True)
    op.drop_index("ix_visit_backlog", "visit")
    for table in (
        "planning_day",
        "weather_day",
        "holiday_change",
        "absence",
        "team_hours",
        "team_member",
        "team_region",
        "region",
    ):
        op.execute(f'DROP TABLE "{table}" CASCADE')
    for name in (
        "base_postcode",
        "base_latitude",
        "base_longitude",
        "vehicle",
        "crew",
        "max_jobs",
        "max_minutes",
        "active",
    ):
        op.drop_column("team", name)
    op.drop_index("ix_team_newest", "team")
