"""The database's own refusal of more than a team can do, whoever writes: bookings, plans, planners.

When a transaction commits, each team-day that it has put a visit or a hold into is counted, and each time that it has
set is compared with the others of the team. Changes of one day wait for each other at its row of `planning_day`, so
what is counted is all there is. A day that became too full otherwise (a team that may do less now) is left alone until
something is added to it.
"""

from collections.abc import Iterator

from domain.teams.planning_days import counted

TOO_MANY = "team_day_max_jobs"
OVERLAPPING = "team_times_overlap"
"""The `constraint_name` of a refusal; its SQLSTATE is 23514, check_violation."""

_OCCUPYING = "'PLANNED', 'EN_ROUTE', 'IN_PROGRESS', 'DONE'"
_TAKEN = f"""
  SELECT v.id, v.starts_at, v.ends_at FROM visit v
  WHERE v.team_id = NEW.team_id AND v.day = NEW.day AND v.status IN ({_OCCUPYING})
  UNION ALL
  SELECT h.visit_id, h.starts_at, h.ends_at FROM slot_hold h
  WHERE h.team_id = NEW.team_id AND h.day = NEW.day AND h.expires_at > clock_timestamp()"""  # noqa: S608  # constants

_FUNCTION = f"""
CREATE OR REPLACE FUNCTION team_day_has_room() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  changed uuid := COALESCE((to_jsonb(NEW) ->> 'visit_id')::uuid, NEW.id);
  taken integer;
BEGIN
  SELECT count(DISTINCT t.id) INTO taken FROM ({_TAKEN}) t;
  IF taken > (SELECT m.max_jobs FROM team m WHERE m.id = NEW.team_id) THEN
    RAISE EXCEPTION 'team % has % visits on %', NEW.team_id, taken, NEW.day
      USING ERRCODE = 'check_violation', CONSTRAINT = '{TOO_MANY}';
  END IF;
  IF EXISTS (
    SELECT 1 FROM ({_TAKEN}) mine JOIN ({_TAKEN}) other
      ON other.id <> mine.id AND mine.starts_at < other.ends_at AND other.starts_at < mine.ends_at
    WHERE mine.id = changed
  ) THEN
    RAISE EXCEPTION 'team % would be at two visits at once on %', NEW.team_id, NEW.day
      USING ERRCODE = 'check_violation', CONSTRAINT = '{OVERLAPPING}';
  END IF;
  RETURN NULL;
END $$"""  # noqa: S608  # constants

_PLACE = ("team_id", "day", "starts_at", "ends_at")


def statements() -> Iterator[str]:
    """Functions and triggers, replaced by every migration."""
    yield _FUNCTION
    yield from _guarded("visit", f"NEW.team_id IS NOT NULL AND NEW.status IN ({_OCCUPYING})", (*_PLACE, "status"))
    yield from _guarded("slot_hold", "true", _PLACE)
    yield from counted("slot_hold", "r.day", ("id", "visit_id", "block", "expires_at", *_PLACE))


def _guarded(table: str, of: str, columns: tuple[str, ...]) -> Iterator[str]:
    """Constraint triggers cannot be replaced."""
    was, becomes = (", ".join(f"{row}.{name}" for name in columns) for row in ("OLD", "NEW"))
    for action, when in (("INSERT", of), ("UPDATE", f"{of} AND ({was}) IS DISTINCT FROM ({becomes})")):
        name = f"{table}_has_room_{action.lower()}"
        yield f"DROP TRIGGER IF EXISTS {name} ON {table}"
        yield (
            f"CREATE CONSTRAINT TRIGGER {name} AFTER {action} ON {table} DEFERRABLE INITIALLY DEFERRED "
            f"FOR EACH ROW WHEN ({when}) EXECUTE FUNCTION team_day_has_room()"
        )
