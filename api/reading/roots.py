"""Root fields: what can be read, and which permission each of them needs."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import strawberry
from sqlalchemy import Select

from api.reading.declare import graphql_argument, page_arguments, read_field
from api.reading.sorting import Sort
from api.reading.specs import (
    COST,
    LIST_LIMIT,
    MOST,
    REQUIRES,
    Argument,
    NodeSpec,
    NodesSpec,
    OneSpec,
    RootConnectionSpec,
    RootListSpec,
    RowExpression,
    SearchSpec,
)
from tenants.permissions import Permission

PUBLIC = Permission.PUBLIC
Arguments = Mapping[str, Argument]
Resolving = Callable[[Callable[..., Any]], Any]


def read_one(
    description: str,
    *,
    requires: Permission,
    by: str | Sequence[str] = "id",
    where: RowExpression | None = None,
    arguments: Arguments | None = None,
    cost: int = 0,
) -> Any:
    """One row by its id or another unique column, null where the actor sees none.

    Of several columns in `by` exactly one is given. With `by=()` the row is found by `where(row, arguments)` alone.
    """
    names = (by,) if isinstance(by, str) else tuple(by)
    spec = OneSpec(names, where, arguments=arguments or {}, cost=cost)
    given = [graphql_argument(name, _by_argument(name, single=len(names) == 1)) for name in names]
    return read_field(description, spec, given, metadata={REQUIRES: requires})


def _by_argument(name: str, *, single: bool) -> Argument:
    annotation: Any = strawberry.ID if name == "id" else str
    text = "The global id." if name == "id" else f"The {name.replace('_', ' ')}."
    return Argument(annotation if single else annotation | None, text)


def read_list(
    description: str,
    *,
    requires: Permission,
    order_by: RowExpression | None = None,
    where: RowExpression | None = None,
    filter: type | None = None,
    rows: Callable[..., Select[*tuple[Any, ...]]] | None = None,
    limit: int = 1000,
    arguments: Arguments | None = None,
    cost: int = 0,
) -> Any:
    """The first `limit` rows of a type that is few by nature, or of a SELECT `rows(arguments)`.

    The rows of a SELECT stand under a `@reads(None)` type.
    """
    spec = RootListSpec(where, order_by, filter, limit, rows, arguments=arguments or {}, cost=cost)
    narrowing = Argument(filter | None, "Only items that fulfil all of these conditions.") if filter else None
    given = [graphql_argument("filter", narrowing)] if narrowing else []
    return read_field(description, spec, given, metadata={REQUIRES: requires})


def read_connection(
    description: str,
    *,
    requires: Permission,
    order: Sort,
    filter: type | None = None,
    where: RowExpression | None = None,
    arguments: Arguments | None = None,
    cost: int = 0,
) -> Any:
    """Pages of all rows of a type that the actor sees, narrowed by `where(row, arguments)`."""
    spec = RootConnectionSpec(None, filter, order, where, arguments=arguments or {}, cost=cost)
    return read_field(description, spec, page_arguments(filter, order), metadata={REQUIRES: requires})


def read_node(description: str, *, requires: Permission) -> Any:
    """Any row by its global id."""
    given = [graphql_argument("id", Argument(strawberry.ID, "The global id."))]
    return read_field(description, NodeSpec(), given, metadata={REQUIRES: requires})


def read_nodes(description: str, *, requires: Permission) -> Any:
    """Rows by their global ids, null where there is nothing, in the order asked for."""
    given = [graphql_argument("ids", Argument(list[strawberry.ID], "The global ids, at most 250."))]
    return read_field(description, NodesSpec(), given, metadata={REQUIRES: requires})


def read_search(
    description: str,
    *,
    requires: Permission,
    source: Callable[..., Select[*tuple[Any, ...]]],
    kinds: Mapping[str, str] | None = None,
    limit: int = LIST_LIMIT,
    arguments: Arguments,
    cost: int = 0,
) -> Any:
    """The first `limit` rows of several types in the order of `source(arguments)`: kind and key.

    `kinds`: stored kind → kind of id.
    """
    spec = SearchSpec(source, kinds, limit=limit, arguments=arguments, cost=cost)
    return read_field(description, spec, metadata={REQUIRES: requires})


def field(
    description: str, *, requires: Permission, cost: int | None = None, most: int | None = None, **options: Any
) -> Resolving:
    """A root query field with a Python resolver; `most` items of its list are expected."""
    metadata = _metadata(requires, cost, most)
    declare: Resolving = strawberry.field(description=description, metadata=metadata, **options)
    return declare


def mutation(description: str, *, requires: Permission, cost: int | None = None, **options: Any) -> Resolving:
    """A mutation."""
    declare: Resolving = strawberry.mutation(description=description, metadata=_metadata(requires, cost), **options)
    return declare


def subscription(description: str, *, requires: Permission, cost: int | None = None, **options: Any) -> Resolving:
    """A subscription; the permission is checked before it starts."""
    declare: Resolving = strawberry.subscription(description=description, metadata=_metadata(requires, cost), **options)
    return declare


def _metadata(requires: Permission, cost: int | None, most: int | None = None) -> dict[str, Any]:
    """What `api.cost` and the permission check read; without a cost the kind of root decides it."""
    given = {REQUIRES: requires, COST: cost, MOST: most}
    return {name: value for name, value in given.items() if value is not None}
