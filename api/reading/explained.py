"""Explanations of amounts as SQL: `money(cents, currency, explained=Explained("line.net", [Given(...), ...]))`.

The formula is one of domain/explanations; the inputs are columns of the amount's own row or cheap correlated
subqueries, read in the reader's own role, so a document that asks for explanations is answered by the same statement.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Date, Numeric, Select, case, cast, func, literal, literal_column

import domain.explanations.billing
import domain.explanations.charging_bills
import domain.explanations.charging_prices
import domain.explanations.formulas  # noqa: F401  # declares them
from api.reading.jsonsql import constant
from api.reading.specs import Composite
from domain.explanations.registry import REMAINDER_DECIMALS, Formula, Unit, versions

Key = tuple[str, ColumnElement[Any]]
"""Kind of the global id, and the row's key."""


@dataclass(frozen=True, eq=False)
class Global:
    """A member that is a global id; null where the key is."""

    kind: str
    key: ColumnElement[Any]


@dataclass(frozen=True, eq=False)
class Ready:
    """A member that is JSON text already."""

    text: ColumnElement[str]


@dataclass(frozen=True, eq=False)
class InLanguage:
    """A member that is one of two JSON texts, as the reader's language is."""

    nl: ColumnElement[str]
    en: ColumnElement[str]


@dataclass(frozen=True, eq=False)
class Several:
    """A member that is a list of objects: some that are named here, and one per row of some SELECTs."""

    named: Sequence[Composite]
    rows: Sequence[tuple[Select[*tuple[Any, ...]], Callable[[Any], Composite]]]


@dataclass(frozen=True, eq=False)
class Later:
    """A member that is made where it is selected."""

    make: Callable[[], Any]


@dataclass(frozen=True, eq=False)
class Given:
    """An input of the row itself; left out where its value is null."""

    name: str
    value: ColumnElement[Any]
    source: Key | None = None


@dataclass(frozen=True, eq=False)
class Each:
    """An input per row of a SELECT with the labels `value` and `key`, whose order it keeps."""

    name: str
    rows: Select[*tuple[Any, ...]]
    kind: str


@dataclass(frozen=True, eq=False)
class Explained:
    """How an amount came about; `made_on` is its day where the formula has more than one version."""

    formula: str
    inputs: Sequence[Given | Each]
    vat_rule: ColumnElement[Any] | None = None
    commission_base: ColumnElement[Any] | None = None
    made_on: ColumnElement[Any] | None = None


@dataclass(frozen=True, eq=False)
class Cases:
    """Where rows of one type come about in several ways: the first whose condition holds."""

    first: Sequence[tuple[ColumnElement[bool], Explained]]
    otherwise: Explained


@dataclass(frozen=True, eq=False)
class Choice:
    """A member that is the first object whose condition holds."""

    first: Sequence[tuple[ColumnElement[bool], Composite]]
    otherwise: Composite


def explanation(explained: Explained | Cases, cents: ColumnElement[Any]) -> Composite | Choice:
    """The object Explanation of an amount in cents."""
    if isinstance(explained, Cases):
        first = [(condition, _one(each, cents)) for condition, each in explained.first]
        return Choice(first, _one(explained.otherwise, cents))
    return _one(explained, cents)


def _one(explained: Explained, cents: ColumnElement[Any]) -> Composite:
    known = versions(explained.formula)
    return Composite(
        {
            "formula": _ready(explained.formula),
            "version": Ready(_by_version(explained, known, lambda each: constant(str(each.version)))),
            "text": InLanguage(*(_by_version(explained, known, _text(language)) for language in ("nl", "en"))),
            "inputs": Several(_named(explained, known[-1]), _rows(explained, known[-1])),
            "vat_rule": explained.vat_rule,
            "rounding_remainder": _by_version(explained, known, lambda each: _remainder(explained, each, cents)),
            "commission_base": explained.commission_base,
            "result": cents,
        },
        cents.is_not(None),
    )


def _text(language: str) -> Callable[[Formula], ColumnElement[Any]]:
    return lambda given: constant(orjson.dumps(given.text(language)).decode())


def _ready(text: str) -> Ready:
    return Ready(constant(orjson.dumps(text).decode()))


def _by_version(
    explained: Explained, known: Sequence[Formula], of: Callable[[Formula], ColumnElement[Any]]
) -> ColumnElement[Any]:
    """What holds for the version that was in force on the amount's day."""
    *later, first = reversed(known)
    if not later:
        return of(first)
    if explained.made_on is None:
        raise ValueError(f"{explained.formula} has versions: say when the amount was made")
    day = explained.made_on
    return case(*((day >= literal(each.valid_from, Date()), of(each)) for each in later), else_=of(first))


def _named(explained: Explained, latest: Formula) -> list[Composite]:
    given = (each for each in explained.inputs if isinstance(each, Given))
    return [_input(latest, each.name, each.value, each.source) for each in given]


def _rows(explained: Explained, latest: Formula) -> list[tuple[Any, Callable[[Any], Composite]]]:
    return [(each.rows, _each(latest, each)) for each in explained.inputs if isinstance(each, Each)]


def _each(latest: Formula, each: Each) -> Callable[[Any], Composite]:
    return lambda row: _input(latest, each.name, row.value, (each.kind, row.key))


def _input(latest: Formula, name: str, value: ColumnElement[Any], source: Key | None) -> Composite:
    unit: Unit = latest.inputs[name]
    return Composite(
        {
            "name": _ready(name),
            "value": cast(value, Numeric),
            "unit": _ready(unit.value),
            "source_id": Global(*source) if source else None,
        },
        value.is_not(None),
    )


def _remainder(explained: Explained, given: Formula, cents: ColumnElement[Any]) -> ColumnElement[Any]:
    if not given.rounds:
        return literal_column("0", Numeric())
    values: Mapping[str, Any] = _values(explained, given)
    exact = given.exact(values)
    return func.trim_scale(func.round(cast(cents, Numeric) - exact, REMAINDER_DECIMALS))


def _values(explained: Explained, given: Formula) -> dict[str, ColumnElement[Any]]:
    """The inputs of a formula that rounds: each one value."""
    values: dict[str, ColumnElement[Any]] = {name: literal_column("0", Numeric()) for name in given.inputs}
    for each in explained.inputs:
        if isinstance(each, Each):
            raise TypeError(f"{explained.formula} rounds: it takes no sum of rows")
        values[each.name] = func.coalesce(cast(each.value, Numeric), Decimal(0))
    return values
