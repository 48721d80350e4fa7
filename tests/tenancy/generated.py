"""Random documents over the whole schema, with variables, fragments, directives, aliases and bad input now and then."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLUnionType,
    Undefined,
    get_named_type,
    is_leaf_type,
)

_DEEPEST = 4
_MOST_FIELDS = 5
_TEXTS = ("", "a", "Jansen", "CC-2026-00001", "é€😀", '"\\\n\t', "%_'", "2026-01-01")
_SCALARS: Mapping[str, Sequence[Any]] = {
    "Int": (0, 1, 2, 7, 250),
    "Float": (0.0, 1.5, -2.25, 1e9),
    "Boolean": (True, False),
    "String": _TEXTS,
    "DateTime": ("2026-01-01T00:00:00Z", "2025-03-30T02:30:00+01:00", "2030-12-31T23:59:59.999999Z"),
    "Date": ("2026-01-01", "2024-02-29"),
    "BigInt": ("0", "12345", "9007199254740993"),
    "Decimal": ("0", "1.50", "-3.125"),
    "UUID": ("018ed9b0-6580-721a-98a1-25293e334b8a",),
    "JSON": ({}, {"a": [1, None]}, "text", None),
}
_BAD: Mapping[str, Sequence[Any]] = {
    "Int": (-1, 2**31 - 1, 2**31, "1"),
    "Float": ("1.5", 2**80),
    "Boolean": ("true", 1),
    "String": ("\x00", 5, "a" * 300),
    "DateTime": ("yesterday", "2026-01-01", "10000-01-01T00:00:00Z"),
    "Date": ("2026-02-30",),
    "BigInt": ("x", "99999999999999999999"),
    "Decimal": ("1e3", "x", "NaN"),
    "UUID": ("x",),
}
_SIZES = (*[1, 3, 10] * 6, 0, 250, 251, -1)


@dataclass
class Made:
    """A document and its variables while they are drawn."""

    schema: GraphQLSchema
    ids: Callable[[str, str], Sequence[str]]
    roots: Sequence[str]
    random: Random
    labels: int = 0
    declared: list[str] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)
    fragments: list[str] = field(default_factory=list)

    def chance(self, percent: int) -> bool:
        return self.random.randrange(100) < percent

    def one_of(self, values: Sequence[Any]) -> Any:
        return self.random.choice(values)

    def some(self, values: Sequence[Any], most: int) -> list[Any]:
        return [self.random.choice(values) for _ in range(self.random.randint(0, most))] if values else []


def document(
    schema: GraphQLSchema, ids: Callable[[str, str], Sequence[str]], roots: Sequence[str], seed: int
) -> tuple[str, dict[str, Any]]:
    """A query and its variables; `ids(field, argument)` are global ids to try there, `roots` what it begins with."""
    made = Made(schema, ids, roots, Random(seed))
    selected = _fields(made, schema.query_type, 0, made.random.randint(1, 3))
    declared = f"({', '.join(made.declared)})" if made.declared else ""
    return " ".join([f"query Asked{declared} {selected}", *made.fragments]), made.values


def _fields(made: Made, type_: Any, depth: int, most: int) -> str:
    """A selection set of an object or interface type; of what has none of its own, what its members have."""
    fields = {} if isinstance(type_, GraphQLUnionType) else dict(type_.fields)
    names = [name for name in fields if depth < _DEEPEST or is_leaf_type(get_named_type(fields[name].type))]
    names = [*made.roots] if depth == 0 and not made.chance(3) else names
    parts = [_field(made, name, fields[name], depth) for name in made.some(names, most)]
    parts += ["__typename"] if made.chance(20) or not parts else []
    if isinstance(type_, GraphQLInterfaceType | GraphQLUnionType):
        for member in made.some(made.schema.get_possible_types(type_), 2):
            parts.append(_fragment(made, member, depth))
    elif made.chance(10):
        parts.append(_fragment(made, type_, depth))
    return "{ " + " ".join(parts) + " }"


def _fragment(made: Made, type_: GraphQLObjectType, depth: int) -> str:
    inside = _fields(made, type_, depth + 1, made.random.randint(1, 3))
    if made.chance(60):
        return f"... on {type_.name}{_directive(made)} {inside}"
    name = f"F{len(made.fragments)}"
    made.fragments.append(f"fragment {name} on {type_.name} {inside}")
    return f"...{name}{_directive(made)}"


def _field(made: Made, name: str, definition: Any, depth: int) -> str:
    made.labels += 1
    label = f"f{made.labels}: {name}" if definition.args or made.chance(30) else name
    backwards = made.chance(25)
    skipped = ("first", "after") if backwards else ("last", "before")
    wanted = [_argument(made, name, key, given) for key, given in definition.args.items() if key not in skipped]
    arguments = [text for text in wanted if text]
    shown = f"({', '.join(arguments)})" if arguments else ""
    named = get_named_type(definition.type)
    most = made.random.randint(1, _MOST_FIELDS)
    below = "" if is_leaf_type(named) else " " + _fields(made, named, depth + 1, most)
    return f"{label}{shown}{_directive(made)}{below}"


def _directive(made: Made) -> str:
    if not made.chance(12):
        return ""
    condition = made.one_of(["true", "false", None])
    if condition is None:
        name = f"v{len(made.values)}"
        made.declared.append(f"${name}: Boolean!")
        made.values[name] = made.chance(50)
        condition = f"${name}"
    return f" @{made.one_of(['skip', 'include'])}(if: {condition})"


def _argument(made: Made, field: str, name: str, argument: GraphQLArgument) -> str:
    required = isinstance(argument.type, GraphQLNonNull) and argument.default_value is Undefined
    if not required and not made.chance(45):
        return ""
    value = _value(made, argument.type, (field, name), 0)
    if not made.chance(40):
        return f"{name}: {_literal(value, get_named_type(argument.type))}"
    variable = f"v{len(made.values)}"
    made.declared.append(f"${variable}: {argument.type}")
    made.values[variable] = value
    return f"{name}: ${variable}"


def _value(made: Made, type_: Any, name: tuple[str, str], depth: int) -> Any:
    if isinstance(type_, GraphQLNonNull):
        return _value(made, type_.of_type, name, depth)
    if made.chance(1):
        return made.one_of([None, "?", -5, [], {"no": 1}])
    if isinstance(type_, GraphQLList):
        return [_value(made, type_.of_type, name, depth) for _ in range(made.random.randint(0, 3))]
    if isinstance(type_, GraphQLEnumType):
        return made.one_of([*type_.values])
    if isinstance(type_, GraphQLInputObjectType):
        return _input(made, type_, name[0], depth)
    assert isinstance(type_, GraphQLScalarType)
    if name[1] in ("first", "last"):
        return made.one_of(_SIZES)
    if name[1] in ("after", "before"):
        return made.one_of([None, None, None, "no cursor"])
    if type_.name == "ID":
        return made.one_of(made.ids(*name))
    usual = _SCALARS.get(type_.name, _TEXTS)
    return made.one_of(usual) if made.chance(90) else made.one_of(_BAD.get(type_.name, usual))


def _input(made: Made, type_: GraphQLInputObjectType, field: str, depth: int) -> dict[str, Any]:
    required = [name for name, given in type_.fields.items() if isinstance(given.type, GraphQLNonNull)]
    more = made.some([*type_.fields], 2 if depth < 2 else 0)
    chosen = dict.fromkeys([*required, *more])
    return {name: _value(made, type_.fields[name].type, (field, name), depth + 1) for name in chosen}


def _literal(value: Any, named: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case list():
            return "[" + ", ".join(_literal(item, named) for item in value) + "]"
        case dict():
            fields = getattr(named, "fields", {})
            inside = (
                f"{key}: {_literal(item, get_named_type(fields[key].type) if key in fields else None)}"
                for key, item in value.items()
            )
            return "{" + ", ".join(inside) + "}"
        case str() if isinstance(named, GraphQLEnumType) and value in named.values:
            return value
        case str():
            return '"' + "".join(_escaped(letter) for letter in value) + '"'
        case _:
            return str(value)


def _escaped(letter: str) -> str:
    return f"\\u{ord(letter):04x}" if letter in '"\\' or ord(letter) < 32 else letter
