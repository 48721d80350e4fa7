"""Whether the schema still answers what the released one did: nothing goes without its notice, no document breaks.

Allowed are additions, and the removal of what the released schema deprecates with a removal date that has passed.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from graphql import (
    BreakingChangeType,
    DangerousChangeType,
    DocumentNode,
    GraphQLInterfaceType,
    GraphQLSchema,
    GraphQLUnionType,
    build_schema,
    find_breaking_changes,
    find_dangerous_changes,
    get_named_type,
    parse,
    separate_operations,
    validate,
)

from api.versions.declared import Deprecation
from api.versions.used import coordinates, deprecated_parts

SILENT = frozenset({DangerousChangeType.ARG_DEFAULT_VALUE_CHANGE, DangerousChangeType.INPUT_FIELD_DEFAULT_VALUE_CHANGE})
"""Changes that break no document and alter what it means; other dangerous ones clients have to be ready for."""

_REMOVALS = frozenset(
    {
        BreakingChangeType.FIELD_REMOVED,
        BreakingChangeType.ARG_REMOVED,
        BreakingChangeType.VALUE_REMOVED_FROM_ENUM,
        BreakingChangeType.TYPE_REMOVED,
    }
)
_COORDINATE = re.compile(r"[_A-Za-z]\w*\.\w+(\(\w+:\))?")


@dataclass(frozen=True, slots=True)
class Break:
    """A change that clients were not prepared for, and the released operations that meet it."""

    change: str
    why: str
    operations: tuple[str, ...] = ()

    def __str__(self) -> str:
        met = f" It breaks {', '.join(self.operations)}." if self.operations else ""
        return f"{self.change} {self.why}{met}"


@dataclass(frozen=True, slots=True)
class Release:
    """A released schema and operations that clients send, by the file and name of each."""

    schema: GraphQLSchema
    operations: Mapping[str, DocumentNode]

    @classmethod
    def read(cls, folder: Path) -> "Release":
        """`schema.graphql` and `documents/*.graphql` of a folder.

        Raises: ValueError for an operation that the released schema does not answer.
        """
        schema = build_schema((folder / "schema.graphql").read_text(encoding="utf-8"))
        operations = {
            f"{path.name} {name}": document
            for path in sorted((folder / "documents").glob("*.graphql"))
            for name, document in separate_operations(parse(path.read_text(encoding="utf-8"))).items()
        }
        for name, document in operations.items():
            if errors := validate(schema, document):
                raise ValueError(f"{name} is not valid in the released schema: {errors[0].message}")
        return cls(schema, operations)

    def breaks(self, present: GraphQLSchema, today: date) -> list[Break]:
        """What of the present schema clients of the released one were not prepared for."""
        parts = deprecated_parts(self.schema).items()
        gone = frozenset(part for part, reason in parts if Deprecation.of(reason).removal < today)
        return sorted([*self._changes(present, gone), *self._documents(present, gone)], key=str)

    def _changes(self, present: GraphQLSchema, gone: frozenset[str]) -> Iterator[Break]:
        allowed = gone | _unreached(self.schema, present, gone)
        for change in find_breaking_changes(self.schema, present):
            part = _part(change.description)
            if change.type not in _REMOVALS or part not in allowed:
                yield Break(change.description, self._why(part, change.type), self._users(part))
        for dangerous in find_dangerous_changes(self.schema, present):
            if dangerous.type in SILENT:
                yield Break(dangerous.description, "Who leaves it out would mean something else.")

    def _documents(self, present: GraphQLSchema, gone: frozenset[str]) -> Iterator[Break]:
        for name, document in self.operations.items():
            errors = validate(present, document)
            if errors and not coordinates(self.schema, document) & gone:
                yield Break(f"{name} is no longer valid:", errors[0].message)

    def _why(self, part: str, change: BreakingChangeType) -> str:
        if change not in _REMOVALS:
            return "Add something new beside it, and deprecate what it replaces."
        reason = deprecated_parts(self.schema).get(part)
        return f"Its notice lasts until {Deprecation.of(reason).removal}." if reason else "It was not deprecated."

    def _users(self, part: str) -> tuple[str, ...]:
        """The operations that use a part, or for an argument that was not there its field, or anything of a type."""
        wanted = part.partition("(")[0]
        return tuple(
            name
            for name, document in self.operations.items()
            if any(
                found in (part, wanted) or found.startswith(f"{part}.") for found in coordinates(self.schema, document)
            )
        )


def _part(description: str) -> str:
    """The coordinate of which a change speaks, as in `Field Order.number was removed.`; a type where there is none."""
    found = _COORDINATE.search(description)
    return found[0] if found else description.partition(" ")[0]


def _unreached(released: GraphQLSchema, present: GraphQLSchema, gone: frozenset[str]) -> frozenset[str]:
    """The removed types to which nothing leads but what may be gone, and other such types."""
    removed = set(released.type_map) - set(present.type_map)
    leading = [(owner, part, target) for owner, part, target in _references(released) if target in removed]
    while wrong := {target for owner, part, target in leading if part not in gone and owner not in removed} & removed:
        removed -= wrong
    return frozenset(removed)


def _references(schema: GraphQLSchema) -> Iterator[tuple[str, str, str]]:
    """(type, coordinate, the type to which it leads); interfaces and unions lead to their members."""
    for owner in schema.type_map.values():
        if isinstance(owner, GraphQLInterfaceType | GraphQLUnionType):
            yield from ((owner.name, owner.name, member.name) for member in schema.get_possible_types(owner))
        for name, field in getattr(owner, "fields", {}).items():
            yield owner.name, f"{owner.name}.{name}", get_named_type(field.type).name
            for argument, given in getattr(field, "args", {}).items():
                yield owner.name, f"{owner.name}.{name}({argument}:)", get_named_type(given.type).name
