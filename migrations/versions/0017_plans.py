"""Plans are versions: asked for, made, compared, published, taken back."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0016"

_STATES = "'REQUESTED', 'RUNNING', 'FINISHED', 'STOPPED', 'FAILED', 'PUBLISHED', 'SUPERSEDED', 'REVERTED'"
_RULES = (
    "'PLACE', 'PIN', 'PROMISE', 'SKILLS', 'PREDECESSOR', 'MATERIAL', 'WEATHER', 'ABSENCE', 'JOBS', 'RADIUS', "
    "'WORKLOAD', 'HOURS', 'BLOCK', 'VALUE'"
)
_BLOCKS = "('MORNING', 'AFTERNOON')"
_JSON = postgresql.JSONB()
_EMPTY = sa.text("'{}'::jsonb")


def upgrade() -> None:
    _create_plan()
    _create_plan_visit()
    _create_plan_team_day()
    _create_plan_former()


def _id() -> "sa.Column[Any]":
    return sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False)


def _uuid(name: str, *, nullable: bool = False) -> "sa.Column[Any]":
    return sa.Column(name, sa.UUID(), nullable=nullable)


def _time(name: str, *, given: bool = False) -> "sa.Column[Any]":
    default = sa.text("now()") if given else None
    return sa.Column(name, sa.DateTime(timezone=True), server_default=default, nullable=not given)


def _number(name: str, *, default: str | None = None, nullable: bool = False) -> "sa.Column[Any]":
    return sa.Column(name, sa.Integer(), server_default=default, nullable=nullable)


def _real(name: str, *, default: str | None = None, nullable: bool = False) -> "sa.Column[Any]":
    return sa.Column(name, sa.Float(), server_default=default, nullable=nullable)


def _flag(name: str) -> "sa.Column[Any]":
    return sa.Column(name, sa.Boolean(), server_default=sa.text("false"), nullable=False)


def _day(name: str, *, nullable: bool = False) -> "sa.Column[Any]":
    return sa.Column(name, sa.Date(), nullable=nullable)


def _text(name: str, *, default: str | None = None, nullable: bool = False) -> "sa.Column[Any]":
    return sa.Column(name, sa.Text(), server_default=default, nullable=nullable)


def _json(name: str) -> "sa.Column[Any]":
    return sa.Column(name, _JSON, server_default=_EMPTY, nullable=False)


def _to(table: str, column: str, other: str, **options: Any) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}"), **options)


def _create_plan() -> None:
    op.create_table(
        "plan",
        _id(),
        _number("number"),
        _uuid("entity_id", nullable=True),
        _text("state", default="REQUESTED"),
        _day("first_day"),
        _day("last_day"),
        sa.Column("team_ids", postgresql.ARRAY(sa.UUID()), server_default=sa.text("'{}'"), nullable=False),
        _number("seconds"),
        _number("seed", default="0"),
        _uuid("requested_by", nullable=True),
        _uuid("job_id", nullable=True),
        _time("stop_asked_at"),
        _number("jobs", default="0"),
        _number("placed", default="0"),
        _number("value", nullable=True),
        _real("bound", nullable=True),
        _real("elapsed", default="0"),
        _number("promised", default="0"),
        _number("promises_kept", default="0"),
        _number("travel_minutes", default="0"),
        _real("travel_km", default="0"),
        _number("work_minutes", default="0"),
        _number("available_minutes", default="0"),
        _text("travel_source", default=""),
        _json("figures"),
        _json("day_versions"),
        _json("published_versions"),
        _text("failure", nullable=True),
        _time("started_at"),
        _time("finished_at"),
        _time("published_at"),
        _uuid("published_by", nullable=True),
        _time("reverted_at"),
        _time("created_at", given=True),
        sa.CheckConstraint(f"state IN ({_STATES})", name=op.f("ck_plan_state")),
        sa.CheckConstraint("last_day >= first_day", name=op.f("ck_plan_horizon")),
        postgresql.ExcludeConstraint(
            (sa.text("daterange(first_day, last_day, '[]')"), "&&"),
            name="one_run_at_a_time",
            using="gist",
            where=sa.text("state IN ('REQUESTED', 'RUNNING')"),
        ),
        _to("plan", "entity_id", "business_entity"),
        _to("plan", "requested_by", "user_account"),
        _to("plan", "published_by", "user_account"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan")),
        sa.UniqueConstraint("number", name=op.f("uq_plan_number")),
    )
    op.create_index("ix_plan_newest", "plan", ["created_at", "id"])
    op.create_index("ix_plan_state", "plan", ["state", "created_at", "id"])


def _create_plan_visit() -> None:
    name = "plan_visit"
    op.create_table(
        name,
        _id(),
        _uuid("plan_id"),
        _uuid("entity_id"),
        _uuid("visit_id"),
        _number("value"),
        _text("fingerprint"),
        _flag("promised"),
        _flag("pinned"),
        _flag("held"),
        _uuid("team_id", nullable=True),
        _day("day", nullable=True),
        _text("block", nullable=True),
        _number("route_order", nullable=True),
        _time("starts_at"),
        _time("ends_at"),
        _number("drive_added", nullable=True),
        _number("neighbours", nullable=True),
        sa.Column("in_region", sa.Boolean(), nullable=True),
        _text("kept", default="NOTHING"),
        _text("rule", nullable=True),
        _number("amount", nullable=True),
        sa.Column("blocking", _JSON, server_default=sa.text("'[]'::jsonb"), nullable=False),
        _uuid("near_team_id", nullable=True),
        _day("near_day", nullable=True),
        _text("near_block", nullable=True),
        _time("created_at", given=True),
        sa.CheckConstraint("kept IN ('NOTHING', 'DAY', 'TEAM')", name=op.f("ck_plan_visit_kept")),
        sa.CheckConstraint(f"rule IN ({_RULES})", name=op.f("ck_plan_visit_rule")),
        sa.CheckConstraint(f"block IN {_BLOCKS}", name=op.f("ck_plan_visit_block")),
        sa.CheckConstraint(f"near_block IN {_BLOCKS}", name=op.f("ck_plan_visit_near_block")),
        sa.CheckConstraint(
            "num_nulls(team_id, day, block, route_order, starts_at, ends_at) IN (0, 6)",
            name=op.f("ck_plan_visit_whole_placement"),
        ),
        sa.CheckConstraint("(day IS NULL) = (rule IS NOT NULL)", name=op.f("ck_plan_visit_reason")),
        _to(name, "plan_id", "plan", ondelete="CASCADE"),
        _to(name, "entity_id", "business_entity"),
        _to(name, "visit_id", "visit"),
        _to(name, "team_id", "team"),
        _to(name, "near_team_id", "team"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_visit")),
        sa.UniqueConstraint("plan_id", "visit_id", "held", name=op.f("uq_plan_visit_plan_id_visit_id_held")),
    )
    op.create_index("ix_plan_visit_entity", name, ["plan_id", "entity_id", "created_at", "id"])
    op.create_index("ix_plan_visit_newest", name, ["plan_id", "created_at", "id"])
    op.create_index("ix_plan_visit_visit", name, ["visit_id"])


def _create_plan_team_day() -> None:
    name = "plan_team_day"
    op.create_table(
        name,
        _id(),
        _uuid("plan_id"),
        _uuid("team_id"),
        _day("day"),
        _number("visits"),
        _number("work_minutes"),
        _number("travel_minutes"),
        _real("travel_km"),
        _number("available_minutes"),
        _time("back_at"),
        _number("visits_before"),
        _number("work_minutes_before"),
        _number("travel_minutes_before"),
        _real("travel_km_before"),
        _time("created_at", given=True),
        _to(name, "plan_id", "plan", ondelete="CASCADE"),
        _to(name, "team_id", "team"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_team_day")),
        sa.UniqueConstraint("plan_id", "day", "team_id", name=op.f("uq_plan_team_day_plan_id_day_team_id")),
    )
    op.create_index("ix_plan_team_day_newest", name, ["plan_id", "created_at", "id"])


def _create_plan_former() -> None:
    name = "plan_former"
    op.create_table(
        name,
        _uuid("plan_id"),
        _uuid("visit_id"),
        _text("status"),
        _uuid("team_id", nullable=True),
        _day("day", nullable=True),
        _text("block", nullable=True),
        _number("route_order", nullable=True),
        _time("starts_at"),
        _time("ends_at"),
        _text("fingerprint", default=""),
        _time("created_at", given=True),
        _to(name, "plan_id", "plan", ondelete="CASCADE"),
        _to(name, "visit_id", "visit"),
        sa.PrimaryKeyConstraint("plan_id", "visit_id", name=op.f("pk_plan_former")),
    )


def downgrade() -> None:
    for table in ("plan_former", "plan_team_day", "plan_visit", "plan"):
        op.drop_table(table)
