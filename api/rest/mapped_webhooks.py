"""Orders of partners whose systems send a form of their own: POST /partners/{partner_id}/webhooks/{slug}."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from pydantic import BaseModel, Field
from sqlalchemy import select
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.context import Context
from api.guards import hold_address
from api.locating import locator_of
from api.openapi import Media, described, path
from api.reading.ids import global_id
from api.refusals import refusing_in_full, tell_headers, tell_language
from api.requests import RequestError, facts_of
from api.rest.partner_orders import PARTNER, SIGNATURE_CODES, IssueAnswer, ReceiptAnswer
from domain.contacts.models import Contact
from domain.errors import DomainError, NotFound, RateLimited
from domain.partner_orders import errors, integration, signing
from domain.partner_orders.models import PartnerIntegration
from domain.partner_orders.signing import SIGNATURE_HEADER, TIMESTAMP_HEADER, Secret
from domain.ways_in import authentication, messages
from domain.ways_in.errors import WebhookUnauthenticated
from domain.ways_in.messages import Arrived, Kept, Outcome
from domain.ways_in.models import MappedWebhook
from domain.ways_in.webhooks import is_slug
from tenants.actor import anonymous
from tenants.auth import clock
from tenants.brands import BrandFacts, brand_of
from tenants.rate import turn

_PER_ADDRESS = 1200
_SECONDS = 60


class KeptAnswer(BaseModel):
    """The message is kept and needs somebody to look at it; there is no use in sending it again."""

    status: str = Field(description="`kept`.")
    message_id: str = Field(description="Id of the message, in `inboundMessage(id)`.")
    issues: list[IssueAnswer] = Field(description="Why it is no order yet, each by JSON path of the document.")


class TakenAnswer(ReceiptAnswer):
    """That the message is an order, and what it became."""

    message_id: str = Field(description="Id of the message, in `inboundMessage(id)`.")


@dataclass(frozen=True, slots=True)
class _Hook:
    """The webhook that was called, its partner and what the partner's integration allows; out of the database."""

    row: MappedWebhook
    language: str
    integration: PartnerIntegration
    secrets: list[Secret]


@refusing_in_full
async def receive(request: Request) -> Response:
    """200 with the receipt of an order, 202 where the message is kept for somebody to look at, 4xx where it is not."""
    began = clock.now()
    await hold_address(request, "mapped-webhook", _PER_ADDRESS)
    context = await _context(request)
    hook = await _hook(request, context)
    tell_language(request, hook.language)
    integration.require_allowed(hook.integration, context.request.ip_address)
    body = await _body(request)
    await _prove(request, context, hook, body)
    await _hold(request, hook)
    integration.require_taking(hook.integration)
    kept = await _keep(request, context, hook, body)
    outcome = await messages.process(context.database, locator_of(context), kept, began=began)
    return _answer(outcome, hook.language)


async def _context(request: Request) -> Context:
    """Nobody yet: what an Authorization header holds here is the partner's secret and no token of ours."""
    state, facts = request.app.state, facts_of(request)
    brand = await brand_of(state.database, facts.host)
    visitor = anonymous(brand.entity_id if brand else None)
    return Context(visitor, state.database, state.settings, facts, state.redis, brand, "en")


async def _hook(request: Request, context: Context) -> _Hook:
    if not request.path_params["partner_id"].isprintable() or not is_slug(request.path_params["slug"].strip().lower()):
        raise NotFound(field=("slug",))
    async with context.system() as session:
        found = (await session.execute(_query(request, context.brand))).all()
        if len(found) != 1:
            raise NotFound(field=("slug",))
        row, organization = found[0]
        chain = list(organization.chain_organization_ids) or [organization.id]
        kept = await integration.governing(session, row.entity_id, chain)
        ours = not authentication.needs_secret(row.authentication)
        secrets = await signing.secrets_of(session, context.settings, kept) if ours else []
        session.expunge_all()
    return _Hook(row, organization.language, kept, secrets)


def _query(request: Request, brand: BrandFacts | None) -> Any:
    """By the partner's code or id and the slug, of the entity of the host where it is a portal's."""
    named, slug = request.path_params["partner_id"].strip().lower(), request.path_params["slug"].strip().lower()
    query = (
        select(MappedWebhook, Contact)
        .join(Contact, Contact.id == MappedWebhook.organization_id)
        .where(MappedWebhook.slug == slug, MappedWebhook.active)
    )
    query = query.where(MappedWebhook.entity_id == brand.entity_id) if brand else query
    id = _uuid(named)
    return query.where(Contact.id == id if id else Contact.partner_code == named).limit(2)


def _uuid(named: str) -> UUID | None:
    try:
        return UUID(named)
    except ValueError:
        return None


async def _hold(request: Request, hook: _Hook) -> None:
    """Of proven senders only: nobody else uses up what the partner may send."""
    allowed = await turn(
        request.app.state.redis, f"webhook:{hook.row.id}", hook.integration.requests_per_minute, _SECONDS
    )
    tell_headers(request, allowed.headers)
    if not allowed.allowed:
        raise RateLimited(seconds=allowed.reset)


async def _body(request: Request) -> bytes:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind and kind not in _KINDS and not kind.endswith("+json"):
        raise RequestError(415, "UNSUPPORTED_MEDIA_TYPE", "Send JSON, or application/x-www-form-urlencoded.")
    body = await request.body()
    if len(body) > messages.MOST_BYTES:
        raise RequestError(413, "BODY_TOO_LARGE", f"At most {messages.MOST_BYTES} bytes.")
    return body


_KINDS = frozenset({"application/json", "text/json", "text/plain", messages.FORM})


async def _prove(request: Request, context: Context, hook: _Hook, body: bytes) -> None:
    """Raises SignatureFault; how often is counted, so that the partner sees it."""
    now = integration.now(hook.integration)
    headers = {name.lower(): value for name, value in request.headers.items()}
    try:
        if authentication.needs_secret(hook.row.authentication):
            secrets = authentication.secrets_of(context.settings, hook.row, clock.now())
            authentication.prove(hook.row.authentication, secrets, headers, body, now)
        else:
            used = signing.verify(hook.secrets, headers.get(TIMESTAMP_HEADER), headers.get(SIGNATURE_HEADER), body, now)
            async with context.system() as session:
                await signing.used(session, used.id)
    except DomainError as refused:
        async with context.system() as session:
            await messages.refuse(session, hook.row, refused.code)
        raise


async def _keep(request: Request, context: Context, hook: _Hook, body: bytes) -> Kept:
    headers = {name.lower(): value for name, value in request.headers.items()}
    async with context.system() as session:
        return await messages.keep(session, hook.row, Arrived(body, headers))


def _answer(outcome: Outcome, language: str) -> Response:
    id = global_id("InboundMessage", outcome.message_id)
    if outcome.receipt is not None:
        told: dict[str, Any] = outcome.receipt.json() | {"message_id": id}
        return Response(orjson.dumps(told), 200, media_type="application/json")
    issues = [
        {"code": f.code, "path": messages.told(f)["field"], "message": f.message(language)} for f in outcome.faults
    ]
    told = {"status": "kept", "message_id": id, "issues": issues}
    return Response(orjson.dumps(told), 202, media_type="application/json")


ROUTES: list[Any] = [
    described(
        Route("/partners/{partner_id}/webhooks/{slug}", receive, methods=["POST"]),
        summary="Send an order in a form of your own.",
        tag="Orders",
        body=(
            Media("application/json", {"description": "Whatever your system sends; the mapping says what is what."}),
            Media(messages.FORM, {"type": "object", "additionalProperties": {"type": "string"}}),
        ),
        responses={200: TakenAnswer, 202: KeptAnswer},
        codes={
            400: ("BAD_IDEMPOTENCY_KEY",),
            401: (WebhookUnauthenticated, *SIGNATURE_CODES),
            403: (errors.AddressNotAllowed, errors.IntegrationNotLive),
            404: (NotFound,),
            413: ("BODY_TOO_LARGE",),
            415: ("UNSUPPORTED_MEDIA_TYPE",),
            429: ("RATE_LIMITED",),
        },
        security=(),
        parameters=[PARTNER, path("slug", "Name of the webhook.", example="orders")],
        errors="errors",
        words=(
            "An address that a partner makes with `createMappedWebhook`, for a system that cannot send our document. "
            "Who sends is proven as agreed there: our signature, one of the system's own, HTTP Basic or a secret in a "
            "header. Whatever arrives is kept as it came before it is read; what cannot be read answers 202 and waits "
            "in the exception queue until the mapping is mended."
        ),
    )
]
