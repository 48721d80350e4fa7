"""How an area declares what a type and its fields read."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import strawberry
from sqlalchemy import ColumnElement, Numeric, Select, cast, literal, literal_column
from strawberry.annotation import StrawberryAnnotation
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.field import StrawberryField

from api.reading.explained import Cases, Explained, Later, explanation
from api.reading.filters import kinds_of
from api.reading.registry import READS
from api.reading.sorting import Sort
from api.reading.specs import (
    LIST_LIMIT,
    SPEC,
    UNSET_ARGUMENT,
    AnySpec,
    Argument,
    ColumnSpec,
    Composite,
    ComputedSpec,
    ConnectionSpec,
    DerivedSpec,
    EmbeddedSpec,
    ExpressionSpec,
    Listing,
    ListSpec,
    Reads,
    RelatedSpec,
    RowExpression,
    Source,
    Spec,
)
from tenants.audience import Audience

C = TypeVar("C")
Arguments = Mapping[str, Argument]


def reads(
    model: type | None,
    *,
    kind: str | None = None,
    audiences: Iterable[Audience] | None = None,
    where: RowExpression | None = None,
    source: Callable[[Listing, Any], Source | None] | None = None,
) -> Callable[[type[C]], type[C]]:
    """Declare which model a Strawberry type or interface reads; None for the rows of a SELECT.

    `kind` names its global ids (default: the type's name, or that of its interface over the same model), `audiences`
    who reads it, `where` is a condition that every row of the type fulfils, `source` serves root lists by an index.
    """

    def declare(cls: type[C]) -> type[C]:
        chosen = None if audiences is None else frozenset(audiences)
        setattr(cls, READS, Reads(model, kind, chosen, where, source))
        return cls

    return declare


def argument(
    annotation: Any,
    description: str,
    *,
    default: Any = UNSET_ARGUMENT,
    node: str | Sequence[str] = (),
    deprecation: str | None = None,
) -> Argument:
    """An argument of a field; annotate `… | None` when it may be left out; `node` names the kinds of an id."""
    return Argument(annotation, description, default, kinds_of(node), deprecation)


def column(description: str, *, name: str | None = None, node: str | None = None, cost: int = 0) -> Any:
    """The column of the field's name, or `name`; with `node` its uuid becomes a global id of that kind."""
    return read_field(description, ColumnSpec(name, node, cost=cost))


def expression(
    description: str,
    value: RowExpression,
    *,
    node: str | None = None,
    arguments: Arguments | None = None,
    cost: int = 0,
) -> Any:
    """A SQL expression `lambda row: …`, a correlated scalar subquery too, or a `money(…)` or `Composite`."""
    return read_field(description, ExpressionSpec(value, node, arguments=arguments or {}, cost=cost))


def related(
    description: str,
    *,
    on: RowExpression,
    order_by: RowExpression | None = None,
    arguments: Arguments | None = None,
    cost: int = 0,
) -> Any:
    """The row of another type for which `on(row, other)` holds, with `order_by` the first; nullable: it may hide."""
    return read_field(description, RelatedSpec(on, order_by, arguments=arguments or {}, cost=cost))


def related_list(
    description: str,
    *,
    on: RowExpression,
    order_by: RowExpression | None = None,
    limit: int = LIST_LIMIT,
    arguments: Arguments | None = None,
    cost: int = 0,
) -> Any:
    """The first `limit` rows of another type for which `on(row, other)` holds; for lists that are short by nature."""
    return read_field(description, ListSpec(on, order_by, limit, arguments=arguments or {}, cost=cost))


def related_connection(
    description: str,
    *,
    on: RowExpression,
    order: Sort,
    filter: type | None = None,
    arguments: Arguments | None = None,
    cost: int = 0,
) -> Any:
    """Pages of the rows of another type for which `on(row, other)` holds."""
    spec = ConnectionSpec(on, filter, order, arguments=arguments or {}, cost=cost)
    return read_field(description, spec, page_arguments(filter, order))


def related_any(
    description: str, *, kind: RowExpression, id: RowExpression, kinds: Mapping[str, str] | None = None
) -> Any:
    """A row of one of the types of a union or interface, by its kind and key; `kinds`: stored kind → kind of id."""
    return read_field(description, AnySpec(kind, id, kinds))


def embedded(description: str, *, when: RowExpression | None = None) -> Any:
    """The same row under another type over the same model; null where `when(row)` is not true."""
    return read_field(description, EmbeddedSpec(when))


def computed(
    description: str,
    rows: Callable[..., Select[*tuple[Any, ...]]],
    *,
    arguments: Arguments | None = None,
    cost: int = 0,
) -> Any:
    """The first row of a SELECT, under a type with `@reads(None)` whose columns are the SELECT's labels."""
    return read_field(description, ComputedSpec(rows, arguments=arguments or {}, cost=cost))


def computed_list(
    description: str,
    rows: Callable[..., Select[*tuple[Any, ...]]],
    *,
    limit: int = LIST_LIMIT,
    arguments: Arguments | None = None,
    cost: int = 0,
) -> Any:
    """The first `limit` rows of a SELECT, in its order, under a type with `@reads(None)`."""
    return read_field(description, ComputedSpec(rows, limit, arguments=arguments or {}, cost=cost))


def derived(
    description: str,
    *,
    needs: Callable[..., Mapping[str, ColumnElement[Any]]],
    resolve: Callable[[Mapping[str, Any], Any], Any],
    cost: int = 0,
) -> Any:
    """A Python function of the JSON values of some expressions and of `info`; SQL alone cannot answer such a field."""
    return read_field(description, DerivedSpec(needs, resolve, cost=cost))


def money(
    cents: ColumnElement[Any], currency: ColumnElement[Any] | str = "EUR", explained: Explained | Cases | None = None
) -> Composite:
    """The object Money of an amount in cents; null where the amount is. `explained` says how it came about."""
    amount = cast(cents, Numeric) * literal_column("0.01", Numeric)  # exact; a quotient has 16 digits only
    code = literal(currency) if isinstance(currency, str) else currency
    how = Later(lambda: explanation(explained, cents)) if explained else None
    return Composite({"cents": cents, "amount": amount, "currency": code, "explanation": how}, cents.is_not(None))


def read_field(
    description: str,
    spec: Spec,
    arguments: Sequence[StrawberryArgument] = (),
    *,
    metadata: Mapping[str, Any] | None = None,
) -> Any:
    """A Strawberry field with its spec; the area's own arguments come first."""
    field: StrawberryField = strawberry.field(description=description, metadata={SPEC: spec, **(metadata or {})})
    own = [graphql_argument(name, given) for name, given in spec.arguments.items()]
    field.arguments = [*own, *arguments]
    return field


def graphql_argument(name: str, given: Argument) -> StrawberryArgument:
    """An area's argument as Strawberry describes it."""
    default = strawberry.UNSET if given.default is UNSET_ARGUMENT else given.default
    annotation = StrawberryAnnotation(given.annotation)
    return StrawberryArgument(
        name,
        None,
        annotation,
        description=given.description,
        default=default,
        deprecation_reason=given.deprecation,
    )


def page_arguments(filter: type | None, order: Sort) -> list[StrawberryArgument]:
    """The arguments of a connection."""
    given: dict[str, Argument] = {}
    if filter is not None:
        given["filter"] = Argument(filter | None, "Only items that fulfil all of these conditions.")
    given["order_by"] = Argument(order.input | None, "The order of the list.")
    given["first"] = Argument(int | None, "How many items from the start, 0 to 250; 50 unless told otherwise.")
    given["after"] = Argument(str | None, "Only items after this cursor.")
    given["last"] = Argument(int | None, "How many items from the end, 0 to 250.")
    given["before"] = Argument(str | None, "Only items before this cursor.")
    return [graphql_argument(name, argument) for name, argument in given.items()]
