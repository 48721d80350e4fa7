"""Tariffs, their versions and where they hold; plans, packs and subscriptions, and what sessions took of them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0033"
down_revision = "0032"

TABLES = (
    "tariff",
    "tariff_version",
    "tariff_assignment",
    "charging_offer",
    "plan_membership",
    "energy_pack",
    "charging_subscription",
    "benefit_use",
    "benefit_charge",
)

KEEP_VERSION = """
CREATE FUNCTION keep_tariff_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND OLD.status = 'DRAFT' AND NEW.tariff_id = OLD.tariff_id AND NEW.entity_id = OLD.entity_id
      AND NEW.version = OLD.version THEN
    RETURN NEW;
  END IF;
  IF TG_OP = 'UPDATE' AND OLD.status = 'PUBLISHED' AND NEW.status = 'WITHDRAWN' AND OLD.valid_from > now()
      AND to_jsonb(NEW) - '{status,updated_at}'::text[] = to_jsonb(OLD) - '{status,updated_at}'::text[] THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'a version of a tariff does not change once it is published' USING ERRCODE = 'restrict_violation';
END $$
"""
"""A draft changes, what is published can only be taken back before it holds, nothing is deleted."""

AS_OFFERED = """
CREATE FUNCTION bought_as_offered() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  bought jsonb := to_jsonb(NEW);
  offer charging_offer%ROWTYPE;
BEGIN
  SELECT * INTO offer FROM charging_offer WHERE id = NEW.offer_id AND entity_id = NEW.entity_id AND kind = TG_ARGV[0];
  IF FOUND AND NEW.currency = offer.currency
      AND coalesce(bought ->> 'price_cents', bought ->> 'monthly_cents')::bigint = offer.price_cents
      AND coalesce((bought ->> 'discount_percent')::numeric, offer.discount_percent) = offer.discount_percent
      AND coalesce((bought ->> 'priority')::boolean, offer.priority) = offer.priority
      AND (bought ->> 'energy_wh')::bigint IS NOT DISTINCT FROM offer.energy_wh
      AND (bought ->> 'remaining_wh')::bigint IS NOT DISTINCT FROM offer.energy_wh
      AND (bought ->> 'cap_cents')::bigint IS NOT DISTINCT FROM offer.cap_cents THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'this is not what was offered' USING ERRCODE = 'check_violation';
END $$
"""
"""What is bought is what the entity offers, whoever writes the row."""

TAKE = """
CREATE FUNCTION take_benefit() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  covered bigint;
  cap bigint;
BEGIN
  IF TG_OP = 'DELETE' THEN
    UPDATE energy_pack SET remaining_wh = remaining_wh + OLD.wh, updated_at = now() WHERE id = OLD.pack_id;
    RETURN OLD;
  END IF;
  IF NEW.pack_id IS NOT NULL THEN
    UPDATE energy_pack SET remaining_wh = remaining_wh - NEW.wh, updated_at = now()
    WHERE id = NEW.pack_id AND entity_id = NEW.entity_id AND contact_id = NEW.contact_id AND cancelled_at IS NULL;
  ELSE
    SELECT cap_cents INTO cap FROM charging_subscription
    WHERE id = NEW.subscription_id AND entity_id = NEW.entity_id AND contact_id = NEW.contact_id FOR UPDATE;
  END IF;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'no such pack or subscription' USING ERRCODE = 'foreign_key_violation';
  END IF;
  IF NEW.subscription_id IS NOT NULL THEN
    SELECT coalesce(sum(cents), 0) INTO covered FROM benefit_use
    WHERE subscription_id = NEW.subscription_id AND month = NEW.month;
    IF covered + NEW.cents > cap THEN
      RAISE EXCEPTION 'the subscription covers % cents a month', cap USING ERRCODE = 'check_violation';
    END IF;
  END IF;
  RETURN NEW;
END $$
"""
"""Packs and subscriptions are locked by it: of two sessions that take the same rest the second is refused."""

KEEP_REST = """
CREATE FUNCTION keep_pack_rest() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF pg_trigger_depth() > 1 OR to_jsonb(NEW) - '{bought_at,cancelled_at,updated_at}'::text[]
      = to_jsonb(OLD) - '{bought_at,cancelled_at,updated_at}'::text[] THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'a pack changes by what sessions take' USING ERRCODE = 'restrict_violation';
END $$
"""

FUNCTIONS = ("keep_tariff_version", "bought_as_offered", "take_benefit", "keep_pack_rest")


def upgrade() -> None:
    op.create_table(
        "tariff",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("owner_contact_id", sa.UUID(), nullable=True),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("made_by", sa.UUID(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("code ~ '^[A-Z0-9][A-Z0-9._-]{0,39}$'", name=op.f("ck_tariff_code")),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_tariff_entity_id")),
        sa.ForeignKeyConstraint(["made_by"], ["user_account.id"], name=op.f("fk_tariff_made_by")),
        sa.ForeignKeyConstraint(["owner_contact_id"], ["contact.id"], name=op.f("fk_tariff_owner_contact_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tariff")),
        sa.UniqueConstraint("entity_id", "code", name=op.f("uq_tariff_entity_id_code")),
    )
    op.create_index("ix_tariff_entity_newest", "tariff", ["entity_id", "created_at", "id"], unique=False)
    op.create_index("ix_tariff_newest", "tariff", ["created_at", "id"], unique=False)
    op.create_index("ix_tariff_owner", "tariff", ["owner_contact_id", "created_at", "id"], unique=False)
    op.create_table(
        "tariff_version",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("tariff_id", sa.UUID(), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), server_default="DRAFT", nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("terms", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("made_by", sa.UUID(), nullable=True),
        sa.Column("published_by", sa.UUID(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "(status <> 'PUBLISHED' OR published_at IS NOT NULL) AND (published_at IS NULL) = (valid_from IS NULL)",
            name=op.f("ck_tariff_version_published"),
        ),
        sa.CheckConstraint("jsonb_typeof(terms) = 'object'", name=op.f("ck_tariff_version_terms")),
        sa.CheckConstraint("status IN ('DRAFT', 'PUBLISHED', 'WITHDRAWN')", name=op.f("ck_tariff_version_status")),
        sa.CheckConstraint("version > 0", name=op.f("ck_tariff_version_version")),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_tariff_version_entity_id")),
        sa.ForeignKeyConstraint(["made_by"], ["user_account.id"], name=op.f("fk_tariff_version_made_by")),
        sa.ForeignKeyConstraint(["published_by"], ["user_account.id"], name=op.f("fk_tariff_version_published_by")),
        sa.ForeignKeyConstraint(["tariff_id"], ["tariff.id"], name=op.f("fk_tariff_version_tariff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tariff_version")),
        sa.UniqueConstraint("tariff_id", "version", name=op.f("uq_tariff_version_tariff_id_version")),
    )
    op.create_index(
        "uq_tariff_version_draft",
        "tariff_version",
        ["tariff_id"],
        unique=True,
        postgresql_where=sa.text("status = 'DRAFT'"),
    )
    op.create_index(
        "uq_tariff_version_from",
        "tariff_version",
        ["tariff_id", "valid_from"],
        unique=True,
        postgresql_where=sa.text("status = 'PUBLISHED'"),
    )
    op.create_table(
        "tariff_assignment",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("tariff_id", sa.UUID(), nullable=False),
        sa.Column("charger_id", sa.UUID(), nullable=True),
        sa.Column("owner_contact_id", sa.UUID(), nullable=True),
        sa.Column("valid", postgresql.TSTZRANGE(), nullable=False),
        sa.Column("replaces_id", sa.UUID(), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("made_by", sa.UUID(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.column("charger_id"), "="),
            (sa.column("valid"), "&&"),
            where=sa.text("charger_id IS NOT NULL"),
            using="gist",
            name="one_tariff_per_charger",
        ),
        postgresql.ExcludeConstraint(
            (sa.column("entity_id"), "="),
            (sa.column("owner_contact_id"), "="),
            (sa.column("valid"), "&&"),
            where=sa.text("owner_contact_id IS NOT NULL"),
            using="gist",
            name="one_tariff_per_owner",
        ),
        postgresql.ExcludeConstraint(
            (sa.column("entity_id"), "="),
            (sa.column("valid"), "&&"),
            where=sa.text("charger_id IS NULL AND owner_contact_id IS NULL"),
            using="gist",
            name="one_tariff_per_entity",
        ),
        sa.CheckConstraint(
            "charger_id IS NULL OR owner_contact_id IS NULL", name=op.f("ck_tariff_assignment_one_target")
        ),
        sa.ForeignKeyConstraint(["charger_id"], ["charger.id"], name=op.f("fk_tariff_assignment_charger_id")),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_tariff_assignment_entity_id")),
        sa.ForeignKeyConstraint(["made_by"], ["user_account.id"], name=op.f("fk_tariff_assignment_made_by")),
        sa.ForeignKeyConstraint(
            ["owner_contact_id"], ["contact.id"], name=op.f("fk_tariff_assignment_owner_contact_id")
        ),
        sa.ForeignKeyConstraint(
            ["replaces_id"], ["tariff_assignment.id"], name=op.f("fk_tariff_assignment_replaces_id")
        ),
        sa.ForeignKeyConstraint(["tariff_id"], ["tariff.id"], name=op.f("fk_tariff_assignment_tariff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tariff_assignment")),
    )
    op.create_index(
        "ix_tariff_assignment_entity_newest", "tariff_assignment", ["entity_id", "created_at", "id"], unique=False
    )
    op.create_index("ix_tariff_assignment_newest", "tariff_assignment", ["created_at", "id"], unique=False)
    op.create_index("ix_tariff_assignment_tariff", "tariff_assignment", ["tariff_id", "created_at", "id"], unique=False)
    op.create_index(
        "ix_tariff_assignment_wide",
        "tariff_assignment",
        ["entity_id", "owner_contact_id"],
        unique=False,
        postgresql_where=sa.text("charger_id IS NULL"),
    )
    op.create_table(
        "charging_offer",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("price_cents", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), server_default="EUR", nullable=False),
        sa.Column("discount_percent", sa.Numeric(precision=5, scale=2), server_default="0", nullable=False),
        sa.Column("energy_wh", sa.BigInteger(), nullable=True),
        sa.Column("cap_cents", sa.BigInteger(), nullable=True),
        sa.Column("priority", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("(kind = 'PACK') = (energy_wh IS NOT NULL)", name=op.f("ck_charging_offer_energy_of_pack")),
        sa.CheckConstraint(
            "(kind = 'SUBSCRIPTION') = (cap_cents IS NOT NULL)", name=op.f("ck_charging_offer_cap_of_subscription")
        ),
        sa.CheckConstraint("code ~ '^[A-Z0-9][A-Z0-9._-]{0,39}$'", name=op.f("ck_charging_offer_code")),
        sa.CheckConstraint("kind = 'PLAN' OR NOT priority", name=op.f("ck_charging_offer_priority_of_plan")),
        sa.CheckConstraint("kind IN ('PLAN', 'PACK', 'SUBSCRIPTION')", name=op.f("ck_charging_offer_kind")),
        sa.CheckConstraint("cap_cents BETWEEN 1 AND 100000000", name=op.f("ck_charging_offer_cap")),
        sa.CheckConstraint("discount_percent BETWEEN 0 AND 100", name=op.f("ck_charging_offer_discount")),
        sa.CheckConstraint("energy_wh BETWEEN 1 AND 1000000000000", name=op.f("ck_charging_offer_energy")),
        sa.CheckConstraint("price_cents BETWEEN 0 AND 100000000", name=op.f("ck_charging_offer_price")),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_charging_offer_entity_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_charging_offer")),
        sa.UniqueConstraint("entity_id", "code", name=op.f("uq_charging_offer_entity_id_code")),
    )
    op.create_index(
        "ix_charging_offer_entity_newest", "charging_offer", ["entity_id", "created_at", "id"], unique=False
    )
    op.create_index("ix_charging_offer_newest", "charging_offer", ["created_at", "id"], unique=False)
    op.create_table(
        "plan_membership",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("contact_id", sa.UUID(), nullable=False),
        sa.Column("offer_id", sa.UUID(), nullable=False),
        sa.Column("valid", postgresql.TSTZRANGE(), nullable=False),
        sa.Column("monthly_cents", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), server_default="EUR", nullable=False),
        sa.Column("discount_percent", sa.Numeric(precision=5, scale=2), nullable=False),
        sa.Column("priority", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("made_by", sa.UUID(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.column("entity_id"), "="),
            (sa.column("contact_id"), "="),
            (sa.column("valid"), "&&"),
            using="gist",
            name="one_plan_at_a_time",
        ),
        sa.CheckConstraint("discount_percent BETWEEN 0 AND 100", name=op.f("ck_plan_membership_discount")),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name=op.f("fk_plan_membership_contact_id")),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_plan_membership_entity_id")),
        sa.ForeignKeyConstraint(["made_by"], ["user_account.id"], name=op.f("fk_plan_membership_made_by")),
        sa.ForeignKeyConstraint(["offer_id"], ["charging_offer.id"], name=op.f("fk_plan_membership_offer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_membership")),
    )
    op.create_index("ix_plan_membership_contact", "plan_membership", ["contact_id", "created_at", "id"], unique=False)
    op.create_index(
        "ix_plan_membership_entity_newest", "plan_membership", ["entity_id", "created_at", "id"], unique=False
    )
    op.create_index("ix_plan_membership_newest", "plan_membership", ["created_at", "id"], unique=False)
    op.create_index("ix_plan_membership_offer", "plan_membership", ["offer_id"], unique=False)
    op.create_table(
        "energy_pack",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("contact_id", sa.UUID(), nullable=False),
        sa.Column("offer_id", sa.UUID(), nullable=False),
        sa.Column("energy_wh", sa.BigInteger(), nullable=False),
        sa.Column("remaining_wh", sa.BigInteger(), nullable=False),
        sa.Column("discount_percent", sa.Numeric(precision=5, scale=2), nullable=False),
        sa.Column("price_cents", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), server_default="EUR", nullable=False),
        sa.Column("bought_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("made_by", sa.UUID(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "cancelled_at IS NULL OR remaining_wh = energy_wh", name=op.f("ck_energy_pack_cancelled_unused")
        ),
        sa.CheckConstraint("discount_percent BETWEEN 0 AND 100", name=op.f("ck_energy_pack_discount")),
        sa.CheckConstraint("energy_wh > 0", name=op.f("ck_energy_pack_energy")),
        sa.CheckConstraint("price_cents >= 0", name=op.f("ck_energy_pack_price")),
        sa.CheckConstraint("remaining_wh BETWEEN 0 AND energy_wh", name=op.f("ck_energy_pack_remaining")),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name=op.f("fk_energy_pack_contact_id")),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_energy_pack_entity_id")),
        sa.ForeignKeyConstraint(["made_by"], ["user_account.id"], name=op.f("fk_energy_pack_made_by")),
        sa.ForeignKeyConstraint(["offer_id"], ["charging_offer.id"], name=op.f("fk_energy_pack_offer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_energy_pack")),
    )
    op.create_index("ix_energy_pack_contact", "energy_pack", ["contact_id", "created_at", "id"], unique=False)
    op.create_index("ix_energy_pack_entity_newest", "energy_pack", ["entity_id", "created_at", "id"], unique=False)
    op.create_index("ix_energy_pack_newest", "energy_pack", ["created_at", "id"], unique=False)
    op.create_index("ix_energy_pack_offer", "energy_pack", ["offer_id"], unique=False)
    op.create_table(
        "charging_subscription",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("contact_id", sa.UUID(), nullable=False),
        sa.Column("offer_id", sa.UUID(), nullable=False),
        sa.Column("valid", postgresql.TSTZRANGE(), nullable=False),
        sa.Column("monthly_cents", sa.BigInteger(), nullable=False),
        sa.Column("cap_cents", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), server_default="EUR", nullable=False),
        sa.Column("made_by", sa.UUID(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.column("entity_id"), "="),
            (sa.column("contact_id"), "="),
            (sa.column("valid"), "&&"),
            using="gist",
            name="one_subscription_at_a_time",
        ),
        sa.CheckConstraint("cap_cents > 0", name=op.f("ck_charging_subscription_cap")),
        sa.CheckConstraint("monthly_cents >= 0", name=op.f("ck_charging_subscription_price")),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name=op.f("fk_charging_subscription_contact_id")),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_charging_subscription_entity_id")),
        sa.ForeignKeyConstraint(["made_by"], ["user_account.id"], name=op.f("fk_charging_subscription_made_by")),
        sa.ForeignKeyConstraint(["offer_id"], ["charging_offer.id"], name=op.f("fk_charging_subscription_offer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_charging_subscription")),
    )
    op.create_index(
        "ix_charging_subscription_contact", "charging_subscription", ["contact_id", "created_at", "id"], unique=False
    )
    op.create_index(
        "ix_charging_subscription_entity_newest",
        "charging_subscription",
        ["entity_id", "created_at", "id"],
        unique=False,
    )
    op.create_index("ix_charging_subscription_newest", "charging_subscription", ["created_at", "id"], unique=False)
    op.create_index("ix_charging_subscription_offer", "charging_subscription", ["offer_id"], unique=False)
    op.create_table(
        "benefit_use",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("contact_id", sa.UUID(), nullable=False),
        sa.Column("charging_session_id", sa.UUID(), nullable=False),
        sa.Column("pack_id", sa.UUID(), nullable=True),
        sa.Column("wh", sa.BigInteger(), nullable=True),
        sa.Column("subscription_id", sa.UUID(), nullable=True),
        sa.Column("month", sa.Date(), nullable=True),
        sa.Column("cents", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("(pack_id IS NULL) <> (subscription_id IS NULL)", name=op.f("ck_benefit_use_of_one")),
        sa.CheckConstraint("(pack_id IS NULL) = (wh IS NULL) AND wh > 0", name=op.f("ck_benefit_use_wh")),
        sa.CheckConstraint(
            "(subscription_id IS NULL) = (cents IS NULL) AND (cents IS NULL) = (month IS NULL) AND cents > 0",
            name=op.f("ck_benefit_use_cents"),
        ),
        sa.CheckConstraint("extract(day FROM month) = 1", name=op.f("ck_benefit_use_month")),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name=op.f("fk_benefit_use_contact_id")),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_benefit_use_entity_id")),
        sa.ForeignKeyConstraint(["pack_id"], ["energy_pack.id"], name=op.f("fk_benefit_use_pack_id")),
        sa.ForeignKeyConstraint(
            ["subscription_id"], ["charging_subscription.id"], name=op.f("fk_benefit_use_subscription_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_benefit_use")),
        sa.UniqueConstraint("charging_session_id", "pack_id", name=op.f("uq_benefit_use_charging_session_id_pack_id")),
        sa.UniqueConstraint(
            "charging_session_id", "subscription_id", name=op.f("uq_benefit_use_charging_session_id_subscription_id")
        ),
    )
    op.create_index("ix_benefit_use_contact", "benefit_use", ["contact_id"], unique=False)
    op.create_index("ix_benefit_use_pack", "benefit_use", ["pack_id", "created_at", "id"], unique=False)
    op.create_index("ix_benefit_use_subscription", "benefit_use", ["subscription_id", "month"], unique=False)
    op.create_table(
        "benefit_charge",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("contact_id", sa.UUID(), nullable=False),
        sa.Column("pack_id", sa.UUID(), nullable=True),
        sa.Column("membership_id", sa.UUID(), nullable=True),
        sa.Column("subscription_id", sa.UUID(), nullable=True),
        sa.Column("month", sa.Date(), nullable=True),
        sa.Column("net_cents", sa.BigInteger(), nullable=False),
        sa.Column("invoice_id", sa.UUID(), nullable=True),
        sa.Column("credit_note_id", sa.UUID(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "(pack_id IS NULL) = (month IS NOT NULL)", name=op.f("ck_benefit_charge_month_of_what_runs")
        ),
        sa.CheckConstraint("credit_note_id IS NULL OR invoice_id IS NOT NULL", name=op.f("ck_benefit_charge_credited")),
        sa.CheckConstraint("extract(day FROM month) = 1", name=op.f("ck_benefit_charge_month")),
        sa.CheckConstraint(
            "net_cents >= 0 AND (invoice_id IS NOT NULL OR net_cents = 0)", name=op.f("ck_benefit_charge_net")
        ),
        sa.CheckConstraint(
            "num_nonnulls(pack_id, membership_id, subscription_id) = 1", name=op.f("ck_benefit_charge_of_one")
        ),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name=op.f("fk_benefit_charge_contact_id")),
        sa.ForeignKeyConstraint(["credit_note_id"], ["invoice.id"], name=op.f("fk_benefit_charge_credit_note_id")),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_benefit_charge_entity_id")),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoice.id"], name=op.f("fk_benefit_charge_invoice_id")),
        sa.ForeignKeyConstraint(
            ["membership_id"], ["plan_membership.id"], name=op.f("fk_benefit_charge_membership_id")
        ),
        sa.ForeignKeyConstraint(["pack_id"], ["energy_pack.id"], name=op.f("fk_benefit_charge_pack_id")),
        sa.ForeignKeyConstraint(
            ["subscription_id"], ["charging_subscription.id"], name=op.f("fk_benefit_charge_subscription_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_benefit_charge")),
        sa.UniqueConstraint("membership_id", "month", name=op.f("uq_benefit_charge_membership_id_month")),
        sa.UniqueConstraint("pack_id", name=op.f("uq_benefit_charge_pack_id")),
        sa.UniqueConstraint("subscription_id", "month", name=op.f("uq_benefit_charge_subscription_id_month")),
    )
    op.create_index("ix_benefit_charge_contact", "benefit_charge", ["contact_id"], unique=False)
    op.create_index("ix_benefit_charge_credit_note", "benefit_charge", ["credit_note_id"], unique=False)
    op.create_index("ix_benefit_charge_invoice", "benefit_charge", ["invoice_id"], unique=False)
    _triggers()


def _triggers() -> None:
    for function in (KEEP_VERSION, AS_OFFERED, TAKE, KEEP_REST):
        op.execute(function)
    op.execute(
        "CREATE TRIGGER keeps_version BEFORE UPDATE OR DELETE ON tariff_version "
        "FOR EACH ROW EXECUTE FUNCTION keep_tariff_version()"
    )
    for table, kind in (
        ("plan_membership", "PLAN"),
        ("energy_pack", "PACK"),
        ("charging_subscription", "SUBSCRIPTION"),
    ):
        op.execute(
            f"CREATE TRIGGER as_offered BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION bought_as_offered('{kind}')"
        )
    op.execute(
        "CREATE TRIGGER takes BEFORE INSERT OR DELETE ON benefit_use FOR EACH ROW EXECUTE FUNCTION take_benefit()"
    )
    op.execute("CREATE TRIGGER keeps_rest BEFORE UPDATE ON energy_pack FOR EACH ROW EXECUTE FUNCTION keep_pack_rest()")


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
    for function in FUNCTIONS:
        op.execute(f"DROP FUNCTION {function}()")
