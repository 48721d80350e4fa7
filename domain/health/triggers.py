"""What the database itself keeps true: what is open concerns whom its charger concerns now.

What is over stays whose it was: a later owner does not read what was written for the one before.
"""

from collections.abc import Iterator

_ENDS = {"charger_alert": "closed_at", "maintenance_task": "ended_at"}
_CHANGED = "(NEW.owner_contact_id, NEW.channel_organization_ids)"
_UPDATE = f"""
  UPDATE {{table}}
  SET owner_contact_id = NEW.owner_contact_id, channel_organization_ids = NEW.channel_organization_ids
  WHERE charger_id = NEW.id AND {{ends}} IS NULL
    AND (owner_contact_id, channel_organization_ids) IS DISTINCT FROM {_CHANGED};
"""  # noqa: S608  # constants alone


def statements() -> Iterator[str]:
    """Function and trigger, replaced by every migration."""
    updates = "".join(_UPDATE.format(table=table, ends=column) for table, column in _ENDS.items())
    yield f"""
CREATE OR REPLACE FUNCTION health_follows_charger() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
{updates}
  RETURN NULL;
END $$"""
    yield (
        "CREATE OR REPLACE TRIGGER health_follows_charger AFTER UPDATE OF owner_contact_id, channel_organization_ids "
        "ON charger FOR EACH ROW WHEN ((OLD.owner_contact_id, OLD.channel_organization_ids) "
        f"IS DISTINCT FROM {_CHANGED}) EXECUTE FUNCTION health_follows_charger()"
    )
