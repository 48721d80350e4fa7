"""What providers tell of payments, and the pages of a payment link.

A webhook is believed in nothing but which payment to ask about: what became of it is fetched from the provider by a
job. What is refused writes nothing.
"""

import contextlib
import time
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

import orjson
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from api.guards import hold
from api.openapi import PUBLIC, Media, described, header
from api.openapi.shapes import FORM, HTML
from api.payment_pages import closed_page, pay_page, test_page, unavailable_page, waiting_page
from api.requests import RequestError, facts_of
from domain.errors import NotFound, language_of
from domain.jobs.service import enqueue
from domain.payments import accounts, attempts, carrying_out, showing, webhook_signatures
from domain.payments.attempts import StrangePayment
from domain.payments.carrying_out import JOB_REFRESH, WEBHOOKS
from domain.payments.errors import LinkClosed, NoPaymentProvider, ProviderRefused, ProviderUnavailable
from domain.payments.links import PATH
from domain.payments.models import AttemptStatus, PaymentAttempt, PaymentProvider, ProviderMode
from domain.payments.providers.port import ProviderRefusal, ProviderUnreachable
from domain.payments.showing import Shown
from domain.payments.tokens import LINK, WEBHOOK, opened
from domain.rows import find
from tenants.actor import SYSTEM
from tenants.settings import Settings

PER_MINUTE = 60
_LONGEST_ID = 100
_FETCHED = frozenset(
    {
        "checkout.session.completed",
        "checkout.session.async_payment_succeeded",
        "checkout.session.async_payment_failed",
        "checkout.session.expired",
        "payment_intent.succeeded",
        "payment_intent.payment_failed",
        "payment_intent.canceled",
        "charge.updated",
        "charge.refunded",
        "charge.refund.updated",
        "refund.created",
        "refund.updated",
        "refund.failed",
        "charge.dispute.created",
        "charge.dispute.updated",
        "charge.dispute.closed",
        "charge.dispute.funds_withdrawn",
        "charge.dispute.funds_reinstated",
    }
)
"""Events of Stripe after which a payment is asked about; others are none of ours."""
_OUTCOMES = (AttemptStatus.PAID, AttemptStatus.FAILED, AttemptStatus.CANCELLED)


# --- webhooks -----------------------------------------------------------------------------------------------------


async def mollie(request: Request) -> Response:
    """`id=tr_…` at an address that is of one attempt alone; 404 for any other payment."""
    settings: Settings = request.app.state.settings
    attempt_id = opened(settings, WEBHOOK, request.path_params["token"])
    if attempt_id is None:
        raise _unknown()
    await hold(request, f"payment-webhook:{attempt_id}", PER_MINUTE, 60)
    given = _form(await request.body()).get("id", "")
    if not 0 < len(given) <= _LONGEST_ID or not given.isascii() or not given.replace("_", "").isalnum():
        raise RequestError(400, "BAD_REQUEST", "`id` has to be the id of a payment.")
    async with request.app.state.database.session(SYSTEM) as session:
        attempt = await _attempt(session, attempt_id)
        if attempt.provider != "MOLLIE" or attempt.provider_id not in (None, given):
            raise _unknown()
        await _ask_about(session, attempt, provider_id=given)
    return Response(status_code=200)


async def stripe(request: Request) -> Response:
    """An event, signed with one of the account's secrets within five minutes; 404 for a payment that is not its."""
    settings: Settings = request.app.state.settings
    account_id = _account_id(request.path_params["account"])
    body = await request.body()
    async with request.app.state.database.session(SYSTEM) as session:
        secrets = await accounts.webhook_secrets_of(session, settings, account_id)
        if not secrets:
            raise RequestError(404, "UNKNOWN_PAYMENT_PROVIDER", "No such account.")
        header = request.headers.get("stripe-signature", "")
        if not webhook_signatures.holds(header, body, secrets, time.time()):
            message = "The signature does not hold, or its time is more than 5 minutes away."
            raise RequestError(401, "BAD_SIGNATURE", message)
        event = _event(body)
        if event["type"] not in _FETCHED:
            return Response(status_code=204)
        await _require_mode(session, account_id, event)
        attempt = await _attempt(session, await _named(session, account_id, event["data"]["object"]))
        await _ask_about(session, attempt, key=f"stripe:{account_id}:{event['id']}")
    return Response(status_code=200)


def _account_id(value: str) -> UUID:
    try:
        return UUID(hex=value)
    except ValueError:
        raise RequestError(404, "UNKNOWN_PAYMENT_PROVIDER", "No such account.") from None


def _event(body: bytes) -> dict[str, Any]:
    try:
        event = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise RequestError(400, "BAD_JSON", "The body is not valid JSON.") from None
    data = event.get("data") if isinstance(event, dict) else None
    named = isinstance(data, dict) and isinstance(data.get("object"), dict)
    if not named or not all(isinstance(event.get(name), str) for name in ("id", "type")):
        raise RequestError(400, "BAD_REQUEST", "The body has to be an event.")
    if len(event["id"]) > _LONGEST_ID:
        raise RequestError(400, "BAD_REQUEST", "`id` is too long.")
    return dict(event)


async def _require_mode(session: AsyncSession, account_id: UUID, event: dict[str, Any]) -> None:
    """Play money never pays for real: Stripe sends both to one address if it is told so."""
    account = await find(session, PaymentProvider, account_id)
    if (event.get("livemode") is True) != (account.mode == ProviderMode.LIVE):
        raise RequestError(400, "WRONG_MODE", "The event is of the other mode than the account.")


async def _named(session: AsyncSession, account_id: UUID, about: dict[str, Any]) -> UUID:
    ids = [str(about[name])[:_LONGEST_ID] for name in ("id", "payment_intent") if isinstance(about.get(name), str)]
    kept = about.get("metadata")
    reference = kept.get("attempt") if isinstance(kept, dict) else None
    try:
        ours = UUID(str(reference)) if reference else None
    except ValueError:
        ours = None
    try:
        return await attempts.named(session, account_id, ids, ours)
    except NotFound:
        raise _unknown() from None


async def _attempt(session: AsyncSession, attempt_id: UUID) -> PaymentAttempt:
    try:
        return await find(session, PaymentAttempt, attempt_id)
    except NotFound:
        raise _unknown() from None


async def _ask_about(
    session: AsyncSession, attempt: PaymentAttempt, *, key: str | None = None, provider_id: str | None = None
) -> None:
    arguments = {"attempt_id": attempt.id} | ({"provider_id": provider_id} if provider_id else {})
    await enqueue(session, JOB_REFRESH, arguments, entity_id=attempt.entity_id, key=key, queue="billing")


def _unknown() -> RequestError:
    return RequestError(404, "UNKNOWN_PAYMENT", "No such payment.")


# --- pages --------------------------------------------------------------------------------------------------------


async def ask(request: Request) -> Response:
    """What is to be paid."""
    shown = await _shown(request)
    return pay_page(request.app.state.settings, shown) if shown else _no_link(request)


async def pay(request: Request) -> Response:
    """To the provider's page; a double click leads to the same payment."""
    shown = await _shown(request)
    if shown is None:
        return _no_link(request)
    state = request.app.state
    try:
        url = await carrying_out.start(state.database, state.settings, shown.link_id)
    except LinkClosed:
        return RedirectResponse(_here(request), 303)
    except (NoPaymentProvider, ProviderUnavailable, ProviderRefused):
        return unavailable_page(shown)
    return RedirectResponse(url, 303, {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"})


async def come_back(request: Request) -> Response:
    """From the provider's page: the provider is asked at once, whatever the address says."""
    shown = await _shown(request)
    if shown is None:
        return _no_link(request)
    state = request.app.state
    async with state.database.session(SYSTEM) as session:
        attempt_id = await showing.to_ask_about(session, shown.link_id)
    if attempt_id is not None:
        with contextlib.suppress(ProviderUnreachable, ProviderRefusal, StrangePayment, NoPaymentProvider):
            await carrying_out.refresh(state.database, state.settings, attempt_id)
        shown = await _shown(request, held=True) or shown
    if shown.payable and shown.last in (AttemptStatus.OPEN, AttemptStatus.PENDING):
        return waiting_page(shown)
    return RedirectResponse(_here(request), 303, {"Cache-Control": "no-store"})


async def test_choices(request: Request) -> Response:
    """The local provider's page; 404 where the entity has a provider."""
    shown, attempt_id = await _shown(request), _attempt_id(request)
    if shown is None or attempt_id is None:
        return _no_link(request)
    state = request.app.state
    try:
        async with state.database.session(SYSTEM) as session:
            row = await showing.local_payment(session, state.settings, shown.link_id, attempt_id)
    except (NotFound, NoPaymentProvider):
        return _no_link(request)
    return test_page(shown) if row.status == AttemptStatus.OPEN else RedirectResponse(row.return_url, 303)


async def test_choice(request: Request) -> Response:
    """What shall come of a local payment."""
    shown, attempt_id = await _shown(request), _attempt_id(request)
    if shown is None or attempt_id is None:
        return _no_link(request)
    given = _form(await request.body())
    method, outcome = given.get("method", "IDEAL"), given.get("outcome", "")
    if method not in ("IDEAL", "CARD") or outcome not in _OUTCOMES:
        raise RequestError(400, "BAD_REQUEST", "Choose a method and what shall happen.")
    state = request.app.state
    try:
        async with state.database.session(SYSTEM) as session:
            chosen = AttemptStatus(outcome)
            url = await showing.play(session, state.settings, shown.link_id, attempt_id, method, chosen)
    except (NotFound, NoPaymentProvider):
        return _no_link(request)
    except LinkClosed:
        url = f"{_here(request)}/return"
    return RedirectResponse(url, 303, {"Cache-Control": "no-store"})


async def _shown(request: Request, *, held: bool = False) -> Shown | None:
    if not held:
        await hold(request, f"pay:{facts_of(request).ip_address}", PER_MINUTE, 60)
    link_id = opened(request.app.state.settings, LINK, request.path_params["token"])
    if link_id is None:
        return None
    try:
        async with request.app.state.database.session(SYSTEM) as session:
            return await showing.shown(session, request.app.state.settings, link_id)
    except NotFound:
        return None


def _attempt_id(request: Request) -> UUID | None:
    try:
        return UUID(hex=request.path_params["attempt"])
    except ValueError:
        return None


def _here(request: Request) -> str:
    return f"{PATH}{request.path_params['token']}"


def _no_link(request: Request) -> Response:
    language = request.headers.get("accept-language", "nl").partition(",")[0].strip() or "nl"
    return closed_page(language_of(language), status=404)


def _form(body: bytes) -> dict[str, str]:
    """The last value of each field of a form."""
    try:
        fields = parse_qs(body.decode("ascii"), max_num_fields=20)
    except (UnicodeDecodeError, ValueError):
        raise RequestError(400, "BAD_REQUEST", "The body has to be a form.") from None
    return {name: values[-1] for name, values in fields.items()}


_WEBHOOK: dict[str, Any] = {
    "tag": "Payments",
    "security": PUBLIC,
    "why_unlisted": "Payment providers call it.",
}
_PAGE: dict[str, Any] = {
    "tag": "Payments",
    "security": PUBLIC,
    "codes": {429: ("RATE_LIMITED",)},
    "why_unlisted": "A page for persons.",
}
_SHOWN: dict[int, str] = {200: HTML, 404: HTML}
_ONWARD: dict[int, Any] = {200: HTML, 303: "Onward.", 404: HTML, 503: HTML}
ROUTES = [
    described(
        Route(f"{WEBHOOKS}/mollie/{{token}}", mollie, methods=["POST"]),
        summary="Mollie tells that a payment changed.",
        body=Media(FORM, {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}}),
        responses={200: "It will be looked at."},
        codes={400: ("BAD_REQUEST",), 404: ("UNKNOWN_PAYMENT",), 429: ("RATE_LIMITED",)},
        **_WEBHOOK,
    ),
    described(
        Route(f"{WEBHOOKS}/stripe/{{account}}", stripe, methods=["POST"]),
        summary="Stripe tells that something changed.",
        body={"type": "object"},
        responses={200: "It will be looked at.", 204: "It is none of ours."},
        codes={
            400: ("BAD_JSON", "BAD_REQUEST", "WRONG_MODE"),
            401: ("BAD_SIGNATURE",),
            404: ("UNKNOWN_PAYMENT", "UNKNOWN_PAYMENT_PROVIDER"),
        },
        parameters=[header("stripe-signature", "Stripe's.")],
        **_WEBHOOK,
    ),
    described(
        Route(f"{PATH}{{token}}", ask, methods=["GET"]), summary="What is to be paid.", responses=_SHOWN, **_PAGE
    ),
    described(Route(f"{PATH}{{token}}", pay, methods=["POST"]), summary="To the provider.", responses=_ONWARD, **_PAGE),
    described(
        Route(f"{PATH}{{token}}/return", come_back, methods=["GET"]),
        summary="From the provider.",
        responses=_ONWARD,
        **_PAGE,
    ),
    described(
        Route(f"{PATH}{{token}}/test/{{attempt}}", test_choices, methods=["GET"]),
        summary="The page of the local provider.",
        responses=_ONWARD,
        **_PAGE,
    ),
    described(
        Route(f"{PATH}{{token}}/test/{{attempt}}", test_choice, methods=["POST"]),
        summary="What shall come of a local payment.",
        body=Media(FORM, {"type": "object"}),
        responses=_ONWARD,
        **{**_PAGE, "codes": {400: ("BAD_REQUEST",), 429: ("RATE_LIMITED",)}},
    ),
]
