"""Two derived tables that make lists and search fast for every audience, kept by triggers that nobody can forget.

`channel_row` holds a row per organization in the chain of a record, so that a partner's list is a walk along an index.
Under `keys` a table is listed by more: its business entities, contacts and teams walk to their page in the same way.
`search_row` holds the searchable text of a record with the keys of its audiences; `search_ids()` reads it as the owner
and applies the caller's scope itself, because a trigram filter is not leakproof and would run after the policy.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, PrimaryKeyConstraint
from sqlalchemy.orm import Mapped

from tenants.base import Base, UUIDs
from tenants.rls import MACROS, Rule, protect


class ChannelRow(Base):
    """Record `row_id` of `kind` is on the list of `organization_id`; its own policy says whether it is seen."""

    __tablename__ = "channel_row"
    __table_args__ = (
        PrimaryKeyConstraint("kind", "organization_id", "created_at", "row_id"),
        Index("ix_channel_row_row", "row_id"),
    )

    kind: Mapped[str]
    organization_id: Mapped[UUID]
    """A partner or, where a table has `keys`, whoever else lists it: a business entity, a contact, a team."""
    created_at: Mapped[datetime]
    row_id: Mapped[UUID]


protect(
    ChannelRow,
    staff=Rule("organization_id = ANY ({entities})"),
    partner=Rule("organization_id = {organization}"),
    customer=Rule("organization_id = {contact}"),
    technician=Rule("organization_id = {team}"),
)


class SearchRow(Base):
    """The searchable text of a record and the keys by which each audience may find it."""

    __tablename__ = "search_row"
    __table_args__ = (
        Index("ix_search_row_text", "text", postgresql_using="gin", postgresql_ops={"text": "gin_trgm_ops"}),
        PrimaryKeyConstraint("kind", "row_id"),
    )

    kind: Mapped[str]
    row_id: Mapped[UUID]
    entity_ids: Mapped[UUIDs]
    channel_organization_ids: Mapped[UUIDs]
    contact_ids: Mapped[UUIDs]
    text: Mapped[str]


protect(SearchRow)


@dataclass(frozen=True)
class Listed:
    """How a table feeds the two derived tables; the values are SQL over `r`, the changed row."""

    table: str
    kind: str
    text: str | None
    entity_ids: str = "ARRAY[r.entity_id]"
    channel: str = "r.channel_organization_ids"
    contact_ids: str = "'{}'::uuid[]"
    keys: str | None = None
    """Under what it is listed, where that is not its channel alone."""
    row_id: str = "r.id"
    created_at: str = "r.created_at"
    another: bool = False
    """Whether another table's row is listed because of this one: it stays, since something else may list it too."""

    @property
    def listed_under(self) -> str:
        return self.keys or self.channel


PUBLIC_CHARGER = "public_charger"
"""What a customer of the entity may find without owning it; its text holds nothing but what everybody may read."""

LISTED: dict[str, list[Listed]] = {}
"""By table."""


def listed(entry: Listed) -> None:
    """Declare that a table is listed by keys, and searchable where `text` is given; a table may have several kinds."""
    LISTED.setdefault(entry.table, []).append(entry)


def statements() -> Iterator[str]:
    """Trigger and search functions, replaced by every migration."""
    for table in sorted(LISTED):
        yield _function(table)
        yield from _triggers(table)
    yield FOLLOW_MERGE
    yield (
        "CREATE OR REPLACE TRIGGER list_follows_merge AFTER UPDATE OF merged_into_id ON contact FOR EACH ROW "
        "WHEN (NEW.merged_into_id IS NOT NULL) EXECUTE FUNCTION list_follows_merge()"
    )
    yield SEARCH_FUNCTION
    roles = "chargecars_staff, chargecars_partner, chargecars_customer, chargecars_technician, chargecars_system"
    yield "REVOKE ALL ON FUNCTION search_ids(text, text[], int) FROM PUBLIC"
    yield f"GRANT EXECUTE ON FUNCTION search_ids(text, text[], int) TO {roles}"


def refill_statements() -> Iterator[str]:
    """Both tables written anew from the records: for a bulk load that ran without triggers."""
    yield "TRUNCATE channel_row, search_row"
    for table in sorted(LISTED):
        for entry in LISTED[table]:
            yield from _derive(entry, f'"{table}"')


def _derive(entry: Listed, source: str) -> Iterator[str]:
    yield f"""
  INSERT INTO channel_row (kind, organization_id, row_id, created_at)
  SELECT '{entry.kind}', k.key, {entry.row_id}, {entry.created_at}
  FROM {source} r CROSS JOIN LATERAL unnest({entry.listed_under}) AS k (key)
  ON CONFLICT DO NOTHING"""
    if entry.text is not None:
        yield f"""
  INSERT INTO search_row (kind, row_id, entity_ids, channel_organization_ids, contact_ids, text)
  SELECT '{entry.kind}', r.id, {entry.entity_ids}, {entry.channel}, {entry.contact_ids}, lower({entry.text})
  FROM {source} r
  ON CONFLICT (kind, row_id) DO UPDATE SET entity_ids = EXCLUDED.entity_ids, text = EXCLUDED.text,
    channel_organization_ids = EXCLUDED.channel_organization_ids, contact_ids = EXCLUDED.contact_ids
  WHERE (search_row.entity_ids, search_row.text, search_row.channel_organization_ids, search_row.contact_ids)
    IS DISTINCT FROM
    (EXCLUDED.entity_ids, EXCLUDED.text, EXCLUDED.channel_organization_ids, EXCLUDED.contact_ids)"""


def _function(table: str) -> str:
    entries = LISTED[table]
    gone = "".join(
        f"""
  DELETE FROM channel_row l USING changed r
  WHERE l.row_id = r.id AND l.kind = '{entry.kind}' AND NOT l.organization_id = ANY ({entry.listed_under});"""
        for entry in entries
        if not entry.another
    )
    derive = ";".join(statement for entry in entries for statement in _derive(entry, "changed"))
    return f"""
CREATE OR REPLACE FUNCTION list_{table}() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    NULL;{gone}
  END IF;
  {derive};
  RETURN NULL;
END $$"""


def _triggers(table: str) -> Iterator[str]:
    for action in ("INSERT", "UPDATE"):
        name = f"list_{table}_{action.lower()}"
        yield (
            f'CREATE OR REPLACE TRIGGER {name} AFTER {action} ON "{table}" REFERENCING NEW TABLE AS changed '
            f"FOR EACH STATEMENT EXECUTE FUNCTION list_{table}()"
        )


FOLLOW_MERGE = """
CREATE OR REPLACE FUNCTION list_follows_merge() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  INSERT INTO channel_row (kind, organization_id, row_id, created_at)
  SELECT l.kind, NEW.merged_into_id, l.row_id, l.created_at
  FROM channel_row l WHERE l.organization_id = NEW.id AND l.kind IN ('event', 'invoice')
  ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$"""
"""Events and invoices keep the contact they were made with; whoever it was merged into lists them too."""


def _scope() -> str:
    entities = f"entity_ids && {MACROS['entities']}"
    return f"""CASE {MACROS["audience"]}
    WHEN 'system' THEN true
    WHEN 'staff' THEN {entities} AND kind <> '{PUBLIC_CHARGER}'
    WHEN 'partner' THEN {entities} AND channel_organization_ids @> ARRAY[{MACROS["organization"]}]
    WHEN 'customer' THEN {entities} AND (contact_ids @> ARRAY[{MACROS["contact"]}] OR kind = '{PUBLIC_CHARGER}')
    WHEN 'technician' THEN {entities} AND kind = 'charger'
    ELSE false END"""


SEARCH_FUNCTION = f"""
CREATE OR REPLACE FUNCTION search_ids(wanted text, kinds text[], most int)
RETURNS TABLE (kind text, row_id uuid, rank real) LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT s.kind, s.row_id, word_similarity(lower(wanted), s.text) AS rank
  FROM search_row s
  WHERE s.kind = ANY (kinds) AND s.text ILIKE '%' || replace(replace(replace(lower(wanted),
    '\\', '\\\\'), '%', '\\%'), '_', '\\_') || '%' AND {_scope()}
  ORDER BY rank DESC, s.row_id DESC LIMIT most
$$"""
