"""What a contact may prefer: how it is reached, when it is visited, how it is served (T16)."""

from collections.abc import Callable, Mapping
from typing import Any

from domain import validation
from domain.contacts.errors import UnknownPreference
from domain.errors import Faults, TooMany, WrongType

Check = Callable[..., Any]

WEEKDAYS = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY")


def _flag(value: Any, *field: str | int) -> bool:
    if not isinstance(value, bool):
        raise WrongType(field=field, expected={"nl": "ja of nee", "en": "yes or no"})
    return value


def _one_of(*choices: str) -> Check:
    return lambda value, *field: validation.choice(value, choices, *field)


def _some_of(*choices: str) -> Check:
    def check(value: Any, *field: str | int) -> list[str]:
        if not isinstance(value, list):
            raise WrongType(field=field, expected={"nl": "een lijst", "en": "a list"})
        if len(value) > len(choices):
            raise TooMany(field=field, maximum=len(choices))
        return [choice for choice in choices if choice in {validation.choice(v, choices, *field) for v in value}]

    return check


def _note(value: Any, *field: str | int) -> str:
    return validation.text(value, *field, minimum=0, maximum=1000)


PREFERENCES: dict[str, dict[str, Check]] = {
    "communication": {
        "channel": _one_of("EMAIL", "PHONE", "SMS", "WHATSAPP"),
        "language": _one_of("nl", "en"),
        "marketing": _flag,
        "reminders": _flag,
    },
    "scheduling": {
        "weekdays": _some_of(*WEEKDAYS),
        "blocks": _some_of("MORNING", "AFTERNOON"),
        "call_ahead": _flag,
        "note": _note,
    },
    "service": {
        "level": _one_of("STANDARD", "PRIORITY"),
        "same_team": _flag,
        "maintenance_reminders": _flag,
        "note": _note,
    },
}
"""Kind → preference → what its value must be."""


def parse_preferences(given: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The preferences of each kind that is given, checked; null leaves a preference out. Raises all faults together."""
    with Faults() as faults, faults.at("preferences"):
        return _parsed(given)
    raise AssertionError("Faults raises what it collected")


def _parsed(given: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    with Faults() as faults:
        parsed: dict[str, dict[str, Any]] = {}
        for kind, values in given.items():
            with faults.at(kind):
                parsed[kind] = _of_kind(kind, values)
    return parsed


def _of_kind(kind: str, values: Any) -> dict[str, Any]:
    known = PREFERENCES[kind]
    if not isinstance(values, Mapping):
        raise WrongType(expected={"nl": "een object", "en": "an object"})
    kept = {}
    with Faults() as faults:
        for name, value in values.items():
            if name not in known:
                faults.add(UnknownPreference(field=(name,), choices=", ".join(sorted(known))))
            elif value is not None:
                kept[name] = faults.take(known[name], value, name)
    return kept
