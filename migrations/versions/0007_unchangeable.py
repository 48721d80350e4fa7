"""What was sent, signed or recorded never changes: triggers that refuse it, whoever asks."""

from alembic import op

revision = "0007"
down_revision = "0006"

SENT_IS_FROZEN = """
CREATE FUNCTION refuse_change_of_sent() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.sent_at IS NULL THEN RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END; END IF;
  IF TG_OP = 'UPDATE' AND to_jsonb(NEW) - TG_ARGV = to_jsonb(OLD) - TG_ARGV THEN RETURN NEW; END IF;
  RAISE EXCEPTION '% % was sent and never changes', TG_TABLE_NAME, OLD.id USING ERRCODE = 'restrict_violation';
END $$
"""

FROZEN = {
    "quote_version": ["superseded_at"],
    "line_item": ["payer_chain_ids"],
    "quote_visit": [],
    "quote_party": ["state", "acted_at", "payer_chain_ids"],
}
"""Table and the columns that may still change once its quote was sent; who sees a line is no part of the document."""

APPEND_ONLY = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND TG_NARGS > 0 AND to_jsonb(NEW) - TG_ARGV = to_jsonb(OLD) - TG_ARGV THEN RETURN NEW; END IF;
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$
"""

APPENDED = {"event": "'changes', 'actor_name'", "signature": ""}
"""Table and the columns that may be blanked: erasure of personal data takes them out of the audit trail."""


def upgrade() -> None:
    op.execute(SENT_IS_FROZEN)
    for table, free in FROZEN.items():
        arguments = ", ".join(f"'{column}'" for column in free)
        op.execute(
            f"CREATE TRIGGER sent_is_frozen BEFORE UPDATE OR DELETE ON {table} "
            f"FOR EACH ROW EXECUTE FUNCTION refuse_change_of_sent({arguments})"
        )
    op.execute(APPEND_ONLY)
    for table, redacted in APPENDED.items():
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table} "
            f"FOR EACH ROW EXECUTE FUNCTION refuse_change({redacted})"
        )


def downgrade() -> None:
    for table in FROZEN:
        op.execute(f"DROP TRIGGER sent_is_frozen ON {table}")
    for table in APPENDED:
        op.execute(f"DROP TRIGGER append_only ON {table}")
    op.execute("DROP FUNCTION refuse_change_of_sent, refuse_change")
