"""The shop's schema: one field of every kind that an area may declare."""

from datetime import date, datetime, time
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

import strawberry
from sqlalchemy import Text, cast, false, func, literal, select, union_all
from strawberry.scalars import JSON

from api.reading import (
    BigInt,
    Connection,
    CursorKey,
    DateTimeFilter,
    EnumFilter,
    IDFilter,
    IntFilter,
    Listing,
    Money,
    Node,
    Schema,
    Sort,
    Source,
    TextFilter,
    TextSearchFilter,
    argument,
    by,
    column,
    computed,
    computed_list,
    condition,
    derived,
    embedded,
    expression,
    filters,
    match,
    money,
    mutation,
    read_connection,
    read_in,
    read_in_many,
    read_list,
    read_node,
    read_nodes,
    read_one,
    read_search,
    reads,
    related,
    related_any,
    related_connection,
    related_list,
)
from api.reading import field as root_field
from tenants.audience import Audience
from tenants.permissions import Permission
from tests.api.reading.shop_models import Line, Link, Order, OrderStatus, Person, Remark, Shop, Urgency

strawberry.enum(OrderStatus, description="The stage of an order.")
strawberry.enum(Urgency, description="How urgent an order is.")

LINKED = {Audience.STAFF, Audience.PARTNER, Audience.CUSTOMER}


def order_source(listing: Listing, order: Any) -> Source | None:
    if listing.audience is Audience.STAFF and listing.one_entity:
        return Source(where=[order.entity_id == listing.actor.entity_id])
    if listing.audience is Audience.PARTNER and listing.sort == "created_at":
        link = Link.__table__.alias("link")
        mine = link.c.organization_id == listing.actor.organization_id
        return Source(where=[mine], join=(link, link.c.row_id == order.id), keys=(link.c.created_at, link.c.row_id))
    return None


@reads(Person)
@strawberry.type(name="Person", description="A person or a company.")
class PersonType(Node):
    name: str = column("The name.")
    is_company: bool = column("Whether it is a company.")
    orders: Connection[Annotated["OrderType", strawberry.lazy("tests.api.reading.shop_schema")]] = related_connection(
        "Orders of the person.",
        on=lambda p, o: o.person_id == p.id,
        order=Sort(Order, created_at="When.", default="-created_at", prefix="PersonOrder"),
    )


@reads(Person, kind="Company", where=lambda p: p.is_company)
@strawberry.type(description="A company.")
class Company(Node):
    name: str = column("The name.")


@reads(Line)
@strawberry.interface(name="Line", description="A line of an order.")
class LineType(Node):
    sku: str = column("The article.")
    position: int = column("The place.")
    price: Money = expression("The price.", lambda line: money(line.cents))


@reads(Line, audiences=[Audience.STAFF])
@strawberry.type(description="A line as staff see it.")
class StaffLine(LineType):
    cost: Money = expression("What it costs us.", lambda line: money(line.cost_cents))
    order: Annotated["OrderType", strawberry.lazy("tests.api.reading.shop_schema")] | None = related(
        "The order.", on=lambda line, o: o.id == line.order_id
    )


@reads(Line, audiences=[Audience.PARTNER])
@strawberry.type(description="A line as partners see it.")
class PartnerLine(LineType):
    label: str = expression("Text for the partner.", lambda line: func.concat(line.sku, "%", ":x"))


@reads(None)
@strawberry.type(description="What the lines of one article add up to.")
class SkuTotal:
    sku: str = column("The article.")
    total: Money = expression("The sum.", lambda row: money(row.cents))


@reads(Order)
@strawberry.type(description="How an order is delivered.")
class Delivery:
    due_on: date | None = column("The day.")
    due_at: time | None = column("The time.")
    weight: Decimal | None = column("Kilograms.")


@filters(Line)
@strawberry.input(description="Which lines.")
class LineFilter:
    sku: TextSearchFilter | None = match("By article.")


LINE_SORT = Sort(Line, position="The place.", sku="The article.", default="position")


@reads(Order, source=order_source)
@strawberry.type(name="Order", description="An order.")
class OrderType(Node):
    number: str = column("The number.")
    status: OrderStatus = column("The stage.", name="stage")
    urgency: Urgency | None = column("The urgency.")
    urgencies: list[Urgency] = column("All urgencies it had.")
    note: str | None = column("A note.")
    total: Money = expression("The total.", lambda o: money(o.total_cents))
    discount: Money | None = expression("The discount.", lambda o: money(o.discount_cents, "USD"))
    weight: Decimal | None = column("Kilograms.")
    cents: BigInt = column("The total in cents.", name="total_cents")
    ratio: float | None = column("Some ratio.")
    rank: int | None = column("Some rank.")
    paid: bool = column("Whether it is paid.")
    tags: list[str] | None = column("Words.")
    helper_ids: list[strawberry.ID] = column("People that help.", node="Person")
    person_id: strawberry.ID = column("The customer's id.", node="Person")
    key: UUID = column("The raw key.", name="id")
    extra: JSON | None = column("Anything.")
    created_at: datetime = column("When it was placed.")
    due_on: date | None = column("When it is due.")
    due_at: time | None = column("At what time.")
    line_count: int = expression(
        "How many lines.",
        lambda o: select(func.count()).select_from(Line).where(Line.order_id == o.id).scalar_subquery(),
    )
    is_stage: bool = expression(
        "Whether it is in one of the stages.",
        lambda o, a: o.stage == func.any(a.stages),
        arguments={"stages": argument(list[OrderStatus], "The stages.")},
    )
    mine: bool = expression(
        "Whether the actor is the customer.", lambda o, a: func.coalesce(o.person_id == a.actor.contact_id, false())
    )
    of_some: bool = expression("Whether the stage is early.", lambda o: o.stage.in_(["RECEIVED", "PLANNED"]))
    person: PersonType | None = related("The customer.", on=lambda o, p: p.id == o.person_id)
    first_line: LineType | None = related(
        "The first line.", on=lambda o, line: line.order_id == o.id, order_by=lambda line: line.position
    )
    twin: Annotated["OrderType", strawberry.lazy("tests.api.reading.shop_schema")] | None = related(
        "The same customer's newest other order that has as many lines as this one or more.",
        on=lambda o, t: (
            (t.person_id == o.person_id)
            & (t.id != o.id)
            & select(Line.id).where(Line.order_id == t.id, Line.entity_id == o.entity_id).exists()
        ),
        order_by=lambda t: [t.created_at.desc(), t.id.desc()],
    )
    lines: list[LineType] = related_list(
        "The lines.", on=lambda o, line: line.order_id == o.id, order_by=lambda line: [line.position, line.id]
    )
    line_page: Connection[LineType] = related_connection(
        "The lines in pages.", on=lambda o, line: line.order_id == o.id, filter=LineFilter, order=LINE_SORT
    )
    delivery: Delivery = embedded("The delivery.")
    dated_delivery: Delivery | None = embedded(
        "The delivery of an order with a day.", when=lambda o: o.due_on.is_not(None)
    )
    totals: list[SkuTotal] = computed_list(
        "Sums per article.",
        lambda o: (
            select(Line.sku, func.sum(Line.cents).label("cents"))
            .where(Line.order_id == o.id)
            .group_by(Line.sku)
            .order_by(Line.sku)
        ),
    )
    largest: SkuTotal | None = computed(
        "The dearest line.",
        lambda o: select(Line.sku, Line.cents).where(Line.order_id == o.id).order_by(Line.cents.desc(), Line.id),
    )
    headline: str = derived(
        "Number and stage in words.",
        needs=lambda o: {"number": o.number, "stage": o.stage},
        resolve=lambda values, info: f"{values['number']} is {values['stage'].lower()}",
    )


@reads(Remark, audiences=[Audience.STAFF])
@strawberry.type(name="Remark", description="A remark about anything.")
class RemarkType(Node):
    text: str = column("What was said.")
    subject: Node | None = related_any(
        "What it is about.",
        kind=lambda r: r.subject_kind,
        id=lambda r: r.subject_id,
        kinds={"order": "Order", "person": "Person"},
    )


@reads(Shop)
@strawberry.type(name="Shop", description="A shop.")
class ShopType(Node):
    name: str = column("The name.")


@filters(Order)
@strawberry.input(description="Which orders.")
class OrderFilter:
    status: EnumFilter[OrderStatus] | None = match("By stage.", name="stage")
    number: TextSearchFilter | None = match("By number.")
    note: TextFilter | None = match("By note.")
    rank: IntFilter | None = match("By rank.")
    created_at: DateTimeFilter | None = match("By time.")
    person: IDFilter | None = match("By customer.", name="person_id", node="Person")
    paid: bool | None = match("Whether paid.")
    dearer_than: BigInt | None = condition("By total.", lambda o, value: o.total_cents > value)
    has_sku: str | None = condition(
        "By article.",
        lambda o, value: select(Line.id).where(Line.order_id == o.id, Line.sku == value).exists(),
    )
    tagged: list[str] | None = condition("By tags.", lambda o, value: o.tags.op("&&")(value))


ORDER_SORT = Sort(
    Order,
    created_at="When.",
    number="By number.",
    rank="By rank.",
    total=by("By total.", lambda o: o.total_cents, nullable=False),
    weight="By weight.",
    ratio="By ratio.",
    due_on="By day.",
    note="By note.",
    paid="By payment.",
    default="-created_at",
)

Found = Annotated[OrderType | PersonType, strawberry.union("Found", description="What a search finds.")]


def found(a: Any) -> Any:
    orders = select(literal("o").label("kind"), Order.id, Order.number.label("text"))
    people = select(literal("p").label("kind"), Person.id, Person.name.label("text"))
    all_ = union_all(orders, people).subquery()
    return (
        select(all_.c.kind, all_.c.id)
        .where(func.strpos(func.lower(all_.c.text), func.lower(a.text)) > 0)
        .order_by(all_.c.id)
    )


@strawberry.type(description="Reads.")
class Query:
    node: Node | None = read_node("Anything.", requires=Permission.PUBLIC)
    nodes: list[Node | None] = read_nodes("Several.", requires=Permission.PUBLIC)
    order: OrderType | None = read_one("An order.", requires=Permission.ORDERS_READ)
    order_by: OrderType | None = read_one("An order.", by=("id", "number"), requires=Permission.ORDERS_READ)
    line: LineType | None = read_one("A line.", requires=Permission.ORDERS_READ)
    me: PersonType | None = read_one(
        "The actor.", by=(), where=lambda p, a: p.id == a.actor.contact_id, requires=Permission.SIGNED_IN
    )
    orders: Connection[OrderType] = read_connection(
        "Orders.", filter=OrderFilter, order=ORDER_SORT, requires=Permission.ORDERS_READ
    )
    lines: Connection[LineType] = read_connection("Lines.", order=LINE_SORT, requires=Permission.ORDERS_READ)
    since: Connection[OrderType] = read_connection(
        "Orders since a time.",
        order=ORDER_SORT,
        where=lambda o, a: o.created_at >= a.since if a.since is not None else None,
        arguments={"since": argument(datetime | None, "From when.")},
        requires=Permission.ORDERS_READ,
    )
    people: list[PersonType] = read_list("People.", order_by=lambda p: p.name, requires=Permission.CONTACTS_READ)
    companies: list[Company] = read_list("Companies.", requires=Permission.CONTACTS_READ)
    sku_totals: list[SkuTotal] = read_list(
        "Sums per article.",
        rows=lambda a: (
            select(Line.sku, func.sum(Line.cents).label("cents"))
            .where(Line.sku != a.besides)
            .group_by(Line.sku)
            .order_by(Line.sku)
        ),
        arguments={"besides": argument(str, "But not this one.")},
        requires=Permission.ORDERS_READ,
    )
    broken: list[SkuTotal] = read_list(
        "Fails where the text is empty, and waits first.",
        rows=lambda a: select(
            func.concat("a secret of the row", cast(func.pg_sleep(a.seconds), Text)).label("sku"),
            (literal(1) / func.length(a.text)).label("cents"),
        ),
        arguments={"text": argument(str, "The text."), "seconds": argument(float, "How long to wait.", default=0)},
        requires=Permission.ORDERS_READ,
    )
    remarks: list[RemarkType] = read_list("Remarks.", requires=Permission.EVENTS_READ)
    search: list[Found] = read_search(
        "What has a text.",
        source=found,
        kinds={"o": "Order", "p": "Person"},
        arguments={"text": argument(str, "The text.")},
        requires=Permission.ORDERS_READ,
    )
    hidden: OrderType | None = read_one("Needs more than most have.", requires=Permission.ENTITIES_CREATE)

    @root_field("A Python resolver.", requires=Permission.PUBLIC)
    def price(self) -> Money:
        return Money(cents=BigInt(1234), amount=Decimal("12.34"), currency="EUR")


@strawberry.type(description="What renaming gives back.")
class RenamePayload:
    person: PersonType | None = strawberry.field(description="The person.")
    people: list[PersonType] = strawberry.field(description="All people.")
    done: bool = strawberry.field(description="Whether it was done.")


@strawberry.type(description="Changes.")
class Mutation:
    @mutation("Renames a person.", requires=Permission.CONTACTS_WRITE)
    async def rename(self, info: strawberry.Info, id: UUID, name: str) -> RenamePayload:
        async with info.context.write() as session:
            person = await session.get_one(Person, id)
            person.name = name
            return RenamePayload(
                person=await read_in(session, info, "person", id),
                people=await read_in_many(session, info, "people", [id]),
                done=True,
            )


TYPES = (StaffLine, PartnerLine, RemarkType, Company, ShopType)
schema = Schema(Query, Mutation, types=TYPES, cursor_key=CursorKey.derive("a secret"))
