"""Mapped webhooks with their messages, and hosted forms."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry
from sqlalchemy import Select, Text, case, cast, func, literal, select
from sqlalchemy.dialects.postgresql import JSONB
from strawberry.scalars import JSON

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
    column,
    computed_list,
    expression,
    filters,
    match,
    read_connection,
    read_one,
    reads,
    related,
    related_connection,
    related_list,
)
from domain.ways_in.authentication import Kind
from domain.ways_in.models import FormAccess, MessageState
from domain.ways_in.models import InboundMessage as MessageRow
from domain.ways_in.models import MappedWebhook as WebhookRow
from domain.ways_in.models import MappingVersion as VersionRow
from domain.ways_in.models import OrderForm as FormRow
from tenants.audience import Audience
from tenants.models import Brand as BrandRow
from tenants.permissions import Permission

if TYPE_CHECKING:
    from api.entities import Brand, BusinessEntity
    from api.organizations import Organization

BrandRef = Annotated["Brand", strawberry.lazy("api.entities")]
EntityRef = Annotated["BusinessEntity", strawberry.lazy("api.entities")]
OrganizationRef = Annotated["Organization", strawberry.lazy("api.organizations")]
WebhookRef = Annotated["MappedWebhook", strawberry.lazy("api.ways_in")]
READERS = [Audience.STAFF, Audience.PARTNER, Audience.SYSTEM]
_MOST_FAULTS = 50
_MOST_VERSIONS = 1000

described(
    MessageState,
    "What came of a message to a mapped webhook.",
    RECEIVED="Kept, and not read yet.",
    SUBMITTED="It is an order.",
    FAILED="It could not be read, or was refused; it can be read again.",
    DISMISSED="Somebody decided that it needs no order.",
)
described(
    FormAccess,
    "Who may fill a form in.",
    OPEN_WITH_TOKEN="Whoever has its address, which carries a secret.",  # noqa: S106  # no secret, the name of a way
    LOGIN="Users of the partner, by a link of an hour.",
)
described(
    Kind,
    "How the sender of a mapped webhook proves who it is.",
    SIGNATURE="Our signature, with the secrets of the partner's integration.",
    HMAC="A signature of the sender's own form.",
    BASIC="HTTP Basic.",
    BEARER="A secret in a header.",
)


def _own(listing: Listing, row: Any) -> Source | None:
    """Staff of one entity and partners walk their own index."""
    if listing.audience is Audience.STAFF and listing.one_entity:
        return Source(where=[row.entity_id == listing.actor.entity_id])
    if listing.audience is Audience.PARTNER:
        return Source(where=[row.organization_id == listing.actor.organization_id])
    return None


@reads(None, audiences=READERS)
@strawberry.type(description="Why a message is no order.")
class MessageFault:
    code: str = column("Stable code, such as REQUIRED.")
    path: str = column("JSON path in the document of an order.")
    message_nl: str = column("In words, in Dutch.")
    message_en: str = column("In words, in English.")


def _faults(row: Any) -> Select[Any]:
    fault = func.jsonb_array_elements(row.faults).table_valued("value", name="fault").render_derived()
    value = cast(fault.c.value, JSONB)
    return select(
        value["code"].astext.label("code"),
        value["field"].astext.label("path"),
        value["message_nl"].astext.label("message_nl"),
        value["message_en"].astext.label("message_en"),
    )


@reads(MessageRow, audiences=READERS, source=_own)
@strawberry.type(description="One request to a mapped webhook as it came, and what came of it.")
class InboundMessage(Node):
    state: MessageState = column("What came of it.")
    content_type: str = column("Its media type.")
    headers: JSON = column("Those of its headers that help, never one that proves who sent it.")
    body: str | None = expression(
        "What was sent; none once its time is over. Bytes that are no text are written as \\ooo.",
        lambda m: case((m.is_text, func.convert_from(m.body, "UTF8")), else_=func.encode(m.body, "escape")),
    )
    body_sha256: str = column("SHA-256 of what was sent, in hexadecimal digits.")
    size: int = column("Bytes.")
    mapping_version: int | None = column("The version of the mapping that read it last.")
    attempts: int = column("How often it was read.")
    order_number: str | None = column("The partner's own number, once it could be read.", name="partner_order_id")
    partner_order_id: strawberry.ID | None = column(
        "The partner order that it became.", name="partner_order_key", node="PartnerOrder"
    )
    faults: list[MessageFault] = computed_list("Why it failed the last time.", _faults, limit=_MOST_FAULTS)
    created_at: datetime = column("When it came.")
    finished_at: datetime | None = column("When it was last read.")
    forgotten_at: datetime | None = column("When its content was erased.")
    webhook: WebhookRef | None = related("To which webhook.", on=lambda m, w: w.id == m.mapped_webhook_id)


@filters(MessageRow)
@strawberry.input(description="Which messages; all conditions hold together.")
class InboundMessageFilter:
    state: EnumFilter[MessageState] | None = match("By what came of it.")
    webhook_id: IDFilter | None = match("To this webhook.", node="MappedWebhook", name="mapped_webhook_id")
    organization_id: strawberry.ID | None = match("Of this partner.", node="Organization")
    order_number: TextFilter | None = match("By the partner's own number.", name="partner_order_id")
    partner_order_id: strawberry.ID | None = match(
        "That became this partner order.", node="PartnerOrder", name="partner_order_key"
    )
    created_at: DateTimeFilter | None = match("By when it came.")


MESSAGE_SORT = Sort(MessageRow, created_at="When it came.", default="-created_at")


@reads(VersionRow, audiences=READERS)
@strawberry.type(description="A mapping as it was.")
class MappedWebhookVersion(Node):
    version: int = column("Its number, from 1.")
    mapping: JSON = column("The mapping.")
    created_at: datetime = column("Since when it read messages.")


@reads(WebhookRow, audiences=READERS, source=_own)
@strawberry.type(description="An address that a partner's system sends orders to in a form of its own.")
class MappedWebhook(Node):
    slug: str = column("Last part of its address.")
    path: str = expression(
        "Its address below a portal's host.",
        lambda w: func.concat("/partners/", cast(w.organization_id, Text), "/webhooks/", w.slug),
    )
    name: str = column("What it is for, for people.")
    active: bool = column("Whether it takes messages.")
    authentication: JSON = column("How its sender proves who it is; never the secret.")
    rotation_ends_at: datetime | None = column("Until when the secret before holds too.", name="overlap_until")
    mapping: JSON = column("What is what in a message.")
    mapping_version: int = column("How often it was changed, from 1.")
    refused: int = column("Requests that did not prove who sent them.")
    last_refused_at: datetime | None = column("When the last of these came.")
    last_refused_code: str | None = column("Why it was refused.")
    created_at: datetime = column("When it was made.")
    updated_at: datetime = column("When it was last changed.")
    entity: EntityRef | None = related("The business entity.", on=lambda w, e: e.id == w.entity_id)
    organization: OrganizationRef | None = related("The partner.", on=lambda w, o: o.id == w.organization_id)
    versions: list[MappedWebhookVersion] = related_list(
        "Its mappings, the newest first.",
        on=lambda w, v: v.mapped_webhook_id == w.id,
        order_by=lambda v: v.version.desc(),
        limit=_MOST_VERSIONS,
    )
    messages: Connection[InboundMessage] = related_connection(
        "What was sent to it, newest first.",
        on=lambda w, m: m.mapped_webhook_id == w.id,
        filter=InboundMessageFilter,
        order=MESSAGE_SORT,
    )


@filters(WebhookRow)
@strawberry.input(description="Which mapped webhooks; all conditions hold together.")
class MappedWebhookFilter:
    active: bool | None = match("Whether it takes messages.")
    slug: TextFilter | None = match("By the last part of its address.")
    entity_id: strawberry.ID | None = match("Of this business entity.", node="BusinessEntity")
    organization_id: strawberry.ID | None = match("Of this partner.", node="Organization")


WEBHOOK_SORT = Sort(WebhookRow, created_at="When it was made.", default="-created_at")


def _host(form: Any) -> Any:
    return select(BrandRow.host).where(BrandRow.id == form.brand_id).scalar_subquery()


@reads(FormRow, audiences=READERS, source=_own)
@strawberry.type(description="A page in a partner's looks on which its orders are filled in.")
class OrderForm(Node):
    slug: str = column("Last part of its address.")
    url: str = expression(
        "Its address; without the secret, which is shown once.",
        lambda f: func.concat(literal("https://"), _host(f), "/forms/", f.slug),
    )
    title_nl: str = column("Heading, in Dutch.")
    title_en: str = column("Heading, in English.")
    intro_nl: str = column("Text above the fields, in Dutch.")
    intro_en: str = column("Text above the fields, in English.")
    fields: JSON = column("What is asked, in this order.")
    products: JSON = column("What can be chosen.")
    active: bool = column("Whether it is open.")
    access: FormAccess = column("Who may fill it in.")
    notify_emails: list[str] = column("Who gets the confirmation; the partner's own addresses where there is none.")
    created_at: datetime = column("When it was made.")
    updated_at: datetime = column("When it was last changed.")
    brand: BrandRef | None = related("Under which brand's host.", on=lambda f, b: b.id == f.brand_id)
    entity: EntityRef | None = related("The business entity.", on=lambda f, e: e.id == f.entity_id)
    organization: OrganizationRef | None = related("The partner.", on=lambda f, o: o.id == f.organization_id)


@filters(FormRow)
@strawberry.input(description="Which forms; all conditions hold together.")
class OrderFormFilter:
    active: bool | None = match("Whether it is open.")
    slug: TextFilter | None = match("By the last part of its address.")
    brand_id: strawberry.ID | None = match("Under this brand's host.", node="Brand")
    entity_id: strawberry.ID | None = match("Of this business entity.", node="BusinessEntity")
    organization_id: strawberry.ID | None = match("Of this partner.", node="Organization")


FORM_SORT = Sort(FormRow, created_at="When it was made.", default="-created_at")
_READ = Permission.INTEGRATIONS_READ


@strawberry.type
class WaysInQueries:
    mapped_webhook: MappedWebhook | None = read_one("One mapped webhook.", requires=_READ)
    mapped_webhooks: Connection[MappedWebhook] = read_connection(
        "Mapped webhooks that you may see.", filter=MappedWebhookFilter, order=WEBHOOK_SORT, requires=_READ
    )
    inbound_message: InboundMessage | None = read_one("One message to a mapped webhook.", requires=_READ)
    inbound_messages: Connection[InboundMessage] = read_connection(
        "Messages to mapped webhooks that you may see.",
        filter=InboundMessageFilter,
        order=MESSAGE_SORT,
        requires=_READ,
    )
    order_form: OrderForm | None = read_one("One form.", requires=_READ)
    order_forms: Connection[OrderForm] = read_connection(
        "Forms that you may see.", filter=OrderFormFilter, order=FORM_SORT, requires=_READ
    )


TYPES: tuple[type, ...] = (MappedWebhook, MappedWebhookVersion, InboundMessage, OrderForm)
