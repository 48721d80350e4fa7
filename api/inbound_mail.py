"""Mail of partners: its addresses, what came in, and the orders that were read in it, with their places in the text."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry
from sqlalchemy import Float, Integer, Select, String, Text, case, cast, func, literal, select
from sqlalchemy import column as sql_column
from sqlalchemy.dialects.postgresql import JSONB

from api.enums import described
from api.reading import (
    Connection,
    DateTimeFilter,
    EnumFilter,
    IDFilter,
    Listing,
    Node,
    Sort,
    Source,
    TextFilter,
    TextSearchFilter,
    column,
    computed_list,
    condition,
    derived,
    filters,
    match,
    read_connection,
    read_one,
    reads,
    related,
    related_list,
)
from domain.inbound_mail.models import (
    EmailDoubt,
    EmailOrderState,
    IgnoredMail,
    InboundMailState,
    MailWay,
)
from domain.inbound_mail.models import EmailOrder as OrderRow
from domain.inbound_mail.models import InboundAddress as AddressRow
from domain.inbound_mail.models import InboundMail as MailRow
from tenants.audience import Audience
from tenants.permissions import Permission

if TYPE_CHECKING:
    from api.entities import BusinessEntity
    from api.organizations import Organization
    from api.partner_orders import SubmittedPartnerOrder
    from api.users import User

EntityRef = Annotated["BusinessEntity", strawberry.lazy("api.entities")]
OrganizationRef = Annotated["Organization", strawberry.lazy("api.organizations")]
PartnerOrderRef = Annotated["SubmittedPartnerOrder", strawberry.lazy("api.partner_orders")]
UserRef = Annotated["User", strawberry.lazy("api.users")]
AddressRef = Annotated["InboundAddress", strawberry.lazy("api.inbound_mail")]
MailRef = Annotated["InboundMail", strawberry.lazy("api.inbound_mail")]
READERS = [Audience.STAFF, Audience.PARTNER, Audience.SYSTEM]
MOST_FIELDS, MOST_PARTS, MOST_ORDERS = 300, 60, 20
_READ = Permission.PARTNER_ORDERS_READ

described(MailWay, "How a mail came in.", SMTP="From a mail server anywhere.", LMTP="From the mail server in front.",
          HTTP="Posted with a key.")  # fmt: skip
described(
    InboundMailState,
    "Where a mail is.",
    RECEIVED="Kept, and waiting to be read.",
    READ="Read.",
    FAILED="It could not be read; it is kept and can be read again.",
    IGNORED="It is no order, and kept for a while.",
)
described(
    IgnoredMail,
    "What a mail is that nobody wrote to us.",
    BOUNCE="A report about a mail of ours.",
    AUTO_REPLY="An answer that a program gave, such as a notice of absence.",
    LOOP="A mail that the platform sent comes back.",
)
described(
    EmailOrderState,
    "Where an order is that was read in a mail.",
    REVIEW="It waits: for the platform where nothing is in doubt, else for somebody to look.",
    SUBMITTED="It is a partner's order.",
    REJECTED="Somebody looked: it is none.",
)
described(
    EmailDoubt,
    "Why an order that was read in a mail is not submitted by itself.",
    LOW_CONFIDENCE="A field is less certain than 90 %.",
    MISSING_FIELD="A field that an order needs was not found.",
    UNKNOWN_SENDER="The sender is not allowed, or not proven to be who it claims to be.",
    NOTHING_FOUND="No order was recognized.",
    NOT_WHOLE="A part of the mail could not be read.",
    REFUSED="What was read is no valid order; `faults` say why.",
    BY_HAND="The address has every order looked at.",
)


def _own(listing: Listing, row: Any) -> Source | None:
    """Staff of one entity and partners walk their own index."""
    if listing.audience is Audience.STAFF and listing.one_entity:
        return Source(where=[row.entity_id == listing.actor.entity_id])
    if listing.audience is Audience.PARTNER:
        return Source(where=[row.organization_id == listing.actor.organization_id])
    return None


@reads(AddressRow, audiences=READERS, source=_own)
@strawberry.type(description="An address that a partner mails orders to.")
class InboundAddress(Node):
    email: str = derived(
        "The address.",
        needs=lambda a: {"local": a.local_part},
        resolve=lambda values, info: f"{values['local']}@{info.context.settings.mail_domain}",
    )
    active: bool = column("Whether it takes mail.")
    closes_at: datetime | None = column("When it stops taking mail: another took its place.")
    allowed_senders: list[str] = column(
        "Addresses, and `@domain` for all of a domain, whose orders need no looking at."
    )
    automatic: bool = column("Whether orders in which nothing is in doubt are submitted by themselves.")
    answers: bool = column("Whether known senders are told what became of their mail.")
    language: str = column("Of those answers, `nl` or `en`.")
    external_reading: bool = column("Whether a language model, where the platform has one, may read its mail.")
    created_at: datetime = column("When it was made.")
    entity: EntityRef | None = related("The business entity.", on=lambda a, e: e.id == a.entity_id)
    organization: OrganizationRef | None = related("The partner.", on=lambda a, o: o.id == a.organization_id)


@reads(None, audiences=READERS)
@strawberry.type(
    description="A part of a mail, as text whatever it was written in: nothing of it is to be interpreted."
)
class InboundMailPart:
    index: int = column("What places of fields refer to, from 0; the subject is -1.")
    kind: str = column("`TEXT`, `HTML` or `PDF`.")
    name: str | None = column("Of the file that it was attached as.")
    text: str = column("What it says.")


@reads(None, audiences=READERS)
@strawberry.type(description="A field of an order in a mail.")
class EmailOrderField:
    path: str = column("JSON path in the order's document, such as `$.customer.email`.")
    value: str | None = column("What it is: as corrected, else as read; null where it is not of the order.")
    read_value: str | None = column("What was read; null where nothing was.")
    confidence: float | None = column("The chance that what was read is right, 0 to 1; null where somebody said it.")
    asked: bool = column("Whether somebody has to confirm or correct it.")
    corrected: bool = column("Whether somebody did.")
    part: int | None = column("The part in which it stands, -1 for the subject; null where it stands nowhere.")
    start: int | None = column("Where it begins in the part's text, in characters.")
    end: int | None = column("Where it ends, not included.")
    text: str | None = column("What is written there.")
    method: str | None = column("How it was found: `LABEL`, `COLUMN`, `LEARNED`, `DERIVED` …")


@reads(None, audiences=READERS)
@strawberry.type(description="Why an order in a mail could not be submitted.")
class EmailOrderFault:
    code: str = column("Stable code, such as `INVALID_EMAIL`.")
    path: str = column("JSON path in the order's document.")
    message: str = column("In Dutch.")
    message_en: str = column("In English.")


def _elements(value: Any, name: str) -> Any:
    elements = func.jsonb_array_elements(value)
    return elements.table_valued(sql_column("value", JSONB), with_ordinality="place", name=name).render_derived()


def _parts(mail: Any) -> Select[Any]:
    part = _elements(mail.parts, "part")
    return select(
        (part.c.place - 1).label("index"),
        part.c.value["kind"].astext.label("kind"),
        part.c.value["name"].astext.label("name"),
        part.c.value["text"].astext.label("text"),
    ).order_by(part.c.place)


def _faults(order: Any) -> Select[Any]:
    fault = _elements(order.faults, "fault")
    said = fault.c.value
    return select(
        said["code"].astext.label("code"),
        said["path"].astext.label("path"),
        said["message"]["nl"].astext.label("message"),
        said["message"]["en"].astext.label("message_en"),
    ).order_by(fault.c.place)


def _fields(order: Any) -> Select[Any]:
    """Every path that was read, corrected or is missing; the ones that are asked first."""
    path = _paths(order).c.key
    read = order.fields[path]
    corrected = order.corrected.has_key(path)
    somewhere = read["method"].astext != literal("DERIVED")
    asked = path == func.any(order.asked)
    return select(
        path.label("path"),
        case((corrected, order.corrected[path].astext), else_=read["value"].astext).label("value"),
        read["value"].astext.label("read_value"),
        case((corrected, None), else_=cast(read["confidence"].astext, Float)).label("confidence"),
        (asked & ~corrected).label("asked"),
        corrected.label("corrected"),
        case((somewhere, cast(read["part"].astext, Integer))).label("part"),
        case((somewhere, cast(read["start"].astext, Integer))).label("start"),
        case((somewhere, cast(read["end"].astext, Integer))).label("end"),
        case((somewhere, read["text"].astext)).label("text"),
        read["method"].astext.label("method"),
    ).order_by((asked & ~corrected).desc(), path)


def _paths(order: Any) -> Any:
    every = order.fields.concat(order.corrected).concat(func.jsonb_object(order.missing, order.missing))
    return func.jsonb_object_keys(every).table_valued(sql_column("key", Text), name="path").render_derived()


@reads(OrderRow, audiences=READERS, source=_own)
@strawberry.type(description="An order that was read in a mail, each field with its confidence and its place.")
class EmailOrder(Node):
    position: int = column("1 for the first order in the mail.")
    state: EmailOrderState = column("Where it is.")
    reference: str = column("The partner's number of the order; what it has from us where the mail names none.")
    derived: bool = column("Whether the mail names no number, and the reference is ours.")
    doubts: list[EmailDoubt] = column("Why it is not submitted by itself.")
    missing: list[str] = column("JSON paths of what an order needs and was not found.")
    asked: list[str] = column("JSON paths that reviewEmailOrder has to say something about.")
    fields: list[EmailOrderField] = computed_list("Its fields, those that are asked first.", _fields, limit=MOST_FIELDS)
    faults: list[EmailOrderFault] = computed_list("Why it was refused.", _faults, limit=50)
    reason: str = column("Why it was rejected.")
    version: int = column("Raised with every change; say it with a review, so that nobody else's is overwritten.")
    reviewed_at: datetime | None = column("When somebody looked.")
    created_at: datetime = column("When it was read.")
    mail: MailRef | None = related("The mail.", on=lambda o, m: m.id == o.inbound_mail_id)
    partner_order: PartnerOrderRef | None = related("What became of it.", on=lambda o, p: p.id == o.partner_order_id)
    reviewed_by: UserRef | None = related("Who looked.", on=lambda o, u: u.id == o.reviewed_by)
    entity: EntityRef | None = related("The business entity.", on=lambda o, e: e.id == o.entity_id)
    organization: OrganizationRef | None = related("The partner.", on=lambda o, p: p.id == o.organization_id)


@reads(MailRow, audiences=READERS, source=_own)
@strawberry.type(description="A mail of a partner that came in. The mail itself: GET /inbound-mail/{id}.")
class InboundMail(Node):
    way: MailWay = column("How it came.")
    state: InboundMailState = column("Where it is.")
    ignored: IgnoredMail | None = column("What it is, where it is no order.")
    sender: str = column("The address that it claims to be from.")
    sender_name: str = column("The name beside it.")
    known_sender: bool = column("Whether it is proven to be from an allowed sender.")
    subject: str = column("Subject.")
    size: int = column("Bytes.")
    repeated: int = column("How often the same mail came again.")
    problems: list[str] = column("Codes of what could not be read, such as `ENCRYPTED_PDF`.")
    parts: list[InboundMailPart] = computed_list(
        "What it says, as text; none once its time is over.", _parts, limit=MOST_PARTS
    )
    created_at: datetime = column("When it came.")
    read_at: datetime | None = column("When it was read.")
    answered_at: datetime | None = column("When the sender was last told what became of it.")
    address: AddressRef | None = related("Where it came.", on=lambda m, a: a.id == m.address_id)
    orders: list[EmailOrder] = related_list(
        "The orders in it.", on=lambda m, o: o.inbound_mail_id == m.id, order_by=lambda o: o.position
    )
    entity: EntityRef | None = related("The business entity.", on=lambda m, e: e.id == m.entity_id)
    organization: OrganizationRef | None = related("The partner.", on=lambda m, o: o.id == m.organization_id)


# --- lists ----------------------------------------------------------------------------------------------------------


@filters(AddressRow)
@strawberry.input(description="Which addresses.")
class InboundAddressFilter:
    entity_id: IDFilter | None = match("By business entity.", node="BusinessEntity")
    organization_id: IDFilter | None = match("By partner.", node="Organization")
    active: bool | None = match("Whether it takes mail.")


ADDRESS_SORT = Sort(AddressRow, created_at="When it was made.", default="-created_at")


@filters(MailRow)
@strawberry.input(description="Which mails.")
class InboundMailFilter:
    entity_id: IDFilter | None = match("By business entity.", node="BusinessEntity")
    organization_id: IDFilter | None = match("By partner.", node="Organization")
    inbound_address_id: IDFilter | None = match("By the address it came to.", node="InboundAddress", name="address_id")
    state: EnumFilter[InboundMailState] | None = match("By state.")
    ignored: EnumFilter[IgnoredMail] | None = match("By what it is, where it is no order.")
    known_sender: bool | None = match("Whether its sender is known.")
    sender: TextFilter | None = match("By the address it claims to be from.")
    subject: TextSearchFilter | None = match("By subject.")
    created_at: DateTimeFilter | None = match("By when it came.")


MAIL_SORT = Sort(MailRow, created_at="When it came.", default="-created_at")


@filters(OrderRow)
@strawberry.input(description="Which orders in mails.")
class EmailOrderFilter:
    entity_id: IDFilter | None = match("By business entity.", node="BusinessEntity")
    organization_id: IDFilter | None = match("By partner.", node="Organization")
    inbound_mail_id: IDFilter | None = match("By mail.", node="InboundMail")
    state: EnumFilter[EmailOrderState] | None = match("By state; `{eq: REVIEW}` is what waits to be looked at.")
    reference: TextFilter | None = match("By the partner's number of the order.")
    doubt: EmailDoubt | None = condition("With this doubt.", lambda o, value: cast(value, String) == func.any(o.doubts))
    created_at: DateTimeFilter | None = match("By when it was read.")


ORDER_SORT = Sort(OrderRow, created_at="When it was read.", default="-created_at")


@strawberry.type
class InboundMailQueries:
    inbound_address: InboundAddress | None = read_one("One address for orders by mail.", requires=_READ)
    inbound_addresses: Connection[InboundAddress] = read_connection(
        "Addresses for orders by mail.", filter=InboundAddressFilter, order=ADDRESS_SORT, requires=_READ
    )
    inbound_mail: InboundMail | None = read_one("One mail of a partner.", requires=_READ)
    inbound_mails: Connection[InboundMail] = read_connection(
        "Mail of partners.", filter=InboundMailFilter, order=MAIL_SORT, requires=_READ
    )
    email_order: EmailOrder | None = read_one("One order that was read in a mail.", requires=_READ)
    email_orders: Connection[EmailOrder] = read_connection(
        "Orders that were read in mails.", filter=EmailOrderFilter, order=ORDER_SORT, requires=_READ
    )


TYPES = (InboundAddress, InboundMail, EmailOrder)
