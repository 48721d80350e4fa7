"""Months of readings, minutes and hours: made ahead, made when an older reading needs one, dropped by retention.

There is no default partition: with one, PostgreSQL could not read months in their order.
"""

from collections.abc import Iterator

TABLES = {"telemetry_reading": "read_at", "telemetry_minute": "at", "telemetry_hour": "at"}

_MAKE_ONE = """
CREATE OR REPLACE FUNCTION make_telemetry_month(parent text, month timestamp) RETURNS integer LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
DECLARE name text := parent || '_' || to_char(month, 'YYYY_MM');
BEGIN
  IF to_regclass(name) IS NOT NULL THEN
    RETURN 0;
  END IF;
  EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL) WITH (fillfactor = %s)', name, parent,
    CASE parent WHEN 'telemetry_reading' THEN 100 ELSE 80 END);
  PERFORM close_partition(name);
  EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', parent, name,
    month AT TIME ZONE 'UTC', (month + interval '1 month') AT TIME ZONE 'UTC');
  RETURN 1;
END $$"""
"""Attaching an empty table disturbs neither readers nor writers; room in a page of roll-ups keeps updates in it."""

_MAKE = """
CREATE OR REPLACE FUNCTION make_telemetry_months(first timestamptz, last timestamptz) RETURNS integer LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  month timestamp := date_trunc('month', first AT TIME ZONE 'UTC');
  past timestamp := date_trunc('month', last AT TIME ZONE 'UTC') + interval '1 month';
  parent text; made integer := 0; each timestamp := month;
BEGIN
  LOOP
    EXIT WHEN each >= past OR to_regclass('telemetry_hour_' || to_char(each, 'YYYY_MM')) IS NULL;
    each := each + interval '1 month';
  END LOOP;
  IF each >= past THEN
    RETURN 0;
  END IF;
  IF past - month > interval '12 years' OR past > now() AT TIME ZONE 'UTC' + interval '2 years' THEN
    RAISE EXCEPTION '% to % is more than telemetry is kept for', first, last USING ERRCODE = 'datetime_field_overflow';
  END IF;
  PERFORM pg_advisory_xact_lock(hashtext('make_telemetry_months'));
  FOREACH parent IN ARRAY ARRAY['telemetry_reading', 'telemetry_minute', 'telemetry_hour'] LOOP
    each := month;
    WHILE each < past LOOP
      made := made + make_telemetry_month(parent, each);
      each := each + interval '1 month';
    END LOOP;
  END LOOP;
  RETURN made;
END $$"""
"""The months from that of `first` to that of `last`, where they are missing; how many partitions were made."""

_DROP = """
CREATE OR REPLACE FUNCTION drop_telemetry_months(parent text, months integer) RETURNS text[] LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE name text; gone text[] := '{}';
BEGIN
  IF months < 1 OR parent NOT IN ('telemetry_reading', 'telemetry_minute', 'telemetry_hour') THEN
    RAISE EXCEPTION '% of % is not a retention', months, parent USING ERRCODE = 'invalid_parameter_value';
  END IF;
  FOR name IN SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = parent::regclass AND to_date(right(c.relname, 7), 'YYYY_MM')
      < date_trunc('month', now() AT TIME ZONE 'UTC') - make_interval(months => months) ORDER BY 1
  LOOP
    EXECUTE format('ALTER TABLE %I DETACH PARTITION %I', parent, name);
    EXECUTE format('DROP TABLE %I', name);
    gone := gone || name;
  END LOOP;
  RETURN gone;
END $$"""
"""Keeps the running month and so many before it; what was dropped."""

_INTERNAL = ("make_telemetry_month(text, timestamp)",)
_FOR_SYSTEM = (
    "make_telemetry_months(timestamptz, timestamptz)",
    "drop_telemetry_months(text, integer)",
)


def statements() -> Iterator[str]:
    """The functions, replaced by every migration."""
    yield from (_MAKE_ONE, _MAKE, _DROP)
    yield f"REVOKE ALL ON FUNCTION {', '.join((*_INTERNAL, *_FOR_SYSTEM))} FROM PUBLIC"
    yield f"GRANT EXECUTE ON FUNCTION {', '.join(_FOR_SYSTEM)} TO chargecars_system"


def make_ahead() -> str:
    """The statement that makes this month and the next two, where they are missing."""
    return "SELECT make_telemetry_months(now(), now() + interval '2 months')"
