"""Visits of orders, and the teams that make them."""

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
    filters,
    match,
    read_connection,
    read_one,
    reads,
    related,
)
from domain.catalog.models import VisitKind
from domain.teams.models import Team as TeamRow
from domain.visits.models import DayBlock, VisitOutcome, VisitStatus
from domain.visits.models import Visit as VisitRow
from tenants.audience import Audience
from tenants.permissions import Permission

if TYPE_CHECKING:
    from api.contacts import Contact
    from api.entities import BusinessEntity
    from api.orders import Order

OrderRef = Annotated["Order", strawberry.lazy("api.orders")]
ContactRef = Annotated["Contact", strawberry.lazy("api.contacts")]
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


@reads(TeamRow, audiences=[Audience.STAFF, Audience.TECHNICIAN, Audience.SYSTEM])
@strawberry.type(description="A crew with a vehicle; it works for all business entities.")
class Team(Node):
    name: str = column("Name.")
    base_city: str = column("Where it starts the day.")
    skills: list[str] = column("What it can do.")


@reads(VisitRow, source=by_entity_or_channel("visit"))
@strawberry.type(description="Work at a customer's address that an order calls for.")
class Visit(Node):
    position: int = column("First or second of the order.")
    kind: VisitKind = column("What it is for.")
    status: VisitStatus = column("Where it is in its life.")
    outcome: VisitOutcome | None = column("What came of it.")
    minutes: int = column("How long it takes.")
    skills: list[str] = column("Skills that it asks for.")
    day: date | None = column("The planned day, in Amsterdam.")
    block: DayBlock | None = column("The planned part of the day.")
    started_at: datetime | None = column("When the work began.")
    finished_at: datetime | None = column("When the work ended.")
    created_at: datetime = column("When it was called for.")
    team: Team | None = related("Who makes it.", on=lambda v, t: t.id == v.team_id)
    order: OrderRef | None = related("The order.", on=lambda v, o: o.id == v.order_id)
    end_customer: ContactRef | None = related("The customer.", on=lambda v, c: c.id == v.end_customer_contact_id)
    entity: EntityRef | None = related("Who sold it.", on=lambda v, e: e.id == v.entity_id)


@filters(VisitRow)
@strawberry.input(description="Which visits; all conditions hold together.")
class VisitFilter:
    status: EnumFilter[VisitStatus] | None = match("By status.")
    kind: EnumFilter[VisitKind] | None = match("By purpose.")
    day: DateFilter | None = match("By planned day.")
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


TYPES = (Visit, Team)
