"""What one transaction of the API wrote, as a PL/pgSQL function that writes the same rows again under new keys."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg

import domain.tables  # noqa: F401  # so that every table is known
from tenants.base import Base

_BY_TRIGGER = frozenset({"channel_row", "search_row", "timeline_row", "event_position", "position_row"})
"""Triggers write them for whoever writes the rest."""
_ONE_ROW = frozenset({"counter", "signature_chain_head"})
"""One row per entity, which is there already."""
_TABLES = [table.name for table in Base.metadata.sorted_tables if table.name not in _BY_TRIGGER]
_COLUMNS = """
SELECT a.attname, format_type(a.atttypid, a.atttypmod) AS type FROM pg_attribute a
WHERE a.attrelid = $1::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attidentity = '' AND a.attgenerated = ''
ORDER BY a.attnum
"""
_NUMBER, _PLACE = "v_number", "v_place"


@dataclass(frozen=True)
class Written:
    """One row as text by column, with the type of each column; `new` where the transaction inserted it."""

    table: str
    values: Mapping[str, tuple[str | None, str]]
    new: bool

    @property
    def id(self) -> str | None:
        return self.values["id"][0] if "id" in self.values else None


Before = Mapping[tuple[str, str], Mapping[str, tuple[str | None, str]]]
"""Rows that were there already, by table and key."""


async def rows_of(owner: "asyncpg.Connection[Any]", transaction: str, before: Before) -> list[Written]:
    """The rows that a transaction left, in an order in which they can be written; of old ones what it changed."""
    found = []
    for table in _TABLES:
        for values in await _read(owner, table, "xmin::text = $1", transaction):
            old = before.get((table, _key(table, values)), {})
            changed = {
                name: value for name, value in values.items() if name == _key_of(table) or value != old.get(name)
            }
            found.append(Written(table, changed if old else values, new=not old and table not in _ONE_ROW))
    return found


async def standing(owner: "asyncpg.Connection[Any]", keys: Iterable[UUID]) -> Before:
    """The rows with these keys as they are now."""
    wanted, found = list(map(str, keys)), {}
    for table in _TABLES:
        if table == "counter":
            continue
        for values in await _read(owner, table, f'"{_key_of(table)}"::text = ANY ($1)', wanted):
            found[table, _key(table, values)] = values
    return found


async def _read(
    owner: "asyncpg.Connection[Any]", table: str, condition: str, value: object
) -> list[dict[str, tuple[str | None, str]]]:
    columns = {row["attname"]: row["type"] for row in await owner.fetch(_COLUMNS, f'public."{table}"')}
    shown = ", ".join(f'"{name}"::text' for name in columns)
    rows = await owner.fetch(f'SELECT {shown} FROM "{table}" WHERE {condition}', value)  # noqa: S608  # names of our own tables
    return [{name: (row[place], type_) for place, (name, type_) in enumerate(columns.items())} for row in rows]


def _key_of(table: str) -> str:
    names = [column.name for column in Base.metadata.tables[table].columns]
    return "id" if "id" in names else "entity_id" if "entity_id" in names else names[0]


def _key(table: str, values: Mapping[str, tuple[str | None, str]]) -> str:
    return str(values[_key_of(table)][0])


def function_of(name: str, rows: list[Written], number: str, given: Mapping[str, str]) -> str:
    """SQL of the function: `number` is drawn anew from the counter, `given` keys are its arguments, by old value."""
    keys = {row.id: f"k{place}" for place, row in enumerate(rows) if row.new and row.id is not None}
    replaced = {**keys, **{old: f"p_{argument}" for argument, old in given.items()}}
    statements = [_statement(row, replaced, number) for row in rows if row.table not in _ONE_ROW]
    drawn = [_DRAWS[row.table](row) for row in rows if row.table in _ONE_ROW]
    declared = "\n".join(f"  {variable} uuid := uuidv7();" for variable in keys.values())
    arguments = ", ".join(f"p_{argument} {_type(old)}" for argument, old in given.items())
    body = "\n".join([*drawn, *statements])
    return f"""CREATE OR REPLACE FUNCTION {name}({arguments}) RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER AS $function$
DECLARE
  {_NUMBER} text := '';
  {_PLACE} bigint;
{declared}
BEGIN
{body}
  RETURN {_NUMBER};
END $function$"""


def _type(value: str) -> str:
    return "text" if value.startswith("\\x") else "uuid"


def _draw(row: Written) -> str:
    """The next human number, as the API draws it."""
    where = " AND ".join(f'"{name}" = {_quoted(*row.values[name])}' for name in ("entity_id", "kind", "year"))
    return f"  UPDATE counter SET last = last + 1 WHERE {where} RETURNING 'B-' || last INTO {_NUMBER};"  # noqa: S608  # a captured row


def _append(row: Written) -> str:
    """The next place in the chain of signatures, whose head is locked until the end."""
    return f"""  UPDATE signature_chain_head SET position = position + 1
  WHERE entity_id = '{row.values["entity_id"][0]}' RETURNING position INTO {_PLACE};"""  # noqa: S608  # a captured row


_DRAWS = {"counter": _draw, "signature_chain_head": _append}
_OWN = {"key_digest": "gen_random_uuid()::text", "chain_position": _PLACE}
"""Columns with a value of their own in each call."""


def _statement(row: Written, replaced: Mapping[str, str], number: str) -> str:
    values = {name: _value(*given, replaced, number) for name, given in row.values.items() if given[0] is not None}
    values |= {name: own for name, own in _OWN.items() if name in values}
    if row.new:
        names = ", ".join(f'"{name}"' for name in values)
        return f'  INSERT INTO "{row.table}" ({names}) VALUES ({", ".join(values.values())});'  # noqa: S608  # a captured row
    key = _key_of(row.table)
    changed = ", ".join(f'"{name}" = {value}' for name, value in values.items() if name != key)
    return f'  UPDATE "{row.table}" SET {changed} WHERE {key} = {values[key]};'  # noqa: S608  # a captured row


def _value(text: str | None, type_: str, replaced: Mapping[str, str], number: str) -> str:
    """A literal, in which keys and the number are those of this call."""
    assert text is not None
    if text in replaced:
        return replaced[text]
    written = _quoted(text, None)
    for old, variable in {**replaced, number: _NUMBER}.items():
        if old in text:
            written = f"replace({written}, '{old}', {variable}::text)"
    return f"({written})::{type_}"


def _quoted(text: str | None, type_: str | None) -> str:
    assert text is not None
    literal = "'" + text.replace("'", "''") + "'"
    return f"{literal}::{type_}" if type_ else literal
