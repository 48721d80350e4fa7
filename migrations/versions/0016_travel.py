"""What routing services answered before."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.create_table(
        "travel_row",
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("origin", sa.Integer(), nullable=False),
        sa.Column("drives", sa.LargeBinary(), nullable=False),
        sa.Column("answered_on", sa.Date(), nullable=False),
        sa.CheckConstraint("octet_length(drives) % 12 = 0", name=op.f("ck_travel_row_whole_drives")),
        sa.PrimaryKeyConstraint("provider", "origin", name=op.f("pk_travel_row")),
    )
    op.create_index(op.f("ix_travel_row_answered_on"), "travel_row", ["answered_on"])


def downgrade() -> None:
    op.drop_table("travel_row")
