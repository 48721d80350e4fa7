"""Which groups an event can concern, decided without a statement: generous, since row-level security decides."""

from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from api.live.plans import Planned
from api.live.specs import UpdatesSpec
from domain.events.addressed import Addressed
from domain.events.cursor import cursor_of
from domain.events.positions import Positioned, key_of
from tenants.actor import Actor
from tenants.audience import Audience

EVERYWHERE = "everywhere"


@dataclass(frozen=True, slots=True)
class Entry:
    """An event's place in the log with its cursor."""

    at: Positioned
    cursor: str

    @classmethod
    def of(cls, at: Positioned) -> "Entry":
        return cls(at, cursor_of(at.position))


def routes_of(actor: Actor) -> list[Hashable]:
    """Under what the groups of an actor are found."""
    if actor.audience is Audience.SYSTEM:
        return [EVERYWHERE]
    if actor.audience is Audience.STAFF:
        return [*actor.entity_ids]
    key = key_of(actor)
    return [] if key is None else [key]


def routes_for(planned: Planned) -> list[Hashable]:
    """Under what a group is found: what its actor may see, or what its answer is about; nothing without events."""
    if planned.rung_by is not None:
        return []
    return routes_of(planned.actor) if planned.about is None else [planned.about]


def routes_to(event: Addressed) -> Iterator[Hashable]:
    """Under what groups are found that may see an event."""
    yield EVERYWHERE
    yield event.at.entity_id
    yield from event.keys


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of the log a subscription is about."""

    subject_types: frozenset[str] | None
    subject_id: UUID | None
    types: frozenset[str] | None

    @classmethod
    def of(cls, planned: Planned) -> "Wanted":
        arguments, spec = planned.arguments, planned.spec
        if not isinstance(spec, UpdatesSpec):
            return cls(spec.types, None, None)
        subject: Any = arguments.get("id" if spec.subject_type else "subject_id")
        types = arguments.get("types")
        kinds = frozenset([spec.subject_type]) if spec.subject_type else None
        return cls(kinds, subject, None if types is None else frozenset(types))

    def __call__(self, at: Positioned) -> bool:
        if self.subject_types is not None and at.subject_type not in self.subject_types:
            return False
        if self.subject_id is not None and at.subject_id != self.subject_id:
            return False
        return self.types is None or at.type in self.types
