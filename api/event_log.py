"""The event log in the order of its positions, for clients that poll; and the types of events there are."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

import strawberry
from strawberry.scalars import JSON

from api.context import Info
from api.events import Event
from api.live.codes import cursor_expired
from api.live.replay import position_after
from api.reading import BadInput, field, read_in_many
from api.reading.ids import parse_id
from api.reading.scalars import Cursor
from domain.event_types import EventType as KnownType
from domain.event_types import event_types
from domain.events import positions
from domain.events.addressed import oldest
from domain.events.cursor import cursor_of
from tenants.actor import SYSTEM
from tenants.audience import Audience
from tenants.permissions import Permission

MOST_EVENTS = 250


@strawberry.type(description="What came after a place in the event log.")
class EventsAfter:
    events: list[Event] = strawberry.field(description="In the order in which they became visible.")
    cursor: Cursor = strawberry.field(description="Where to go on: give it as `after`, or to a subscription.")
    has_more: bool = strawberry.field(description="Whether there is more to be had at once.")


@strawberry.type(description="A kind of event.")
class EventType:
    type: str = strawberry.field(description="`subject.happened`, as in `quote.signed`.")
    version: int = strawberry.field(description="Version of the payload: its fields change only together with it.")
    subject_type: str = strawberry.field(description="GraphQL type of what it happens to.")
    internal: bool = strawberry.field(description="Whether only staff see it.")
    description: str = strawberry.field(description="What has happened.")
    payload_schema: JSON = strawberry.field(description="JSON Schema of `payload`.")


_After = Annotated[Cursor | None, strawberry.argument(description="Your last cursor; without one from the beginning.")]
_First = Annotated[int, strawberry.argument(description=f"How many at most, up to {MOST_EVENTS}.")]
_Types = Annotated[list[str] | None, strawberry.argument(description="Only of these types, as in `quote.signed`.")]
_Subject = Annotated[strawberry.ID | None, strawberry.argument(description="Only what happened to this.")]


@strawberry.type
class EventLogQueries:
    @field(
        "What happened after a cursor, without gap or duplicate however often you ask. The same cursors resume "
        "subscriptions.",
        requires=Permission.EVENTS_READ,
    )
    async def events_after(
        self,
        info: Info,
        after: _After = None,
        types: _Types = None,
        subject_id: _Subject = None,
        first: _First = 100,
    ) -> EventsAfter:
        if not 0 <= first <= MOST_EVENTS:
            raise BadInput("BAD_INPUT", "first", f"between 0 and {MOST_EVENTS}.")
        _check_types(info, types or [])
        subject = parse_id(subject_id, "subjectId")[1] if subject_id is not None else None
        return await _page(info, await _position(info, after), first, types, subject)

    @field("Where the event log ends now: what comes later is after this cursor.", requires=Permission.EVENTS_READ)
    async def event_cursor(self, info: Info) -> Cursor:
        async with info.context.database.session(SYSTEM) as session:
            return Cursor(cursor_of(await positions.newest(session)))

    @field("All types of events that you may be told of, by name.", requires=Permission.EVENTS_READ)
    async def event_types(self, info: Info) -> list[EventType]:
        return [
            EventType(
                type=kind.type,
                version=kind.version,
                subject_type=kind.subject_type,
                internal=kind.internal,
                description=kind.description,
                payload_schema=JSON(kind.payload_schema),
            )
            for kind in _types(info)
        ]


def _types(info: Info) -> Sequence[KnownType]:
    """Those that the actor may be told of."""
    return event_types(internal=info.context.actor.audience in (Audience.STAFF, Audience.SYSTEM))


def _check_types(info: Info, wanted: list[str]) -> None:
    known = {kind.type for kind in _types(info)} if wanted else set()
    for name in wanted:
        if name not in known:
            raise BadInput("BAD_INPUT", "types", f"there is no type {name!r}; eventTypes lists them.")


async def _position(info: Info, cursor: str | None) -> int:
    """Raises: BAD_CURSOR; CURSOR_EXPIRED where what came next is not kept any more."""
    position = position_after(cursor) if cursor is not None else 0
    if cursor is not None:
        async with info.context.database.session(SYSTEM) as session:
            if position + 1 < await oldest(session):
                raise cursor_expired()
    return position


async def _page(info: Info, position: int, first: int, types: list[str] | None, subject: UUID | None) -> EventsAfter:
    async with info.context.read() as session:
        places = await positions.after(session, position, first + 1, types=types, subject_id=subject)
        page = places[:first]
        events = await read_in_many(session, info, "events", [place.event_id for place in page])
    position = page[-1].position if page else position
    return EventsAfter(events=events, cursor=Cursor(cursor_of(position)), has_more=len(places) > first)
