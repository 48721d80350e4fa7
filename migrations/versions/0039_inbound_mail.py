"""Mail of partners that comes in, and the orders read from it."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0039"
down_revision = "0038"

_TABLES = ("email_order", "inbound_mail", "inbound_address")


def upgrade() -> None:
    op.create_table(
        "inbound_address",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("organization_id", sa.UUID(), nullable=False),
        sa.Column("local_part", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("allowed_senders", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("automatic", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("answers", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("language", sa.Text(), server_default="nl", nullable=False),
        sa.Column("external_reading", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("local_part = lower(local_part)", name=op.f("ck_inbound_address_local_part")),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_inbound_address_entity_id")),
        sa.ForeignKeyConstraint(["organization_id"], ["contact.id"], name=op.f("fk_inbound_address_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbound_address")),
        sa.UniqueConstraint("local_part", name=op.f("uq_inbound_address_local_part")),
    )
    op.create_index(
        "ix_inbound_address_entity_newest", "inbound_address", ["entity_id", "created_at", "id"], unique=False
    )
    op.create_index("ix_inbound_address_newest", "inbound_address", ["created_at", "id"], unique=False)
    op.create_index(
        "ix_inbound_address_organization_newest",
        "inbound_address",
        ["organization_id", "created_at", "id"],
        unique=False,
    )
    op.create_table(
        "inbound_mail",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("organization_id", sa.UUID(), nullable=False),
        sa.Column("address_id", sa.UUID(), nullable=False),
        sa.Column("way", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=True),
        sa.Column("envelope_sender", sa.Text(), server_default="", nullable=False),
        sa.Column("sender", sa.Text(), server_default="", nullable=False),
        sa.Column("sender_name", sa.Text(), server_default="", nullable=False),
        sa.Column("subject", sa.Text(), server_default="", nullable=False),
        sa.Column("message_id", sa.Text(), server_default="", nullable=False),
        sa.Column("known_sender", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("answerable", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("state", sa.Text(), server_default="RECEIVED", nullable=False),
        sa.Column("ignored", sa.Text(), nullable=True),
        sa.Column("repeated", sa.Integer(), server_default="0", nullable=False),
        sa.Column("problems", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("parts", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("(state = 'IGNORED') = (ignored IS NOT NULL)", name=op.f("ck_inbound_mail_ignored_because")),
        sa.CheckConstraint("ignored IN ('BOUNCE', 'AUTO_REPLY', 'LOOP')", name=op.f("ck_inbound_mail_ignored")),
        sa.CheckConstraint("state IN ('RECEIVED', 'READ', 'FAILED', 'IGNORED')", name=op.f("ck_inbound_mail_state")),
        sa.CheckConstraint("way IN ('SMTP', 'LMTP', 'HTTP')", name=op.f("ck_inbound_mail_way")),
        sa.ForeignKeyConstraint(["address_id"], ["inbound_address.id"], name=op.f("fk_inbound_mail_address_id")),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_inbound_mail_entity_id")),
        sa.ForeignKeyConstraint(["organization_id"], ["contact.id"], name=op.f("fk_inbound_mail_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbound_mail")),
        sa.UniqueConstraint("address_id", "sha256", name=op.f("uq_inbound_mail_address_id_sha256")),
    )
    op.create_index("ix_inbound_mail_address_newest", "inbound_mail", ["address_id", "created_at"], unique=False)
    op.create_index("ix_inbound_mail_entity_newest", "inbound_mail", ["entity_id", "created_at", "id"], unique=False)
    op.create_index(
        "ix_inbound_mail_kept",
        "inbound_mail",
        ["created_at"],
        unique=False,
        postgresql_where=sa.text("raw IS NOT NULL"),
    )
    op.create_index("ix_inbound_mail_newest", "inbound_mail", ["created_at", "id"], unique=False)
    op.create_index(
        "ix_inbound_mail_sender",
        "inbound_mail",
        ["sender"],
        unique=False,
        postgresql_where=sa.text("sender <> ''"),
    )
    op.create_index(
        "ix_inbound_mail_organization_newest", "inbound_mail", ["organization_id", "created_at", "id"], unique=False
    )
    op.create_table(
        "email_order",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("organization_id", sa.UUID(), nullable=False),
        sa.Column("inbound_mail_id", sa.UUID(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), server_default="REVIEW", nullable=False),
        sa.Column("reference", sa.Text(), server_default="", nullable=False),
        sa.Column("derived", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column(
            "fields", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column("missing", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("asked", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("doubts", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column(
            "faults", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'::jsonb"), nullable=False
        ),
        sa.Column(
            "corrected", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column("partner_order_id", sa.UUID(), nullable=True),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("reviewed_by", sa.UUID(), nullable=True),
        sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "(state = 'SUBMITTED') = (partner_order_id IS NOT NULL)", name=op.f("ck_email_order_submitted")
        ),
        sa.CheckConstraint("state IN ('REVIEW', 'SUBMITTED', 'REJECTED')", name=op.f("ck_email_order_state")),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_email_order_entity_id")),
        sa.ForeignKeyConstraint(["inbound_mail_id"], ["inbound_mail.id"], name=op.f("fk_email_order_inbound_mail_id")),
        sa.ForeignKeyConstraint(["organization_id"], ["contact.id"], name=op.f("fk_email_order_organization_id")),
        sa.ForeignKeyConstraint(
            ["partner_order_id"], ["partner_order.id"], name=op.f("fk_email_order_partner_order_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_email_order")),
        sa.UniqueConstraint("inbound_mail_id", "position", name=op.f("uq_email_order_inbound_mail_id_position")),
    )
    op.create_index("ix_email_order_entity_newest", "email_order", ["entity_id", "created_at", "id"], unique=False)
    op.create_index("ix_email_order_newest", "email_order", ["created_at", "id"], unique=False)
    op.create_index(
        "ix_email_order_organization_newest", "email_order", ["organization_id", "created_at", "id"], unique=False
    )
    op.create_index("ix_email_order_partner_order", "email_order", ["partner_order_id"], unique=False)
    op.create_index(
        "ix_email_order_unplaced",
        "email_order",
        ["created_at"],
        unique=False,
        postgresql_where=sa.text("partner_order_id IS NULL AND fields <> '{}'"),
    )
    op.create_index(
        "ix_email_order_review",
        "email_order",
        ["entity_id", "created_at", "id"],
        unique=False,
        postgresql_where=sa.text("state = 'REVIEW'"),
    )


def downgrade() -> None:
    for table in _TABLES:
        op.drop_table(table)
