"""The request log: what keys and applications asked in the last 30 days, and playing one again in the sandbox."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry
from sqlalchemy import func
from strawberry.scalars import JSON

from api.context import Info
from api.inputs import key_of
from api.locating import locator_of
from api.mutations import Payload, mutation
from api.reading import (
    Connection,
    DateTimeFilter,
    IDFilter,
    IntFilter,
    Listing,
    Node,
    Sort,
    Source,
    TextFilter,
    column,
    condition,
    derived,
    filters,
    match,
    read_connection,
    read_one,
    reads,
    related,
    related_any,
)
from api.refusals import status_of
from domain.partner_orders.document import json_path
from domain.request_log.histogram import BOUNDS, quantile
from domain.request_log.models import RequestHour as HourRow
from domain.request_log.models import RequestLog as LogRow
from domain.rows import find
from domain.sandbox import replaying
from tenants.audience import Audience
from tenants.permissions import Permission

if TYPE_CHECKING:
    from api.entities import BusinessEntity
    from api.organizations import Organization

EntityRef = Annotated["BusinessEntity", strawberry.lazy("api.entities")]
OrganizationRef = Annotated["Organization", strawberry.lazy("api.organizations")]
_READ = Permission.INTEGRATIONS_READ


def _own(listing: Listing, row: Any) -> Source | None:
    """Staff of one entity and partners walk their own index."""
    if listing.audience is Audience.STAFF and listing.one_entity:
        return Source(where=[row.entity_id == listing.actor.entity_id])
    if listing.audience is Audience.PARTNER:
        return Source(where=[row.organization_id == listing.actor.organization_id])
    return None


@reads(LogRow, source=_own)
@strawberry.type(description="One request of a key or an application; kept for 30 days, without personal data.")
class LoggedRequest(Node):
    created_at: datetime = column("When it came.")
    reference: str = column("`X-Request-Id` of its answer.", name="request_id")
    method: str = column("Method.")
    path: str = column("Path.")
    route: str = column("The path with the names of its variables.")
    operation: str | None = column("Name of the GraphQL operation.")
    status: int = column("HTTP status of the answer.")
    codes: list[str] = column("Codes of the errors that it was answered with.")
    milliseconds: int = column("How long answering took.")
    request_bytes: int = column("Size of the body that was sent.")
    response_bytes: int = column("Size of the answer.")
    request_headers: JSON = column("The headers that help, without what proves who asks.")
    request_body: str | None = column("The body, redacted and cut at 16,384 characters.")
    response_body: str | None = column("The answer, redacted and cut at 16,384 characters.")
    ip_address: str = column("Where it came from.")
    sandbox: bool = column("Whether it went to the sandbox.")
    replayable: bool = column("Whether it can be played again in the sandbox.")
    client: Node | None = related_any(
        "The key or application that asked.", kind=lambda r: r.client_kind, id=lambda r: r.client_id
    )
    entity: EntityRef | None = related("The business entity.", on=lambda r, e: e.id == r.entity_id)
    organization: OrganizationRef | None = related(
        "The partner; none for the entity's own systems.", on=lambda r, o: o.id == r.organization_id
    )


@filters(LogRow)
@strawberry.input(description="Which requests; all conditions hold together.")
class LoggedRequestFilter:
    client_id: strawberry.ID | None = condition(
        "Of this key or application.", lambda r, value: r.client_id == value, node="*"
    )
    created_at: DateTimeFilter | None = match("By when it came.")
    status: IntFilter | None = match("By HTTP status.")
    failed: bool | None = condition("Whether it was refused or failed.", lambda r, value: (r.status >= 400) == value)
    route: TextFilter | None = match("By route.")
    operation: TextFilter | None = match("By name of the GraphQL operation.")
    code: str | None = condition("Answered with this code.", lambda r, value: value == func.any(r.codes))
    reference: TextFilter | None = match("By `X-Request-Id`.", name="request_id")
    sandbox: bool | None = match("Whether it went to the sandbox.")
    entity_id: IDFilter | None = match("To this business entity.", node="BusinessEntity")
    organization_id: IDFilter | None = match("Of this partner.", node="Organization")


LOG_SORT = Sort(LogRow, created_at="When it came.", default="-created_at")


def _quantile(share: float) -> Any:
    def resolve(values: dict[str, Any], _info: Info) -> int | None:
        return quantile(values["histogram"], share, values["slowest"])

    return resolve


def _spread(hour: Any) -> dict[str, Any]:
    return {"histogram": hour.histogram, "slowest": hour.slowest}


@reads(HourRow, source=_own)
@strawberry.type(description="What one key or application asked on one route within an hour; kept for 13 months.")
class RequestHour(Node):
    hour: datetime = column("When the hour began.")
    route: str = column("The path with the names of its variables.")
    sandbox: bool = column("Whether it went to the sandbox.")
    requests: int = column("How many requests.")
    refused: int = column("Those that were answered 4xx.")
    errors: int = column("Those that were answered 5xx.")
    unlogged: int = column("Those that the log had no room for.")
    slowest: int = column("The longest answer took so many milliseconds.")
    p50: int | None = derived(
        "Half of the answers took no longer, in milliseconds, estimated from classes of duration.",
        needs=_spread,
        resolve=_quantile(0.5),
    )
    p95: int | None = derived(
        "95 of 100 answers took no longer, in milliseconds, estimated from classes of duration.",
        needs=_spread,
        resolve=_quantile(0.95),
    )
    histogram: list[int] = column(
        f"Requests by duration: up to {', '.join(map(str, BOUNDS))} ms, and above.",
    )
    client: Node | None = related_any(
        "The key or application that asked.", kind=lambda h: h.client_kind, id=lambda h: h.client_id
    )
    entity: EntityRef | None = related("The business entity.", on=lambda h, e: e.id == h.entity_id)
    organization: OrganizationRef | None = related(
        "The partner; none for the entity's own systems.", on=lambda h, o: o.id == h.organization_id
    )


@filters(HourRow)
@strawberry.input(description="Which hours; all conditions hold together.")
class RequestHourFilter:
    hour: DateTimeFilter | None = match("By the hour.")
    client_id: strawberry.ID | None = condition(
        "Of this key or application.", lambda h, value: h.client_id == value, node="*"
    )
    route: TextFilter | None = match("By route.")
    sandbox: bool | None = match("Whether it went to the sandbox.")
    entity_id: IDFilter | None = match("To this business entity.", node="BusinessEntity")
    organization_id: IDFilter | None = match("Of this partner.", node="Organization")


HOUR_SORT = Sort(HourRow, hour="By the hour.", default="-hour")


@strawberry.type
class RequestLogQueries:
    logged_request: LoggedRequest | None = read_one("One request of the log.", requires=_READ)
    request_log: Connection[LoggedRequest] = read_connection(
        "What keys and applications asked in the last 30 days.",
        filter=LoggedRequestFilter,
        order=LOG_SORT,
        requires=_READ,
    )
    request_hours: Connection[RequestHour] = read_connection(
        "What keys and applications asked, counted by hour.",
        filter=RequestHourFilter,
        order=HOUR_SORT,
        requires=_READ,
    )


@strawberry.type(description="What a replayed request was answered.")
class ReplayedRequest:
    status: int = strawberry.field(description="The HTTP status.")
    body: JSON = strawberry.field(description="The answer.")
    made_up: list[str] = strawberry.field(
        description="JSON paths of values that the log does not keep: made-up ones stood in for them."
    )


@strawberry.type(description="What replayRequest returns.")
class ReplayRequestPayload(Payload):
    replayed: ReplayedRequest | None = strawberry.field(default=None, description="What came of it in the sandbox.")


RequestId = Annotated[strawberry.ID, strawberry.argument(description="The request of the log.")]


@strawberry.type
class RequestLogMutations:
    @mutation(
        "Plays a request of the log again in the sandbox, with a made-up customer.",
        requires=Permission.INTEGRATIONS_MANAGE,
    )
    async def replay_request(self, info: Info, id: RequestId) -> ReplayRequestPayload:
        context = info.context
        async with context.write() as session:
            request = await find(session, LogRow, key_of("LoggedRequest", id))
            found = await replaying.replay(context.database, locator_of(context), request)
        return ReplayRequestPayload(replayed=_shown(found, context.language))


def _shown(found: replaying.Replayed, language: str) -> ReplayedRequest:
    if found.refused is None:
        return ReplayedRequest(status=201 if found.created else 200, body=JSON(found.answer), made_up=found.made_up)
    faults = [
        {"code": each.code, "field": json_path(each.field), "message": each.message(language)}
        for each in found.refused.errors
    ]
    return ReplayedRequest(status=status_of(found.refused), body=JSON({"errors": faults}), made_up=found.made_up)


TYPES = (LoggedRequest, RequestHour)
