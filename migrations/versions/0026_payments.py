"""Payments, payment links, providers, wallets: amounts that add up, balances that no statement can make wrong."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0026"
down_revision = "0025"

MOVE_BALANCE = """
CREATE FUNCTION move_wallet_balance() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE wallet SET balance_cents = balance_cents + NEW.amount_cents, updated_at = now()
  WHERE id = NEW.wallet_id AND entity_id = NEW.entity_id AND contact_id = NEW.contact_id AND currency = NEW.currency
  RETURNING balance_cents INTO NEW.balance_cents;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'no such wallet' USING ERRCODE = 'foreign_key_violation';
  END IF;
  RETURN NEW;
END $$
"""
"""The row of the wallet is locked by it: of two that spend the same balance the second is refused by the CHECK."""

KEEP_BALANCE = """
CREATE FUNCTION keep_wallet_balance() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' AND NEW.balance_cents = 0 THEN RETURN NEW; END IF;
  IF TG_OP = 'UPDATE' AND to_jsonb(NEW) - '{balance_cents,updated_at,payer_chain_ids}'::text[]
      = to_jsonb(OLD) - '{balance_cents,updated_at,payer_chain_ids}'::text[]
      AND (NEW.balance_cents = OLD.balance_cents OR pg_trigger_depth() > 1) THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'a wallet changes by its movements only' USING ERRCODE = 'restrict_violation';
END $$
"""

ADD_UP = """
CREATE FUNCTION payment_adds_up() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  paid payment%ROWTYPE;
  shared bigint;
  parts bigint;
BEGIN
  SELECT * INTO paid FROM payment WHERE id = CASE TG_TABLE_NAME WHEN 'payment' THEN NEW.id ELSE
    (to_jsonb(NEW) ->> 'payment_id')::uuid END;
  SELECT coalesce(sum(a.amount_cents - a.returned_cents), 0) INTO shared
  FROM payment_allocation a WHERE a.payment_id = paid.id;
  parts := shared + paid.wallet_cents + paid.suspense_cents + paid.refunded_cents + paid.missing_cents;
  IF paid.status IN ('FAILED', 'REVERSED') AND parts = 0 OR
     paid.status NOT IN ('FAILED', 'REVERSED') AND parts = paid.amount_cents THEN
    RETURN NULL;
  END IF;
  RAISE EXCEPTION 'payment %: % of % cents are shared out', paid.number, parts, paid.amount_cents
    USING ERRCODE = 'check_violation';
END $$
"""
"""Allocations, wallet, suspense and refunds of a payment are the payment, whoever changes one of them."""

_MAY_CHANGE = (
    "status",
    "contact_id",
    "payer_chain_ids",
    "refunded_cents",
    "wallet_cents",
    "suspense_cents",
    "suspense",
    "missing_cents",
    "fee_cents",
    "provider_id",
    "reason",
    "updated_at",
)


def upgrade() -> None:
    _tables()
    for function in (MOVE_BALANCE, KEEP_BALANCE, ADD_UP):
        op.execute(function)
    op.execute(
        "CREATE TRIGGER moves_balance BEFORE INSERT ON wallet_movement "
        "FOR EACH ROW EXECUTE FUNCTION move_wallet_balance()"
    )
    op.execute(
        "CREATE TRIGGER keeps_balance BEFORE INSERT OR UPDATE OR DELETE ON wallet "
        "FOR EACH ROW EXECUTE FUNCTION keep_wallet_balance()"
    )
    _append_only("wallet_movement", "payer_chain_ids")
    _append_only("payment", *_MAY_CHANGE)
    _append_only("payment_allocation", "returned_cents", "payer_chain_ids")
    for table in ("payment", "payment_allocation"):
        op.execute(
            f"CREATE CONSTRAINT TRIGGER adds_up AFTER INSERT OR UPDATE ON {table} "
            "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION payment_adds_up()"
        )


def _append_only(table: str, *free: str) -> None:
    arguments = ", ".join(f"'{column}'" for column in free)
    op.execute(
        f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION refuse_change({arguments})"
    )


def downgrade() -> None:
    for table in _TABLES:
        op.drop_table(table)
    op.execute("DROP FUNCTION payment_adds_up, keep_wallet_balance, move_wallet_balance")


_TABLES = (
    "payment_allocation",
    "payment",
    "local_payment",
    "payment_attempt",
    "payment_link",
    "payment_provider",
    "wallet_movement",
    "wallet",
)


def _tables() -> None:
    op.create_table(
        "wallet",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("contact_id", sa.UUID(), nullable=False),
        sa.Column("payer_chain_ids", postgresql.ARRAY(sa.UUID()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("currency", sa.Text(), server_default="EUR", nullable=False),
        sa.Column("balance_cents", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("balance_cents BETWEEN 0 AND 1000000000000000", name=op.f("ck_wallet_balance")),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name=op.f("fk_wallet_contact_id")),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_wallet_entity_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wallet")),
        sa.UniqueConstraint(
            "entity_id", "contact_id", "currency", name=op.f("uq_wallet_entity_id_contact_id_currency")
        ),
    )
    op.create_index("ix_wallet_contact", "wallet", ["contact_id", "created_at", "id"], unique=False)
    op.create_index("ix_wallet_entity_newest", "wallet", ["entity_id", "created_at", "id"], unique=False)
    op.create_index("ix_wallet_newest", "wallet", ["created_at", "id"], unique=False)
    op.create_table(
        "wallet_movement",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("wallet_id", sa.UUID(), nullable=False),
        sa.Column("contact_id", sa.UUID(), nullable=False),
        sa.Column("payer_chain_ids", postgresql.ARRAY(sa.UUID()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("amount_cents", sa.BigInteger(), nullable=False),
        sa.Column("balance_cents", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("currency", sa.Text(), server_default="EUR", nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("payment_id", sa.UUID(), nullable=True),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("made_by", sa.UUID(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("kind <> 'CORRECTION' OR length(reason) > 0", name=op.f("ck_wallet_movement_reason")),
        sa.CheckConstraint(
            "kind IN ('TOP_UP', 'DEBIT', 'REFUND', 'SURPLUS', 'PAYOUT', 'CORRECTION')",
            name=op.f("ck_wallet_movement_kind"),
        ),
        sa.CheckConstraint("amount_cents <> 0", name=op.f("ck_wallet_movement_amount")),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name=op.f("fk_wallet_movement_contact_id")),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_wallet_movement_entity_id")),
        sa.ForeignKeyConstraint(["made_by"], ["user_account.id"], name=op.f("fk_wallet_movement_made_by")),
        sa.ForeignKeyConstraint(["wallet_id"], ["wallet.id"], name=op.f("fk_wallet_movement_wallet_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wallet_movement")),
        sa.UniqueConstraint("wallet_id", "key", name=op.f("uq_wallet_movement_wallet_id_key")),
    )
    op.create_index("ix_wallet_movement_contact", "wallet_movement", ["contact_id", "created_at", "id"], unique=False)
    op.create_index(
        "ix_wallet_movement_entity_newest", "wallet_movement", ["entity_id", "created_at", "id"], unique=False
    )
    op.create_index("ix_wallet_movement_newest", "wallet_movement", ["created_at", "id"], unique=False)
    op.create_index("ix_wallet_movement_payment", "wallet_movement", ["payment_id"], unique=False)
    op.create_index("ix_wallet_movement_wallet", "wallet_movement", ["wallet_id", "created_at", "id"], unique=False)
    op.create_table(
        "payment_provider",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("api_key", sa.LargeBinary(), nullable=False),
        sa.Column("webhook_secrets", sa.LargeBinary(), nullable=True),
        sa.Column("key_hint", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("mode IN ('LIVE', 'TEST')", name=op.f("ck_payment_provider_mode")),
        sa.CheckConstraint("provider IN ('MOLLIE', 'STRIPE')", name=op.f("ck_payment_provider_provider")),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_payment_provider_entity_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_provider")),
    )
    op.create_index(
        "ix_payment_provider_entity_newest", "payment_provider", ["entity_id", "created_at", "id"], unique=False
    )
    op.create_index("ix_payment_provider_newest", "payment_provider", ["created_at", "id"], unique=False)
    op.create_index(
        "uq_payment_provider_active", "payment_provider", ["entity_id"], unique=True, postgresql_where=sa.text("active")
    )
    op.create_table(
        "payment_link",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("brand_id", sa.UUID(), nullable=False),
        sa.Column("purpose", sa.Text(), server_default="INVOICE", nullable=False),
        sa.Column("invoice_id", sa.UUID(), nullable=True),
        sa.Column("contact_id", sa.UUID(), nullable=False),
        sa.Column("payer_chain_ids", postgresql.ARRAY(sa.UUID()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("amount_cents", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), server_default="EUR", nullable=False),
        sa.Column("status", sa.Text(), server_default="ACTIVE", nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("(purpose = 'INVOICE') = (invoice_id IS NOT NULL)", name=op.f("ck_payment_link_invoice")),
        sa.CheckConstraint("purpose IN ('INVOICE', 'TOP_UP')", name=op.f("ck_payment_link_purpose")),
        sa.CheckConstraint("status IN ('ACTIVE', 'PAID', 'EXPIRED', 'CANCELLED')", name=op.f("ck_payment_link_status")),
        sa.CheckConstraint("amount_cents BETWEEN 1 AND 1000000000000000", name=op.f("ck_payment_link_amount")),
        sa.ForeignKeyConstraint(["brand_id"], ["brand.id"], name=op.f("fk_payment_link_brand_id")),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name=op.f("fk_payment_link_contact_id")),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_payment_link_entity_id")),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoice.id"], name=op.f("fk_payment_link_invoice_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_link")),
    )
    op.create_index("ix_payment_link_entity_newest", "payment_link", ["entity_id", "created_at", "id"], unique=False)
    op.create_index(
        "ix_payment_link_expiry",
        "payment_link",
        ["expires_at"],
        unique=False,
        postgresql_where=sa.text("status = 'ACTIVE'"),
    )
    op.create_index("ix_payment_link_invoice", "payment_link", ["invoice_id"], unique=False)
    op.create_index(
        "uq_payment_link_invoice_active",
        "payment_link",
        ["invoice_id"],
        unique=True,
        postgresql_where=sa.text("status = 'ACTIVE' AND invoice_id IS NOT NULL"),
    )
    op.create_table(
        "payment_attempt",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("link_id", sa.UUID(), nullable=False),
        sa.Column("account_id", sa.UUID(), nullable=True),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("provider_id", sa.Text(), nullable=True),
        sa.Column("intent_id", sa.Text(), nullable=True),
        sa.Column("checkout_url", sa.Text(), nullable=True),
        sa.Column("amount_cents", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), server_default="EUR", nullable=False),
        sa.Column("status", sa.Text(), server_default="CREATING", nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("(provider = 'LOCAL') = (account_id IS NULL)", name=op.f("ck_payment_attempt_account")),
        sa.CheckConstraint("provider IN ('MOLLIE', 'STRIPE', 'LOCAL')", name=op.f("ck_payment_attempt_provider")),
        sa.CheckConstraint(
            "status IN ('CREATING', 'OPEN', 'PENDING', 'PAID', 'FAILED', 'CANCELLED', 'EXPIRED')",
            name=op.f("ck_payment_attempt_status"),
        ),
        sa.CheckConstraint("amount_cents BETWEEN 1 AND 1000000000000000", name=op.f("ck_payment_attempt_amount")),
        sa.ForeignKeyConstraint(["account_id"], ["payment_provider.id"], name=op.f("fk_payment_attempt_account_id")),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_payment_attempt_entity_id")),
        sa.ForeignKeyConstraint(["link_id"], ["payment_link.id"], name=op.f("fk_payment_attempt_link_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_attempt")),
    )
    op.create_index("ix_payment_attempt_intent", "payment_attempt", ["provider", "intent_id"], unique=False)
    op.create_index("ix_payment_attempt_link", "payment_attempt", ["link_id", "created_at"], unique=False)
    op.create_index(
        "ix_payment_attempt_open",
        "payment_attempt",
        ["checked_at"],
        unique=False,
        postgresql_where=sa.text("status IN ('CREATING', 'OPEN', 'PENDING')"),
    )
    op.create_index("uq_payment_attempt_provider_id", "payment_attempt", ["provider", "provider_id"], unique=True)
    op.create_table(
        "local_payment",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("attempt_id", sa.UUID(), nullable=False),
        sa.Column("amount_cents", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), server_default="OPEN", nullable=False),
        sa.Column(
            "refunds", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column("return_url", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("method IN ('IDEAL', 'CARD')", name=op.f("ck_local_payment_method")),
        sa.CheckConstraint("status IN ('OPEN', 'PAID', 'FAILED', 'CANCELLED')", name=op.f("ck_local_payment_status")),
        sa.ForeignKeyConstraint(["attempt_id"], ["payment_attempt.id"], name=op.f("fk_local_payment_attempt_id")),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_local_payment_entity_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_local_payment")),
        sa.UniqueConstraint("attempt_id", name=op.f("uq_local_payment_attempt_id")),
    )
    op.create_table(
        "payment",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), server_default="RECEIPT", nullable=False),
        sa.Column("direction", sa.Text(), server_default="IN", nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), server_default="SUCCEEDED", nullable=False),
        sa.Column("contact_id", sa.UUID(), nullable=True),
        sa.Column("payer_chain_ids", postgresql.ARRAY(sa.UUID()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("amount_cents", sa.BigInteger(), nullable=False),
        sa.Column("refunded_cents", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("wallet_cents", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("suspense_cents", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("missing_cents", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("fee_cents", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("currency", sa.Text(), server_default="EUR", nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("provider_id", sa.Text(), nullable=True),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column("reference", sa.Text(), server_default="", nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("suspense", sa.Text(), nullable=True),
        sa.Column("refund_to", sa.Text(), nullable=True),
        sa.Column("refunds_payment_id", sa.UUID(), nullable=True),
        sa.Column("attempt_id", sa.UUID(), nullable=True),
        sa.Column("made_by", sa.UUID(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("(kind = 'RECEIPT') = (direction = 'IN')", name=op.f("ck_payment_direction_of_kind")),
        sa.CheckConstraint(
            "(kind = 'RECEIPT') = (refunds_payment_id IS NULL)", name=op.f("ck_payment_refund_of_payment")
        ),
        sa.CheckConstraint("direction IN ('IN', 'OUT')", name=op.f("ck_payment_direction")),
        sa.CheckConstraint("kind IN ('RECEIPT', 'REFUND', 'CHARGEBACK')", name=op.f("ck_payment_kind")),
        sa.CheckConstraint(
            "method IN ('IDEAL', 'CARD', 'BANK_TRANSFER', 'DIRECT_DEBIT', 'CASH', 'WALLET', 'OTHER')",
            name=op.f("ck_payment_method"),
        ),
        sa.CheckConstraint(
            "provider IN ('MOLLIE', 'STRIPE', 'LOCAL', 'BANK', 'MANUAL', 'WALLET')", name=op.f("ck_payment_provider")
        ),
        sa.CheckConstraint("refund_to IN ('SOURCE', 'WALLET')", name=op.f("ck_payment_refund_to")),
        sa.CheckConstraint(
            "status IN ('PENDING', 'SUCCEEDED', 'PARTIALLY_REFUNDED', 'REFUNDED', 'FAILED', 'REVERSED')",
            name=op.f("ck_payment_status"),
        ),
        sa.CheckConstraint(
            "suspense IN ('WRONG_AMOUNT', 'WRONG_CURRENCY', 'UNKNOWN_PAYER')", name=op.f("ck_payment_suspense")
        ),
        sa.CheckConstraint("amount_cents BETWEEN 1 AND 1000000000000000", name=op.f("ck_payment_amount")),
        sa.CheckConstraint("refunded_cents BETWEEN 0 AND amount_cents", name=op.f("ck_payment_refunded")),
        sa.CheckConstraint("suspense_cents BETWEEN 0 AND amount_cents", name=op.f("ck_payment_suspense_cents")),
        sa.CheckConstraint("missing_cents BETWEEN 0 AND amount_cents", name=op.f("ck_payment_missing_cents")),
        sa.CheckConstraint("wallet_cents BETWEEN 0 AND amount_cents", name=op.f("ck_payment_wallet_cents")),
        sa.ForeignKeyConstraint(["attempt_id"], ["payment_attempt.id"], name=op.f("fk_payment_attempt_id")),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name=op.f("fk_payment_contact_id")),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_payment_entity_id")),
        sa.ForeignKeyConstraint(["made_by"], ["user_account.id"], name=op.f("fk_payment_made_by")),
        sa.ForeignKeyConstraint(["refunds_payment_id"], ["payment.id"], name=op.f("fk_payment_refunds_payment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment")),
    )
    op.create_index("ix_payment_contact", "payment", ["contact_id", "created_at", "id"], unique=False)
    op.create_index("ix_payment_entity_newest", "payment", ["entity_id", "created_at", "id"], unique=False)
    op.create_index("ix_payment_entity_status", "payment", ["entity_id", "status", "created_at", "id"], unique=False)
    op.create_index("ix_payment_newest", "payment", ["created_at", "id"], unique=False)
    op.create_index("ix_payment_payer_chain", "payment", ["payer_chain_ids"], unique=False, postgresql_using="gin")
    op.create_index("ix_payment_refunds", "payment", ["refunds_payment_id"], unique=False)
    op.create_index(
        "ix_payment_suspense",
        "payment",
        ["entity_id", "created_at", "id"],
        unique=False,
        postgresql_where=sa.text("suspense_cents > 0 OR missing_cents > 0"),
    )
    op.create_index("uq_payment_number", "payment", ["entity_id", "number"], unique=True)
    op.create_index("uq_payment_provider_id", "payment", ["provider", "provider_id"], unique=True)
    op.create_table(
        "payment_allocation",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("payment_id", sa.UUID(), nullable=False),
        sa.Column("invoice_id", sa.UUID(), nullable=False),
        sa.Column("contact_id", sa.UUID(), nullable=False),
        sa.Column("payer_chain_ids", postgresql.ARRAY(sa.UUID()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("amount_cents", sa.BigInteger(), nullable=False),
        sa.Column("returned_cents", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("currency", sa.Text(), server_default="EUR", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("amount_cents > 0", name=op.f("ck_payment_allocation_amount")),
        sa.CheckConstraint("returned_cents BETWEEN 0 AND amount_cents", name=op.f("ck_payment_allocation_returned")),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name=op.f("fk_payment_allocation_contact_id")),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_payment_allocation_entity_id")),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoice.id"], name=op.f("fk_payment_allocation_invoice_id")),
        sa.ForeignKeyConstraint(["payment_id"], ["payment.id"], name=op.f("fk_payment_allocation_payment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_allocation")),
    )
    op.create_index("ix_payment_allocation_invoice", "payment_allocation", ["invoice_id"], unique=False)
    op.create_index("ix_payment_allocation_payment", "payment_allocation", ["payment_id"], unique=False)
