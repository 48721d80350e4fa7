"""How a partner's mail is read."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0040"
down_revision = "0039"


def upgrade() -> None:
    op.create_table(
        "mail_template",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("organization_id", sa.UUID(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), server_default="ACTIVE", nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column(
            "rules", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column(
            "learned", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("created_by_user_id", sa.UUID(), nullable=True),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("state IN ('ACTIVE', 'RETIRED')", name=op.f("ck_mail_template_state")),
        sa.CheckConstraint("origin IN ('LEARNED', 'WRITTEN', 'RESTORED')", name=op.f("ck_mail_template_origin")),
        sa.CheckConstraint("version > 0", name=op.f("ck_mail_template_version")),
        sa.CheckConstraint("(state = 'RETIRED') = (retired_at IS NOT NULL)", name=op.f("ck_mail_template_retired_at")),
        sa.CheckConstraint(
            "jsonb_typeof(rules) = 'object' AND jsonb_typeof(learned) = 'object'", name=op.f("ck_mail_template_rules")
        ),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_mail_template_entity_id")),
        sa.ForeignKeyConstraint(["organization_id"], ["contact.id"], name=op.f("fk_mail_template_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail_template")),
        sa.UniqueConstraint(
            "entity_id",
            "organization_id",
            "name",
            "version",
            name=op.f("uq_mail_template_entity_id_organization_id_name_version"),
        ),
    )
    op.create_index(
        "uq_mail_template_active",
        "mail_template",
        ["entity_id", "organization_id", "name"],
        unique=True,
        postgresql_where=sa.text("state = 'ACTIVE'"),
    )
    op.create_index("ix_mail_template_organization", "mail_template", ["organization_id", "created_at", "id"])
    op.create_index("ix_mail_template_entity_newest", "mail_template", ["entity_id", "created_at", "id"])
    op.create_index("ix_mail_template_newest", "mail_template", ["created_at", "id"])


def downgrade() -> None:
    op.drop_table("mail_template")
