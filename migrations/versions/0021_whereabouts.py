"""For whom each place of a team is: all entities whose customers it may tell of, instead of one at most."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0021"
down_revision = "0020"

_TABLES = ("team_position", "team_track")


def upgrade() -> None:
    for table in _TABLES:
        ids = postgresql.ARRAY(sa.UUID())
        op.add_column(table, sa.Column("entity_ids", ids, server_default=sa.text("'{}'"), nullable=False))
        op.execute(_OF_THE_DAY.format(table=table))
        op.alter_column(table, "entity_ids", server_default=None)
        # With the policies that read it; they are written anew after the last revision.
        op.execute(f"ALTER TABLE {table} DROP COLUMN entity_id CASCADE")


def downgrade() -> None:
    for table in _TABLES:
        op.add_column(table, sa.Column("entity_id", sa.UUID(), nullable=True))
        op.create_foreign_key(op.f(f"fk_{table}_entity_id"), table, "business_entity", ["entity_id"], ["id"])
        op.execute(f"DELETE FROM {table} WHERE cardinality(entity_ids) > 1")
        op.execute(f"UPDATE {table} SET entity_id = entity_ids[1]")
        op.execute(f"ALTER TABLE {table} DROP COLUMN entity_ids CASCADE")


_OF_THE_DAY = """
    UPDATE {table} p SET entity_ids = ARRAY(
        SELECT v.entity_id FROM visit v
        WHERE v.team_id = p.team_id AND v.day = (p.at AT TIME ZONE 'Europe/Amsterdam')::date
        UNION SELECT p.entity_id WHERE p.entity_id IS NOT NULL ORDER BY 1)
"""
"""What was said before was guessed from the visit that was under way when the place was told: it is for all of them."""
