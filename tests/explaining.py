"""Documents that ask for the explanation of every amount an audience reads, and what holds of each explanation."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from graphql import GraphQLNamedType, GraphQLNonNull, GraphQLObjectType, get_named_type

from api.reading.registry import Registry, node_type, spec_of
from api.reading.specs import ComputedSpec, ConnectionSpec, EmbeddedSpec, ListSpec, RootConnectionSpec
from domain.explanations.registry import evaluate, versions
from tenants.audience import Audience
from tests.asking import SCHEMA

REGISTRY: Registry = SCHEMA._schema.extensions["reading"].registry
EXPLAINED = """{ cents explanation { formula version text inputs { name value unit sourceId } vatRule roundingRemainder
  commissionBase result } }"""
_BELOW = (ComputedSpec, ConnectionSpec, EmbeddedSpec, ListSpec)
"""What belongs to a row; what it refers to is another root's."""
_DEEPEST = 1
_HOLDERS = frozenset({"contacts", "organizations"})
"""Have no amounts of their own; what they hold has a root list."""


def documents(audience: Audience) -> Iterator[tuple[str, str]]:
    """Per root list with amounts below it: its name, and a document that asks for all of them."""
    query = SCHEMA._schema.query_type
    assert query is not None
    for name, field in query.fields.items():
        if not isinstance(spec_of(field), RootConnectionSpec) or any(_required(each) for each in field.args.values()):
            continue
        below = selected(node_type(get_named_type(field.type)), audience)
        if "explanation" in below and name not in _HOLDERS:
            yield name, f"{{ {name}(first: 20) {{ nodes {{ {below} }} }} }}"


def _required(argument: Any) -> bool:
    return isinstance(argument.type, GraphQLNonNull) and argument.default_value is None


def selected(named: GraphQLNamedType, audience: Audience, above: tuple[str, ...] = ()) -> str:
    """All amounts of a type and of what belongs to its rows; a type is not entered from within itself."""
    types = [each for each in REGISTRY.runtime_types(named, audience) if each.name not in above]
    parts = ((each.name, _fields(each, audience, (*above, each.name))) for each in types)
    found = [f"... on {name} {{ {fields} }}" for name, fields in parts if fields]
    return " ".join(["__typename", *found])


def _fields(type_: GraphQLObjectType, audience: Audience, above: tuple[str, ...]) -> str:
    return " ".join(_field(type_, name, audience, above) for name in type_.fields).strip()


def _field(type_: GraphQLObjectType, name: str, audience: Audience, above: tuple[str, ...]) -> str:
    field = type_.fields[name]
    spec, target = spec_of(field), get_named_type(field.type)
    if any(_required(each) for each in field.args.values()):
        return ""
    if target.name == "Money":
        return f"{type_.name}_{name}: {name} {EXPLAINED}"
    if not isinstance(spec, _BELOW) or len(above) > _DEEPEST:
        return ""
    many = isinstance(spec, ConnectionSpec)
    below = selected(node_type(target) if many else target, audience, above)
    if "explanation" not in below:
        return ""
    return f"{name}(first: 20) {{ nodes {{ {below} }} }}" if many else f"{name} {{ {below} }}"


def amounts(value: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """All explained amounts of an answer, by response key."""
    if isinstance(value, dict):
        if "explanation" in value:
            yield place, value
        for key, item in value.items():
            yield from amounts(item, key)
    elif isinstance(value, list):
        for item in value:
            yield from amounts(item, place)


def check(amount: Any) -> None:
    """The inputs of an amount give its cents and its remainder."""
    told = amount["explanation"]
    formula = versions(told["formula"])[told["version"] - 1]
    outcome = evaluate(formula, [(each["name"], Decimal(each["value"])) for each in told["inputs"]])
    assert (outcome.cents, outcome.cents) == (int(amount["cents"]), int(told["result"])), told
    assert outcome.remainder == Decimal(told["roundingRemainder"]), told
    assert told["text"] in (formula.nl, formula.en)
    assert all(each["unit"] == formula.inputs[each["name"]] for each in told["inputs"])
