"""Visits of orders."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from api.enums import described
from api.listing import by_entity_or_channel
from api.reading import (
    Connection,
    DateFilter,
    DateTimeFilter,
    EnumFilter,
    IDFilter,
    Node,
    Sort,
    column,
    condition,
    embedded,
    filters,
    match,
    read_connection,
    read_one,
    reads,
    related,
)
from api.teams import AUDIENCES, Team
from domain.catalog.models import VisitKind
from domain.visits.models import DayBlock, VisitOutcome, VisitStatus
from domain.visits.models import Visit as VisitRow
from tenants.permissions import Permission

if TYPE_CHECKING:
    from api.contacts import Contact
    from api.entities import BusinessEntity
    from api.horizon import Outlook
    from api.orders import Order
    from api.users import User

VisitRef = Annotated["Visit", strawberry.lazy("api.visits")]
OutlookRef = Annotated["Outlook", strawberry.lazy("api.horizon")]
OrderRef = Annotated["Order", strawberry.lazy("api.orders")]
ContactRef = Annotated["Contact", strawberry.lazy("api.contacts")]
UserRef = Annotated["User", strawberry.lazy("api.users")]
EntityRef = Annotated["BusinessEntity", strawberry.lazy("api.entities")]

described(
    VisitStatus,
    "Where a visit is in its life.",
    REQUIRED="Called for; not planned yet.",
    PLANNED="Has a day and a team.",
    EN_ROUTE="The team is on its way.",
    IN_PROGRESS="The team is at work.",
    DONE="Over; the outcome says how.",
    CANCELLED="Called off.",
)
described(
    VisitOutcome,
    "What came of a visit.",
    COMPLETED="All work was done.",
    PARTIAL="Some work is left.",
    RESCHEDULED="It is done another time.",
    CANCELLED="It was called off.",
)
described(DayBlock, "Part of a day.", MORNING="The morning.", AFTERNOON="The afternoon.")


@reads(VisitRow, audiences=AUDIENCES)
@strawberry.type(description="What planners and the team know of a visit.")
class VisitPlanning:
    latitude: float | None = column("Where it is: degrees north, WGS 84; none where the address could not be located.")
    longitude: float | None = column("Degrees east.")
    pc4: str | None = column("Four digits of its postcode, in the Netherlands.")
    material_on: date | None = column("First day on which its material is there; none: it is there.")
    priority: int = column("How much it matters, 0 (ordinary) to 9.")
    pinned: bool = column("Whether a planner fixed its team and day.")
    promised_by: UserRef | None = related("Who promised it, or booked it.", on=lambda v, u: u.id == v.promised_by)
    route_order: int | None = column("Its place in the team's day, from 0.")
    starts_at: datetime | None = column("When the work is planned to begin.")
    ends_at: datetime | None = column("When it is planned to end.")
    dispatched_at: datetime | None = column("When the team was given its route.")


@reads(VisitRow, source=by_entity_or_channel("visit"))
@strawberry.type(description="Work at a customer's address that an order calls for.")
class Visit(Node):
    position: int = column("Its place in the order; follow-ups come last.")
    kind: VisitKind = column("What it is for.")
    status: VisitStatus = column("Where it is in its life.")
    outcome: VisitOutcome | None = column("What came of it.")
    minutes: int = column("How long it takes.")
    skills: list[str] = column("Skills that it asks for.")
    day: date | None = column("The planned day, in Amsterdam.")
    block: DayBlock | None = column("The planned part of the day.")
    en_route_at: datetime | None = column("When the team set out for it.")
    started_at: datetime | None = column("When the work began.")
    finished_at: datetime | None = column("When the work ended.")
    outdoor: bool = column("Whether the weather has to be fit for work outdoors.")
    promised_at: datetime | None = column("When day and part of the day were promised to the customer.")
    arrival_from: datetime | None = column("The team arrives from here.")
    arrival_until: datetime | None = column("And before here.")
    planning: VisitPlanning | None = embedded("What planners and the team know of it; for staff and technicians.")
    created_at: datetime = column("When it was called for.")
    team: Team | None = related("Who makes it.", on=lambda v, t: t.id == v.team_id)
    follow_up_of: VisitRef | None = related(
        "The visit whose work it continues.", on=lambda v, other: other.id == v.follow_up_of_id
    )
    order: OrderRef | None = related("The order.", on=lambda v, o: o.id == v.order_id)
    end_customer: ContactRef | None = related("The customer.", on=lambda v, c: c.id == v.end_customer_contact_id)
    entity: EntityRef | None = related("Who sold it.", on=lambda v, e: e.id == v.entity_id)
    outlook: OutlookRef | None = related(
        "From when it can be done, while it waits; for staff.", on=lambda v, o: o.visit_id == v.id
    )


@filters(VisitRow)
@strawberry.input(description="Which visits; all conditions hold together.")
class VisitFilter:
    status: EnumFilter[VisitStatus] | None = match("By status.")
    kind: EnumFilter[VisitKind] | None = match("By purpose.")
    day: DateFilter | None = match("By planned day.")
    block: EnumFilter[DayBlock] | None = match("By planned part of the day.")
    outdoor: bool | None = match("Whether they are outdoors.")
    promised: bool | None = condition(
        "Whether day and part of the day were promised.", lambda v, promised: v.promised_at.is_not(None) == promised
    )
    team_id: IDFilter | None = match("Of this team.", node="Team")
    order_id: IDFilter | None = match("Of this order.", node="Order")
    entity_id: IDFilter | None = match("Of this business entity.", node="BusinessEntity")
    end_customer_id: IDFilter | None = match(
        "Of this customer.", name="end_customer_contact_id", node=["Contact", "Organization"]
    )
    created_at: DateTimeFilter | None = match("By time of creation.")


VISIT_SORT = Sort(VisitRow, created_at="When it was called for.", day="By planned day.", default="-created_at")


@strawberry.type
class VisitQueries:
    visit: Visit | None = read_one("One visit.", requires=Permission.VISITS_READ)
    visits: Connection[Visit] = read_connection(
        "Visits you may see.", filter=VisitFilter, order=VISIT_SORT, requires=Permission.VISITS_READ
    )


TYPES = (Visit,)
