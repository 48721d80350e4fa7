"""What a field reads, as data: the helpers in `declare` and `roots` make these, the compiler reads them."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select

from api.reading.sorting import Sort
from tenants.audience import Audience

SPEC = "reading"
REQUIRES = "requires"
COST = "cost"
MOST = "most"
LIST_LIMIT = 100
"""Rows of a list without pages that names no bound of its own."""
UNSET_ARGUMENT: Any = object()

RowExpression = Callable[..., Any]
"""`lambda row: …` or `lambda row, arguments: …` giving a SQLAlchemy expression."""


@dataclass(frozen=True, eq=False)
class Argument:
    """An argument that an area adds to a field; `node` names the kinds of an id, `deprecation` the reason."""

    annotation: Any
    description: str
    default: Any = UNSET_ARGUMENT
    node: frozenset[str] = frozenset()
    deprecation: str | None = None


@dataclass(frozen=True, eq=False)
class Spec:
    """Where a field's value comes from. `arguments` are those the area declared, by Python name.

    `cost` is what each value costs beyond the objects in it, see `api.cost`.
    """

    arguments: Mapping[str, Argument] = field(default_factory=dict, kw_only=True)
    cost: int = field(default=0, kw_only=True)


@dataclass(frozen=True, eq=False)
class IdSpec(Spec):
    """The global id of the row itself."""


@dataclass(frozen=True, eq=False)
class ColumnSpec(Spec):
    """A column of the row; with `node` a uuid that becomes the global id of that kind."""

    name: str | None = None
    node: str | None = None


@dataclass(frozen=True, eq=False)
class ExpressionSpec(Spec):
    """A SQL expression, or a `Composite` where the field is an object without rows of its own."""

    value: RowExpression
    node: str | None = None


@dataclass(frozen=True, eq=False)
class RelatedSpec(Spec):
    """At most one row of another type."""

    on: RowExpression
    order_by: RowExpression | None = None


@dataclass(frozen=True, eq=False)
class ListSpec(Spec):
    """All rows of another type that belong to the row: few by nature."""

    on: RowExpression
    order_by: RowExpression | None = None
    limit: int = LIST_LIMIT


@dataclass(frozen=True, eq=False)
class ConnectionSpec(Spec):
    """Pages of rows of another type; `on` is None at the root."""

    on: RowExpression | None
    filter: type | None
    sort: Sort


@dataclass(frozen=True, eq=False)
class AnySpec(Spec):
    """One row of several types, found by kind and key; `kinds` maps stored kinds to kinds of ids."""

    kind: RowExpression
    key: RowExpression
    kinds: Mapping[str, str] | None = None


@dataclass(frozen=True, eq=False)
class EmbeddedSpec(Spec):
    """The same row under another type; `when` says for which rows it is there."""

    when: RowExpression | None = None


@dataclass(frozen=True, eq=False)
class ComputedSpec(Spec):
    """Rows of a SELECT that has no table of its own, in a list at most `limit`."""

    rows: Callable[..., Select[*tuple[Any, ...]]]
    limit: int = LIST_LIMIT


@dataclass(frozen=True, eq=False)
class DerivedSpec(Spec):
    """A Python function over values that SQL delivers."""

    needs: Callable[..., Mapping[str, ColumnElement[Any]]]
    resolve: Callable[[Mapping[str, Any], Any], Any]


@dataclass(frozen=True, eq=False)
class OneSpec(Spec):
    """Root: at most one row, by exactly one of the `by` arguments or, where `by` is empty, by `where` alone."""

    by: tuple[str, ...] = ("id",)
    where: RowExpression | None = None


@dataclass(frozen=True, eq=False)
class RootListSpec(Spec):
    """Root: a bounded list; `rows` instead of the type's model for a computed list."""

    where: RowExpression | None = None
    order_by: RowExpression | None = None
    filter: type | None = None
    limit: int = 1000
    rows: Callable[..., Select[*tuple[Any, ...]]] | None = None


@dataclass(frozen=True, eq=False)
class RootConnectionSpec(ConnectionSpec):
    """Root: pages of a type; `where` narrows it."""

    where: RowExpression | None = None


@dataclass(frozen=True, eq=False)
class NodeSpec(Spec):
    """Root: `node(id)`."""


@dataclass(frozen=True, eq=False)
class NodesSpec(Spec):
    """Root: `nodes(ids)`, in the order asked for, null where there is nothing."""


@dataclass(frozen=True, eq=False)
class SearchSpec(Spec):
    """Root: at most `limit` rows of several types whose kind and key a SELECT delivers, in its order."""

    source: Callable[..., Select[*tuple[Any, ...]]]
    limit: int = field(default=LIST_LIMIT, kw_only=True)
    kinds: Mapping[str, str] | None = None


@dataclass(frozen=True, eq=False)
class Composite:
    """An object made of expressions, by the Python names of its fields; null where `present` is not true."""

    values: Mapping[str, Any]
    present: ColumnElement[bool] | None = None


@dataclass(frozen=True, eq=False)
class Source:
    """From where a root list takes its rows: a condition, or a join whose columns give the order.

    `where` are conditions; with `join`, a table and its ON clause, they speak of that table, which is walked along its
    index while each of its rows looks up one row of the type. `keys` then replaces (order column, id) by columns of
    equal value in the joined table. A source never decides what is visible: row-level security does.
    """

    where: Sequence[ColumnElement[bool]] = ()
    join: tuple[FromClause, ColumnElement[bool]] | None = None
    keys: tuple[ColumnElement[Any], ColumnElement[Any]] | None = None


@dataclass(frozen=True, eq=False)
class Listing:
    """What a `source` hook may look at: who lists, in which order, and the actor's ids as bound parameters."""

    audience: Audience
    one_entity: bool
    sort: str
    actor: Any


@dataclass(frozen=True, eq=False)
class Reads:
    """What `@reads` says about a GraphQL type."""

    model: type | None
    kind: str | None
    audiences: frozenset[Audience] | None
    where: RowExpression | None
    source: Callable[[Listing, Any], Source | None] | None


def call(function: RowExpression, *given: Any) -> Any:
    """Call an area's function with as many of `given` as it takes; the arguments come last and may be left out."""
    return function(*given[: len(inspect.signature(function).parameters)])
