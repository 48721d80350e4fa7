"""Tickets between partners and a business entity."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry
from sqlalchemy import func

from api.context import Info
from api.enums import described
from api.inputs import key_of, optional_key
from api.listing import of_organizations
from api.mutations import Payload, mutation
from api.reading import (
    Connection,
    DateTimeFilter,
    EnumFilter,
    IDFilter,
    Node,
    Sort,
    TextSearchFilter,
    by,
    column,
    condition,
    embedded,
    filters,
    match,
    read_connection,
    read_in,
    read_one,
    reads,
    related,
    related_connection,
)
from domain.partner_management import tickets
from domain.partner_management.models import PartnerTicket as TicketRow
from domain.partner_management.models import PartnerTicketMessage as MessageRow
from domain.partner_management.models import TicketPriority, TicketSide, TicketState, TicketTopic
from domain.partner_management.tickets import MOST_BODY, MOST_SUBJECT, Opening
from tenants.audience import Audience
from tenants.permissions import Permission

if TYPE_CHECKING:
    from api.entities import BusinessEntity
    from api.orders import Order
    from api.organizations import Organization
    from api.users import User

EntityRef = Annotated["BusinessEntity", strawberry.lazy("api.entities")]
OrderRef = Annotated["Order", strawberry.lazy("api.orders")]
OrganizationRef = Annotated["Organization", strawberry.lazy("api.organizations")]
UserRef = Annotated["User", strawberry.lazy("api.users")]
TicketId = Annotated[strawberry.ID, strawberry.argument(description="The ticket.")]
_READ, _WRITE, _MANAGE = Permission.TICKETS_READ, Permission.TICKETS_WRITE, Permission.PARTNERS_MANAGE

described(
    TicketState,
    "Whose turn it is.",
    OPEN="Ours.",
    WAITING="The partner's.",
    RESOLVED="Nobody's: it needs nothing any more.",
)
described(
    TicketPriority,
    "How soon we answer, in working hours (Monday to Friday, 8 to 18).",
    LOW="Within 50.",
    NORMAL="Within 20.",
    HIGH="Within 8.",
    URGENT="Within 2.",
)
described(
    TicketTopic,
    "What a ticket is about.",
    ORDER="An order.",
    INTEGRATION="How the partner's systems work with ours.",
    INVOICE="Invoices and commission.",
    AGREEMENT="What is agreed.",
    OTHER="Anything else.",
)
described(TicketSide, "Who wrote.", STAFF="The business entity.", PARTNER="The partner.")


@filters(MessageRow)
@strawberry.input(description="Which messages; all conditions hold together.")
class TicketMessageFilter:
    side: EnumFilter[TicketSide] | None = match("By who wrote.")
    created_at: DateTimeFilter | None = match("By when.")


MESSAGE_SORT = Sort(MessageRow, created_at="When it was written.", default="created_at")


@reads(MessageRow)
@strawberry.type(description="What somebody wrote on a ticket.")
class PartnerTicketMessage(Node):
    side: TicketSide = column("Who wrote.")
    author: str = column("Name of who wrote.")
    body: str = column("What.")
    internal: bool = column("Whether it is a note for staff alone.")
    created_at: datetime = column("When.")


_PRIORITIES = [priority.value for priority in TicketPriority]


@filters(TicketRow)
@strawberry.input(description="Which tickets; all conditions hold together.")
class PartnerTicketFilter:
    state: EnumFilter[TicketState] | None = match("By whose turn it is.")
    priority: EnumFilter[TicketPriority] | None = match("By priority.")
    topic: EnumFilter[TicketTopic] | None = match("By what it is about.")
    organization_id: IDFilter | None = match("Of this partner.", node="Organization")
    entity_id: IDFilter | None = match("With this business entity.", node="BusinessEntity")
    order_id: IDFilter | None = match("About this order.", node="Order")
    due_at: DateTimeFilter | None = match("By when we answer.")
    overdue: bool | None = condition(
        "Whether we should have answered.", lambda t, value: func.coalesce(t.due_at < func.now(), False) == value
    )
    subject: TextSearchFilter | None = match("By subject.")
    created_at: DateTimeFilter | None = match("By when it was opened.")


TICKET_SORT = Sort(
    TicketRow,
    created_at="When it was opened.",
    due_at="By when we answer.",
    priority=by("By priority.", lambda t: func.array_position(_PRIORITIES, t.priority)),
    default="-created_at",
)


@reads(TicketRow, audiences=[Audience.STAFF, Audience.SYSTEM])
@strawberry.type(description="Who sees to a ticket; for staff.")
class TicketHandling:
    owner: UserRef | None = related("Who of the staff sees to it.", on=lambda t, u: u.id == t.owner_user_id)
    overdue_told_at: datetime | None = column("When it was told that we should have answered.")


@reads(TicketRow, source=of_organizations)
@strawberry.type(description="Something between a partner and a business entity that needs an answer.")
class PartnerTicket(Node):
    number: str = column("Such as CC-T-2026-00017.")
    subject: str = column("What it is about, in a line.")
    topic: TicketTopic = column("What kind of thing.")
    priority: TicketPriority = column("How soon we answer.")
    state: TicketState = column("Whose turn it is.")
    opened_by: str = column("Who opened it.")
    due_at: datetime | None = column("By when we answer; null while it is not our turn.")
    answered_at: datetime | None = column("Our first answer.")
    resolved_at: datetime | None = column("Since when it needs nothing any more.")
    created_at: datetime = column("When it was opened.")
    updated_at: datetime = column("When it changed last.")
    organization: OrganizationRef | None = related("The partner.", on=lambda t, o: o.id == t.organization_id)
    entity: EntityRef | None = related("The business entity.", on=lambda t, e: e.id == t.entity_id)
    order: OrderRef | None = related("The order that it is about.", on=lambda t, o: o.id == t.order_id)
    handling: TicketHandling | None = embedded("Who sees to it; for staff.")
    messages: Connection[PartnerTicketMessage] = related_connection(
        "What was written.",
        on=lambda t, m: m.ticket_id == t.id,
        filter=TicketMessageFilter,
        order=MESSAGE_SORT,
    )


@strawberry.type
class PartnerTicketQueries:
    partner_ticket: PartnerTicket | None = read_one("A ticket.", requires=_READ)
    partner_tickets: Connection[PartnerTicket] = read_connection(
        "Tickets.", filter=PartnerTicketFilter, order=TICKET_SORT, requires=_READ
    )


@strawberry.type(description="What a change of a ticket returns.")
class PartnerTicketPayload(Payload):
    ticket: PartnerTicket | None = strawberry.field(default=None, description="The ticket as it is now.")


@strawberry.input(description="A ticket to open.")
class OpenTicketInput:
    entity_id: strawberry.ID = strawberry.field(description="The business entity.")
    organization_id: strawberry.ID = strawberry.field(description="The partner.")
    subject: str = strawberry.field(description=f"What it is about, at most {MOST_SUBJECT} characters.")
    body: str = strawberry.field(description=f"The first message, at most {MOST_BODY} characters.")
    topic: TicketTopic = strawberry.field(default=TicketTopic.OTHER, description="What kind of thing.")
    priority: TicketPriority = strawberry.field(default=TicketPriority.NORMAL, description="How soon we answer.")
    order_id: strawberry.ID | None = strawberry.field(default=None, description="The order that it is about.")


@strawberry.type
class PartnerTicketMutations:
    @mutation("Opens a ticket; the other side is told.", requires=_WRITE, idempotent=True)
    async def open_ticket(self, info: Info, input: OpenTicketInput) -> PartnerTicketPayload:
        opening = Opening(
            entity_id=key_of("BusinessEntity", input.entity_id, "entityId"),
            organization_id=key_of("Organization", input.organization_id, "organizationId"),
            subject=input.subject,
            body=input.body,
            topic=input.topic,
            priority=input.priority,
            order_id=optional_key("Order", input.order_id, "orderId"),
        )
        async with info.context.write() as session:
            ticket = await tickets.open_(session, opening)
            return PartnerTicketPayload(ticket=await read_in(session, info, "ticket", ticket.id))

    @mutation("Writes on a ticket; then it is the other side's turn.", requires=_WRITE, idempotent=True)
    async def answer_ticket(
        self,
        info: Info,
        id: TicketId,
        body: Annotated[str, strawberry.argument(description=f"What, at most {MOST_BODY} characters.")],
        internal: Annotated[
            bool, strawberry.argument(description="A note for staff alone; changes nobody's turn. Staff only.")
        ] = False,
    ) -> PartnerTicketPayload:
        async with info.context.write() as session:
            ticket = await tickets.answer(session, key_of("PartnerTicket", id), body, internal=internal)
            return PartnerTicketPayload(ticket=await read_in(session, info, "ticket", ticket.id))

    @mutation("Says that a ticket needs nothing any more; reopenTicket takes it back.", requires=_WRITE)
    async def resolve_ticket(self, info: Info, id: TicketId) -> PartnerTicketPayload:
        async with info.context.write() as session:
            ticket = await tickets.resolve(session, key_of("PartnerTicket", id))
            return PartnerTicketPayload(ticket=await read_in(session, info, "ticket", ticket.id))

    @mutation("Reopens a ticket that was resolved.", requires=_WRITE)
    async def reopen_ticket(self, info: Info, id: TicketId) -> PartnerTicketPayload:
        async with info.context.write() as session:
            ticket = await tickets.reopen(session, key_of("PartnerTicket", id))
            return PartnerTicketPayload(ticket=await read_in(session, info, "ticket", ticket.id))

    @mutation("Says who of the staff sees to a ticket.", requires=_MANAGE)
    async def assign_ticket(
        self,
        info: Info,
        id: TicketId,
        user_id: Annotated[strawberry.ID | None, strawberry.argument(description="Who; null: nobody.")] = None,
    ) -> PartnerTicketPayload:
        async with info.context.write() as session:
            key = optional_key("User", user_id, "userId")
            ticket = await tickets.assign(session, key_of("PartnerTicket", id), key)
            return PartnerTicketPayload(ticket=await read_in(session, info, "ticket", ticket.id))

    @mutation("Changes what a ticket is about and how soon we answer.", requires=_MANAGE)
    async def change_ticket(
        self,
        info: Info,
        id: TicketId,
        topic: Annotated[TicketTopic | None, strawberry.argument(description="What kind of thing.")] = None,
        priority: Annotated[TicketPriority | None, strawberry.argument(description="How soon we answer.")] = None,
    ) -> PartnerTicketPayload:
        async with info.context.write() as session:
            ticket = await tickets.change(session, key_of("PartnerTicket", id), topic=topic, priority=priority)
            return PartnerTicketPayload(ticket=await read_in(session, info, "ticket", ticket.id))


TYPES = (PartnerTicket, PartnerTicketMessage)
