"""Places that are held for a few minutes; a team is at one visit at a time."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.create_table(
        "slot_hold",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("visit_id", sa.UUID(), nullable=False),
        sa.Column(
            "channel_organization_ids", postgresql.ARRAY(sa.UUID()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("end_customer_contact_id", sa.UUID(), nullable=False),
        sa.Column("held_by", sa.UUID(), nullable=True),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("block", sa.Text(), nullable=False),
        sa.Column("team_id", sa.UUID(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("renewed", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("block IN ('MORNING', 'AFTERNOON')", name=op.f("ck_slot_hold_block")),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_slot_hold_ends_at")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_slot_hold")),
        sa.UniqueConstraint("visit_id", name=op.f("uq_slot_hold_visit_id")),
        *(
            sa.ForeignKeyConstraint([column], [f"{table}.id"], name=op.f(f"fk_slot_hold_{column}"))
            for column, table in _REFERENCES.items()
        ),
    )
    op.create_index("ix_slot_hold_day", "slot_hold", ["day"])
    op.create_index("ix_slot_hold_team_day", "slot_hold", ["team_id", "day"])
    op.create_index("ix_slot_hold_expires_at", "slot_hold", ["expires_at"])
    op.create_index("ix_slot_hold_channel", "slot_hold", ["channel_organization_ids"], postgresql_using="gin")
    op.create_unique_constraint(
        op.f("uq_visit_team_id_day_route_order"),
        "visit",
        ["team_id", "day", "route_order"],
        deferrable=True,
        initially="DEFERRED",
    )


_REFERENCES = {
    "entity_id": "business_entity",
    "visit_id": "visit",
    "end_customer_contact_id": "contact",
    "held_by": "user_account",
    "team_id": "team",
}


def downgrade() -> None:
    op.drop_constraint(op.f("uq_visit_team_id_day_route_order"), "visit", type_="unique")
    op.drop_table("slot_hold")
