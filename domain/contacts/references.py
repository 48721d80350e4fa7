"""Every row that points to a contact, found in the database's own catalog so that no area can be forgotten.

Foreign keys are changed one by one; arrays of organizations (who sees a row) change their element. What is frozen once
sent (trigger `sent_is_frozen`) or append-only keeps the contact it was made with.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

SEEN_BY = ("channel_organization_ids", "chain_organization_ids", "payer_chain_ids", "party_chain_ids")
"""Array columns that name the organizations of a chain."""

_COLUMNS = text("""
    WITH pointing AS (
      SELECT con.conrelid AS relation, con.conkey[1] AS number, false AS is_array
      FROM pg_constraint con
      WHERE con.contype = 'f' AND con.confrelid = 'contact'::regclass AND cardinality(con.conkey) = 1
      UNION ALL
      SELECT a.attrelid, a.attnum, true FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
      WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace AND NOT a.attisdropped
        AND a.atttypid = 'uuid[]'::regtype AND a.attname = ANY (CAST(:seen_by AS text[]))
    )
    SELECT c.relname AS "table", a.attname AS "column", p.is_array,
      (SELECT array_agg(k.attname ORDER BY k.attnum) FROM pg_index i JOIN pg_attribute k
        ON k.attrelid = i.indrelid AND k.attnum = ANY (i.indkey) WHERE i.indrelid = c.oid AND i.indisprimary) AS keys,
      EXISTS (SELECT 1 FROM pg_trigger t WHERE t.tgrelid = c.oid AND t.tgname = 'sent_is_frozen') AS frozen_when_sent
    FROM pointing p JOIN pg_class c ON c.oid = p.relation
      JOIN pg_attribute a ON a.attrelid = p.relation AND a.attnum = p.number
    WHERE has_column_privilege(c.oid, a.attnum, 'UPDATE')
      AND NOT EXISTS (SELECT 1 FROM pg_trigger t WHERE t.tgrelid = c.oid AND t.tgname = 'append_only')
    ORDER BY c.relname, a.attnum
""")


@dataclass(frozen=True, slots=True)
class Reference:
    """A column that points to contacts, or an array that holds some."""

    table: str
    column: str
    is_array: bool
    keys: tuple[str, ...]
    frozen_when_sent: bool

    @property
    def name(self) -> str:
        return f"{self.table}.{self.column}"

    @property
    def key(self) -> str:
        """The row's primary key as one text."""
        return " || ' ' || ".join(f'"{column}"::text' for column in self.keys)

    @property
    def points(self) -> str:
        return f'"{self.column}" @> ARRAY[CAST(:old AS uuid)]' if self.is_array else f'"{self.column}" = :old'

    @property
    def changed(self) -> str:
        old, new = "CAST(:old AS uuid)", "CAST(:new AS uuid)"
        if not self.is_array:
            return new
        both = f'CASE WHEN "{self.column}" @> ARRAY[{new}] THEN'
        replaced = f'array_replace("{self.column}", {old}, {new})'
        return f'{both} array_remove("{self.column}", {old}) ELSE {replaced} END'


async def references(session: AsyncSession) -> list[Reference]:
    """All columns that the session may change."""
    rows = await session.execute(_COLUMNS, {"seen_by": list(SEEN_BY)})
    return [Reference(row.table, row.column, row.is_array, tuple(row.keys), row.frozen_when_sent) for row in rows]


async def repoint(
    session: AsyncSession, reference: Reference, old: UUID, new: UUID, *, only: Iterable[str] | None = None
) -> list[str]:
    """Let rows that point to `old` point to `new`; the keys of those that do now.

    A row that would come into conflict with one of `new`'s (a unique or exclusion constraint) stays with `old`.
    """
    statement = _update(reference, limited=only is not None)
    values: dict[str, Any] = {"old": old, "new": new, **({"keys": list(only)} if only is not None else {})}
    try:
        async with session.begin_nested():
            return list((await session.execute(statement, values)).scalars())
    except IntegrityError:
        keys = await pointing(session, reference, old) if only is None else list(only)
    return (
        [] if len(keys) == 1 else [k for key in keys for k in await repoint(session, reference, old, new, only=[key])]
    )


async def pointing(session: AsyncSession, reference: Reference, id: UUID) -> list[str]:
    """The keys of the rows that point to a contact."""
    query = f'SELECT {reference.key} FROM "{reference.table}" WHERE {reference.points}'  # noqa: S608  # names of the catalog
    return list((await session.execute(text(query), {"old": id})).scalars())


def _update(reference: Reference, *, limited: bool) -> Any:
    conditions = [reference.points]
    if reference.frozen_when_sent:
        conditions.append("sent_at IS NULL")
    if limited:
        conditions.append(f"({reference.key}) = ANY (CAST(:keys AS text[]))")
    return text(
        f'UPDATE "{reference.table}" SET "{reference.column}" = {reference.changed} '  # noqa: S608  # names of the catalog
        f"WHERE {' AND '.join(conditions)} RETURNING {reference.key}"
    )
