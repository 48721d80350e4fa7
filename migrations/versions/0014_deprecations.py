"""Who uses what is deprecated."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.create_table(
        "deprecated_use",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("organization_id", sa.UUID(), nullable=True),
        sa.Column("client_kind", sa.Text(), nullable=False),
        sa.Column("client_id", sa.UUID(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("removal", sa.Date(), nullable=False),
        sa.Column("replacement", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("uses", sa.BigInteger(), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "client_kind IN ('ApiKey', 'OAuthClient', 'Brand')", name=op.f("ck_deprecated_use_client_kind")
        ),
        sa.CheckConstraint("uses > 0", name=op.f("ck_deprecated_use_uses")),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_deprecated_use_entity_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deprecated_use")),
        sa.UniqueConstraint(
            "client_id",
            "entity_id",
            "organization_id",
            "role",
            "part",
            "day",
            name="uq_deprecated_use_day",
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_index("ix_deprecated_use_entity_newest", "deprecated_use", ["entity_id", "created_at", "id"])
    op.create_index("ix_deprecated_use_newest", "deprecated_use", ["created_at", "id"])


def downgrade() -> None:
    op.drop_table("deprecated_use")
