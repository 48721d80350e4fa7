"""The log in monthly partitions: made ahead, and dropped when their time is over.

`event_earlier` and `event_later` take what lies outside the months that were made, so that an event never fails for
want of a partition. There is no default partition: with one, PostgreSQL could not read months in their order.
"""

from collections.abc import Iterator

_AHEAD = "interval '6 months'"
_RESERVE = "interval '2 months'"

_CLOSE = """
CREATE OR REPLACE FUNCTION close_partition(name text) RETURNS void LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
BEGIN
  EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
  EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
  EXECUTE format('CREATE POLICY owner ON %I TO CURRENT_USER USING (true) WITH CHECK (true)', name);
END $$"""
"""Audiences have no privilege on a partition; they read the log through `event` and its policies."""

_MONTHS = """
CREATE OR REPLACE FUNCTION make_event_months(source text, first date, past date) RETURNS integer LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
DECLARE month date := first; name text; made integer := 0;
BEGIN
  WHILE month < past LOOP
    name := 'event_' || to_char(month, 'YYYY_MM');
    EXECUTE format('CREATE TABLE %I (LIKE event INCLUDING ALL)', name);
    PERFORM close_partition(name);
    EXECUTE format('INSERT INTO %I SELECT * FROM %I WHERE created_at >= %L AND created_at < %L',
      name, source, month::timestamp AT TIME ZONE 'UTC', (month + interval '1 month') AT TIME ZONE 'UTC');
    EXECUTE format('ALTER TABLE event ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
      name, month::timestamp AT TIME ZONE 'UTC', (month + interval '1 month') AT TIME ZONE 'UTC');
    month := month + interval '1 month';
    made := made + 1;
  END LOOP;
  RETURN made;
END $$"""
"""Months of [first, past), filled with what `source`, a partition that was taken off, holds of them."""

_MAKE = """
CREATE OR REPLACE FUNCTION make_event_partitions(first date, past date) RETURNS integer LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  have_first date; have_past date; made integer := 0;
  new_first date := date_trunc('month', first); new_past date := date_trunc('month', past + interval '1 month - 1 day');
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('make_event_partitions'));
  SELECT min(to_date(substr(c.relname, 7), 'YYYY_MM')),
    max(to_date(substr(c.relname, 7), 'YYYY_MM')) + interval '1 month'
  INTO have_first, have_past
  FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
  WHERE i.inhparent = 'event'::regclass AND c.relname ~ '^event_\\d{4}_\\d{2}$';
  IF new_past > have_past THEN
    ALTER TABLE event DETACH PARTITION event_later;
    made := made + make_event_months('event_later', have_past, new_past);
    EXECUTE format('DELETE FROM event_later WHERE created_at < %L', new_past::timestamp AT TIME ZONE 'UTC');
    EXECUTE format('ALTER TABLE event ATTACH PARTITION event_later FOR VALUES FROM (%L) TO (MAXVALUE)',
      new_past::timestamp AT TIME ZONE 'UTC');
  END IF;
  IF new_first < have_first THEN
    ALTER TABLE event DETACH PARTITION event_earlier;
    made := made + make_event_months('event_earlier', new_first, have_first);
    EXECUTE format('DELETE FROM event_earlier WHERE created_at >= %L', new_first::timestamp AT TIME ZONE 'UTC');
    EXECUTE format('ALTER TABLE event ATTACH PARTITION event_earlier FOR VALUES FROM (MINVALUE) TO (%L)',
      new_first::timestamp AT TIME ZONE 'UTC');
  END IF;
  RETURN made;
END $$"""
"""Extends the months to cover [first, past); nothing happens where they do."""

_AHEAD_OF_TIME = f"""
CREATE OR REPLACE FUNCTION make_event_partitions_ahead() RETURNS integer LANGUAGE sql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT CASE WHEN to_regclass('event_' || to_char(now() AT TIME ZONE 'UTC' + {_RESERVE}, 'YYYY_MM')) IS NULL
    THEN make_event_partitions((now() AT TIME ZONE 'UTC')::date, (now() AT TIME ZONE 'UTC' + {_AHEAD})::date) ELSE 0 END
$$"""
"""Months for half a year, once two months ahead is not there any more: the log is locked for a moment, seldom."""

_KEPT = """
CREATE OR REPLACE FUNCTION check_event_month_may_go(name text) RETURNS timestamptz LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
DECLARE past timestamptz;
BEGIN
  IF name !~ '^event_\\d{4}_\\d{2}$' OR NOT EXISTS (
    SELECT 1 FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'event'::regclass AND c.relname = name
  ) THEN
    RAISE EXCEPTION '% is not a month of the event log', name USING ERRCODE = 'undefined_table';
  END IF;
  past := (to_date(substr(name, 7), 'YYYY_MM') + interval '1 month') AT TIME ZONE 'UTC';
  IF past > now() - interval '84 months' THEN
    RAISE EXCEPTION '% has to be kept for seven years', name USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN past;
END $$"""
"""Seven years are what tax law asks for; no setting makes it less."""

_FORGET = """
CREATE OR REPLACE FUNCTION forget_event_month(name text, most integer) RETURNS integer LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE past timestamptz := check_event_month_may_go(name); done integer;
BEGIN
  WITH gone AS (
    DELETE FROM event_position p USING (
      SELECT o.position FROM (SELECT position, created_at FROM event_position ORDER BY position LIMIT most) o
      WHERE o.created_at < past
    ) old WHERE p.position = old.position RETURNING p.position, p.event_id, p.created_at
  ), positions AS (
    DELETE FROM position_row r USING gone g WHERE r.position = g.position
  ), listings AS (
    DELETE FROM channel_row l USING gone g WHERE l.row_id = g.event_id AND l.kind = 'event'
  ), timelines AS (
    DELETE FROM timeline_row t USING (
      SELECT k.key, g.created_at, g.event_id
      FROM gone g JOIN event e ON e.id = g.event_id AND e.created_at = g.created_at
      CROSS JOIN LATERAL unnest(e.contact_ids || e.organization_ids) AS k (key)
    ) old WHERE t.key = old.key AND t.created_at = old.created_at AND t.event_id = old.event_id
  )
  SELECT count(*) INTO done FROM gone;
  RETURN done;
END $$"""
"""What leads to the oldest events, up to `most` of them; 0 once nothing leads to the month any more."""

_DROP = """
CREATE OR REPLACE FUNCTION drop_event_month(name text) RETURNS void LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM check_event_month_may_go(name);
  EXECUTE format('ALTER TABLE event DETACH PARTITION %I', name);
  EXECUTE format('DROP TABLE %I', name);
END $$"""

_INTERNAL = (
    "close_partition(text)",
    "make_event_months(text, date, date)",
    "make_event_partitions(date, date)",
    "check_event_month_may_go(text)",
)
_FOR_SYSTEM = ("make_event_partitions_ahead()", "forget_event_month(text, integer)", "drop_event_month(text)")


def statements() -> Iterator[str]:
    """The functions, replaced by every migration."""
    yield from (_CLOSE, _MONTHS, _MAKE, _AHEAD_OF_TIME, _KEPT, _FORGET, _DROP)
    yield f"REVOKE ALL ON FUNCTION {', '.join((*_INTERNAL, *_FOR_SYSTEM))} FROM PUBLIC"
    yield f"GRANT EXECUTE ON FUNCTION {', '.join(_FOR_SYSTEM)} TO chargecars_system"


def make_ahead() -> str:
    """The statement that makes the months to come, where they are missing."""
    return "SELECT make_event_partitions_ahead()"
