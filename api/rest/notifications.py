"""What providers report of deliveries, and the page behind the link with which a kind of mail is switched off."""

from datetime import UTC, datetime
from html import escape
from typing import Any

import orjson
from pydantic import AwareDatetime, BaseModel, Field
from standardwebhooks.webhooks import Webhook, WebhookVerificationError
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from api.guards import hold_address
from api.openapi import PUBLIC, described, header
from api.openapi.shapes import HTML, NOTHING
from api.requests import RequestError
from domain.errors import language_of
from domain.notifications import tracking, unsubscribing
from domain.notifications.models import Language
from domain.notifications.tracking import Reported
from domain.notifications.unsubscribing import PATH, Unsubscription
from tenants.actor import SYSTEM
from tenants.settings import Settings

PER_MINUTE = 60
_LONGEST_REFERENCE, _LONGEST_ERROR = 400, 200
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
}
_PAGE = """<!doctype html>
<html lang="{language}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
  body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 36rem; margin: 4rem auto; padding: 0 1rem; color: #222 }}
  button {{ font: inherit; padding: .5rem 1rem }}
</style>
<h1>{title}</h1>
<p>{text}</p>
{form}
</html>
"""
_FORM = '<form method="post"><button>{word}</button></form>'
_WORDS = {
    "nl": {
        "title": "Berichten uitzetten",
        "ask": "Wilt u geen berichten van de soort “{kind}” meer ontvangen?",
        "yes": "Zet ze uit",
        "done": "U ontvangt geen berichten van de soort “{kind}” meer. In het portaal kunt u ze weer aanzetten.",
        "unknown": "Deze link is niet (meer) geldig.",
    },
    "en": {
        "title": "Switch off messages",
        "ask": "Would you like to receive no more messages of the kind “{kind}”?",
        "yes": "Switch them off",
        "done": "You will receive no more messages of the kind “{kind}”. You can switch them on again in the portal.",
        "unknown": "This link is not valid (any more).",
    },
}


# --- reports of providers -----------------------------------------------------------------------------------------


async def callback(request: Request) -> Response:
    """`{delivery, state, at?, error?}`, signed as Standard Webhooks says; 404 for a delivery that is not ours."""
    settings: Settings = request.app.state.settings
    body = await request.body()
    _verify(settings, body, dict(request.headers))
    reference, reported, at, error = _report(_parsed(body))
    async with request.app.state.database.session(SYSTEM) as session:
        known = await tracking.report(session, reference, reported, at, error)
    if not known:
        raise RequestError(404, "NOT_FOUND", "No such delivery.")
    return Response(status_code=204)


def _verify(settings: Settings, body: bytes, headers: dict[str, str]) -> None:
    """By any of the secrets, so that they can be exchanged one after the other."""
    secrets = [part.strip() for part in settings.notification_secrets.get_secret_value().split(",") if part.strip()]
    if not secrets:
        raise RequestError(404, "NOT_CONFIGURED", "No provider is set up to report here.")
    for secret in secrets:
        try:
            Webhook(secret).verify(body, headers, json_parse=False)
            return
        except (WebhookVerificationError, ValueError, OverflowError, OSError):  # of what is no signature, or no time
            continue
    raise RequestError(401, "BAD_SIGNATURE", "The signature does not hold, or its time is more than 5 minutes away.")


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        given = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise RequestError(400, "BAD_JSON", "The body is not valid JSON.") from None
    if not isinstance(given, dict):
        raise RequestError(400, "BAD_REQUEST", "The body has to be a JSON object.")
    return given


def _report(given: dict[str, Any]) -> tuple[str, Reported, datetime, str]:
    reference, state = given.get("delivery"), given.get("state")
    if not isinstance(reference, str) or not 0 < len(reference) <= _LONGEST_REFERENCE:
        raise RequestError(400, "BAD_REQUEST", "`delivery` has to be the id of a delivery, ours or yours.")
    if state not in tuple(Reported):
        raise RequestError(400, "BAD_REQUEST", f"`state` has to be one of {', '.join(Reported)}.")
    error = given.get("error")
    return reference, Reported(state), _at(given.get("at")), error[:_LONGEST_ERROR] if isinstance(error, str) else ""


def _at(value: object) -> datetime:
    if value is None:
        return datetime.now(UTC)
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise RequestError(400, "BAD_REQUEST", "`at` has to be a time in ISO 8601 with its offset.")
    return at


# --- switching off ------------------------------------------------------------------------------------------------


async def ask(request: Request) -> Response:
    """What the link would do: programs that follow links must not switch anything off."""
    await hold_address(request, "unsubscribe", PER_MINUTE)
    wanted = _wanted(request)
    return _page(request, "ask", wanted, form=True) if wanted else _page(request, "unknown", None, status=404)


async def switch_off(request: Request) -> Response:
    """One click, by the page's button or by a mail program (RFC 8058); doing it again changes nothing."""
    await hold_address(request, "unsubscribe", PER_MINUTE)
    wanted = _wanted(request)
    if wanted is None:
        return _page(request, "unknown", None, status=404)
    async with request.app.state.database.session(SYSTEM) as session:
        await unsubscribing.carry_out(session, wanted)
    return _page(request, "done", wanted)


def _wanted(request: Request) -> Unsubscription | None:
    return unsubscribing.opened(request.app.state.settings, request.path_params["token"])


def _page(
    request: Request, name: str, wanted: Unsubscription | None, *, form: bool = False, status: int = 200
) -> Response:
    language = language_of(request.headers.get("accept-language", "nl").partition(",")[0].strip() or "nl")
    words = _WORDS[language]
    text = words[name].format(kind=wanted.shown(Language(language)) if wanted else "")
    page = _PAGE.format(
        language=language,
        title=words["title"],
        text=escape(text),
        form=_FORM.format(word=words["yes"]) if form else "",
    )
    return HTMLResponse(page, status, _HEADERS)


class DeliveryReport(BaseModel):
    """What a provider reports."""

    delivery: str = Field(description="The id of the delivery, ours or the provider's.")
    state: Reported = Field(description="What became of it.")
    at: AwareDatetime | None = Field(None, description="When.")
    error: str | None = Field(None, description="Why it failed.")


_PAGE_OF: dict[str, Any] = {"tag": "Notifications", "security": PUBLIC, "responses": {200: HTML, 404: HTML}}
ROUTES = [
    described(
        Route("/notifications/callbacks", callback, methods=["POST"]),
        summary="What became of a delivery.",
        tag="Notifications",
        security=PUBLIC,
        body=DeliveryReport,
        responses={204: NOTHING},
        codes={
            400: ("BAD_JSON", "BAD_REQUEST"),
            401: ("BAD_SIGNATURE",),
            404: ("NOT_CONFIGURED", "NOT_FOUND"),
        },
        parameters=[
            header(name, "As Standard Webhooks says.")
            for name in ("webhook-id", "webhook-timestamp", "webhook-signature")
        ],
        why_unlisted="Mail providers report here.",
    ),
    described(
        Route(f"{PATH}{{token}}", ask, methods=["GET"]),
        summary="The page behind the link that switches a kind of mail off.",
        codes={429: ("RATE_LIMITED",)},
        why_unlisted="A page for persons.",
        **_PAGE_OF,
    ),
    described(
        Route(f"{PATH}{{token}}", switch_off, methods=["POST"]),
        summary="Switch a kind of mail off (RFC 8058).",
        codes={429: ("RATE_LIMITED",)},
        why_unlisted="For persons and mail programs.",
        **_PAGE_OF,
    ),
]
