"""What the database itself keeps true of visits, whoever writes them.

- A visit is where its order's address is. The address may be located later, and is forgotten when its customer is.
- A visit that is called off has no place in a route, and nothing is promised or pinned.
- Whatever planning has to know of a visit is counted for its day, before and after.
"""

from collections.abc import Iterator

from domain.teams.planning_days import counted

PLANNED_BY = (
    "id",
    "day",
    "block",
    "team_id",
    "status",
    "minutes",
    "skills",
    "outdoor",
    "latitude",
    "longitude",
    "material_on",
    "priority",
    "promised_at",
    "pinned",
    "route_order",
    "starts_at",
    "ends_at",
)


def statements() -> Iterator[str]:
    """Functions and triggers, replaced by every migration."""
    yield _PLACE
    yield _CALLED_OFF
    yield _MOVED
    yield "CREATE OR REPLACE TRIGGER visit_place BEFORE INSERT ON visit FOR EACH ROW EXECUTE FUNCTION visit_place()"
    yield (
        "CREATE OR REPLACE TRIGGER visit_called_off BEFORE UPDATE OF status ON visit FOR EACH ROW "
        "WHEN (NEW.status = 'CANCELLED') EXECUTE FUNCTION visit_called_off()"
    )
    yield (
        "CREATE OR REPLACE TRIGGER visits_follow_address "
        "AFTER UPDATE OF latitude, longitude, postal_code, country ON address FOR EACH ROW "
        "EXECUTE FUNCTION visits_follow_address()"
    )
    yield from counted("visit", "r.day", PLANNED_BY)


def pc4(address: str) -> str:
    """SQL: the four digits of a Dutch address, else NULL."""
    return f"CASE WHEN {address}.country = 'NL' THEN substring({address}.postal_code from '^[1-9][0-9]{{3}}') END"


_PLACE = f"""
CREATE OR REPLACE FUNCTION visit_place() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF NEW.latitude IS NULL AND NEW.longitude IS NULL AND NEW.pc4 IS NULL THEN
    SELECT a.latitude, a.longitude, {pc4("a")} INTO NEW.latitude, NEW.longitude, NEW.pc4
    FROM "order" o JOIN address a ON a.id = o.service_address_id WHERE o.id = NEW.order_id;
  END IF;
  RETURN NEW;
END $$"""  # noqa: S608  # no value is put in
_CALLED_OFF = """
CREATE OR REPLACE FUNCTION visit_called_off() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.route_order := NULL;
  NEW.starts_at := NULL;
  NEW.ends_at := NULL;
  NEW.arrival_from := NULL;
  NEW.arrival_until := NULL;
  NEW.promised_at := NULL;
  NEW.promised_by := NULL;
  NEW.pinned := false;
  RETURN NEW;
END $$"""
_MOVED = f"""
CREATE OR REPLACE FUNCTION visits_follow_address() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE visit v SET latitude = NEW.latitude, longitude = NEW.longitude, pc4 = {pc4("NEW")}
  FROM "order" o WHERE o.service_address_id = NEW.id AND v.order_id = o.id
    AND (v.latitude, v.longitude, v.pc4) IS DISTINCT FROM (NEW.latitude, NEW.longitude, {pc4("NEW")});
  RETURN NULL;
END $$"""  # noqa: S608  # no value is put in
