"""The rows of a preview as its actor reads them: what they are now, and what they are outside the transaction.

Both are read in the actor's role: now in the transaction itself, before on a connection of its own, which sees what is
committed. So a value is told only where a query of the actor's would have found it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any

import asyncpg
import orjson
from sqlalchemy import Column, LargeBinary, Numeric, Table
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncSession

from domain.previews.models import PreviewedChange
from domain.previews.recording import DERIVED
from tenants.acting import acting_as
from tenants.actor import Actor
from tenants.audience import Audience
from tenants.engine import Database
from tenants.rls import REGISTRY

MOST = 1_000
"""Rows that are told of."""
UNTOLD = DERIVED | {
    "counter",
    "event",
    "idempotency_key",
    "job",
    "mail_message",
    "notification",
    "notification_delivery",
    "one_time_code",
    "webhook_attempt",
    "webhook_delivery",
}
"""The platform's own book-keeping; what of it concerns people is told as messages and webhooks."""
_KEPT_TO_ITSELF = frozenset({"updated_at", "version"})
_WAIT_SECONDS = 10.0

Key = tuple[tuple[str, Any], ...]
Values = dict[str, Any]


class Action(StrEnum):
    CREATED = "CREATED"
    CHANGED = "CHANGED"
    REMOVED = "REMOVED"


@dataclass(frozen=True, slots=True)
class Row:
    """A row before and after, as far as the actor sees it; `columns` are those that differ: (before, after)."""

    table: str
    key: Values
    action: Action
    columns: Mapping[str, tuple[Any, Any]]
    follows: bool
    """Whether a reaction or a job would do it, after the mutation itself."""


@dataclass(frozen=True, slots=True)
class _Touched:
    key: Values
    action: Action
    follows: bool


async def told(
    session: AsyncSession, database: Database, actor: Actor, noted: Sequence[PreviewedChange], own: int
) -> list[Row]:
    """At most MOST rows in the order in which they were first touched. `own` of `noted` are the mutation's."""
    tables = _touched(noted, own)
    found: list[Row] = []
    for name, touched in tables.items():
        room = MOST - len(found)
        found += await _rows(session, database, actor, name, touched[:room])
    return found


def _touched(noted: Sequence[PreviewedChange], own: int) -> dict[str, list[_Touched]]:
    """What became of each row in the end, by table."""
    first: dict[tuple[str, Key], tuple[PreviewedChange, bool]] = {}
    last: dict[tuple[str, Key], str] = {}
    for number, change in enumerate(noted):
        if change.table_name not in UNTOLD:
            which = change.table_name, tuple(sorted(change.row_key.items()))
            first.setdefault(which, (change, number >= own))
            last[which] = change.action
    tables: dict[str, list[_Touched]] = {}
    for (name, key), (change, follows) in first.items():
        if action := _action(change.action, last[name, key]):
            tables.setdefault(name, []).append(_Touched(dict(key), action, follows))
    return tables


def _action(first: str, last: str) -> Action | None:
    """None where a row came and went."""
    if first == "INSERT":
        return None if last == "DELETE" else Action.CREATED
    return Action.REMOVED if last == "DELETE" else Action.CHANGED


async def _rows(
    session: AsyncSession, database: Database, actor: Actor, name: str, touched: Sequence[_Touched]
) -> list[Row]:
    columns = readable(name, actor.audience)
    if not columns or not touched:
        return []
    keys = orjson.dumps([each.key for each in touched]).decode()
    sql = _statement(name, tuple(columns))
    now = await _now(session, actor, sql, keys) if any(t.action is not Action.REMOVED for t in touched) else {}
    was = await _before(database, actor, sql, keys) if any(t.action is not Action.CREATED for t in touched) else {}
    made = (_row(name, each, was.get(_key(each.key)), now.get(_key(each.key))) for each in touched)
    return [row for row in made if row is not None]


def _row(name: str, touched: _Touched, was: Values | None, now: Values | None) -> Row | None:
    """None where the actor sees the row neither before nor after, or nothing that it may read has changed."""
    if was is None and now is None:
        return None
    before, after = was or {}, now or {}
    differing = {
        column: (before.get(column), after.get(column))
        for column in before | after
        if before.get(column) != after.get(column) and column not in _KEPT_TO_ITSELF
    }
    if not differing:
        return None
    return Row(name, touched.key, touched.action, differing, touched.follows)


def readable(name: str, audience: Audience) -> list[str]:
    """The columns that an audience may read; files are told by their other columns."""
    declared = REGISTRY[name]
    rule = declared.rules.get(audience)
    if audience is not Audience.SYSTEM and (rule is None or not rule.reads):
        return []
    unread = rule.unread if rule else ()
    return [c.name for c in declared.table.columns if c.name not in unread and not isinstance(c.type, LargeBinary)]


@lru_cache(maxsize=512)
def _statement(name: str, columns: tuple[str, ...]) -> str:
    """Key and values of the rows whose keys are given as a JSON list; decimals as text, so that they stay exact."""
    table = REGISTRY[name].table
    key = [column.name for column in table.primary_key]
    typed = ", ".join(f'"{column}" {_type(table.c[column])}' for column in key)
    same = " AND ".join(f'x."{column}" = k."{column}"' for column in key)
    return (
        f"SELECT to_jsonb(k)::text, to_jsonb(s)::text FROM jsonb_to_recordset($1::jsonb) AS k ({typed}), "  # noqa: S608  # declared names
        f'LATERAL (SELECT {", ".join(_value(table, c) for c in columns)} FROM "{name}" x WHERE {same} OFFSET 0) s'
    )


def _value(table: Table, name: str) -> str:
    exact = isinstance(table.c[name].type, Numeric)
    return f'x."{name}"::text AS "{name}"' if exact else f'x."{name}"'


def _type(column: Column[Any]) -> str:
    return column.type.compile(postgresql.dialect())  # type: ignore[no-untyped-call]  # SQLAlchemy's own


def _key(values: Values) -> Key:
    return tuple(sorted(values.items()))


def _by_key(rows: Sequence[Any]) -> dict[Key, Values]:
    return {_key(orjson.loads(key)): orjson.loads(values) for key, values in rows}


async def _now(session: AsyncSession, actor: Actor, sql: str, keys: str) -> dict[Key, Values]:
    async with acting_as(session, actor):
        connection = await session.connection()
        return _by_key((await connection.exec_driver_sql(sql, (keys,))).all())


async def _before(database: Database, actor: Actor, sql: str, keys: str) -> dict[Key, Values]:
    """On the reading lane: whoever holds a connection of it waits for no other."""
    names, values = [*actor.settings()], [*actor.settings().values()]

    async def read(connection: "asyncpg.Connection[Any]") -> Any:
        async with connection.transaction(readonly=True):
            await connection.execute(_CONTEXT, names, values)
            return await connection.fetch(sql, keys)

    pool = await database.pool(actor.audience)
    return _by_key(await pool.run(read, _WAIT_SECONDS))


_CONTEXT = "SELECT set_config(s.name, s.value, true) FROM unnest($1::text[], $2::text[]) AS s (name, value)"
