"""Quotes, their versions, parties, visits and lines; signatures."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "quote",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("lead_id", sa.UUID(), nullable=True),
        sa.Column("account_contact_id", sa.UUID(), nullable=True),
        sa.Column("end_customer_contact_id", sa.UUID(), nullable=False),
        sa.Column("account_chain_ids", postgresql.ARRAY(sa.UUID()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column(
            "channel_organization_ids", postgresql.ARRAY(sa.UUID()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("service_address_id", sa.UUID(), nullable=True),
        sa.Column("status", sa.Text(), server_default="DRAFT", nullable=False),
        sa.Column("current_version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("pending_parties", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("currency", sa.Text(), server_default="EUR", nullable=False),
        sa.Column("partner_order_id", sa.Text(), nullable=True),
        sa.Column(
            "partner_metadata",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("close_reason", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "status IN ('DRAFT', 'SENT', 'PARTIALLY_SIGNED', 'ORDERED', 'DECLINED', 'EXPIRED', 'WITHDRAWN')",
            name=op.f("ck_quote_status"),
        ),
        sa.ForeignKeyConstraint(["account_contact_id"], ["contact.id"], name=op.f("fk_quote_account_contact_id")),
        sa.ForeignKeyConstraint(
            ["end_customer_contact_id"], ["contact.id"], name=op.f("fk_quote_end_customer_contact_id")
        ),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_quote_entity_id")),
        sa.ForeignKeyConstraint(["lead_id"], ["lead.id"], name=op.f("fk_quote_lead_id")),
        sa.ForeignKeyConstraint(["service_address_id"], ["address.id"], name=op.f("fk_quote_service_address_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quote")),
        sa.UniqueConstraint("number", name=op.f("uq_quote_number")),
    )
    op.create_table(
        "quote_version",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("quote_id", sa.UUID(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column(
            "channel_organization_ids", postgresql.ARRAY(sa.UUID()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("end_customer_contact_id", sa.UUID(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("terms", sa.Text(), server_default="", nullable=False),
        sa.Column("consent_text", sa.Text(), server_default="", nullable=False),
        sa.Column("valid_days", sa.Integer(), server_default="30", nullable=False),
        sa.Column("payment_terms_days", sa.Integer(), server_default="14", nullable=False),
        sa.Column("head", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("merkle_root", sa.LargeBinary(), nullable=True),
        sa.Column("leaf_hashes", postgresql.ARRAY(sa.LargeBinary()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("document_hash", sa.LargeBinary(), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("superseded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("(sent_at IS NULL) = (merkle_root IS NULL)", name=op.f("ck_quote_version_sealed_when_sent")),
        sa.ForeignKeyConstraint(
            ["end_customer_contact_id"], ["contact.id"], name=op.f("fk_quote_version_end_customer_contact_id")
        ),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_quote_version_entity_id")),
        sa.ForeignKeyConstraint(["quote_id"], ["quote.id"], name=op.f("fk_quote_version_quote_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quote_version")),
        sa.UniqueConstraint("document_hash", name=op.f("uq_quote_version_document_hash")),
        sa.UniqueConstraint("quote_id", "number", name=op.f("uq_quote_version_quote_id_number")),
    )
    op.create_table(
        "quote_party",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("quote_id", sa.UUID(), nullable=False),
        sa.Column("quote_version_id", sa.UUID(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("contact_id", sa.UUID(), nullable=False),
        sa.Column("payer_chain_ids", postgresql.ARRAY(sa.UUID()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("requirement", sa.Text(), nullable=False),
        sa.Column("requirement_reason", sa.Text(), server_default="", nullable=False),
        sa.Column("state", sa.Text(), server_default="PENDING", nullable=False),
        sa.Column("net_cents", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("vat_cents", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("gross_cents", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("currency", sa.Text(), server_default="EUR", nullable=False),
        sa.Column(
            "vat_breakdown",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'::jsonb"),
            nullable=False,
        ),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("requirement IN ('SIGN', 'ACKNOWLEDGE', 'WAIVED')", name=op.f("ck_quote_party_requirement")),
        sa.CheckConstraint("role IN ('CUSTOMER', 'PARTNER', 'PAYER')", name=op.f("ck_quote_party_role")),
        sa.CheckConstraint("state IN ('PENDING', 'SIGNED', 'DECLINED', 'WAIVED')", name=op.f("ck_quote_party_state")),
        sa.CheckConstraint("net_cents + vat_cents = gross_cents", name=op.f("ck_quote_party_sum")),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name=op.f("fk_quote_party_contact_id")),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_quote_party_entity_id")),
        sa.ForeignKeyConstraint(["quote_id"], ["quote.id"], name=op.f("fk_quote_party_quote_id")),
        sa.ForeignKeyConstraint(
            ["quote_version_id"], ["quote_version.id"], name=op.f("fk_quote_party_quote_version_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quote_party")),
        sa.UniqueConstraint("quote_version_id", "contact_id", name=op.f("uq_quote_party_quote_version_id_contact_id")),
    )
    op.create_table(
        "quote_visit",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("quote_version_id", sa.UUID(), nullable=False),
        sa.Column(
            "channel_organization_ids", postgresql.ARRAY(sa.UUID()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("end_customer_contact_id", sa.UUID(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("skills", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("outdoor", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("kind IN ('SURVEY', 'INSTALLATION', 'METER_BOX')", name=op.f("ck_quote_visit_kind")),
        sa.CheckConstraint("position IN (1, 2)", name=op.f("ck_quote_visit_at_most_two")),
        sa.ForeignKeyConstraint(
            ["end_customer_contact_id"], ["contact.id"], name=op.f("fk_quote_visit_end_customer_contact_id")
        ),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_quote_visit_entity_id")),
        sa.ForeignKeyConstraint(
            ["quote_version_id"], ["quote_version.id"], name=op.f("fk_quote_visit_quote_version_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quote_visit")),
        sa.UniqueConstraint("quote_version_id", "position", name=op.f("uq_quote_visit_quote_version_id_position")),
    )
    op.create_table(
        "line_item",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("quote_id", sa.UUID(), nullable=False),
        sa.Column("quote_version_id", sa.UUID(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("article_id", sa.UUID(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("technical_description", sa.Text(), server_default="", nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Numeric(precision=12, scale=3), nullable=False),
        sa.Column("unit", sa.Text(), server_default="piece", nullable=False),
        sa.Column("unit_price_cents", sa.BigInteger(), nullable=False),
        sa.Column("discount_percent", sa.Numeric(precision=5, scale=2), server_default="0", nullable=False),
        sa.Column("vat_class", sa.Text(), nullable=False),
        sa.Column("vat_rate", sa.Numeric(precision=5, scale=2), nullable=False),
        sa.Column("net_cents", sa.BigInteger(), nullable=False),
        sa.Column("vat_cents", sa.BigInteger(), nullable=False),
        sa.Column("gross_cents", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), server_default="EUR", nullable=False),
        sa.Column("unit_cost_cents", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("payer_contact_id", sa.UUID(), nullable=False),
        sa.Column("payer_role", sa.Text(), nullable=False),
        sa.Column("payer_chain_ids", postgresql.ARRAY(sa.UUID()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("visit_position", sa.Integer(), nullable=True),
        sa.Column("serial_required", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("skills", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("install_minutes", sa.Integer(), server_default="0", nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("technical_hash", sa.LargeBinary(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "category IN ('CHARGING_STATION', 'CABLE_ACCESSORY', 'MOUNTING_POLE', 'INSTALLATION_SERVICE', 'METER_BOX_MODULE', 'SMART_METER_OCPP')",
            name=op.f("ck_line_item_category"),
        ),
        sa.CheckConstraint("payer_role IN ('CUSTOMER', 'PARTNER', 'PAYER')", name=op.f("ck_line_item_payer_role")),
        sa.CheckConstraint(
            "vat_class IN ('STANDARD', 'REDUCED', 'ZERO', 'REVERSE_CHARGE')", name=op.f("ck_line_item_vat_class")
        ),
        sa.CheckConstraint("discount_percent BETWEEN 0 AND 100", name=op.f("ck_line_item_discount")),
        sa.CheckConstraint("net_cents + vat_cents = gross_cents", name=op.f("ck_line_item_sum")),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_line_item_quantity")),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name=op.f("fk_line_item_article_id")),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_line_item_entity_id")),
        sa.ForeignKeyConstraint(["payer_contact_id"], ["contact.id"], name=op.f("fk_line_item_payer_contact_id")),
        sa.ForeignKeyConstraint(["quote_id"], ["quote.id"], name=op.f("fk_line_item_quote_id")),
        sa.ForeignKeyConstraint(["quote_version_id"], ["quote_version.id"], name=op.f("fk_line_item_quote_version_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_line_item")),
        sa.UniqueConstraint("quote_version_id", "position", name=op.f("uq_line_item_quote_version_id_position")),
    )
    op.create_table(
        "signature",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("quote_id", sa.UUID(), nullable=False),
        sa.Column("quote_version_id", sa.UUID(), nullable=False),
        sa.Column("quote_party_id", sa.UUID(), nullable=False),
        sa.Column("party_contact_id", sa.UUID(), nullable=False),
        sa.Column("party_chain_ids", postgresql.ARRAY(sa.UUID()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("document_hash", sa.LargeBinary(), nullable=False),
        sa.Column("signer_user_id", sa.UUID(), nullable=True),
        sa.Column("signer_name", sa.Text(), nullable=False),
        sa.Column("signer_email", sa.Text(), nullable=False),
        sa.Column("identity_proof", sa.Text(), nullable=False),
        sa.Column("consent_text", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ip_address", postgresql.INET(), nullable=True),
        sa.Column("user_agent", sa.Text(), server_default="", nullable=False),
        sa.Column("chain_position", sa.BigInteger(), nullable=False),
        sa.Column("previous_hash", sa.LargeBinary(), nullable=False),
        sa.Column("record", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("record_hash", sa.LargeBinary(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("seal", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "identity_proof IN ('LOGIN', 'LOGIN_TOTP', 'MAILED_CODE')", name=op.f("ck_signature_identity_proof")
        ),
        sa.CheckConstraint("kind IN ('SIGNED', 'ACKNOWLEDGED', 'DECLINED')", name=op.f("ck_signature_kind")),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_signature_entity_id")),
        sa.ForeignKeyConstraint(["party_contact_id"], ["contact.id"], name=op.f("fk_signature_party_contact_id")),
        sa.ForeignKeyConstraint(["quote_id"], ["quote.id"], name=op.f("fk_signature_quote_id")),
        sa.ForeignKeyConstraint(["quote_party_id"], ["quote_party.id"], name=op.f("fk_signature_quote_party_id")),
        sa.ForeignKeyConstraint(["quote_version_id"], ["quote_version.id"], name=op.f("fk_signature_quote_version_id")),
        sa.ForeignKeyConstraint(["signer_user_id"], ["user_account.id"], name=op.f("fk_signature_signer_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signature")),
        sa.UniqueConstraint("entity_id", "chain_position", name=op.f("uq_signature_entity_id_chain_position")),
        sa.UniqueConstraint("quote_party_id", name=op.f("uq_signature_quote_party_id")),
    )
    op.create_table(
        "signature_chain_head",
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("record_hash", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_signature_chain_head_entity_id")),
        sa.PrimaryKeyConstraint("entity_id", name=op.f("pk_signature_chain_head")),
    )
    op.create_index("ix_quote_channel", "quote", ["channel_organization_ids"], unique=False, postgresql_using="gin")
    op.create_index("ix_quote_customer", "quote", ["end_customer_contact_id", "created_at", "id"], unique=False)
    op.create_index("ix_quote_entity_newest", "quote", ["entity_id", "created_at", "id"], unique=False)
    op.create_index("ix_quote_entity_status", "quote", ["entity_id", "status", "created_at", "id"], unique=False)
    op.create_index(
        "ix_quote_expiry",
        "quote",
        ["expires_at"],
        unique=False,
        postgresql_where=sa.text("status IN ('SENT', 'PARTIALLY_SIGNED')"),
    )
    op.create_index("ix_quote_lead", "quote", ["lead_id"], unique=False)
    op.create_index("ix_quote_newest", "quote", ["created_at", "id"], unique=False)
    op.create_index("ix_line_item_article", "line_item", ["article_id"], unique=False)
    op.create_index("ix_line_item_payer", "line_item", ["payer_contact_id"], unique=False)
    op.create_index("ix_line_item_quote", "line_item", ["quote_id"], unique=False)
    op.create_index("ix_quote_party_contact", "quote_party", ["contact_id"], unique=False)
    op.create_index("ix_quote_party_quote", "quote_party", ["quote_id"], unique=False)
    op.create_index("ix_signature_version", "signature", ["quote_version_id"], unique=False)


def downgrade() -> None:
    op.execute('DROP TABLE "signature_chain_head" CASCADE')
    op.execute('DROP TABLE "signature" CASCADE')
    op.execute('DROP TABLE "line_item" CASCADE')
    op.execute('DROP TABLE "quote_visit" CASCADE')
    op.execute('DROP TABLE "quote_party" CASCADE')
    op.execute('DROP TABLE "quote_version" CASCADE')
    op.execute('DROP TABLE "quote" CASCADE')
