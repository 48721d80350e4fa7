"""Nothing leaves a sandbox, whoever writes it: held by the database, beneath all that queues mail and messages."""

from collections.abc import Iterator

_IN_A_SANDBOX = (
    "EXISTS (SELECT 1 FROM business_entity e WHERE e.id = NEW.entity_id AND e.sandbox_of_entity_id IS NOT NULL)"
)
_MAIL = f"""
CREATE OR REPLACE FUNCTION keep_mail_in_sandbox() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF {_IN_A_SANDBOX} THEN
    NEW.status := 'KEPT';
  END IF;
  RETURN NEW;
END $$"""
_NOTIFICATION = f"""
CREATE OR REPLACE FUNCTION keep_notification_in_sandbox() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF {_IN_A_SANDBOX} THEN
    NEW.state := 'SUPPRESSED';
    NEW.reason := 'SANDBOX';
  END IF;
  RETURN NEW;
END $$"""

_REFUSE = f"""
CREATE OR REPLACE FUNCTION refuse_in_sandbox() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF {_IN_A_SANDBOX} THEN
    RAISE EXCEPTION 'no % in a sandbox', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$"""
NEVER = ("visit", "invoice", "commission", "lead")
"""What a sandbox has none of: each is planned, paid, followed up or counted beyond its entity."""


def statements() -> Iterator[str]:
    """Functions and triggers, replaced by every migration."""
    yield from (_MAIL, _NOTIFICATION, _REFUSE)
    for table in NEVER:
        yield (
            f"CREATE OR REPLACE TRIGGER refuse_in_sandbox BEFORE INSERT OR UPDATE OF entity_id ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_in_sandbox()"
        )
    yield (
        "CREATE OR REPLACE TRIGGER keep_in_sandbox BEFORE INSERT OR UPDATE OF status ON mail_message FOR EACH ROW "
        "WHEN (NEW.status = 'QUEUED') EXECUTE FUNCTION keep_mail_in_sandbox()"
    )
    yield (
        "CREATE OR REPLACE TRIGGER keep_in_sandbox BEFORE INSERT OR UPDATE OF state ON notification_delivery "
        "FOR EACH ROW WHEN (NEW.state = 'QUEUED' AND NEW.channel <> 'IN_APP') "
        "EXECUTE FUNCTION keep_notification_in_sandbox()"
    )
