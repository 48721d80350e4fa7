"""Orders of partners: intake, integration, exceptions."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0037"
down_revision = "0036"

TABLES = ("partner_integration", "partner_signing_secret", "partner_order", "partner_order_exception")


def upgrade() -> None:

    op.create_table(
        "partner_integration",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("organization_id", sa.UUID(), nullable=False),
        sa.Column("status", sa.Text(), server_default="SETUP", nullable=False),
        sa.Column("signature_required", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("allowed_addresses", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("requests_per_minute", sa.Integer(), server_default="600", nullable=False),
        sa.Column("clock_offset_seconds", sa.Integer(), server_default="0", nullable=False),
        sa.Column("notify_emails", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("suspended_reason", sa.Text(), nullable=True),
        sa.Column("live_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "(status = 'SUSPENDED') = (suspended_reason IS NOT NULL)",
            name=op.f("ck_partner_integration_suspended_reason"),
        ),
        sa.CheckConstraint(
            "status = 'SANDBOX' OR clock_offset_seconds = 0", name=op.f("ck_partner_integration_clock_of_a_sandbox")
        ),
        sa.CheckConstraint(
            "status IN ('SETUP', 'SANDBOX', 'LIVE', 'SUSPENDED')", name=op.f("ck_partner_integration_status")
        ),
        sa.CheckConstraint(
            "requests_per_minute BETWEEN 1 AND 60000", name=op.f("ck_partner_integration_requests_per_minute")
        ),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_partner_integration_entity_id")),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["contact.id"], name=op.f("fk_partner_integration_organization_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_partner_integration")),
        sa.UniqueConstraint(
            "entity_id", "organization_id", name=op.f("uq_partner_integration_entity_id_organization_id")
        ),
    )
    op.create_index(
        "ix_partner_integration_entity_newest", "partner_integration", ["entity_id", "created_at", "id"], unique=False
    )
    op.create_index("ix_partner_integration_newest", "partner_integration", ["created_at", "id"], unique=False)
    op.create_index("ix_partner_integration_organization", "partner_integration", ["organization_id"], unique=False)
    op.create_table(
        "partner_signing_secret",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("organization_id", sa.UUID(), nullable=False),
        sa.Column("integration_id", sa.UUID(), nullable=False),
        sa.Column("hint", sa.Text(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_by_user_id", sa.UUID(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["entity_id"], ["business_entity.id"], name=op.f("fk_partner_signing_secret_entity_id")
        ),
        sa.ForeignKeyConstraint(
            ["integration_id"], ["partner_integration.id"], name=op.f("fk_partner_signing_secret_integration_id")
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["contact.id"], name=op.f("fk_partner_signing_secret_organization_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_partner_signing_secret")),
    )
    op.create_index(
        "ix_partner_signing_secret_integration",
        "partner_signing_secret",
        ["integration_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_partner_signing_secret_organization_id"), "partner_signing_secret", ["organization_id"], unique=False
    )
    op.create_table(
        "partner_order",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("organization_id", sa.UUID(), nullable=False),
        sa.Column("channel_organization_ids", postgresql.ARRAY(sa.UUID()), nullable=False),
        sa.Column("partner_order_id", sa.Text(), nullable=False),
        sa.Column("way", sa.Text(), nullable=False),
        sa.Column("source_id", sa.UUID(), nullable=True),
        sa.Column("document", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("body_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("content_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Text(), server_default="RECEIVED", nullable=False),
        sa.Column("contact_id", sa.UUID(), nullable=True),
        sa.Column("address_id", sa.UUID(), nullable=True),
        sa.Column("quote_id", sa.UUID(), nullable=True),
        sa.Column("order_id", sa.UUID(), nullable=True),
        sa.Column(
            "issues", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'::jsonb"), nullable=False
        ),
        sa.Column("submitted_by", sa.Text(), server_default="", nullable=False),
        sa.Column("submitted_by_client_id", sa.UUID(), nullable=True),
        sa.Column("submitted_by_user_id", sa.UUID(), nullable=True),
        sa.Column("repeated", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_repeated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("answered_ms", sa.Integer(), nullable=True),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancel_reason", sa.Text(), nullable=True),
        sa.Column("forgotten_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "(status = 'CANCELLED') = (cancelled_at IS NOT NULL)", name=op.f("ck_partner_order_cancelled_at")
        ),
        sa.CheckConstraint("status IN ('RECEIVED', 'CANCELLED')", name=op.f("ck_partner_order_status")),
        sa.CheckConstraint(
            "way IN ('API', 'WEBHOOK', 'FORM', 'EMAIL', 'PORTAL', 'IMPORT')", name=op.f("ck_partner_order_way")
        ),
        sa.CheckConstraint("repeated >= 0", name=op.f("ck_partner_order_repeated")),
        sa.ForeignKeyConstraint(["address_id"], ["address.id"], name=op.f("fk_partner_order_address_id")),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name=op.f("fk_partner_order_contact_id")),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_partner_order_entity_id")),
        sa.ForeignKeyConstraint(["order_id"], ["order.id"], name=op.f("fk_partner_order_order_id")),
        sa.ForeignKeyConstraint(["organization_id"], ["contact.id"], name=op.f("fk_partner_order_organization_id")),
        sa.ForeignKeyConstraint(["quote_id"], ["quote.id"], name=op.f("fk_partner_order_quote_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_partner_order")),
        sa.UniqueConstraint(
            "entity_id",
            "organization_id",
            "partner_order_id",
            name=op.f("uq_partner_order_entity_id_organization_id_partner_order_id"),
        ),
    )
    op.create_index(
        "ix_partner_order_channel", "partner_order", ["channel_organization_ids"], unique=False, postgresql_using="gin"
    )
    op.create_index("ix_partner_order_address", "partner_order", ["address_id"], unique=False)
    op.create_index("ix_partner_order_contact", "partner_order", ["contact_id"], unique=False)
    op.create_index(
        "ix_partner_order_submitted_by",
        "partner_order",
        ["submitted_by_user_id"],
        unique=False,
        postgresql_where=sa.text("submitted_by_user_id IS NOT NULL"),
    )
    op.create_index("ix_partner_order_entity_newest", "partner_order", ["entity_id", "created_at", "id"], unique=False)
    op.create_index("ix_partner_order_newest", "partner_order", ["created_at", "id"], unique=False)
    op.create_index("ix_partner_order_order", "partner_order", ["order_id"], unique=False)
    op.create_index(
        "ix_partner_order_organization_newest", "partner_order", ["organization_id", "created_at", "id"], unique=False
    )
    op.create_index("ix_partner_order_quote", "partner_order", ["quote_id"], unique=True)
    op.create_index(
        "ix_partner_order_source",
        "partner_order",
        ["source_id"],
        unique=False,
        postgresql_where=sa.text("source_id IS NOT NULL"),
    )
    op.create_table(
        "partner_order_exception",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("organization_id", sa.UUID(), nullable=False),
        sa.Column("channel_organization_ids", postgresql.ARRAY(sa.UUID()), nullable=False),
        sa.Column("partner_order_fk", sa.UUID(), nullable=True),
        sa.Column("source_id", sa.UUID(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="OPEN", nullable=False),
        sa.Column("field", sa.Text(), server_default="$", nullable=False),
        sa.Column(
            "detail", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column("message_nl", sa.Text(), nullable=False),
        sa.Column("message_en", sa.Text(), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_by", sa.Text(), nullable=True),
        sa.Column("resolved_by_user_id", sa.UUID(), nullable=True),
        sa.Column("resolution", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "(state = 'OPEN') = (resolved_at IS NULL)", name=op.f("ck_partner_order_exception_resolved_at")
        ),
        sa.CheckConstraint(
            "kind IN ('UNMAPPED_SKU', 'NO_PRODUCTS', 'NOT_SELLABLE', 'ADDRESS', 'DUPLICATE', 'LOW_CONFIDENCE', 'MAPPING_FAILED', 'REFUSED')",
            name=op.f("ck_partner_order_exception_kind"),
        ),
        sa.CheckConstraint("state IN ('OPEN', 'RESOLVED', 'DISMISSED')", name=op.f("ck_partner_order_exception_state")),
        sa.ForeignKeyConstraint(
            ["entity_id"], ["business_entity.id"], name=op.f("fk_partner_order_exception_entity_id")
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["contact.id"], name=op.f("fk_partner_order_exception_organization_id")
        ),
        sa.ForeignKeyConstraint(
            ["partner_order_fk"], ["partner_order.id"], name=op.f("fk_partner_order_exception_partner_order_fk")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_partner_order_exception")),
    )
    op.create_index(
        "ix_partner_order_exception_channel",
        "partner_order_exception",
        ["channel_organization_ids"],
        unique=False,
        postgresql_using="gin",
    )
    op.create_index(
        "ix_partner_order_exception_entity_newest",
        "partner_order_exception",
        ["entity_id", "created_at", "id"],
        unique=False,
    )
    op.create_index("ix_partner_order_exception_newest", "partner_order_exception", ["created_at", "id"], unique=False)
    op.create_index(
        "ix_partner_order_exception_order",
        "partner_order_exception",
        ["partner_order_fk", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        "ix_partner_order_exception_organization",
        "partner_order_exception",
        ["organization_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        "ix_partner_order_exception_sku",
        "partner_order_exception",
        ["entity_id", sa.literal_column("(detail ->> 'partner_sku')")],
        unique=False,
        postgresql_where=sa.text("state = 'OPEN' AND kind = 'UNMAPPED_SKU'"),
    )
    op.create_index(
        "ix_partner_order_exception_source",
        "partner_order_exception",
        ["source_id"],
        unique=False,
        postgresql_where=sa.text("source_id IS NOT NULL"),
    )
    op.create_index(
        "ix_partner_order_exception_resolved_by",
        "partner_order_exception",
        ["resolved_by_user_id"],
        unique=False,
        postgresql_where=sa.text("resolved_by_user_id IS NOT NULL"),
    )


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
