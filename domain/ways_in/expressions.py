"""What a value of an order is made of: a path, a constant, or one of a few operations on these. Data, never code.

    "$.order.ref"                                                      what stands there
    {"value": "groen"}                                                 a constant
    {"concat": ["$.first", "$.last"], "separator": " "}                joined; what is blank is left out
    {"first": ["$.mobile", "$.phone"]}                                 the first that is not blank
    {"address": "$.street_line", "part": "house_number"}               "Dorpsstraat 12-A" taken apart; or "street"
    {"date": "$.wish", "formats": ["dd-MM-yyyy", "iso"]}               a day; also "unix" and "unix_ms"
    {"number": "$.count", "decimal": ","}                              a number written as text
    {"lookup": "$.type", "table": {"A": "ESS-WALLBOX-22"}}             a table; else its "default"
    {"cut": "$.subject", "after": "#", "before": " "}                  a part of a text

Each object may have a "default", an expression for where nothing was found.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from domain.errors import DomainError, Faults, FieldPath
from domain.ways_in import paths, reading
from domain.ways_in.errors import MappingInvalid, NotInTable, ValueUnreadable

DEEPEST = 8
MOST_PARTS = 20
MOST_IN_TABLE = 2000
LONGEST_TEXT = 20_000
_FORMATS = 10
_PARTS = ("street", "house_number")


@dataclass
class Scope:
    """The message, the item of a list if any, and which paths were read."""

    message: Any
    item: Any = None
    sources: list[str] = field(default_factory=list)


Expression = Callable[[Scope], Any]
"""Text, number, boolean or None; raises a DomainError for what cannot be read."""


def parse(given: object, *at: str | int, depth: int = 0) -> Expression:
    """A checked expression. Raises: MappingInvalid, several at once as DomainErrors."""
    if isinstance(given, str):
        return _path(given, *at)
    if not isinstance(given, dict):
        raise invalid(at, "verwacht een pad of een bewerking", "expected a path or an operation")
    if depth >= DEEPEST:
        raise invalid(at, f"hoogstens {DEEPEST} lagen", f"at most {DEEPEST} levels")
    name = next((key for key in given if key in _OPERATIONS), None)
    if name is None:
        known = ", ".join(_OPERATIONS)
        raise invalid(at, f"geen bekende bewerking ({known})", f"no known operation ({known})")
    make, options = _OPERATIONS[name]
    if unknown := sorted(str(key) for key in given.keys() - {name, "default", *options}):
        raise invalid((*at, unknown[0][:60]), "dit kent de bewerking niet", "the operation does not know this")
    made = make(given, at, depth + 1)
    return _or(made, parse(given["default"], *at, "default", depth=depth + 1)) if "default" in given else made


def blank(value: Any) -> bool:
    """Nothing, or text of white space only."""
    return value is None or (isinstance(value, str) and not value.strip())


def invalid(at: FieldPath, nl: str, en: str) -> MappingInvalid:
    return MappingInvalid(field=at, reason={"nl": nl, "en": en})


def _or(made: Expression, default: Expression) -> Expression:
    def read(scope: Scope) -> Any:
        try:
            value = made(scope)
        except NotInTable:
            return default(scope)
        return default(scope) if blank(value) else value

    return read


# --- paths and constants ------------------------------------------------------------------------------------------


def _path(text: str, *at: str | int) -> Expression:
    path = paths.parse(text, *at)
    return lambda scope: _single(_all(path, scope), path)


def _all(path: paths.Path, scope: Scope) -> list[Any]:
    scope.sources.append(path.text)
    return path.values(scope.message, scope.item)


def _single(values: list[Any], path: paths.Path) -> Any:
    value = next((each for each in values if not blank(each)), None)
    if isinstance(value, dict | list):
        raise _unreadable(path.text, "één waarde", "one value")
    return value


def _constant(given: Mapping[str, Any], at: FieldPath, depth: int) -> Expression:
    value = given["value"]
    if isinstance(value, dict | list) or (isinstance(value, str) and len(value) > LONGEST_TEXT):
        raise invalid((*at, "value"), "verwacht één waarde", "expected one value")
    return lambda scope: value


# --- operations ---------------------------------------------------------------------------------------------------


def _several(given: Mapping[str, Any], name: str, at: FieldPath, depth: int) -> list[Expression]:
    parts = given[name]
    if not isinstance(parts, list) or not 1 <= len(parts) <= MOST_PARTS:
        raise invalid((*at, name), f"een lijst van 1 tot {MOST_PARTS}", f"a list of 1 to {MOST_PARTS}")
    with Faults() as faults:
        made = [
            faults.take(lambda part, i=i: parse(part, *at, name, i, depth=depth), part) for i, part in enumerate(parts)
        ]
    return [each for each in made if each is not None]


def _concat(given: Mapping[str, Any], at: FieldPath, depth: int) -> Expression:
    separator = _short(given, "separator", at, default="")
    parts = given["concat"]
    lists = {i: paths.parse(part) for i, part in enumerate(parts) if _many(part)} if isinstance(parts, list) else {}
    made = _several(given, "concat", at, depth)

    def read(scope: Scope) -> Any:
        values: list[Any] = []
        for place, part in enumerate(made):
            values += _all(lists[place], scope) if place in lists else [part(scope)]
        texts = [text_of(value).strip() for value in values if not blank(value) and not isinstance(value, dict | list)]
        return separator.join(texts)[:LONGEST_TEXT] or None

    return read


def _many(part: object) -> bool:
    return isinstance(part, str) and "[*]" in part and part.startswith(("$", "@"))


def _first(given: Mapping[str, Any], at: FieldPath, depth: int) -> Expression:
    made = _several(given, "first", at, depth)

    def read(scope: Scope) -> Any:
        for part in made:
            if not blank(value := part(scope)):
                return value
        return None

    return read


def _address(given: Mapping[str, Any], at: FieldPath, depth: int) -> Expression:
    part = given.get("part")
    if part not in _PARTS:
        raise invalid((*at, "part"), f"een van {', '.join(_PARTS)}", f"one of {', '.join(_PARTS)}")
    return _on_text(given, "address", at, depth, lambda text, source: reading.address(text)[_PARTS.index(str(part))])


def _date(given: Mapping[str, Any], at: FieldPath, depth: int) -> Expression:
    formats = given.get("formats", ["iso"])
    if not isinstance(formats, list) or not 1 <= len(formats) <= _FORMATS:
        raise invalid((*at, "formats"), f"een lijst van 1 tot {_FORMATS}", f"a list of 1 to {_FORMATS}")
    readers = []
    for place, each in enumerate(formats):
        if not isinstance(each, str) or (reader := reading.day_format(each)) is None:
            raise invalid(
                (*at, "formats", place), "geen datumvorm, zoals dd-MM-yyyy", "no form of a day, as dd-MM-yyyy"
            )
        readers.append(reader)

    def day(text: str, source: str) -> str:
        for reader in readers:
            if (found := reader(text)) is not None:
                return found.isoformat()
        raise _unreadable(source, f"een dag als {' of '.join(formats)}", f"a day as {' or '.join(formats)}")

    return _on_text(given, "date", at, depth, day)


def _number(given: Mapping[str, Any], at: FieldPath, depth: int) -> Expression:
    decimal = given.get("decimal", ".")
    if decimal not in (".", ","):
        raise invalid((*at, "decimal"), "een punt of een komma", "a point or a comma")

    def number(text: str, source: str) -> Any:
        if (found := reading.number(text, decimal)) is None:
            raise _unreadable(source, "een getal", "a number")
        return found

    return _on_text(given, "number", at, depth, number)


def _lookup(given: Mapping[str, Any], at: FieldPath, depth: int) -> Expression:
    table = given.get("table")
    if not isinstance(table, dict) or not 1 <= len(table) <= MOST_IN_TABLE:
        raise invalid((*at, "table"), f"een tabel van 1 tot {MOST_IN_TABLE}", f"a table of 1 to {MOST_IN_TABLE}")
    if any(isinstance(value, dict | list) for value in table.values()):
        raise invalid((*at, "table"), "alleen losse waarden", "single values only")
    folded = {str(key).strip().casefold(): value for key, value in table.items()}

    def look(text: str, source: str) -> Any:
        key = text.strip().casefold()
        if key not in folded:
            raise NotInTable(source=source)
        return folded[key]

    return _on_text(given, "lookup", at, depth, look)


def _cut(given: Mapping[str, Any], at: FieldPath, depth: int) -> Expression:
    after, before = _short(given, "after", at, default=""), _short(given, "before", at, default="")

    def part(text: str, source: str) -> str | None:
        begin = text.find(after) + len(after) if after else 0
        if after and after not in text:
            return None
        end = text.find(before, begin) if before else -1
        return text[begin : end if end >= 0 else None].strip() or None

    return _on_text(given, "cut", at, depth, part)


def _on_text(
    given: Mapping[str, Any], name: str, at: FieldPath, depth: int, work: Callable[[str, str], Any]
) -> Expression:
    inner = parse(given[name], *at, name, depth=depth)

    def read(scope: Scope) -> Any:
        before = len(scope.sources)
        value = inner(scope)
        if blank(value):
            return None
        return work(text_of(value), ", ".join(scope.sources[before:]) or "value")

    return read


def text_of(value: Any) -> str:
    """A single value as text: true and false as JSON writes them, whole numbers without a point."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)[:LONGEST_TEXT]


def _short(given: Mapping[str, Any], name: str, at: FieldPath, default: str) -> str:
    value = given.get(name, default)
    if not isinstance(value, str) or len(value) > 40:
        raise invalid((*at, name), "tekst van hoogstens 40 tekens", "text of at most 40 characters")
    return value


def _unreadable(source: str, nl: str, en: str) -> DomainError:
    return ValueUnreadable(source=source, expected={"nl": nl, "en": en})


_OPERATIONS: dict[str, tuple[Callable[[Mapping[str, Any], FieldPath, int], Expression], tuple[str, ...]]] = {
    "value": (_constant, ()),
    "concat": (_concat, ("separator",)),
    "first": (_first, ()),
    "address": (_address, ("part",)),
    "date": (_date, ("formats",)),
    "number": (_number, ("decimal",)),
    "lookup": (_lookup, ("table",)),
    "cut": (_cut, ("after", "before")),
}
