"""The event log as the API shows it: timeline, audit trail, and what a client missed."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry
from strawberry.scalars import JSON

from api.listing import by_entity_or_channel
from api.reading import (
    Connection,
    DateTimeFilter,
    Node,
    Sort,
    TextFilter,
    column,
    condition,
    filters,
    match,
    read_connection,
    reads,
    related,
    related_any,
)
from domain.events.models import Event as EventRow
from tenants.audience import Audience
from tenants.permissions import Permission

if TYPE_CHECKING:
    from api.entities import BusinessEntity

EntityRef = Annotated["BusinessEntity", strawberry.lazy("api.entities")]
_SOURCE = by_entity_or_channel("event", Audience.CUSTOMER, Audience.TECHNICIAN)


@reads(EventRow, source=_SOURCE)
@strawberry.interface(description="One thing that happened, as it was recorded when it happened.")
class Event(Node):
    type: str = column("`subject.happened`, as in `quote.signed`.")
    schema_version: int = column("Version of the payload's shape.")
    created_at: datetime = column("When it happened.")
    subject_type: str = column("GraphQL type of what it happened to.")
    subject: Node | None = related_any(
        "What it happened to, where you may see it.", kind=lambda e: e.subject_type, id=lambda e: e.subject_id
    )
    actor_name: str = column("Who did it, in words.")
    actor_role: str = column("In which role.")
    payload: JSON = column("What happened in detail.")
    entity: EntityRef | None = related("Of which business entity.", on=lambda e, entity: entity.id == e.entity_id)


@reads(EventRow, audiences=[Audience.STAFF, Audience.SYSTEM], source=_SOURCE)
@strawberry.type(description="An event as staff see it: with the audit trail.")
class StaffEvent(Event):
    changes: JSON = column("What changed: `{column: [before, after]}`.")
    internal: bool = column("Whether only staff see the event.")


@reads(EventRow, audiences=[Audience.PARTNER, Audience.CUSTOMER, Audience.TECHNICIAN], source=_SOURCE)
@strawberry.type(description="An event as the parties to its subject see it.")
class PartyEvent(Event):
    pass


@filters(EventRow)
@strawberry.input(description="Which events; all conditions hold together.")
class EventFilter:
    type: TextFilter | None = match("By type.")
    subject_type: TextFilter | None = match("By the GraphQL type of what it happened to.")
    actor_role: TextFilter | None = match("By the role of who did it.")
    actor_id: strawberry.ID | None = condition(
        "Done by this user.", lambda e, value: e.actor_user_id == value, node="User"
    )
    created_at: DateTimeFilter | None = match("By time.")
    subject_id: strawberry.ID | None = condition(
        "About this subject.", lambda e, value: e.subject_id == value, node="*"
    )
    entity_id: strawberry.ID | None = match("Of this business entity.", node="BusinessEntity")


EVENT_SORT = Sort(EventRow, created_at="When it happened.", default="-created_at")


@strawberry.type
class EventQueries:
    events: Connection[Event] = read_connection(
        "What happened, newest first.", filter=EventFilter, order=EVENT_SORT, requires=Permission.EVENTS_READ
    )


TYPES = (StaffEvent, PartyEvent)
