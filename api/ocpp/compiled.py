"""JSON schemas as Python functions that say whether a value is valid, some twenty times as fast as `jsonschema` does.

For the part of JSON schema (draft 4 and 6) that OCPP's schemas use. What they say no to, `jsonschema` looks at again to
say why: they decide nothing but that a message is as its schema wants it. Pure.
"""

from collections.abc import Callable, Mapping
from typing import Any

Check = Callable[[Any], bool]
Schema = Mapping[str, Any]

_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "object": (dict,),
    "array": (list,),
}
_SAY_NOTHING = frozenset({"$schema", "$id", "id", "title", "description", "comment", "javaType", "default", "format"})
"""Keywords that make no value invalid; `jsonschema` checks no formats unless it is told to."""
_KNOWN = _SAY_NOTHING | {"type", "enum", "maxLength", "properties", "required", "additionalProperties", "items"}
_KNOWN |= {"minItems", "maxItems", "$ref", "definitions", "minimum", "maximum"}


class NotCompiled(Exception):
    """The schema uses what is not understood here."""


def compiled(schema: Schema) -> Check:
    """Whether a value, as `orjson` reads it, is valid. Raises: NotCompiled."""
    return _Compiler(schema.get("definitions", {})).check(schema)


class _Compiler:
    def __init__(self, definitions: Mapping[str, Schema]) -> None:
        self._definitions = definitions
        self._made: dict[str, Check] = {}

    def check(self, schema: Schema) -> Check:
        if unknown := schema.keys() - _KNOWN - {"additionalItems"}:
            raise NotCompiled(", ".join(sorted(unknown)))
        if "$ref" in schema:
            return self._reference(schema["$ref"])
        match schema.get("type"):
            case "object":
                return self._object(schema)
            case "array":
                return self._array(schema)
            case "string":
                return _string(schema)
            case str() as simple if simple in _TYPES:
                return _simple(simple, schema)
            case None if not schema.keys() - _SAY_NOTHING:
                return lambda _: True
        raise NotCompiled(f"type {schema.get('type')!r}")

    def _reference(self, name: str) -> Check:
        if name not in self._made:
            self._made[name] = lambda value: self._made[name](value)  # for a definition that refers to itself
            self._made[name] = self.check(self._definitions[name.removeprefix("#/definitions/")])
        return self._made[name]

    def _object(self, schema: Schema) -> Check:
        _only(schema, "properties", "required", "additionalProperties")
        checks = {name: self.check(each) for name, each in schema.get("properties", {}).items()}
        required = tuple(schema.get("required", ()))
        if not isinstance(others := schema.get("additionalProperties", True), bool):
            raise NotCompiled("additionalProperties")

        def valid(value: Any) -> bool:
            if type(value) is not dict:
                return False
            for name in required:
                if name not in value:
                    return False
            for name, each in value.items():
                check = checks.get(name)
                if not others if check is None else not check(each):
                    return False
            return True

        return valid

    def _array(self, schema: Schema) -> Check:
        _only(schema, "items", "minItems", "maxItems", "additionalItems")
        if not isinstance(schema.get("items"), dict):
            raise NotCompiled("items")
        check, least, most = self.check(schema["items"]), schema.get("minItems", 0), schema.get("maxItems")

        def valid(value: Any) -> bool:
            if type(value) is not list or len(value) < least or (most is not None and len(value) > most):
                return False
            return all(map(check, value))

        return valid


def _string(schema: Schema) -> Check:
    _only(schema, "enum", "maxLength", "additionalProperties")
    longest, choices = schema.get("maxLength"), schema.get("enum")
    if choices is not None and not all(isinstance(choice, str) for choice in choices):
        raise NotCompiled("enum")
    allowed = None if choices is None else frozenset(choices)

    def valid(value: Any) -> bool:
        return (
            type(value) is str and (longest is None or len(value) <= longest) and (allowed is None or value in allowed)
        )

    return valid


def _simple(name: str, schema: Schema) -> Check:
    """A whole number that is written with a point is left to `jsonschema`."""
    _only(schema, "minimum", "maximum")
    types, least, most = _TYPES[name], schema.get("minimum"), schema.get("maximum")

    def valid(value: Any) -> bool:
        return type(value) in types and (least is None or value >= least) and (most is None or value <= most)

    return valid


def _only(schema: Schema, *keywords: str) -> None:
    if unknown := schema.keys() - _SAY_NOTHING - {"type", "definitions", *keywords}:
        raise NotCompiled(", ".join(sorted(unknown)))
