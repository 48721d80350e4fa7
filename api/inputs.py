"""From GraphQL inputs to the domain's values."""

from dataclasses import fields
from typing import Any
from uuid import UUID

import strawberry

from api.reading.ids import parse_id_of


def key_of(kind: str, value: str, argument: str = "id") -> UUID:
    """The row's key in a global id of `kind`; BAD_ID where it is of another kind or no id at all."""
    return parse_id_of(frozenset({kind}), value, argument)


def optional_key(kind: str, value: str | None, argument: str = "id") -> UUID | None:
    """The same for an id that may be left out."""
    return key_of(kind, value, argument) if value else None


def given(input: Any, *, but: tuple[str, ...] = ()) -> dict[str, Any]:
    """The fields of an input that the caller gave, null included, by Python name; what was left out is not there."""
    values = {field.name: getattr(input, field.name) for field in fields(input) if field.name not in but}
    return {name: value for name, value in values.items() if value is not strawberry.UNSET}
