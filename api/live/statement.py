"""The statement of a subscription: positions in, one JSON text per event that the actor sees out.

It has the form of every read (`api.reading.statement.in_context`): the row-level security context is written in the
statement itself, so that access is checked again for each event that is delivered. Positions, cursors, ids and times of
the events are bound as arrays; the same statement serves a batch of new events and a page of old ones.
"""

from dataclasses import dataclass
from typing import Any

from graphql import get_named_type
from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    DateTime,
    FromClause,
    Text,
    Uuid,
    cast,
    func,
    literal_column,
    select,
)
from sqlalchemy.sql.expression import column

from api.live.specs import UpdatesSpec
from api.reading.conditions import filter_conditions
from api.reading.emit import Emitter
from api.reading.jsonsql import ArrayOf, concat, constant, json_object, quoted
from api.reading.registry import Readable
from api.reading.rows import Row
from api.reading.selection import TYPENAME, Selected
from api.reading.specs import call
from domain.events.models import Event

POSITIONS, CURSORS, IDS, TIMES = "positions", "cursors", "ids", "times"
SEPARATOR = " "
"""Between the position and the JSON text of each element of the result."""


def updates_text(emitter: Emitter, selected: Selected, slot: int) -> ColumnElement[Any]:
    """`{position JSON, …}` in the order of positions, for what is bound in `slot`."""
    given = _given(emitter, slot)
    update = _Update(emitter, selected, given)
    if not update.readable:
        return literal_column("'{}'::text[]", ARRAY(Text()))
    body = concat(cast(given.c.position, Text), SEPARATOR, update.text())
    rows = select(body).select_from(update.sources()).where(*update.conditions()).order_by(given.c.position)
    return ArrayOf(rows.correlate_except(*update.tables))


def _given(emitter: Emitter, slot: int) -> Any:
    types: dict[str, Any] = {POSITIONS: BigInteger(), CURSORS: Text(), IDS: Uuid(), TIMES: DateTime(timezone=True)}
    bound = [emitter.binds.argument(slot, name, ARRAY(type_)) for name, type_ in types.items()]
    columns = (
        column("position", BigInteger),
        column("cursor", Text),
        column("event_id", Uuid),
        column("created_at", DateTime(timezone=True)),
    )
    return func.unnest(*bound).table_valued(*columns, name="given").render_derived()


@dataclass
class _Update:
    """The rows behind one update: the event, and its subject where the subscription is about one type."""

    emitter: Emitter
    selected: Selected
    given: Any

    def __post_init__(self) -> None:
        assert isinstance(self.selected.spec, UpdatesSpec)
        self.spec = self.selected.spec
        fields: Any = self.selected.named
        registry, audience = self.emitter.registry, self.emitter.audience
        self.event_type = registry.concrete(get_named_type(fields.fields["event"].type), audience)
        self.event = self.emitter.row(Event)
        self.subject_type: Readable | None = None
        self.subject: Row | None = None
        if self.spec.subject:
            self.subject_type = registry.concrete(get_named_type(fields.fields[self.spec.subject].type), audience)
            self.subject = self.emitter.row(self.subject_type.model) if self.subject_type else None

    @property
    def readable(self) -> bool:
        """Whether the audience has types for the event and its subject at all."""
        return self.event_type is not None and (self.spec.subject is None or self.subject is not None)

    @property
    def tables(self) -> list[FromClause]:
        return [self.given, self.event.table_, *([self.subject.table_] if self.subject else [])]

    def sources(self) -> Any:
        event, given = self.event, self.given
        found = given.join(event.table_, (event.id == given.c.event_id) & (event.created_at == given.c.created_at))
        if self.subject is not None:
            found = found.join(self.subject.table_, self.subject.id == event.subject_id)
        return found

    def conditions(self) -> list[Any]:
        arguments = self.emitter.arguments(self.selected)
        found: list[Any] = []
        if self.spec.subject_type is not None:
            found.append(self.event.subject_type == constant(self.spec.subject_type))
            found += [] if arguments.id is None else [self.event.subject_id == arguments.id]
        for name, value in (("types", self.event.type), ("subject_id", self.event.subject_id)):
            if name in self.spec.arguments and (wanted := getattr(arguments, name)) is not None:
                found.append(value == (func.any(wanted) if name == "types" else wanted))
        if self.subject is not None:
            found += filter_conditions(self.emitter, self.spec.filter, self.selected, self.subject)
        return [*found, *self._own(self.event_type, self.event), *self._own(self.subject_type, self.subject)]

    def _own(self, target: Readable | None, row: Row | None) -> list[Any]:
        """The condition that every row of a type fulfils."""
        if target is None or row is None or target.reads.where is None:
            return []
        return [self.emitter.correlated(call(target.reads.where, row))]

    def text(self) -> ColumnElement[str]:
        members = [(child.key, self._member(child)) for child in self.selected.below(self.selected.named.name)]
        return json_object(members)

    def _member(self, child: Selected) -> str | ColumnElement[Any]:
        if child.name == TYPENAME:
            return f'"{self.selected.named.name}"'
        if child.name == "cursor":
            return quoted(self.given.c.cursor)
        target, row = (self.event_type, self.event) if child.name == "event" else (self.subject_type, self.subject)
        assert target is not None
        assert row is not None
        return self.emitter.object(target, child, row)
