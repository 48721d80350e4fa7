"""A compiled statement and how its parameters are filled; it holds no value of any request."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Dialect, Select, func, select
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg

from api.reading.arguments import Prepared, Shape
from api.reading.binds import Binds
from api.reading.cursors import CursorKey
from api.reading.emit import Emitter
from api.reading.registry import Registry
from api.reading.selection import Tree
from api.reading.statement import (
    ALL_WRITERS,
    by_key_text,
    context_parameter,
    document_text,
    in_context,
    items_in_context,
    listed,
    pieces_text,
    rendered,
    root_text,
)
from domain.errors import language_of
from tenants.actor import SETTINGS, Actor
from tenants.audience import Audience

DIALECT: Dialect = PGDialect_asyncpg()  # type: ignore[no-untyped-call]  # untyped in SQLAlchemy

Binder = Callable[[Sequence[Prepared], Actor, Mapping[str, str]], Any]


@dataclass(frozen=True)
class Scope:
    """For whom a plan is made: everything about an actor that may change SQL text."""

    audience: Audience
    one_entity: bool

    @classmethod
    def of(cls, actor: Actor) -> "Scope":
        """The scope of an actor."""
        return cls(actor.audience, len(actor.entity_ids) == 1)


@dataclass(frozen=True)
class Plan:
    """`sql` gives one row with one column, the JSON text of what was asked; `binders` fill $1, $2, …"""

    sql: str
    binders: tuple[Binder, ...]
    around: tuple[bytes, bytes] | None = None
    """Where the statement gives a list item by item: what stands before and after the items, which commas separate."""
    backwards: bool = False
    """Whether those rows come in the reverse of their order."""

    def bind(self, prepared: Sequence[Prepared], actor: Actor) -> list[Any]:
        """The parameters for one request, as asyncpg takes them."""
        settings = _settings_of(actor)
        return [binder(prepared, actor, settings) for binder in self.binders]


@dataclass(frozen=True)
class Compiler:
    """Makes plans for one schema; those for graphql-core add the concrete type to objects in abstract positions."""

    registry: Registry
    cursor_key: CursorKey

    def root(self, tree: Tree, shapes: Sequence[Shape], scope: Scope) -> Plan:
        """The plan of a root field, with the row-level security context in the same statement."""
        emitter = self._emitter(shapes, scope)
        return _plan(_alone(in_context(root_text(emitter, tree.root))), emitter.binds)

    def answer(self, tree: Tree, shapes: Sequence[Shape], scope: Scope, *, in_pieces: bool = False) -> Plan:
        """The plan of all root fields of a document: bytes that go out as they are, as one object or in pieces.

        A long list is some twice as fast to write and to send row by row.
        """
        emitter = self._emitter(shapes, scope, typed=False)
        if not in_pieces and (found := listed(emitter, tree.roots)):
            around = (found.before.encode(), found.after.encode())
            return replace(_plan(items_in_context(found), emitter.binds), around=around, backwards=found.backwards)
        text = (pieces_text if in_pieces else document_text)(emitter, tree.roots)
        return _plan(_alone(func.textsend(in_context(text))), emitter.binds)

    def by_key(self, tree: Tree, shapes: Sequence[Shape], scope: Scope) -> Plan:
        """The plan of the row with the key in the slot after the tree's own, for a transaction that has its context."""
        emitter = self._emitter(shapes, scope)
        return _plan(_alone(rendered(by_key_text(emitter, tree.root, len(tree.slots)))), emitter.binds)

    def live(
        self, write: Callable[[Emitter], ColumnElement[Any]], shapes: Sequence[Shape], scope: Scope
    ) -> tuple[Plan, frozenset[str]]:
        """The plan of what `write` makes, whose texts go out as they are, and what of the actor it binds."""
        emitter = self._emitter(shapes, scope, typed=False)
        plan = _plan(_alone(in_context(write(emitter))), emitter.binds)
        return plan, frozenset(emitter.binds.actor.values())

    def _emitter(self, shapes: Sequence[Shape], scope: Scope, *, typed: bool = True) -> Emitter:
        return Emitter(self.registry, scope.audience, scope.one_entity, shapes, self.cursor_key, typed, ALL_WRITERS)


@lru_cache(maxsize=2_000)
def _settings_of(actor: Actor) -> Mapping[str, str]:
    return actor.settings()


def _alone(text: ColumnElement[Any]) -> Select[Any]:
    return select(text.label("json"))


def _plan(statement: Select[Any], binds: Binds) -> Plan:
    compiled: Any = statement.compile(dialect=DIALECT, compile_kwargs={"render_postcompile": True})
    constants = compiled.params
    binders = tuple(_binder(name, binds, constants, compiled.binds.get(name)) for name in compiled.positiontup or ())
    return Plan(str(compiled), binders)


def _binder(name: str, binds: Binds, constants: Mapping[str, Any], parameter: Any) -> Binder:
    if name in _CONTEXT:
        setting = _CONTEXT[name]
        return lambda prepared, actor, settings: settings[setting]
    if name in binds.arguments:
        slot, key = binds.arguments[name]
        return lambda prepared, actor, settings: prepared[slot].values[key]
    if name in binds.actor:
        attribute = binds.actor[name]
        return lambda prepared, actor, settings: actor_value(actor, attribute)
    value = binds.constants[name] if name in binds.constants else _processed(parameter, constants[name])
    return lambda prepared, actor, settings: value


_CONTEXT = {context_parameter(setting): setting for setting in SETTINGS}


def _processed(parameter: Any, value: Any) -> Any:
    processor = parameter.type.dialect_impl(DIALECT).bind_processor(DIALECT) if parameter is not None else None
    return processor(value) if processor else value


def actor_value(actor: Actor, attribute: str) -> Any:
    """What an `actor` parameter carries; the entity of an actor that works for one, or None."""
    if attribute == "entity_ids":
        return list(actor.entity_ids)
    if attribute == "language":
        return language_of(actor.language)
    if attribute == "client_id":
        return actor.client.id if actor.client else None
    if attribute == "entity_id":
        return actor.entity_ids[0] if actor.entity_ids else None
    return getattr(actor, attribute)
