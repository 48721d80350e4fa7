"""Days of the request log: made ahead, dropped when their time is over. Days are UTC.

There is no default partition: with one, PostgreSQL could not read days in their order.
"""

from collections.abc import Iterator

_AHEAD_DAYS = 3
"""A process that makes days once a day may miss two."""
KEPT_DAYS = 30

_MAKE = """
CREATE OR REPLACE FUNCTION make_request_log_days(first date, last date) RETURNS integer LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE day date := first; name text; made integer := 0;
BEGIN
  IF last - first > 400 THEN
    RAISE EXCEPTION '% to % is more than requests are kept for', first, last USING ERRCODE = 'datetime_field_overflow';
  END IF;
  PERFORM pg_advisory_xact_lock(hashtext('make_request_log_days'));
  WHILE day <= last LOOP
    name := 'request_log_' || to_char(day, 'YYYY_MM_DD');
    IF to_regclass(name) IS NULL THEN
      EXECUTE format('CREATE TABLE %I (LIKE request_log INCLUDING ALL)', name);
      PERFORM close_partition(name);
      EXECUTE format('ALTER TABLE request_log ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', name,
        day::timestamp AT TIME ZONE 'UTC', (day + 1)::timestamp AT TIME ZONE 'UTC');
      made := made + 1;
    END IF;
    day := day + 1;
  END LOOP;
  RETURN made;
END $$"""
"""The days from `first` to `last`, where they are missing; how many were made."""

_DROP = """
CREATE OR REPLACE FUNCTION drop_request_log_days(days integer) RETURNS text[] LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE name text; gone text[] := '{}';
BEGIN
  IF days < 1 THEN
    RAISE EXCEPTION '% days are not a retention', days USING ERRCODE = 'invalid_parameter_value';
  END IF;
  FOR name IN SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'request_log'::regclass AND to_date(right(c.relname, 10), 'YYYY_MM_DD')
      < (now() AT TIME ZONE 'UTC')::date - days ORDER BY 1
  LOOP
    EXECUTE format('ALTER TABLE request_log DETACH PARTITION %I', name);
    EXECUTE format('DROP TABLE %I', name);
    gone := gone || name;
  END LOOP;
  RETURN gone;
END $$"""
"""Keeps today and so many days before it; what was dropped."""

_FOR_SYSTEM = ("make_request_log_days(date, date)", "drop_request_log_days(integer)")


def statements() -> Iterator[str]:
    """The functions, replaced by every migration."""
    yield from (_MAKE, _DROP)
    yield f"REVOKE ALL ON FUNCTION {', '.join(_FOR_SYSTEM)} FROM PUBLIC"
    yield f"GRANT EXECUTE ON FUNCTION {', '.join(_FOR_SYSTEM)} TO chargecars_system"


def make_ahead() -> str:
    """The statement that makes yesterday, today and the days ahead, where they are missing."""
    today = "(now() AT TIME ZONE 'UTC')::date"
    return f"SELECT make_request_log_days({today} - 1, {today} + {_AHEAD_DAYS})"
