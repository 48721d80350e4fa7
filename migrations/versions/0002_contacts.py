"""Persons and organizations, their addresses, relations and tree."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "contact",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("contact_type", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("first_name", sa.Text(), nullable=True),
        sa.Column("last_name", sa.Text(), nullable=True),
        sa.Column("job_title", sa.Text(), nullable=True),
        sa.Column("legal_name", sa.Text(), nullable=True),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("language", sa.Text(), server_default="nl", nullable=False),
        sa.Column("website", sa.Text(), nullable=True),
        sa.Column("kvk_number", sa.Text(), nullable=True),
        sa.Column("vat_number", sa.Text(), nullable=True),
        sa.Column("iban", sa.Text(), nullable=True),
        sa.Column("partner_model", sa.Text(), nullable=True),
        sa.Column("partner_code", sa.Text(), nullable=True),
        sa.Column("payment_terms_days", sa.Integer(), nullable=True),
        sa.Column("parent_organization_id", sa.UUID(), nullable=True),
        sa.Column("address_id", sa.UUID(), nullable=True),
        sa.Column("entity_ids", postgresql.ARRAY(sa.UUID()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column(
            "chain_organization_ids", postgresql.ARRAY(sa.UUID()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column(
            "channel_organization_ids", postgresql.ARRAY(sa.UUID()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("merged_into_id", sa.UUID(), nullable=True),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "contact_type = 'ORGANIZATION' OR partner_model IS NULL", name=op.f("ck_contact_partner_is_organization")
        ),
        sa.CheckConstraint("contact_type IN ('PERSON', 'ORGANIZATION')", name=op.f("ck_contact_contact_type")),
        sa.CheckConstraint(
            "partner_model IN ('LEAD_TRANSFER', 'AUTOMOTIVE', 'ENERGY', 'B2B_CONTRACTOR')",
            name=op.f("ck_contact_partner_model"),
        ),
        sa.CheckConstraint("email = lower(email)", name=op.f("ck_contact_email_lower")),
        sa.CheckConstraint("merged_into_id <> id", name=op.f("ck_contact_merged_elsewhere")),
        sa.ForeignKeyConstraint(
            ["address_id"],
            ["address.id"],
            name=op.f("fk_contact_address_id"),
            initially="DEFERRED",
            deferrable=True,
            use_alter=True,
        ),
        sa.ForeignKeyConstraint(["merged_into_id"], ["contact.id"], name=op.f("fk_contact_merged_into_id")),
        sa.ForeignKeyConstraint(
            ["parent_organization_id"], ["contact.id"], name=op.f("fk_contact_parent_organization_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact")),
    )
    op.create_table(
        "address",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("contact_id", sa.UUID(), nullable=False),
        sa.Column("street", sa.Text(), server_default="", nullable=False),
        sa.Column("house_number", sa.Text(), server_default="", nullable=False),
        sa.Column("house_number_addition", sa.Text(), server_default="", nullable=False),
        sa.Column("postal_code", sa.Text(), nullable=False),
        sa.Column("pc2", sa.Text(), sa.Computed("left(postal_code, 2)", persisted=True), nullable=False),
        sa.Column("city", sa.Text(), server_default="", nullable=False),
        sa.Column("country", sa.Text(), server_default="NL", nullable=False),
        sa.Column("latitude", sa.Float(), nullable=True),
        sa.Column("longitude", sa.Float(), nullable=True),
        sa.Column("exactness", sa.Text(), server_default="NONE", nullable=False),
        sa.Column("location_source", sa.Text(), server_default="", nullable=False),
        sa.Column("flagged", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("flag_reason", sa.Text(), nullable=True),
        sa.Column(
            "original", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "exactness IN ('ADDRESS', 'STREET', 'POSTCODE', 'PC4', 'PC2', 'NONE')", name=op.f("ck_address_exactness")
        ),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name=op.f("fk_address_contact_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_address")),
    )
    op.create_table(
        "contact_relation",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("contact_id", sa.UUID(), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("lifecycle", sa.Text(), server_default="LEAD", nullable=False),
        sa.Column("source", sa.Text(), server_default="PORTAL", nullable=False),
        sa.Column("partner_organization_id", sa.UUID(), nullable=True),
        sa.Column(
            "channel_organization_ids", postgresql.ARRAY(sa.UUID()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("acquired_on", sa.Date(), server_default=sa.text("CURRENT_DATE"), nullable=False),
        sa.Column("satisfaction", sa.Numeric(precision=2, scale=1), nullable=True),
        sa.Column(
            "communication_preferences",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column(
            "scheduling_preferences",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column(
            "service_preferences",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "lifecycle IN ('LEAD', 'PROSPECT', 'CUSTOMER', 'INACTIVE')", name=op.f("ck_contact_relation_lifecycle")
        ),
        sa.CheckConstraint("satisfaction BETWEEN 1 AND 5", name=op.f("ck_contact_relation_satisfaction")),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name=op.f("fk_contact_relation_contact_id")),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_contact_relation_entity_id")),
        sa.ForeignKeyConstraint(
            ["partner_organization_id"], ["contact.id"], name=op.f("fk_contact_relation_partner_organization_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_relation")),
        sa.UniqueConstraint("contact_id", "entity_id", name=op.f("uq_contact_relation_contact_id_entity_id")),
    )
    op.create_table(
        "organization_parent",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("organization_id", sa.UUID(), nullable=False),
        sa.Column("parent_id", sa.UUID(), nullable=False),
        sa.Column("valid", postgresql.TSTZRANGE(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.column("organization_id"), "="), (sa.column("valid"), "&&"), using="gist", name="one_parent_at_a_time"
        ),
        sa.CheckConstraint("NOT isempty(valid)", name=op.f("ck_organization_parent_valid")),
        sa.CheckConstraint("organization_id <> parent_id", name=op.f("ck_organization_parent_not_itself")),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["contact.id"], name=op.f("fk_organization_parent_organization_id")
        ),
        sa.ForeignKeyConstraint(["parent_id"], ["contact.id"], name=op.f("fk_organization_parent_parent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organization_parent")),
    )
    op.create_table(
        "contact_merge",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("winner_id", sa.UUID(), nullable=False),
        sa.Column("loser_id", sa.UUID(), nullable=False),
        sa.Column("snapshot", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("merged_by_user_id", sa.UUID(), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["loser_id"], ["contact.id"], name=op.f("fk_contact_merge_loser_id")),
        sa.ForeignKeyConstraint(["winner_id"], ["contact.id"], name=op.f("fk_contact_merge_winner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_merge")),
    )
    op.create_index("ix_contact_channel", "contact", ["channel_organization_ids"], unique=False, postgresql_using="gin")
    op.create_index("ix_contact_email", "contact", ["email"], unique=False)
    op.create_index(
        "ix_contact_merged_into",
        "contact",
        ["merged_into_id"],
        unique=False,
        postgresql_where=sa.text("merged_into_id IS NOT NULL"),
    )
    op.create_index("ix_contact_name", "contact", ["name", "id"], unique=False)
    op.create_index("ix_contact_newest", "contact", ["created_at", "id"], unique=False)
    op.create_index("ix_contact_parent", "contact", ["parent_organization_id"], unique=False)
    op.create_index("ix_contact_phone", "contact", ["phone"], unique=False)
    op.create_index("ix_contact_type_newest", "contact", ["contact_type", "created_at", "id"], unique=False)
    op.create_index("uq_contact_partner_code", "contact", ["partner_code"], unique=True)
    op.create_index(op.f("ix_address_contact_id"), "address", ["contact_id"], unique=False)
    op.create_index(op.f("ix_contact_merge_loser_id"), "contact_merge", ["loser_id"], unique=False)
    op.create_index(op.f("ix_contact_merge_winner_id"), "contact_merge", ["winner_id"], unique=False)
    op.create_index(
        "ix_contact_relation_entity",
        "contact_relation",
        ["entity_id", "lifecycle", "created_at", "contact_id"],
        unique=False,
    )
    op.create_index("ix_organization_parent_parent", "organization_parent", ["parent_id"], unique=False)
    op.create_foreign_key(
        "fk_contact_address_id",
        "contact",
        "address",
        ["address_id"],
        ["id"],
        deferrable=True,
        initially="DEFERRED",
    )


def downgrade() -> None:
    op.execute('DROP TABLE "contact_merge" CASCADE')
    op.execute('DROP TABLE "organization_parent" CASCADE')
    op.execute('DROP TABLE "contact_relation" CASCADE')
    op.execute('DROP TABLE "address" CASCADE')
    op.execute('DROP TABLE "contact" CASCADE')
