"""What a preview has changed, in its own transaction; never a row that is committed."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0029"
down_revision = "0028"


def upgrade() -> None:
    op.create_table(
        "preview_change",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("table_name", sa.Text(), nullable=False),
        sa.Column(
            "row_key", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column("action", sa.Text(), nullable=False),
        sa.CheckConstraint("action IN ('INSERT', 'UPDATE', 'DELETE')", name=op.f("ck_preview_change_action")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_preview_change")),
    )


def downgrade() -> None:
    op.execute("DROP FUNCTION IF EXISTS note_preview() CASCADE")
    op.drop_table("preview_change")
    op.execute("DROP FUNCTION IF EXISTS preview_is_not_kept()")
