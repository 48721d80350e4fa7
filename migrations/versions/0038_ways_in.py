"""Mapped webhooks and hosted forms."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0038"
down_revision = "0037"

_TABLES = ("order_form", "inbound_message", "mapped_webhook_version", "mapped_webhook")


def upgrade() -> None:
    op.create_table(
        "mapped_webhook",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("organization_id", sa.UUID(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("authentication", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=True),
        sa.Column("previous_secret", sa.LargeBinary(), nullable=True),
        sa.Column("overlap_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("mapping", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("mapping_version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("refused", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_refused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_refused_code", sa.Text(), nullable=True),
        sa.Column("created_by_user_id", sa.UUID(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'", name=op.f("ck_mapped_webhook_slug")),
        sa.CheckConstraint(
            "(previous_secret IS NULL) = (overlap_until IS NULL)", name=op.f("ck_mapped_webhook_previous_secret")
        ),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_mapped_webhook_entity_id")),
        sa.ForeignKeyConstraint(["organization_id"], ["contact.id"], name=op.f("fk_mapped_webhook_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mapped_webhook")),
        sa.UniqueConstraint(
            "entity_id", "organization_id", "slug", name=op.f("uq_mapped_webhook_entity_id_organization_id_slug")
        ),
    )
    op.create_index(
        "ix_mapped_webhook_entity_newest", "mapped_webhook", ["entity_id", "created_at", "id"], unique=False
    )
    op.create_index(
        "ix_mapped_webhook_organization_newest", "mapped_webhook", ["organization_id", "created_at", "id"], unique=False
    )
    op.create_index("ix_mapped_webhook_newest", "mapped_webhook", ["created_at", "id"], unique=False)
    op.create_table(
        "mapped_webhook_version",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("organization_id", sa.UUID(), nullable=False),
        sa.Column("mapped_webhook_id", sa.UUID(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("mapping", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_by_user_id", sa.UUID(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["entity_id"], ["business_entity.id"], name=op.f("fk_mapped_webhook_version_entity_id")
        ),
        sa.ForeignKeyConstraint(
            ["mapped_webhook_id"], ["mapped_webhook.id"], name=op.f("fk_mapped_webhook_version_mapped_webhook_id")
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["contact.id"], name=op.f("fk_mapped_webhook_version_organization_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mapped_webhook_version")),
        sa.UniqueConstraint(
            "mapped_webhook_id", "version", name=op.f("uq_mapped_webhook_version_mapped_webhook_id_version")
        ),
    )
    op.create_index(
        "ix_mapped_webhook_version_organization", "mapped_webhook_version", ["organization_id"], unique=False
    )
    op.create_table(
        "inbound_message",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("organization_id", sa.UUID(), nullable=False),
        sa.Column("mapped_webhook_id", sa.UUID(), nullable=False),
        sa.Column("state", sa.Text(), server_default="RECEIVED", nullable=False),
        sa.Column("content_type", sa.Text(), server_default="", nullable=False),
        sa.Column(
            "headers", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("is_text", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("body_sha256", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("mapping_version", sa.Integer(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("partner_order_id", sa.Text(), nullable=True),
        sa.Column("partner_order_key", sa.UUID(), nullable=True),
        sa.Column(
            "faults", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'::jsonb"), nullable=False
        ),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("forgotten_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "state IN ('RECEIVED', 'SUBMITTED', 'FAILED', 'DISMISSED')", name=op.f("ck_inbound_message_state")
        ),
        sa.CheckConstraint("(body IS NULL) = (forgotten_at IS NOT NULL)", name=op.f("ck_inbound_message_body")),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_inbound_message_entity_id")),
        sa.ForeignKeyConstraint(
            ["mapped_webhook_id"], ["mapped_webhook.id"], name=op.f("fk_inbound_message_mapped_webhook_id")
        ),
        sa.ForeignKeyConstraint(["organization_id"], ["contact.id"], name=op.f("fk_inbound_message_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbound_message")),
    )
    op.create_index(
        "ix_inbound_message_entity_newest", "inbound_message", ["entity_id", "created_at", "id"], unique=False
    )
    op.create_index(
        "ix_inbound_message_failed",
        "inbound_message",
        ["mapped_webhook_id", "id"],
        unique=False,
        postgresql_where=sa.text("state = 'FAILED'"),
    )
    op.create_index(
        "ix_inbound_message_kept",
        "inbound_message",
        ["created_at"],
        unique=False,
        postgresql_where=sa.text("forgotten_at IS NULL"),
    )
    op.create_index("ix_inbound_message_newest", "inbound_message", ["created_at", "id"], unique=False)
    op.create_index(
        "ix_inbound_message_unplaced",
        "inbound_message",
        ["created_at"],
        unique=False,
        postgresql_where=sa.text("forgotten_at IS NULL AND partner_order_key IS NULL"),
    )
    op.create_index(
        "ix_inbound_message_order",
        "inbound_message",
        ["partner_order_key"],
        unique=False,
        postgresql_where=sa.text("partner_order_key IS NOT NULL"),
    )
    op.create_index(
        "ix_inbound_message_organization_newest",
        "inbound_message",
        ["organization_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        "ix_inbound_message_webhook_newest", "inbound_message", ["mapped_webhook_id", "created_at", "id"], unique=False
    )
    op.create_table(
        "order_form",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("organization_id", sa.UUID(), nullable=False),
        sa.Column("brand_id", sa.UUID(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("title_nl", sa.Text(), nullable=False),
        sa.Column("title_en", sa.Text(), nullable=False),
        sa.Column("intro_nl", sa.Text(), server_default="", nullable=False),
        sa.Column("intro_en", sa.Text(), server_default="", nullable=False),
        sa.Column("fields", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("products", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("access", sa.Text(), server_default="OPEN_WITH_TOKEN", nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=True),
        sa.Column("notify_emails", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("created_by_user_id", sa.UUID(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("access IN ('OPEN_WITH_TOKEN', 'LOGIN')", name=op.f("ck_order_form_access")),
        sa.CheckConstraint("slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'", name=op.f("ck_order_form_slug")),
        sa.ForeignKeyConstraint(["brand_id"], ["brand.id"], name=op.f("fk_order_form_brand_id")),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_order_form_entity_id")),
        sa.ForeignKeyConstraint(["organization_id"], ["contact.id"], name=op.f("fk_order_form_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_form")),
        sa.UniqueConstraint("brand_id", "slug", name=op.f("uq_order_form_brand_id_slug")),
    )
    op.create_index("ix_order_form_entity_newest", "order_form", ["entity_id", "created_at", "id"], unique=False)
    op.create_index(
        "ix_order_form_organization_newest", "order_form", ["organization_id", "created_at", "id"], unique=False
    )
    op.create_index("ix_order_form_newest", "order_form", ["created_at", "id"], unique=False)


def downgrade() -> None:
    for table in _TABLES:
        op.drop_table(table)
