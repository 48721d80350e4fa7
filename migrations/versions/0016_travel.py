"""What routing services answered before; and messages about visits that are outdated before they are sent."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

_REASONS = (
    "NOT_CONFIGURED",
    "NO_ADDRESS",
    "OPTED_OUT",
    "BOUNCED",
    "REFUSED",
    "GIVEN_UP",
    "ERASED",
    "COMPLAINED",
)


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
    _allow_reasons((*_REASONS, "OUTDATED"))


def _allow_reasons(reasons: tuple[str, ...]) -> None:
    op.drop_constraint(op.f("ck_notification_delivery_reason"), "notification_delivery")
    op.create_check_constraint(op.f("ck_notification_delivery_reason"), "notification_delivery", f"reason IN {reasons}")


def downgrade() -> None:
    op.execute("UPDATE notification_delivery SET reason = 'GIVEN_UP' WHERE reason = 'OUTDATED'")
    _allow_reasons(_REASONS)
    op.drop_table("travel_row")
