"""Articles, prices, agreements; leads and how they are handled."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "article",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), server_default="", nullable=False),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column("technical_description", sa.Text(), server_default="", nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column(
            "specifications",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column("unit", sa.Text(), server_default="piece", nullable=False),
        sa.Column("vat_class", sa.Text(), server_default="STANDARD", nullable=False),
        sa.Column("unit_cost_cents", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("serial_required", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("batch_tracked", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("outdoor", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("skills", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("install_minutes", sa.Integer(), server_default="0", nullable=False),
        sa.Column("visit_kind", sa.Text(), nullable=True),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "category <> 'CHARGING_STATION' OR serial_required", name=op.f("ck_article_stations_have_serials")
        ),
        sa.CheckConstraint(
            "category IN ('CHARGING_STATION', 'CABLE_ACCESSORY', 'MOUNTING_POLE', 'INSTALLATION_SERVICE', 'METER_BOX_MODULE', 'SMART_METER_OCPP')",
            name=op.f("ck_article_category"),
        ),
        sa.CheckConstraint(
            "vat_class IN ('STANDARD', 'REDUCED', 'ZERO', 'REVERSE_CHARGE')", name=op.f("ck_article_vat_class")
        ),
        sa.CheckConstraint("visit_kind IN ('SURVEY', 'INSTALLATION', 'METER_BOX')", name=op.f("ck_article_visit_kind")),
        sa.CheckConstraint("unit_cost_cents >= 0 AND install_minutes >= 0", name=op.f("ck_article_not_negative")),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_article_entity_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_article")),
    )
    op.create_table(
        "price_list",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("partner_organization_id", sa.UUID(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), server_default="EUR", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_price_list_entity_id")),
        sa.ForeignKeyConstraint(
            ["partner_organization_id"], ["contact.id"], name=op.f("fk_price_list_partner_organization_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_price_list")),
    )
    op.create_table(
        "price",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("price_list_id", sa.UUID(), nullable=False),
        sa.Column("article_id", sa.UUID(), nullable=False),
        sa.Column("unit_price_cents", sa.BigInteger(), nullable=False),
        sa.Column("valid", postgresql.TSTZRANGE(), server_default=sa.text("tstzrange(now(), NULL)"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.column("price_list_id"), "="),
            (sa.column("article_id"), "="),
            (sa.column("valid"), "&&"),
            using="gist",
            name="one_price_at_a_time",
        ),
        sa.CheckConstraint("unit_price_cents >= 0", name=op.f("ck_price_not_negative")),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name=op.f("fk_price_article_id")),
        sa.ForeignKeyConstraint(["price_list_id"], ["price_list.id"], name=op.f("fk_price_price_list_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_price")),
    )
    op.create_table(
        "partner_sku",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("organization_id", sa.UUID(), nullable=False),
        sa.Column("partner_sku", sa.Text(), nullable=False),
        sa.Column("article_id", sa.UUID(), nullable=False),
        sa.Column("quantity", sa.Numeric(precision=12, scale=3), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_partner_sku_quantity")),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name=op.f("fk_partner_sku_article_id")),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_partner_sku_entity_id")),
        sa.ForeignKeyConstraint(["organization_id"], ["contact.id"], name=op.f("fk_partner_sku_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_partner_sku")),
    )
    op.create_table(
        "agreement",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("organization_id", sa.UUID(), nullable=False),
        sa.Column("valid", postgresql.TSTZRANGE(), server_default=sa.text("tstzrange(now(), NULL)"), nullable=False),
        sa.Column("default_payer", sa.Text(), server_default="CUSTOMER", nullable=False),
        sa.Column(
            "payer_by_category",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column("partner_signs", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("partner_without_lines", sa.Text(), server_default="ACKNOWLEDGE", nullable=False),
        sa.Column("quote_valid_days", sa.Integer(), nullable=True),
        sa.Column("payment_terms_days", sa.Integer(), nullable=True),
        sa.Column(
            "terms", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.column("entity_id"), "="),
            (sa.column("organization_id"), "="),
            (sa.column("valid"), "&&"),
            using="gist",
            name="one_agreement_at_a_time",
        ),
        sa.CheckConstraint(
            "default_payer IN ('CUSTOMER', 'PARTNER', 'ORGANIZATION')", name=op.f("ck_agreement_default_payer")
        ),
        sa.CheckConstraint(
            "partner_without_lines IN ('ACKNOWLEDGE', 'WAIVE')", name=op.f("ck_agreement_partner_without_lines")
        ),
        sa.CheckConstraint("quote_valid_days BETWEEN 1 AND 365", name=op.f("ck_agreement_quote_valid_days")),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_agreement_entity_id")),
        sa.ForeignKeyConstraint(["organization_id"], ["contact.id"], name=op.f("fk_agreement_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agreement")),
    )
    op.create_table(
        "questionnaire",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("questions", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_questionnaire_entity_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_questionnaire")),
        sa.UniqueConstraint("entity_id", "version", name=op.f("uq_questionnaire_entity_id_version")),
    )
    op.create_table(
        "routing_rule",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("conditions", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_routing_rule_entity_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_routing_rule")),
    )
    op.create_table(
        "lead",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("contact_id", sa.UUID(), nullable=False),
        sa.Column("submitted_entity_id", sa.UUID(), nullable=False),
        sa.Column("submitted_by_user_id", sa.UUID(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("company_name", sa.Text(), nullable=True),
        sa.Column("language", sa.Text(), server_default="nl", nullable=False),
        sa.Column("partner_organization_id", sa.UUID(), nullable=True),
        sa.Column(
            "channel_organization_ids", postgresql.ARRAY(sa.UUID()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), server_default="NEW", nullable=False),
        sa.Column("address_id", sa.UUID(), nullable=True),
        sa.Column(
            "interests", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column("score", sa.Integer(), server_default="0", nullable=False),
        sa.Column(
            "score_explanation",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'::jsonb"),
            nullable=False,
        ),
        sa.Column(
            "routing_explanation",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column("questionnaire_id", sa.UUID(), nullable=True),
        sa.Column(
            "answers", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column("intake_completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("qualified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("disqualified_reason", sa.Text(), nullable=True),
        sa.Column("disqualified_from", sa.Text(), nullable=True),
        sa.Column("handled_manually", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "(status = 'DISQUALIFIED') = (disqualified_from IS NOT NULL)", name=op.f("ck_lead_disqualified_from")
        ),
        sa.CheckConstraint(
            "source IN ('PORTAL', 'PARTNER_PORTAL', 'PARTNER_API', 'STAFF', 'IMPORT')", name=op.f("ck_lead_source")
        ),
        sa.CheckConstraint(
            "status IN ('NEW', 'INTAKE', 'QUALIFIED', 'QUOTED', 'CONVERTED', 'DISQUALIFIED')",
            name=op.f("ck_lead_status"),
        ),
        sa.CheckConstraint("score BETWEEN 0 AND 100", name=op.f("ck_lead_score")),
        sa.ForeignKeyConstraint(["address_id"], ["address.id"], name=op.f("fk_lead_address_id")),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name=op.f("fk_lead_contact_id")),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_lead_entity_id")),
        sa.ForeignKeyConstraint(
            ["partner_organization_id"], ["contact.id"], name=op.f("fk_lead_partner_organization_id")
        ),
        sa.ForeignKeyConstraint(["questionnaire_id"], ["questionnaire.id"], name=op.f("fk_lead_questionnaire_id")),
        sa.ForeignKeyConstraint(
            ["submitted_entity_id"], ["business_entity.id"], name=op.f("fk_lead_submitted_entity_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lead")),
        sa.UniqueConstraint("number", name=op.f("uq_lead_number")),
    )
    op.create_table(
        "follow_up_step",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("lead_status", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("after_hours", sa.Integer(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("subject_en", sa.Text(), server_default="", nullable=False),
        sa.Column("template", sa.Text(), nullable=False),
        sa.Column("template_en", sa.Text(), server_default="", nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("channel IN ('EMAIL', 'TASK')", name=op.f("ck_follow_up_step_channel")),
        sa.CheckConstraint(
            "lead_status IN ('NEW', 'INTAKE', 'QUALIFIED', 'QUOTED', 'CONVERTED', 'DISQUALIFIED')",
            name=op.f("ck_follow_up_step_lead_status"),
        ),
        sa.CheckConstraint("after_hours BETWEEN 0 AND 8760", name=op.f("ck_follow_up_step_after_hours")),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_follow_up_step_entity_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_follow_up_step")),
    )
    op.create_table(
        "lead_follow_up",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("lead_id", sa.UUID(), nullable=False),
        sa.Column("step_id", sa.UUID(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("outcome IN ('SENT', 'TASK_CREATED', 'FAILED')", name=op.f("ck_lead_follow_up_outcome")),
        sa.CheckConstraint("(done_at IS NULL) = (outcome IS NULL)", name=op.f("ck_lead_follow_up_done_with_outcome")),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_lead_follow_up_entity_id")),
        sa.ForeignKeyConstraint(["lead_id"], ["lead.id"], name=op.f("fk_lead_follow_up_lead_id")),
        sa.ForeignKeyConstraint(["step_id"], ["follow_up_step.id"], name=op.f("fk_lead_follow_up_step_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lead_follow_up")),
        sa.UniqueConstraint("lead_id", "step_id", name=op.f("uq_lead_follow_up_lead_id_step_id")),
    )
    op.create_index("ix_agreement_entity_newest", "agreement", ["entity_id", "created_at", "id"], unique=False)
    op.create_index("ix_agreement_newest", "agreement", ["created_at", "id"], unique=False)
    op.create_index("ix_agreement_organization", "agreement", ["organization_id"], unique=False)
    op.create_index("ix_article_entity_newest", "article", ["entity_id", "created_at", "id"], unique=False)
    op.create_index("ix_article_newest", "article", ["created_at", "id"], unique=False)
    op.create_index("uq_article_sku", "article", ["entity_id", "sku"], unique=True)
    op.create_index(
        "uq_follow_up_step_position",
        "follow_up_step",
        ["entity_id", "lead_status", "position"],
        unique=True,
        postgresql_where=sa.text("active"),
    )
    op.create_index(
        op.f("ix_price_list_partner_organization_id"), "price_list", ["partner_organization_id"], unique=False
    )
    op.create_index(
        "uq_price_list_owner",
        "price_list",
        ["entity_id", "partner_organization_id"],
        unique=True,
        postgresql_nulls_not_distinct=True,
    )
    op.create_index(
        "uq_questionnaire_active", "questionnaire", ["entity_id"], unique=True, postgresql_where=sa.text("active")
    )
    op.create_index("ix_routing_rule_position", "routing_rule", ["position"], unique=False)
    op.create_index("ix_lead_channel", "lead", ["channel_organization_ids"], unique=False, postgresql_using="gin")
    op.create_index("ix_lead_contact", "lead", ["contact_id", "created_at", "id"], unique=False)
    op.create_index("ix_lead_email", "lead", ["email", "created_at"], unique=False)
    op.create_index("ix_lead_entity_newest", "lead", ["entity_id", "created_at", "id"], unique=False)
    op.create_index("ix_lead_entity_score", "lead", ["entity_id", "score", "id"], unique=False)
    op.create_index("ix_lead_entity_status", "lead", ["entity_id", "status", "created_at", "id"], unique=False)
    op.create_index("ix_lead_newest", "lead", ["created_at", "id"], unique=False)
    op.create_index("ix_lead_partner", "lead", ["partner_organization_id", "created_at", "id"], unique=False)
    op.create_index(op.f("ix_partner_sku_organization_id"), "partner_sku", ["organization_id"], unique=False)
    op.create_index("uq_partner_sku", "partner_sku", ["entity_id", "organization_id", "partner_sku"], unique=True)
    op.create_index(op.f("ix_price_article_id"), "price", ["article_id"], unique=False)
    op.create_index(
        "ix_lead_follow_up_due",
        "lead_follow_up",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("done_at IS NULL AND cancelled_at IS NULL"),
    )


def downgrade() -> None:
    op.execute('DROP TABLE "lead_follow_up" CASCADE')
    op.execute('DROP TABLE "follow_up_step" CASCADE')
    op.execute('DROP TABLE "lead" CASCADE')
    op.execute('DROP TABLE "routing_rule" CASCADE')
    op.execute('DROP TABLE "questionnaire" CASCADE')
    op.execute('DROP TABLE "agreement" CASCADE')
    op.execute('DROP TABLE "partner_sku" CASCADE')
    op.execute('DROP TABLE "price" CASCADE')
    op.execute('DROP TABLE "price_list" CASCADE')
    op.execute('DROP TABLE "article" CASCADE')
