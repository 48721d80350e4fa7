"""Notifications: templates, what was told to whom, deliveries, preferences; mail as a page."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"

TABLES = ("notification_preference", "notification_delivery", "notification", "notification_template")


def upgrade() -> None:
    op.add_column("mail_message", sa.Column("html", sa.LargeBinary(), nullable=True))
    op.add_column("mail_message", sa.Column("unsubscribe_url", sa.Text(), nullable=True))
    op.create_table(
        "notification_template",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("brand_id", sa.UUID(), nullable=True),
        sa.Column("organization_id", sa.UUID(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("subject", sa.Text(), server_default="", nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "channel IN ('EMAIL', 'SMS', 'WHATSAPP', 'PUSH', 'IN_APP')", name=op.f("ck_notification_template_channel")
        ),
        sa.CheckConstraint("language IN ('nl', 'en')", name=op.f("ck_notification_template_language")),
        sa.CheckConstraint("version > 0", name=op.f("ck_notification_template_version")),
        sa.ForeignKeyConstraint(["brand_id"], ["brand.id"], name=op.f("fk_notification_template_brand_id")),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_notification_template_entity_id")),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["contact.id"], name=op.f("fk_notification_template_organization_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notification_template")),
        sa.UniqueConstraint(
            "entity_id",
            "brand_id",
            "organization_id",
            "kind",
            "channel",
            "language",
            "version",
            name="uq_notification_template_version",
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_index(
        "ix_notification_template_entity_newest",
        "notification_template",
        ["entity_id", "created_at", "id"],
        unique=False,
    )
    op.create_index("ix_notification_template_organization", "notification_template", ["organization_id"], unique=False)
    op.create_index(
        "uq_notification_template_active",
        "notification_template",
        ["entity_id", "brand_id", "organization_id", "kind", "channel", "language"],
        unique=True,
        postgresql_nulls_not_distinct=True,
        postgresql_where=sa.text("active"),
    )
    op.create_table(
        "notification",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("contact_id", sa.UUID(), nullable=True),
        sa.Column("user_id", sa.UUID(), nullable=True),
        sa.Column("organization_id", sa.UUID(), nullable=True),
        sa.Column("brand_id", sa.UUID(), nullable=True),
        sa.Column("subject_type", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.UUID(), nullable=False),
        sa.Column(
            "chain_organization_ids", postgresql.ARRAY(sa.UUID()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), server_default="", nullable=False),
        sa.Column("text", sa.Text(), server_default="", nullable=False),
        sa.Column("in_app", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reach", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("seal_context", sa.Text(), nullable=False),
        sa.Column("facts", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("language IN ('nl', 'en')", name=op.f("ck_notification_language")),
        sa.CheckConstraint("num_nonnulls(contact_id, user_id) = 1", name=op.f("ck_notification_recipient")),
        sa.ForeignKeyConstraint(["brand_id"], ["brand.id"], name=op.f("fk_notification_brand_id")),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name=op.f("fk_notification_contact_id")),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_notification_entity_id")),
        sa.ForeignKeyConstraint(["organization_id"], ["contact.id"], name=op.f("fk_notification_organization_id")),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_notification_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notification")),
        sa.UniqueConstraint("key", name=op.f("uq_notification_key")),
    )
    op.create_index("ix_notification_contact", "notification", ["contact_id", "created_at", "id"], unique=False)
    op.create_index(
        "ix_notification_facts",
        "notification",
        ["created_at"],
        unique=False,
        postgresql_where=sa.text("facts IS NOT NULL"),
    )
    op.create_index("ix_notification_newest", "notification", ["created_at", "id"], unique=False)
    op.create_index(op.f("ix_notification_organization_id"), "notification", ["organization_id"], unique=False)
    op.create_index("ix_notification_subject", "notification", ["subject_id"], unique=False)
    op.create_index(
        "ix_notification_unread_contact",
        "notification",
        ["contact_id", "entity_id"],
        unique=False,
        postgresql_where=sa.text("read_at IS NULL AND in_app AND contact_id IS NOT NULL"),
    )
    op.create_index(
        "ix_notification_unread_user",
        "notification",
        ["user_id", "entity_id"],
        unique=False,
        postgresql_where=sa.text("read_at IS NULL AND in_app AND user_id IS NOT NULL"),
    )
    op.create_index("ix_notification_user", "notification", ["user_id", "created_at", "id"], unique=False)
    op.create_table(
        "notification_delivery",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("notification_id", sa.UUID(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("contact_id", sa.UUID(), nullable=True),
        sa.Column("user_id", sa.UUID(), nullable=True),
        sa.Column("organization_id", sa.UUID(), nullable=True),
        sa.Column("subject_type", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.UUID(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="QUEUED", nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("address", sa.Text(), server_default="", nullable=False),
        sa.Column("title", sa.Text(), server_default="", nullable=False),
        sa.Column("template_id", sa.UUID(), nullable=True),
        sa.Column("mail_id", sa.UUID(), nullable=True),
        sa.Column("provider_id", sa.Text(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("bounced_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "(state IN ('FAILED', 'SUPPRESSED')) = (reason IS NOT NULL)",
            name=op.f("ck_notification_delivery_reason_of_failure"),
        ),
        sa.CheckConstraint(
            "channel IN ('EMAIL', 'SMS', 'WHATSAPP', 'PUSH', 'IN_APP')", name=op.f("ck_notification_delivery_channel")
        ),
        sa.CheckConstraint(
            "reason IN ('NOT_CONFIGURED', 'NO_ADDRESS', 'OPTED_OUT', 'BOUNCED', 'REFUSED', 'GIVEN_UP', 'ERASED', 'COMPLAINED')",
            name=op.f("ck_notification_delivery_reason"),
        ),
        sa.CheckConstraint(
            "state IN ('QUEUED', 'SENT', 'DELIVERED', 'FAILED', 'SUPPRESSED')",
            name=op.f("ck_notification_delivery_state"),
        ),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name=op.f("fk_notification_delivery_contact_id")),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_notification_delivery_entity_id")),
        sa.ForeignKeyConstraint(
            ["mail_id"], ["mail_message.id"], name=op.f("fk_notification_delivery_mail_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["notification_id"], ["notification.id"], name=op.f("fk_notification_delivery_notification_id")
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["contact.id"], name=op.f("fk_notification_delivery_organization_id")
        ),
        sa.ForeignKeyConstraint(
            ["template_id"], ["notification_template.id"], name=op.f("fk_notification_delivery_template_id")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_notification_delivery_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notification_delivery")),
        sa.UniqueConstraint(
            "notification_id", "position", name=op.f("uq_notification_delivery_notification_id_position")
        ),
    )
    op.create_index(
        "ix_notification_delivery_bounced",
        "notification_delivery",
        ["address"],
        unique=False,
        postgresql_where=sa.text("bounced_at IS NOT NULL"),
    )
    op.create_index(
        "ix_notification_delivery_contact", "notification_delivery", ["contact_id", "created_at", "id"], unique=False
    )
    op.create_index(
        "ix_notification_delivery_due",
        "notification_delivery",
        ["next_attempt_at"],
        unique=False,
        postgresql_where=sa.text("state = 'QUEUED' AND channel NOT IN ('EMAIL', 'IN_APP')"),
    )
    op.create_index(
        "ix_notification_delivery_entity_newest",
        "notification_delivery",
        ["entity_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        "ix_notification_delivery_mail",
        "notification_delivery",
        ["mail_id"],
        unique=True,
        postgresql_where=sa.text("mail_id IS NOT NULL"),
    )
    op.create_index("ix_notification_delivery_newest", "notification_delivery", ["created_at", "id"], unique=False)
    op.create_index(
        "ix_notification_delivery_organization",
        "notification_delivery",
        ["organization_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        "ix_notification_delivery_provider",
        "notification_delivery",
        ["provider_id"],
        unique=False,
        postgresql_where=sa.text("provider_id IS NOT NULL"),
    )
    op.create_index(
        "ix_notification_delivery_subject", "notification_delivery", ["subject_id", "created_at", "id"], unique=False
    )
    op.create_index(
        "ix_notification_delivery_user", "notification_delivery", ["user_id", "created_at", "id"], unique=False
    )
    op.create_table(
        "notification_preference",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("contact_id", sa.UUID(), nullable=True),
        sa.Column("user_id", sa.UUID(), nullable=True),
        sa.Column("channels", postgresql.JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.Column("muted", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("quiet", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("quiet_from", sa.Time(), nullable=True),
        sa.Column("quiet_until", sa.Time(), nullable=True),
        sa.Column("quiet_weekends", sa.Boolean(), nullable=True),
        sa.Column("quiet_holidays", sa.Boolean(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "(quiet_from IS NULL) = (quiet_until IS NULL)", name=op.f("ck_notification_preference_quiet_hours")
        ),
        sa.CheckConstraint("num_nonnulls(contact_id, user_id) = 1", name=op.f("ck_notification_preference_recipient")),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name=op.f("fk_notification_preference_contact_id")),
        sa.ForeignKeyConstraint(
            ["entity_id"], ["business_entity.id"], name=op.f("fk_notification_preference_entity_id")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_notification_preference_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notification_preference")),
    )
    op.create_index("ix_notification_preference_contact", "notification_preference", ["contact_id"], unique=False)
    op.create_index("ix_notification_preference_user", "notification_preference", ["user_id"], unique=False)
    op.create_index(
        "uq_notification_preference_recipient",
        "notification_preference",
        ["entity_id", "contact_id", "user_id"],
        unique=True,
        postgresql_nulls_not_distinct=True,
    )


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)
    op.drop_column("mail_message", "unsubscribe_url")
    op.drop_column("mail_message", "html")
