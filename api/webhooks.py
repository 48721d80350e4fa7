"""Webhook endpoints, their deliveries and attempts, replays, and how well they do."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry
from sqlalchemy import Float, Integer, Select, Text, case, cast, func, literal, select
from sqlalchemy.orm import aliased
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
    argument,
    column,
    computed,
    computed_list,
    condition,
    expression,
    filters,
    match,
    read_connection,
    read_one,
    reads,
    related,
    related_any,
    related_connection,
    related_list,
)
from api.webhook_payloads import READERS
from domain.webhooks.models import AttemptError, DeliveryState, DisabledReason, EndpointState, ReplayState
from domain.webhooks.models import WebhookAttempt as AttemptRow
from domain.webhooks.models import WebhookDelivery as DeliveryRow
from domain.webhooks.models import WebhookEndpoint as EndpointRow
from domain.webhooks.models import WebhookReplay as ReplayRow
from domain.webhooks.payloads import DEFAULT_SELECTION
from tenants.audience import Audience
from tenants.permissions import Permission

if TYPE_CHECKING:
    from api.entities import BusinessEntity
    from api.organizations import Organization

EntityRef = Annotated["BusinessEntity", strawberry.lazy("api.entities")]
OrganizationRef = Annotated["Organization", strawberry.lazy("api.organizations")]
EndpointRef = Annotated["WebhookEndpoint", strawberry.lazy("api.webhooks")]
MOST_HOURS = 24 * 14

described(EndpointState, "Whether an endpoint gets events.", ENABLED="It does.", DISABLED="It does not.")
described(
    DisabledReason,
    "Why an endpoint gets nothing.",
    MANUAL="Somebody disabled it.",
    FAILING="Everything failed for too long.",
    GONE="It answered 410 (Gone).",
    DELETED="It was deleted.",
)
described(
    DeliveryState,
    "Where a delivery is.",
    PENDING="Waiting for its next attempt.",
    DELIVERED="It arrived.",
    FAILED="All attempts failed; it can be replayed.",
    SKIPPED="The endpoint was disabled first; it can be replayed.",
)
described(
    AttemptError,
    "Why an attempt failed.",
    STATUS="The answer was not 2xx; redirects are not followed.",
    TIMEOUT="No answer in time.",
    DNS="The name is not known.",
    ADDRESS_REFUSED="The name stands for an address that is not public.",
    CONNECTION="The connection failed.",
    TLS="The certificate is not valid, or TLS failed.",
    PROTOCOL="The answer is not HTTP.",
    PAYLOAD="The selection could not be read; nothing was sent.",
    INTERRUPTED="Our process ended meanwhile; it may have arrived.",
)
described(
    ReplayState,
    "Where a replay is.",
    RUNNING="Deliveries are being queued.",
    DONE="All are queued.",
    CANCELLED="It was stopped.",
)


def _own(listing: Listing, row: Any) -> Source | None:
    """Staff of one entity and partners walk their own index."""
    if listing.audience is Audience.STAFF and listing.one_entity:
        return Source(where=[row.entity_id == listing.actor.entity_id])
    if listing.audience is Audience.PARTNER:
        return Source(where=[row.organization_id == listing.actor.organization_id])
    return None


@reads(None, audiences=READERS)
@strawberry.type(description="What came of the attempts of one hour.")
class WebhookActivity:
    hour: datetime = column("When the hour began.")
    succeeded: int = column("Attempts that arrived.")
    failed: int = column("Attempts that failed.")
    median_ms: int | None = column("Half of them took no longer, in milliseconds.")
    p95_ms: int | None = column("95 of 100 took no longer, in milliseconds.")


@reads(None, audiences=READERS)
@strawberry.type(description="How well an endpoint did.")
class WebhookFigures:
    attempts: int = column("Attempts that ended.")
    succeeded: int = column("Those that arrived.")
    success_rate: float | None = column("Part that arrived, 0 to 1; none without attempts.")
    median_ms: int | None = column("Half of them took no longer, in milliseconds.")
    p95_ms: int | None = column("95 of 100 took no longer, in milliseconds.")


_HOURS = {"hours": argument(int | None, "How far back, 24 unless told otherwise, at most 336.")}


def _since(arguments: Any) -> Any:
    asked = cast(func.coalesce(arguments.hours, 24), Integer) if arguments.hours is not None else literal(24)
    hours = func.greatest(1, func.least(asked, MOST_HOURS))
    return func.date_trunc("hour", func.now()) - func.make_interval(0, 0, 0, 0, hours - 1)


def _percentile(attempt: Any, part: float) -> Any:
    taken = func.percentile_cont(part).within_group(cast(attempt.latency_ms, Float))
    return cast(func.round(cast(taken, Float)), Integer)


def _ended(endpoint: Any, arguments: Any, *columns: Any) -> Select[Any]:
    attempt = aliased(AttemptRow)
    own = (attempt.endpoint_id == endpoint.id) & (attempt.created_at >= _since(arguments))
    return select(*(make(attempt) for make in columns)).where(own, attempt.finished_at.is_not(None))


def _arrived(attempt: Any) -> Any:
    return func.count().filter(attempt.error.is_(None))


def _activity(endpoint: Any, arguments: Any) -> Select[Any]:
    rows = _ended(
        endpoint,
        arguments,
        lambda a: func.date_trunc("hour", a.created_at).label("hour"),
        lambda a: cast(_arrived(a), Integer).label("succeeded"),
        lambda a: cast(func.count() - _arrived(a), Integer).label("failed"),
        lambda a: _percentile(a, 0.5).label("median_ms"),
        lambda a: _percentile(a, 0.95).label("p95_ms"),
    )
    return rows.group_by("hour").order_by("hour")


def _figures(endpoint: Any, arguments: Any) -> Select[Any]:
    return _ended(
        endpoint,
        arguments,
        lambda a: cast(func.count(), Integer).label("attempts"),
        lambda a: cast(_arrived(a), Integer).label("succeeded"),
        lambda a: (cast(_arrived(a), Float) / func.nullif(func.count(), 0)).label("success_rate"),
        lambda a: _percentile(a, 0.5).label("median_ms"),
        lambda a: _percentile(a, 0.95).label("p95_ms"),
    )


@reads(AttemptRow, audiences=READERS)
@strawberry.type(description="One request of a delivery.")
class WebhookAttempt(Node):
    number: int = column("Which of the delivery, from 1; replays count on.")
    url: str = column("Where it went.")
    created_at: datetime = column("When it began.")
    finished_at: datetime | None = column("When it ended; none while it is under way.")
    status: int | None = column("The HTTP status of the answer.")
    error: AttemptError | None = column("Why it failed; none where it arrived.")
    detail: str | None = column("The failure in words.")
    latency_ms: int | None = column("How long it took, in milliseconds.")
    address: str | None = column("The IP address that it went to.")
    request_headers: JSON = column("The headers that were sent, the signature among them.")
    response_headers: JSON = column("Those of the answer that help.")
    response_body: str | None = column("The first 2 kB of the answer.")


@reads(DeliveryRow, audiences=READERS, source=_own)
@strawberry.type(description="One event for one endpoint, with every attempt.")
class WebhookDelivery(Node):
    message_id: str = expression(
        "The `webhook-id`: the same in every attempt and replay.",
        lambda d: func.concat("msg_", func.replace(cast(d.id, Text), "-", "")),
    )
    event_id: strawberry.ID = column("The event; of a test an id that no event has.", node="Event")
    event_type: str = column("Type of the event.")
    event_at: datetime = column("When it happened.")
    subject_type: str = column("What kind of thing it happened to.")
    subject: Node | None = related_any("What it happened to.", kind=lambda d: d.subject_type, id=lambda d: d.subject_id)
    body: str | None = column("The JSON that every attempt carries.")
    test: bool = column("Whether it is a test.")
    state: DeliveryState = column("Where it is.")
    attempt_count: int = column("How many attempts were begun.", name="attempts")
    next_attempt_at: datetime | None = expression(
        "When the next attempt is due.",
        lambda d: case((d.state == DeliveryState.PENDING.value, d.next_attempt_at)),
    )
    last_status: int | None = column("HTTP status of the last answer.")
    last_error: AttemptError | None = column("Why the last attempt failed.")
    delivered_at: datetime | None = column("When it arrived.")
    failed_at: datetime | None = column("When it was given up.")
    mailed_at: datetime | None = column("When the update was mailed instead.")
    created_at: datetime = column("When it was queued first.")
    endpoint: EndpointRef | None = related("For which endpoint.", on=lambda d, e: e.id == d.endpoint_id)
    attempts: list[WebhookAttempt] = related_list(
        "Its attempts, in order.", on=lambda d, a: a.delivery_id == d.id, order_by=lambda a: a.number
    )


@filters(DeliveryRow)
@strawberry.input(description="Which deliveries; all conditions hold together.")
class WebhookDeliveryFilter:
    endpoint_id: IDFilter | None = match("Of this endpoint.", node="WebhookEndpoint")
    state: EnumFilter[DeliveryState] | None = match("By state.")
    event_type: TextFilter | None = match("By type of the event.")
    event_at: DateTimeFilter | None = match("By when it happened.")
    created_at: DateTimeFilter | None = match("By when it was queued.")
    subject_id: strawberry.ID | None = condition(
        "About this subject.", lambda d, value: d.subject_id == value, node="*"
    )
    event_id: strawberry.ID | None = match("Of this event.", node="Event")
    replay_id: strawberry.ID | None = match("Queued by this replay.", node="WebhookReplay")
    test: bool | None = match("Whether it is a test.")
    last_error: EnumFilter[AttemptError] | None = match("By why the last attempt failed.")


DELIVERY_SORT = Sort(DeliveryRow, created_at="When it was queued.", default="-created_at")


def _delivered(replay: Any, *states: DeliveryState) -> Any:
    delivery = aliased(DeliveryRow)
    counted = select(cast(func.count(), Integer)).where(
        delivery.replay_id == replay.id, delivery.state.in_([state.value for state in states])
    )
    return counted.scalar_subquery()


@reads(ReplayRow, audiences=READERS, source=_own)
@strawberry.type(description="Events of a range that an endpoint is told again.")
class WebhookReplay(Node):
    state: ReplayState = column("Where it is.")
    since: datetime | None = column("From when on.")
    until: datetime | None = column("Until when.")
    undelivered_only: bool = column("Whether what arrived before is left out.")
    examined: int = column("Events looked at so far.")
    queued: int = column("Deliveries queued so far.")
    delivered: int = expression("Those that arrived.", lambda r: _delivered(r, DeliveryState.DELIVERED))
    pending: int = expression("Those that wait.", lambda r: _delivered(r, DeliveryState.PENDING))
    failed: int = expression(
        "Those that were given up or skipped.", lambda r: _delivered(r, DeliveryState.FAILED, DeliveryState.SKIPPED)
    )
    created_at: datetime = column("When it began.")
    finished_at: datetime | None = column("When all was queued.")
    endpoint: EndpointRef | None = related("For which endpoint.", on=lambda r, e: e.id == r.endpoint_id)


@reads(EndpointRow, audiences=READERS, source=_own)
@strawberry.type(description="An address that is told what happened.")
class WebhookEndpoint(Node):
    url: str = column("Where requests go.")
    description: str = column("What it is for, for people.")
    event_types: list[str] = column("Types of events, or `subject.*`.")
    selection: str = expression(
        "The fields of WebhookPayload that it is told.", lambda e: func.coalesce(e.selection, DEFAULT_SELECTION)
    )
    contact_emails: list[str] = column("Who is told when deliveries fail.")
    mail_fallback: bool = column("Whether an update that could not be delivered is mailed instead.")
    state: EndpointState = column("Whether it gets events.")
    disabled_reason: DisabledReason | None = column("Why not.")
    disabled_at: datetime | None = column("Since when not.")
    attempts: int | None = column("Attempts in all, where it has a policy of its own.")
    retry_seconds: int | None = column("Seconds before the second attempt, where it has its own.")
    retry_factor: float | None = column("By how much each wait is longer, where it has its own.")
    retry_longest_seconds: int | None = column("The longest wait in seconds, where it has its own.")
    rotation_ends_at: datetime | None = column("Until when the secret before signs too.", name="overlap_until")
    failing_since: datetime | None = column("Since when nothing has arrived.")
    failed_in_a_row: int = column("Deliveries given up since the last one that arrived.")
    created_at: datetime = column("When it was made.")
    updated_at: datetime = column("When it was last changed.")
    entity: EntityRef | None = related("The business entity.", on=lambda e, entity: entity.id == e.entity_id)
    organization: OrganizationRef | None = related(
        "The partner; none for one of the entity itself.", on=lambda e, o: o.id == e.organization_id
    )
    deliveries: Connection[WebhookDelivery] = related_connection(
        "Its deliveries, newest first.",
        on=lambda e, d: d.endpoint_id == e.id,
        filter=WebhookDeliveryFilter,
        order=DELIVERY_SORT,
    )
    figures: WebhookFigures | None = computed("How well it did.", _figures, arguments=_HOURS)
    activity: list[WebhookActivity] = computed_list(
        "Hour by hour, those with attempts.", _activity, arguments=_HOURS, limit=MOST_HOURS
    )


@filters(EndpointRow)
@strawberry.input(description="Which endpoints; all conditions hold together.")
class WebhookEndpointFilter:
    state: EnumFilter[EndpointState] | None = match("By state.")
    entity_id: strawberry.ID | None = match("Of this business entity.", node="BusinessEntity")
    organization_id: strawberry.ID | None = match("Of this organization.", node="Organization")
    failing_since: DateTimeFilter | None = match("By since when nothing has arrived; `isNull` for those that do well.")


ENDPOINT_SORT = Sort(EndpointRow, created_at="When it was made.", default="-created_at")
_READ = Permission.WEBHOOKS_READ


@strawberry.type
class WebhookQueries:
    webhook_endpoint: WebhookEndpoint | None = read_one("One webhook endpoint.", requires=_READ)
    webhook_endpoints: Connection[WebhookEndpoint] = read_connection(
        "Webhook endpoints that you may see.", filter=WebhookEndpointFilter, order=ENDPOINT_SORT, requires=_READ
    )
    webhook_delivery: WebhookDelivery | None = read_one("One webhook delivery.", requires=_READ)
    webhook_deliveries: Connection[WebhookDelivery] = read_connection(
        "Webhook deliveries that you may see.", filter=WebhookDeliveryFilter, order=DELIVERY_SORT, requires=_READ
    )
    webhook_replay: WebhookReplay | None = read_one("One replay of webhooks.", requires=_READ)


TYPES: tuple[type, ...] = (WebhookEndpoint, WebhookDelivery, WebhookAttempt, WebhookReplay)
