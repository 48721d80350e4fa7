"""An order names the teams of its visits, whoever plans them: that is how a team sees orders and their customers."""

from collections.abc import Iterator

_FUNCTION = """
CREATE OR REPLACE FUNCTION order_teams_{action}() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE "order" o SET team_ids = COALESCE(t.ids, '{{}}')
  FROM (
    SELECT v.order_id, array_agg(DISTINCT v.team_id ORDER BY v.team_id) FILTER (WHERE v.team_id IS NOT NULL) AS ids
    FROM visit v WHERE v.order_id IN ({orders}) GROUP BY v.order_id
  ) t
  WHERE o.id = t.order_id AND o.team_ids IS DISTINCT FROM COALESCE(t.ids, '{{}}');
  RETURN NULL;
END $$"""
_INSERTED = "SELECT c.order_id FROM changed c WHERE c.team_id IS NOT NULL"
_UPDATED = "SELECT c.order_id FROM changed c JOIN former f ON f.id = c.id WHERE c.team_id IS DISTINCT FROM f.team_id"


def statements() -> Iterator[str]:
    """Functions and triggers, replaced by every migration."""
    for action, tables, orders in (
        ("insert", "NEW TABLE AS changed", _INSERTED),
        ("update", "OLD TABLE AS former NEW TABLE AS changed", _UPDATED),
    ):
        yield _FUNCTION.format(action=action, orders=orders)
        yield (
            f"CREATE OR REPLACE TRIGGER order_teams_{action} AFTER {action.upper()} ON visit REFERENCING {tables} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION order_teams_{action}()"
        )
