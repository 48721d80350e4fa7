"""From application to go-live."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0041"
down_revision = "0040"

_TABLES = (
    "sku_map_import",
    "partner_price_rules",
    "agreement_signature",
    "partner_task",
    "partner_document",
    "onboarding_step",
    "partner_onboarding",
    "onboarding_category",
)


def upgrade() -> None:
    op.create_table(
        "onboarding_category",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("definition", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("code ~ '^[A-Z][A-Z0-9_]*$'", name=op.f("ck_onboarding_category_code")),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_onboarding_category_entity_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_onboarding_category")),
        sa.UniqueConstraint("entity_id", "code", name=op.f("uq_onboarding_category_entity_id_code")),
    )
    op.create_table(
        "partner_onboarding",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("organization_id", sa.UUID(), nullable=True),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("definition", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("state", sa.Text(), server_default="APPLIED", nullable=False),
        sa.Column("way_in", sa.Text(), nullable=False),
        sa.Column("parent_organization_id", sa.UUID(), nullable=True),
        sa.Column("company_name", sa.Text(), nullable=False),
        sa.Column("legal_name", sa.Text(), nullable=True),
        sa.Column("kvk_number", sa.Text(), nullable=True),
        sa.Column("vat_number", sa.Text(), nullable=True),
        sa.Column("website", sa.Text(), nullable=True),
        sa.Column(
            "address", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column("contact_name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("job_title", sa.Text(), nullable=True),
        sa.Column("language", sa.Text(), server_default="nl", nullable=False),
        sa.Column("orders_per_month", sa.Integer(), nullable=True),
        sa.Column("message", sa.Text(), server_default="", nullable=False),
        sa.Column("applied_by_user_id", sa.UUID(), nullable=True),
        sa.Column("host", sa.Text(), server_default="", nullable=False),
        sa.Column("confirmation_hash", sa.Text(), nullable=True),
        sa.Column("confirm_by", sa.DateTime(timezone=True), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("contact_id", sa.UUID(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_from", sa.Text(), nullable=True),
        sa.Column("closed_reason", sa.Text(), nullable=True),
        sa.Column("live_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "(state IN ('REJECTED', 'WITHDRAWN')) = (closed_at IS NOT NULL) AND (closed_at IS NULL) = (closed_from IS NULL)",
            name=op.f("ck_partner_onboarding_closed_at"),
        ),
        sa.CheckConstraint(
            "state IN ('APPLIED', 'DOCUMENTS', 'TECHNICAL', 'SANDBOX', 'GO_LIVE', 'LIVE', 'REJECTED', 'WITHDRAWN')",
            name=op.f("ck_partner_onboarding_state"),
        ),
        sa.CheckConstraint(
            "state IN ('APPLIED', 'REJECTED', 'WITHDRAWN') OR organization_id IS NOT NULL",
            name=op.f("ck_partner_onboarding_organization_id"),
        ),
        sa.CheckConstraint(
            "way_in IN ('API', 'WEBHOOK', 'FORM', 'EMAIL', 'PORTAL')", name=op.f("ck_partner_onboarding_way_in")
        ),
        sa.CheckConstraint("email = lower(email)", name=op.f("ck_partner_onboarding_email_lower")),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name=op.f("fk_partner_onboarding_contact_id")),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_partner_onboarding_entity_id")),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["contact.id"], name=op.f("fk_partner_onboarding_organization_id")
        ),
        sa.ForeignKeyConstraint(
            ["parent_organization_id"], ["contact.id"], name=op.f("fk_partner_onboarding_parent_organization_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_partner_onboarding")),
        sa.UniqueConstraint("entity_id", "number", name=op.f("uq_partner_onboarding_entity_id_number")),
    )
    op.create_index(op.f("ix_partner_onboarding_contact_id"), "partner_onboarding", ["contact_id"], unique=False)
    op.create_index("ix_partner_onboarding_email", "partner_onboarding", ["entity_id", "email"], unique=False)
    op.create_index(
        "ix_partner_onboarding_entity_newest", "partner_onboarding", ["entity_id", "created_at", "id"], unique=False
    )
    op.create_index("ix_partner_onboarding_newest", "partner_onboarding", ["created_at", "id"], unique=False)
    op.create_index("ix_partner_onboarding_organization", "partner_onboarding", ["organization_id"], unique=False)
    op.create_index(
        op.f("ix_partner_onboarding_parent_organization_id"),
        "partner_onboarding",
        ["parent_organization_id"],
        unique=False,
    )
    op.create_index(
        "uq_partner_onboarding_confirmation",
        "partner_onboarding",
        ["confirmation_hash"],
        unique=True,
        postgresql_where=sa.text("confirmation_hash IS NOT NULL"),
    )
    op.create_index(
        "uq_partner_onboarding_open",
        "partner_onboarding",
        ["entity_id", "organization_id"],
        unique=True,
        postgresql_where=sa.text("organization_id IS NOT NULL AND state NOT IN ('REJECTED', 'WITHDRAWN')"),
    )
    op.create_table(
        "onboarding_step",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("organization_id", sa.UUID(), nullable=True),
        sa.Column("onboarding_id", sa.UUID(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("required", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("judged", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("state", sa.Text(), server_default="WAITING", nullable=False),
        sa.Column(
            "detail", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_by_user_id", sa.UUID(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("(state = 'WAITING') = (settled_at IS NULL)", name=op.f("ck_onboarding_step_settled_at")),
        sa.CheckConstraint("owner IN ('SYSTEM', 'PARTNER', 'STAFF')", name=op.f("ck_onboarding_step_owner")),
        sa.CheckConstraint(
            "stage IN ('APPLIED', 'DOCUMENTS', 'TECHNICAL', 'SANDBOX', 'GO_LIVE', 'LIVE', 'REJECTED', 'WITHDRAWN')",
            name=op.f("ck_onboarding_step_stage"),
        ),
        sa.CheckConstraint("state <> 'WAIVED' OR reason IS NOT NULL", name=op.f("ck_onboarding_step_reason")),
        sa.CheckConstraint("state IN ('WAITING', 'DONE', 'FAILED', 'WAIVED')", name=op.f("ck_onboarding_step_state")),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_onboarding_step_entity_id")),
        sa.ForeignKeyConstraint(
            ["onboarding_id"], ["partner_onboarding.id"], name=op.f("fk_onboarding_step_onboarding_id")
        ),
        sa.ForeignKeyConstraint(["organization_id"], ["contact.id"], name=op.f("fk_onboarding_step_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_onboarding_step")),
        sa.UniqueConstraint("onboarding_id", "code", name=op.f("uq_onboarding_step_onboarding_id_code")),
    )
    op.create_index("ix_onboarding_step_entity", "onboarding_step", ["entity_id"], unique=False)
    op.create_index("ix_onboarding_step_organization", "onboarding_step", ["organization_id"], unique=False)
    op.create_table(
        "partner_document",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("organization_id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("document_id", sa.UUID(), nullable=True),
        sa.Column("reference", sa.Text(), server_default="", nullable=False),
        sa.Column("issuer", sa.Text(), server_default="", nullable=False),
        sa.Column("insured_cents", sa.BigInteger(), nullable=True),
        sa.Column("issued_on", sa.Date(), nullable=True),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("state", sa.Text(), server_default="PENDING", nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by_user_id", sa.UUID(), nullable=True),
        sa.Column("added_by_user_id", sa.UUID(), nullable=True),
        sa.Column("reminded_days", sa.Integer(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("state <> 'REJECTED' OR reason IS NOT NULL", name=op.f("ck_partner_document_reason")),
        sa.CheckConstraint(
            "state IN ('PENDING', 'VERIFIED', 'REJECTED', 'EXPIRED', 'SUPERSEDED')",
            name=op.f("ck_partner_document_state"),
        ),
        sa.CheckConstraint("insured_cents >= 0", name=op.f("ck_partner_document_insured_cents")),
        sa.ForeignKeyConstraint(["document_id"], ["document.id"], name=op.f("fk_partner_document_document_id")),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_partner_document_entity_id")),
        sa.ForeignKeyConstraint(["organization_id"], ["contact.id"], name=op.f("fk_partner_document_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_partner_document")),
        sa.UniqueConstraint(
            "entity_id",
            "organization_id",
            "kind",
            "number",
            name=op.f("uq_partner_document_entity_id_organization_id_kind_number"),
        ),
    )
    op.create_index(op.f("ix_partner_document_document_id"), "partner_document", ["document_id"], unique=False)
    op.create_index(
        "ix_partner_document_entity_newest", "partner_document", ["entity_id", "created_at", "id"], unique=False
    )
    op.create_index(
        "ix_partner_document_expiring",
        "partner_document",
        ["expires_on"],
        unique=False,
        postgresql_where=sa.text("state = 'VERIFIED' AND expires_on IS NOT NULL"),
    )
    op.create_index("ix_partner_document_newest", "partner_document", ["created_at", "id"], unique=False)
    op.create_index(
        "ix_partner_document_organization_newest",
        "partner_document",
        ["organization_id", "created_at", "id"],
        unique=False,
    )
    op.create_table(
        "partner_task",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("organization_id", sa.UUID(), nullable=True),
        sa.Column("onboarding_id", sa.UUID(), nullable=True),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("subject_type", sa.Text(), nullable=True),
        sa.Column("subject_id", sa.UUID(), nullable=True),
        sa.Column("title_nl", sa.Text(), nullable=False),
        sa.Column("title_en", sa.Text(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("state", sa.Text(), server_default="OPEN", nullable=False),
        sa.Column("assigned_to_user_id", sa.UUID(), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_by_user_id", sa.UUID(), nullable=True),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("reminded_on", sa.Date(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("(state = 'OPEN') = (done_at IS NULL)", name=op.f("ck_partner_task_done_at")),
        sa.CheckConstraint("owner IN ('STAFF', 'PARTNER')", name=op.f("ck_partner_task_owner")),
        sa.CheckConstraint("state IN ('OPEN', 'DONE', 'CANCELLED')", name=op.f("ck_partner_task_state")),
        sa.ForeignKeyConstraint(
            ["assigned_to_user_id"], ["user_account.id"], name=op.f("fk_partner_task_assigned_to_user_id")
        ),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_partner_task_entity_id")),
        sa.ForeignKeyConstraint(
            ["onboarding_id"], ["partner_onboarding.id"], name=op.f("fk_partner_task_onboarding_id")
        ),
        sa.ForeignKeyConstraint(["organization_id"], ["contact.id"], name=op.f("fk_partner_task_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_partner_task")),
    )
    op.create_index(
        "ix_partner_task_due", "partner_task", ["due_on"], unique=False, postgresql_where=sa.text("state = 'OPEN'")
    )
    op.create_index("ix_partner_task_entity_newest", "partner_task", ["entity_id", "created_at", "id"], unique=False)
    op.create_index("ix_partner_task_newest", "partner_task", ["created_at", "id"], unique=False)
    op.create_index("ix_partner_task_onboarding", "partner_task", ["onboarding_id"], unique=False)
    op.create_index(
        "ix_partner_task_organization_newest", "partner_task", ["organization_id", "created_at", "id"], unique=False
    )
    op.create_index(
        "uq_partner_task_key",
        "partner_task",
        ["entity_id", "key"],
        unique=True,
        postgresql_where=sa.text("state = 'OPEN'"),
    )
    op.create_table(
        "agreement_signature",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("organization_id", sa.UUID(), nullable=False),
        sa.Column("agreement_id", sa.UUID(), nullable=False),
        sa.Column("text_sha256", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("processing_agreement_version", sa.Text(), nullable=False),
        sa.Column("signed_by_user_id", sa.UUID(), nullable=False),
        sa.Column("signer_name", sa.Text(), nullable=False),
        sa.Column("signer_job_title", sa.Text(), nullable=False),
        sa.Column("ip_address", sa.Text(), server_default="", nullable=False),
        sa.Column("user_agent", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("text_sha256 ~ '^[0-9a-f]{64}$'", name=op.f("ck_agreement_signature_text_sha256")),
        sa.ForeignKeyConstraint(["agreement_id"], ["agreement.id"], name=op.f("fk_agreement_signature_agreement_id")),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_agreement_signature_entity_id")),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["contact.id"], name=op.f("fk_agreement_signature_organization_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agreement_signature")),
        sa.UniqueConstraint(
            "agreement_id", "text_sha256", name=op.f("uq_agreement_signature_agreement_id_text_sha256")
        ),
    )
    op.create_index(
        "ix_agreement_signature_entity_newest", "agreement_signature", ["entity_id", "created_at", "id"], unique=False
    )
    op.create_index("ix_agreement_signature_newest", "agreement_signature", ["created_at", "id"], unique=False)
    op.create_index("ix_agreement_signature_signed_by", "agreement_signature", ["signed_by_user_id"], unique=False)
    op.create_index(
        "ix_agreement_signature_organization_newest",
        "agreement_signature",
        ["organization_id", "created_at", "id"],
        unique=False,
    )
    op.create_table(
        "partner_price_rules",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("organization_id", sa.UUID(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("rules", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("price_list_id", sa.UUID(), nullable=False),
        sa.Column("made_by_user_id", sa.UUID(), nullable=True),
        sa.Column("replaced_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_partner_price_rules_entity_id")),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["contact.id"], name=op.f("fk_partner_price_rules_organization_id")
        ),
        sa.ForeignKeyConstraint(
            ["price_list_id"], ["price_list.id"], name=op.f("fk_partner_price_rules_price_list_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_partner_price_rules")),
        sa.UniqueConstraint(
            "entity_id",
            "organization_id",
            "number",
            name=op.f("uq_partner_price_rules_entity_id_organization_id_number"),
        ),
    )
    op.create_index(
        "ix_partner_price_rules_entity_newest", "partner_price_rules", ["entity_id", "created_at", "id"], unique=False
    )
    op.create_index("ix_partner_price_rules_newest", "partner_price_rules", ["created_at", "id"], unique=False)
    op.create_index("ix_partner_price_rules_organization", "partner_price_rules", ["organization_id"], unique=False)
    op.create_index(
        "uq_partner_price_rules_current",
        "partner_price_rules",
        ["entity_id", "organization_id"],
        unique=True,
        postgresql_where=sa.text("replaced_at IS NULL"),
    )
    op.create_table(
        "sku_map_import",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("organization_id", sa.UUID(), nullable=False),
        sa.Column("added", sa.Integer(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("removed", sa.Integer(), nullable=False),
        sa.Column("before", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("after", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("imported_by_user_id", sa.UUID(), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_sku_map_import_entity_id")),
        sa.ForeignKeyConstraint(["organization_id"], ["contact.id"], name=op.f("fk_sku_map_import_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sku_map_import")),
    )
    op.create_index(
        "ix_sku_map_import_entity_newest", "sku_map_import", ["entity_id", "created_at", "id"], unique=False
    )
    op.create_index("ix_sku_map_import_newest", "sku_map_import", ["created_at", "id"], unique=False)
    op.create_index(
        "ix_sku_map_import_organization_newest", "sku_map_import", ["organization_id", "created_at", "id"], unique=False
    )
    op.execute(
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON agreement_signature "
        "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    for table in _TABLES:
        op.drop_table(table)
