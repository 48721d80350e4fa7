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


def statements() -> Iterator[str]:
    """Functions and triggers, replaced by every migration."""
    yield from (_MAIL, _NOTIFICATION)
    yield (
        "CREATE OR REPLACE TRIGGER keep_in_sandbox BEFORE INSERT OR UPDATE OF status ON mail_message FOR EACH ROW "
        "WHEN (NEW.status = 'QUEUED') EXECUTE FUNCTION keep_mail_in_sandbox()"
    )
    yield (
        "CREATE OR REPLACE TRIGGER keep_in_sandbox BEFORE INSERT OR UPDATE OF state ON notification_delivery "
        "FOR EACH ROW WHEN (NEW.state = 'QUEUED' AND NEW.channel <> 'IN_APP') "
        "EXECUTE FUNCTION keep_notification_in_sandbox()"
    )
