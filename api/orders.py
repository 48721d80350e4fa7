"""Orders as each audience sees them."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry
from sqlalchemy import BigInteger, case, cast, func, select
from sqlalchemy.dialects.postgresql import JSONB
from strawberry.scalars import JSON

from api import quote_amounts as explained
from api.enums import described
from api.events import EVENT_SORT, Event, EventFilter
from api.invoices import invoices_of_order
from api.listing import by_entity_or_channel
from api.quote_parts import MOST_PARTIES, PARTIES, LineItem, QuoteParty, cost_of
from api.quotes import of_account, own_part, total_of
from api.reading import (
    Connection,
    DateTimeFilter,
    EnumFilter,
    IDFilter,
    Money,
    Node,
    Sort,
    TextFilter,
    column,
    condition,
    expression,
    filters,
    match,
    money,
    read_connection,
    read_one,
    reads,
    related,
    related_connection,
    related_list,
)
from api.search import with_text
from domain.catalog.models import ArticleCategory
from domain.chargers.models import Charger as ChargerRow
from domain.orders.models import Order as OrderRow
from domain.orders.models import OrderMilestone as MilestoneRow
from domain.orders.models import OrderStage
from domain.quotes.draft import MOST_LINES
from domain.quotes.models import LineItem as LineRow
from tenants.audience import Audience
from tenants.permissions import Permission

if TYPE_CHECKING:
    from api.contacts import Address, Contact
    from api.entities import BusinessEntity
    from api.invoices import Invoice
    from api.organizations import Organization
    from api.quotes import Quote, QuoteVersion
    from api.signatures import Signature
    from api.visits import Visit

ContactRef = Annotated["Contact", strawberry.lazy("api.contacts")]
AddressRef = Annotated["Address", strawberry.lazy("api.contacts")]
OrganizationRef = Annotated["Organization", strawberry.lazy("api.organizations")]
EntityRef = Annotated["BusinessEntity", strawberry.lazy("api.entities")]
InvoiceRef = Annotated["Invoice", strawberry.lazy("api.invoices")]
QuoteRef = Annotated["Quote", strawberry.lazy("api.quotes")]
VersionRef = Annotated["QuoteVersion", strawberry.lazy("api.quotes")]
SignatureRef = Annotated["Signature", strawberry.lazy("api.signatures")]
VisitRef = Annotated["Visit", strawberry.lazy("api.visits")]

described(
    OrderStage,
    "Where an order is.",
    RECEIVED="All parties agreed; 10 %.",
    PLANNING="Being planned; 25 %.",
    SCHEDULED="Its visits have a day; 50 %.",
    IN_PROGRESS="The work has begun; 75 %.",
    COMPLETED="All work is done; 100 %.",
    CANCELLED="Called off; keeps the figure it had.",
)


@reads(MilestoneRow)
@strawberry.type(description="That an order reached a stage.")
class OrderMilestone(Node):
    stage: OrderStage = column("Which stage.")
    reached_at: datetime = column("When it was first reached.")


@reads(OrderRow, source=by_entity_or_channel("order", Audience.TECHNICIAN))
@strawberry.interface(description="Work that all required parties agreed to.")
class Order(Node):
    number: str = column("Human number, such as `CC-2026-00123`.")
    stage: OrderStage = column("Where it is.")
    progress: int = column("How far along it is, in percent.")
    on_hold: bool = column("Whether nothing happens to it for now.")
    hold_reason: str | None = column("Why not.")
    held_at: datetime | None = column("Since when not.")
    cancelled_at: datetime | None = column("When it was called off.")
    cancel_reason: str | None = column("Why.")
    completed_at: datetime | None = column("When all work was done.")
    estimated_processing_minutes: int = column("Estimated minutes from receipt to planning.")
    sequence: int = column("1 for the order that the signatures made; more for each time it was ordered again.")
    created_at: datetime = column("When it was received.")
    updated_at: datetime = column("When it was last changed.")
    lines: list[LineItem] = related_list(
        "Its lines that you may see.",
        on=lambda o, line: line.quote_version_id == o.quote_version_id,
        order_by=lambda line: line.position,
        limit=MOST_LINES,
    )
    visits: list[VisitRef] = related_list(
        "Its visits.", on=lambda o, v: v.order_id == o.id, order_by=lambda v: v.position
    )
    milestones: list[OrderMilestone] = related_list(
        "The stages it reached.",
        on=lambda o, m: m.order_id == o.id,
        order_by=lambda m: m.reached_at,
        limit=len(OrderStage),
    )
    entity: EntityRef | None = related("Who sold it.", on=lambda o, e: e.id == o.entity_id)
    end_customer: ContactRef | None = related("The customer.", on=lambda o, c: c.id == o.end_customer_contact_id)
    service_address: AddressRef | None = related(
        "Where the work is done.", on=lambda o, a: a.id == o.service_address_id
    )
    timeline: Connection[Event] = related_connection(
        "What happened to it, newest first.",
        on=lambda o, e: e.subject_id == o.id,
        filter=EventFilter,
        order=EVENT_SORT,
    )


@reads(OrderRow, kind="Order", audiences=PARTIES)
@strawberry.interface(description="An order with what its parties agreed to.")
class CommercialOrder(Order):
    net: Money = expression(
        "Without VAT, over the parties that you may see.",
        lambda o: total_of("net_cents", o.quote_version_id, o.currency, "order"),
    )
    vat: Money = expression(
        "VAT, over the parties that you may see.",
        lambda o: total_of("vat_cents", o.quote_version_id, o.currency, "order"),
    )
    gross: Money = expression(
        "With VAT, over the parties that you may see.",
        lambda o: total_of("gross_cents", o.quote_version_id, o.currency, "order"),
    )
    payment_terms_days: int = column("Days in which is paid.")
    account: OrganizationRef | None = related(
        "The partner whose account it is on.", on=lambda o, p: p.id == o.account_contact_id
    )
    invoices: Connection[InvoiceRef] = invoices_of_order()
    quote: QuoteRef | None = related("The quote it came from.", on=lambda o, q: q.id == o.quote_id)
    version: VersionRef | None = related("The version that was signed.", on=lambda o, v: v.id == o.quote_version_id)
    parties: list[QuoteParty] = related_list(
        "Who pays how much: the parties that you may see.",
        on=lambda o, p: p.quote_version_id == o.quote_version_id,
        order_by=lambda p: p.role,
        limit=MOST_PARTIES,
    )
    signatures: list[SignatureRef] = related_list(
        "The signatures that you may see, in order of time.",
        on=lambda o, s: s.quote_version_id == o.quote_version_id,
        order_by=lambda s: s.chain_position,
        limit=MOST_PARTIES,
    )


def _cost(order: Any) -> Any:
    line = LineRow.__table__.alias()
    summed = func.coalesce(func.sum(cost_of(line.c)), 0)
    return select(cast(summed, BigInteger)).where(line.c.quote_version_id == order.quote_version_id).scalar_subquery()


@reads(OrderRow, audiences=[Audience.STAFF, Audience.SYSTEM])
@strawberry.type(description="An order as staff see it.")
class StaffOrder(CommercialOrder):
    partner_order_id: str | None = column("The partner's own number.")
    partner_metadata: JSON = column("The partner's own references.")
    channel_contact_ids: list[strawberry.ID] = column(
        "The account and its ancestors, root first, when the order was made.",
        name="account_chain_ids",
        node="Organization",
    )
    cost: Money = expression(
        "What its lines cost us.",
        lambda o: money(_cost(o), o.currency, explained.cost("order", o.quote_version_id, cost_of)),
    )


@reads(OrderRow, audiences=[Audience.PARTNER])
@strawberry.type(description="An order as partners see it.")
class PartnerOrder(CommercialOrder):
    partner_order_id: str | None = expression(
        "Your own number; for the account and those above it.",
        lambda o, a: case((of_account(o, a), o.partner_order_id)),
    )
    partner_metadata: JSON = expression(
        "Your own references; empty for who is not the account or above it.",
        lambda o, a: case((of_account(o, a), o.partner_metadata), else_=cast({}, JSONB)),
    )
    channel_contact_ids: list[strawberry.ID] = expression(
        "The part of the channel from your organization down to the account.",
        lambda o, a: own_part(o.account_chain_ids, a.actor.organization_id),
        node="Organization",
    )


@reads(OrderRow, audiences=[Audience.CUSTOMER])
@strawberry.type(description="An order as the customer sees it.")
class CustomerOrder(CommercialOrder):
    pass


@reads(OrderRow, audiences=[Audience.TECHNICIAN])
@strawberry.type(description="An order as the team sees it that makes its visits.")
class TechnicianOrder(Order):
    pass


def _awaits_chargers(order: Any) -> Any:
    """As `enrolOrderChargers` counts: of some line fewer chargers than stations were sold, retired ones included."""
    line, charger = LineRow.__table__.alias(), ChargerRow.__table__.alias()
    handed = (
        select(func.count())
        .select_from(charger)
        .where(charger.c.order_id == order.id, charger.c.line_item_id == line.c.id)
        .scalar_subquery()
    )
    missing = select(line.c.id).where(
        line.c.quote_id == order.quote_id,
        line.c.quote_version_id == order.quote_version_id,
        line.c.category == ArticleCategory.CHARGING_STATION.value,
        func.ceil(line.c.quantity) > handed,
    )
    return (order.stage == OrderStage.COMPLETED.value) & missing.exists()


@filters(OrderRow)
@strawberry.input(description="Which orders; all conditions hold together.")
class OrderFilter:
    stage: EnumFilter[OrderStage] | None = match("By stage.")
    on_hold: bool | None = match("Whether it is on hold.")
    number: TextFilter | None = match("By number.")
    partner_order_id: TextFilter | None = match("By the partner's own number.")
    entity_id: IDFilter | None = match("Of this business entity.", node="BusinessEntity")
    end_customer_id: IDFilter | None = match(
        "Of this customer.", name="end_customer_contact_id", node=["Contact", "Organization"]
    )
    account_id: IDFilter | None = match(
        "On the account of this partner.", name="account_contact_id", node="Organization"
    )
    within_organization_id: strawberry.ID | None = condition(
        "On the account of this partner or one below it.",
        lambda o, value: value == func.any(o.account_chain_ids),
        node="Organization",
    )
    quote_id: IDFilter | None = match("From this quote.", node="Quote")
    awaits_chargers: bool | None = condition(
        "Whether it is completed and charging stations that it sold are no chargers yet: enrolOrderChargers.",
        lambda o, value: _awaits_chargers(o) == value,
    )
    created_at: DateTimeFilter | None = match("By time of receipt.")
    updated_at: DateTimeFilter | None = match("By time of the last change.")
    search: str | None = condition(
        "Text in number, partner's number or customer; the 250 best.",
        with_text("order"),
    )


ORDER_SORT = Sort(
    OrderRow,
    created_at="When it was received.",
    updated_at="When it was last changed.",
    number="By number.",
    progress="How far along it is.",
    default="-created_at",
)


@strawberry.type
class OrderQueries:
    order: Order | None = read_one(
        "One order, by its id or its number.", by=("id", "number"), requires=Permission.ORDERS_READ
    )
    orders: Connection[Order] = read_connection(
        "Orders you may see.", filter=OrderFilter, order=ORDER_SORT, requires=Permission.ORDERS_READ
    )


TYPES = (StaffOrder, PartnerOrder, CustomerOrder, TechnicianOrder)
