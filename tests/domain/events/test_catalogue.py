"""The types of events: declared, described, and never changed in silence."""

from pathlib import Path

import domain
from domain.event_types import event_types
from domain.events.record import TYPES
from tests.domain.events.snapshot import accepted, changed_in_silence, present


def test_fields_change_with_the_version_only() -> None:
    assert changed_in_silence(accepted(), present()) == []


def test_the_types_are_those_that_were_accepted() -> None:
    """Where this is meant: python -m tests.domain.events.snapshot"""
    assert present() == accepted()


def test_a_change_in_silence_is_noticed() -> None:
    before = {"a.b": {"version": 1, "fields": {"x": {"type": "string"}}}}
    after = {"a.b": {"version": 1, "fields": {"y": {"type": "string"}}}}
    assert changed_in_silence(before, after) == ["a.b"]
    assert changed_in_silence(before, {"a.b": after["a.b"] | {"version": 2}}) == []


def test_every_module_of_events_is_known() -> None:
    source = Path(domain.__path__[0], "event_types.py").read_text()
    areas = {path.parent.name for path in Path(domain.__path__[0]).glob("*/events.py")}
    assert {area for area in areas if f"import domain.{area}.events\n" not in source} == set()


def test_every_type_says_what_happened() -> None:
    unsaid = {kind.type for kind in event_types(internal=True) if not kind.description.endswith((".", ")"))}
    generated = {type_.type for type_ in TYPES.values() if (type_.__doc__ or "").startswith(f"{type_.__name__}(")}
    assert unsaid | generated == set()


def test_types_are_named_by_their_subject() -> None:
    for kind in event_types(internal=True):
        subject, _, happened = kind.type.partition(".")
        assert subject, kind.type
        assert happened, kind.type


def test_a_party_is_not_told_of_internal_types() -> None:
    told = {kind.type for kind in event_types(internal=False)}
    assert told == {name for name, payload in TYPES.items() if not payload.internal}
    assert "quote.created" not in told
