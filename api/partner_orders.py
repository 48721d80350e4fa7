"""Orders of partners as they came, what of them needs a person, and the integrations they came through."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry
from sqlalchemy import Integer, cast, exists, func, select
from sqlalchemy import column as sql_column
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import aliased
from strawberry.scalars import JSON

from api.enums import described
from api.listing import by_entity_or_channel, of_organizations
from api.reading import (
    Connection,
    DateTimeFilter,
    EnumFilter,
    IDFilter,
    Node,
    Sort,
    TextFilter,
    column,
    computed_list,
    condition,
    derived,
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
from api.search import with_text
from domain.errors import language_of
from domain.partner_orders.models import (
    ExceptionKind,
    ExceptionState,
    IntegrationStatus,
    PartnerOrderStatus,
    Way,
)
from domain.partner_orders.models import PartnerIntegration as IntegrationRow
from domain.partner_orders.models import PartnerOrder as OrderRow
from domain.partner_orders.models import PartnerOrderException as ExceptionRow
from domain.partner_orders.models import PartnerSigningSecret as SecretRow
from tenants.audience import Audience
from tenants.permissions import Permission

if TYPE_CHECKING:
    from api.contacts import Contact
    from api.entities import BusinessEntity
    from api.orders import Order
    from api.organizations import Organization
    from api.quotes import Quote

ContactRef = Annotated["Contact", strawberry.lazy("api.contacts")]
EntityRef = Annotated["BusinessEntity", strawberry.lazy("api.entities")]
OrderRef = Annotated["Order", strawberry.lazy("api.orders")]
OrganizationRef = Annotated["Organization", strawberry.lazy("api.organizations")]
QuoteRef = Annotated["Quote", strawberry.lazy("api.quotes")]
READERS = [Audience.STAFF, Audience.PARTNER, Audience.SYSTEM]
MOST_ISSUES = 250
_READ, _INTEGRATIONS = Permission.PARTNER_ORDERS_READ, Permission.INTEGRATIONS_READ

described(
    IntegrationStatus,
    "Whether a partner's systems may send orders.",
    SETUP="It is being prepared; no orders are taken.",
    SANDBOX="It is a sandbox's; test orders are taken.",
    LIVE="Orders are taken.",
    SUSPENDED="No orders are taken for now.",
)
strawberry.enum(Way, name="PartnerOrderWay")
described(
    Way,
    "By which way an order came in.",
    API="POST /partners/{partner_id}/orders.",
    WEBHOOK="A message in the partner's own form, translated by its mapping.",
    FORM="A hosted form.",
    EMAIL="Mail that was read.",
    PORTAL="GraphQL's submitPartnerOrder.",
    IMPORT="A file of many orders.",
)
described(
    PartnerOrderStatus,
    "Where a partner's order is; the quote or order that was made of it says more.",
    RECEIVED="It was taken in.",
    CANCELLED="It was taken back, or what came of it was cancelled.",
)
strawberry.enum(ExceptionKind, name="PartnerOrderExceptionKind")
described(
    ExceptionKind,
    "What about an order needs a person.",
    UNMAPPED_SKU="A product stands for no article that is sold.",
    NO_PRODUCTS="It names no products.",
    NOT_SELLABLE="Its products are known, and no offer can be made of them.",
    ADDRESS="The address could not be verified; it is kept as it was given.",
    DUPLICATE="Its number was known, with other content.",
    LOW_CONFIDENCE="A mail was read, and not everything in it is certain.",
    MAPPING_FAILED="A message could not be translated by its mapping.",
    REFUSED="A message is no order that may be taken.",
)
strawberry.enum(ExceptionState, name="PartnerOrderExceptionState")
described(
    ExceptionState,
    "Whether somebody dealt with it.",
    OPEN="Nobody yet.",
    RESOLVED="It was dealt with.",
    DISMISSED="Nothing had to be done.",
)


@reads(None, audiences=READERS)
@strawberry.type(description="Something that the partner was told of its order.")
class PartnerOrderIssue:
    code: str = column("Stable code, such as UNMAPPED_SKU.")
    path: str = column("JSON path in the document.")
    message: str = column("In the language of whoever sent it.")


def _issues(order: Any) -> Any:
    elements = func.jsonb_array_elements(order.issues)
    issue = elements.table_valued(sql_column("value", JSONB), with_ordinality="place", name="issue").render_derived()
    parts = (issue.c.value[name].astext.label(name) for name in ("code", "path", "message"))
    return select(*parts).order_by(issue.c.place)


@reads(ExceptionRow, audiences=READERS, source=by_entity_or_channel("partner_order_exception"))
@strawberry.type(description="Something about an order, or a message that did not become one, that needs a person.")
class PartnerOrderException(Node):
    kind: ExceptionKind = column("What it is.")
    state: ExceptionState = column("Whether somebody dealt with it.")
    field: str = column("JSON path in the document; `$` for the whole.")
    message: str = derived(
        "What is wrong, in your language.",
        needs=lambda e: {"nl": e.message_nl, "en": e.message_en},
        resolve=lambda values, info: str(values[language_of(info.context.language)]),
    )
    detail: JSON = column("What is known of it: the number, the differences, the reason.")
    opened_at: datetime = column("When it was found.", name="created_at")
    resolved_at: datetime | None = column("When it was dealt with.")
    resolved_by: str | None = column("By whom.")
    resolution: str | None = column("How.")
    entity: EntityRef | None = related("To whom the order was sent.", on=lambda e, entity: entity.id == e.entity_id)
    organization: OrganizationRef | None = related("The partner.", on=lambda e, o: o.id == e.organization_id)
    partner_order: Annotated["SubmittedPartnerOrder", strawberry.lazy("api.partner_orders")] | None = related(
        "The order; none where a message did not become one.", on=lambda e, o: o.id == e.partner_order_fk
    )


@filters(ExceptionRow)
@strawberry.input(description="Which items; all conditions hold together.")
class PartnerOrderExceptionFilter:
    kind: EnumFilter[ExceptionKind] | None = match("By kind.")
    state: EnumFilter[ExceptionState] | None = match("By state.")
    entity_id: IDFilter | None = match("Of this business entity.", node="BusinessEntity")
    organization_id: IDFilter | None = match("Of this partner.", node="Organization")
    partner_order_id: strawberry.ID | None = match("Of this order.", node="PartnerOrder", name="partner_order_fk")
    opened_at: DateTimeFilter | None = match("By when it was found.", name="created_at")
    partner_sku: str | None = condition(
        "About this number of the partner's.", lambda e, value: e.detail["partner_sku"].astext == value
    )


EXCEPTION_SORT = Sort(ExceptionRow, created_at="When it was found.", default="-created_at")


def _open(order: Any) -> Any:
    item = aliased(ExceptionRow)
    return (item.partner_order_fk == order.id) & (item.state == ExceptionState.OPEN.value), item


def _count_open(order: Any) -> Any:
    where, item = _open(order)
    return select(cast(func.count(), Integer)).select_from(item).where(where).scalar_subquery()


def _has_open(order: Any, value: Any) -> Any:
    where, item = _open(order)
    return exists(select(item.id).where(where)) == value


@reads(OrderRow, kind="PartnerOrder", audiences=READERS, source=by_entity_or_channel("partner_order"))
@strawberry.type(description="An order as a partner sent it; there is one per number of the partner.")
class SubmittedPartnerOrder(Node):
    partner_order_id: str = column("The partner's own number.")
    way: Way = column("By which way it came.")
    status: PartnerOrderStatus = column("Where it is.")
    document: JSON = column("As it was given, unknown fields included; empty once it was forgotten.")
    issues: list[PartnerOrderIssue] = computed_list("What the partner was told of it.", _issues, limit=MOST_ISSUES)
    submitted_by: str = column("The key, application or person that sent it.")
    repeated: int = column("How often it came again.")
    last_repeated_at: datetime | None = column("When it came last.")
    received_at: datetime = column("When it came first.")
    answered_ms: int | None = column("How long taking it in took, in milliseconds, where a request brought it.")
    cancelled_at: datetime | None = column("When it was taken back.")
    cancel_reason: str | None = column("Why.")
    forgotten_at: datetime | None = column("When what it says of the customer was erased.")
    open_exceptions: int = expression("How many items about it are open.", _count_open)
    entity: EntityRef | None = related("To whom it was sent.", on=lambda o, entity: entity.id == o.entity_id)
    organization: OrganizationRef | None = related(
        "The partner.", on=lambda o, organization: organization.id == o.organization_id
    )
    customer: ContactRef | None = related("For whom it is.", on=lambda o, c: c.id == o.contact_id)
    quote: QuoteRef | None = related(
        "The quote that was made of it; none while none can be made.", on=lambda o, q: q.id == o.quote_id
    )
    order: OrderRef | None = related("The order that was made of it.", on=lambda o, made: made.id == o.order_id)
    exceptions: Connection[PartnerOrderException] = related_connection(
        "What about it needs a person.",
        on=lambda o, e: e.partner_order_fk == o.id,
        filter=PartnerOrderExceptionFilter,
        order=EXCEPTION_SORT,
    )


@filters(OrderRow)
@strawberry.input(description="Which orders of partners; all conditions hold together.")
class PartnerOrderFilter:
    entity_id: IDFilter | None = match("Of this business entity.", node="BusinessEntity")
    organization_id: IDFilter | None = match("Of this partner.", node="Organization")
    partner_order_id: TextFilter | None = match("By the partner's own number.")
    way: EnumFilter[Way] | None = match("By the way it came.")
    status: EnumFilter[PartnerOrderStatus] | None = match("By status.")
    received_at: DateTimeFilter | None = match("By when it came first.")
    repeated: bool | None = condition("Whether it came again.", lambda o, value: (o.repeated > 0) == value)
    quoted: bool | None = condition("Whether a quote was made.", lambda o, value: o.quote_id.is_not(None) == value)
    ordered: bool | None = condition("Whether an order was made.", lambda o, value: o.order_id.is_not(None) == value)
    has_open_exceptions: bool | None = condition("Whether something about it needs a person.", _has_open)
    search: str | None = condition("The best hits of a number, name or address.", with_text("partner_order"))


PARTNER_ORDER_SORT = Sort(
    OrderRow, created_at="When it came first.", partner_order_id="By the partner's number.", default="-created_at"
)


@reads(SecretRow, audiences=READERS)
@strawberry.type(description="A secret that requests are signed with; it was shown once.")
class PartnerSigningSecret(Node):
    hint: str = column("Its last four characters.")
    created_at: datetime = column("When it was made.")
    valid_until: datetime | None = column("Until when it holds, where another has taken its place.")
    last_used_at: datetime | None = column("When it last signed, to the minute.")


@reads(IntegrationRow, audiences=READERS, source=of_organizations)
@strawberry.type(description="How a partner's systems work with a business entity.")
class PartnerIntegration(Node):
    status: IntegrationStatus = column("Whether orders are taken.")
    signature_required: bool = column("Whether requests have to be signed.")
    allowed_addresses: list[str] = column("Networks that requests may come from; none means from anywhere.")
    requests_per_minute: int = column("Requests per minute of one key; the agreement may allow fewer.")
    clock_offset_seconds: int = column("How far the clock of a sandbox is ahead.")
    notify_emails: list[str] = column("Who at the partner is told of orders that need attention.")
    suspended_reason: str | None = column("Why it takes no orders.")
    live_at: datetime | None = column("When it first took real orders.")
    revision: int = column("Counts changes.", name="version")
    created_at: datetime = column("When it was made.")
    updated_at: datetime = column("When it was last changed.")
    entity: EntityRef | None = related("The business entity.", on=lambda i, entity: entity.id == i.entity_id)
    organization: OrganizationRef | None = related("The partner.", on=lambda i, o: o.id == i.organization_id)
    signing_keys: list[PartnerSigningSecret] = related_list(
        "The secrets that were made, newest first.",
        on=lambda i, s: s.integration_id == i.id,
        order_by=lambda s: s.created_at.desc(),
    )


@filters(IntegrationRow)
@strawberry.input(description="Which integrations; all conditions hold together.")
class PartnerIntegrationFilter:
    status: EnumFilter[IntegrationStatus] | None = match("By status.")
    entity_id: IDFilter | None = match("With this business entity.", node="BusinessEntity")
    organization_id: IDFilter | None = match("Of this partner.", node="Organization")
    signature_required: bool | None = match("Whether requests have to be signed.")


INTEGRATION_SORT = Sort(IntegrationRow, created_at="When it was made.", default="-created_at")


@strawberry.type
class PartnerOrderQueries:
    partner_order: SubmittedPartnerOrder | None = read_one("One order of a partner.", requires=_READ)
    partner_orders: Connection[SubmittedPartnerOrder] = read_connection(
        "Orders of partners that you may see.", filter=PartnerOrderFilter, order=PARTNER_ORDER_SORT, requires=_READ
    )
    partner_order_exception: PartnerOrderException | None = read_one("One item of the queue.", requires=_READ)
    partner_order_exceptions: Connection[PartnerOrderException] = read_connection(
        "The queue of what about partners' orders needs a person.",
        filter=PartnerOrderExceptionFilter,
        order=EXCEPTION_SORT,
        requires=_READ,
    )
    partner_integration: PartnerIntegration | None = read_one("One integration.", requires=_INTEGRATIONS)
    partner_integrations: Connection[PartnerIntegration] = read_connection(
        "Integrations that you may see.",
        filter=PartnerIntegrationFilter,
        order=INTEGRATION_SORT,
        requires=_INTEGRATIONS,
    )


TYPES = [SubmittedPartnerOrder, PartnerOrderException, PartnerIntegration, PartnerSigningSecret]
PartnerOrder = SubmittedPartnerOrder
"""For other areas: `PartnerOrder` in GraphQL is an order as partners see it."""
