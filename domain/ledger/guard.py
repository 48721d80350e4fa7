"""The database's own refusal of books that do not balance, of changes, and of postings to closed periods.

Entries are sealed when their transaction commits (a deferred trigger, whoever inserted): all entries of the
transaction are checked together, and get their numbers in the order of entity and year, so that no two transactions
wait for each other in a circle and a series is locked for the moment of the commit only. A sealed entry takes no
further line. Closing a period waits for entries that are being sealed and holds back others, by an advisory lock of
the entity, so that nothing is posted to it behind its back.
"""

from collections.abc import Iterator

from domain.ledger.chart import CHART
from tenants.audience import Audience

_ENSURE_ACCOUNTS = """
CREATE OR REPLACE FUNCTION ensure_ledger_accounts(entity uuid) RETURNS void LANGUAGE sql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
  INSERT INTO ledger_account (entity_id, code, role, type, rgs_code, name_nl, name_en)
  SELECT entity, chart.* FROM (VALUES {rows}) AS chart (code, role, type, rgs_code, name_nl, name_en)
  ON CONFLICT DO NOTHING
$$"""

_CHART_OF_NEW_ENTITY = """
CREATE OR REPLACE FUNCTION ledger_of_new_entity() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM ensure_ledger_accounts(NEW.id);
  RETURN NULL;
END $$"""

_STAMP = """
CREATE OR REPLACE FUNCTION stamp_journal_entry() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.number := NULL;
  NEW.transaction_id := pg_current_xact_id()::text::bigint;
  NEW.created_at := now();
  NEW.recorded_by := NULLIF(current_setting('chargecars.user_id', true), '')::uuid;
  RETURN NEW;
END $$"""

_LINES = """
CREATE OR REPLACE FUNCTION check_journal_lines() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE wrong uuid;
BEGIN
  SELECT l.entry_id INTO wrong FROM added l
  JOIN journal_entry e ON e.id = l.entry_id JOIN ledger_account a ON a.id = l.account_id
  WHERE e.number IS NOT NULL OR (e.entity_id, e.currency, e.booked_on) <> (l.entity_id, l.currency, l.booked_on)
    OR a.entity_id <> l.entity_id
  LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'a line does not fit journal entry %, or the entry is sealed', wrong
      USING ERRCODE = 'restrict_violation', CONSTRAINT = 'journal_line_of_entry';
  END IF;
  RETURN NULL;
END $$"""

_SEAL = """
CREATE OR REPLACE FUNCTION seal_journal_entries() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  here bigint := pg_current_xact_id()::text::bigint;
  wrong uuid;
  series record;
  last_drawn integer;
BEGIN
  PERFORM FROM journal_entry WHERE id = NEW.id AND number IS NOT NULL;
  IF FOUND THEN RETURN NULL; END IF;

  SELECT e.id INTO wrong FROM journal_entry e LEFT JOIN journal_line l ON l.entry_id = e.id
  WHERE e.transaction_id = here AND e.number IS NULL
  GROUP BY e.id HAVING count(l.id) < 2 OR sum(l.debit_cents) <> sum(l.credit_cents) LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'journal entry % does not balance', wrong
      USING ERRCODE = 'check_violation', CONSTRAINT = 'journal_entry_balanced';
  END IF;

  FOR series IN
    SELECT e.entity_id, EXTRACT(year FROM e.booked_on)::int AS year, count(*)::int AS many, b.code
    FROM journal_entry e JOIN business_entity b ON b.id = e.entity_id
    WHERE e.transaction_id = here AND e.number IS NULL GROUP BY 1, 2, 4 ORDER BY 1, 2
  LOOP
    PERFORM pg_advisory_xact_lock_shared(ledger_lock(series.entity_id));
    INSERT INTO counter AS c (entity_id, kind, year, last)
    VALUES (series.entity_id, 'journal', series.year, series.many)
    ON CONFLICT (entity_id, kind, year) DO UPDATE SET last = c.last + series.many RETURNING last INTO last_drawn;
    UPDATE journal_entry e SET number = format(
      '%s-J-%s-%s', series.code, series.year, lpad(n.number::text, greatest(5, length(n.number::text)), '0'))
    FROM (
      SELECT id, last_drawn - series.many + row_number() OVER (ORDER BY id) AS number FROM journal_entry
      WHERE transaction_id = here AND number IS NULL AND entity_id = series.entity_id
        AND EXTRACT(year FROM booked_on) = series.year
    ) n WHERE e.id = n.id;
  END LOOP;

  SELECT e.id INTO wrong FROM journal_entry e
  WHERE e.transaction_id = here AND e.booked_on < ledger_open_from(e.entity_id) LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'journal entry % is booked in a closed period', wrong
      USING ERRCODE = 'check_violation', CONSTRAINT = 'journal_entry_period';
  END IF;
  RETURN NULL;
END $$"""

_OPEN_FROM = """
CREATE OR REPLACE FUNCTION ledger_open_from(entity uuid) RETURNS date LANGUAGE sql STABLE AS $$
  SELECT (max(month) + interval '1 month')::date FROM ledger_period WHERE entity_id = entity AND closed_at IS NOT NULL
$$"""
"""NULL where no month is closed."""

_LOCK = """
CREATE OR REPLACE FUNCTION ledger_lock(entity uuid) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
  SELECT hashtextextended('ledger ' || entity, 0)
$$"""

_APPEND_ONLY = """
CREATE OR REPLACE FUNCTION refuse_change_of_journal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND TG_TABLE_NAME = 'journal_entry' THEN
    IF OLD.number IS NULL AND NEW.number IS NOT NULL AND to_jsonb(NEW) - 'number' = to_jsonb(OLD) - 'number' THEN
      RETURN NEW;
    END IF;
  END IF;
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$"""

_TRIGGERS = (
    "TRIGGER ledger_of_new_entity AFTER INSERT ON business_entity FOR EACH ROW EXECUTE FUNCTION ledger_of_new_entity()",
    "TRIGGER stamp BEFORE INSERT ON journal_entry FOR EACH ROW EXECUTE FUNCTION stamp_journal_entry()",
    "TRIGGER of_entry AFTER INSERT ON journal_line REFERENCING NEW TABLE AS added FOR EACH STATEMENT "
    "EXECUTE FUNCTION check_journal_lines()",
    *(
        f"TRIGGER append_only BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW "
        "EXECUTE FUNCTION refuse_change_of_journal()"
        for table in ("journal_entry", "journal_line")
    ),
    *(
        f"TRIGGER never_emptied BEFORE TRUNCATE ON {table} EXECUTE FUNCTION refuse_change_of_journal()"
        for table in ("journal_entry", "journal_line")
    ),
)


def statements() -> Iterator[str]:
    """Functions and triggers, replaced by every migration; entities get the accounts that the chart has gained."""
    yield _ENSURE_ACCOUNTS.format(rows=", ".join(_row(account) for account in _rows()))
    yield from (_CHART_OF_NEW_ENTITY, _STAMP, _LINES, _OPEN_FROM, _LOCK, _SEAL, _APPEND_ONLY)
    for trigger in _TRIGGERS:
        yield f"CREATE OR REPLACE {trigger}"
    yield "DROP TRIGGER IF EXISTS sealed ON journal_entry"
    yield (
        "CREATE CONSTRAINT TRIGGER sealed AFTER INSERT ON journal_entry DEFERRABLE INITIALLY DEFERRED "
        "FOR EACH ROW EXECUTE FUNCTION seal_journal_entries()"
    )
    yield "REVOKE ALL ON FUNCTION ensure_ledger_accounts(uuid) FROM PUBLIC"
    yield f"GRANT EXECUTE ON FUNCTION ensure_ledger_accounts(uuid) TO {Audience.SYSTEM.database_role}"
    yield "SELECT ensure_ledger_accounts(id) FROM business_entity"


def _rows() -> Iterator[tuple[str, ...]]:
    for account in CHART:
        yield account.code, account.role.value, account.type.value, account.rgs_code, account.name_nl, account.name_en


def _row(values: tuple[str, ...]) -> str:
    return "(" + ", ".join("'" + value.replace("'", "''") + "'" for value in values) + ")"
