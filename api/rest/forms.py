"""Hosted forms of partners: /forms/{slug} under the brand's host. No cookie, no script, nothing of another host."""

from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from api import order_form_pages as pages
from api.context import Context
from api.locating import locator_of
from api.openapi import unlisted
from api.requests import facts_of
from domain.ways_in import filling, tickets
from domain.ways_in.errors import FormNeedsAToken
from domain.ways_in.filling import FormFaults, Shown
from domain.ways_in.webhooks import is_slug
from tenants.actor import SYSTEM, Actor, anonymous
from tenants.auth import clock
from tenants.brands import brand_of
from tenants.rate import take

_SHOWN_PER_ADDRESS, _SENT_PER_ADDRESS, _SENT_PER_FORM = 120, 30, 300
_SECONDS = 60
_MOST_INPUTS = 200
_LONGEST_INPUT = 20_000
_LONGEST_SECRET = 4_000
_WHY = "A page for people, in HTML."


async def show(request: Request) -> Response:
    """The empty form, or one page for all that is no open form of this visitor."""
    context = await _context(request)
    if busy := await _busy(request, context, "shown", _SHOWN_PER_ADDRESS):
        return busy
    found = await _open(request, context)
    if found is None:
        return pages.closed_page(_language(request, context))
    form, _, secret = found
    ticket = tickets.new_ticket(context.settings, form.id)
    return pages.form_page(form, language=_language(request, context), secret=secret, ticket=ticket)


async def send(request: Request) -> Response:
    """303 to the confirmation; 422 with the form and what was typed where something is wrong."""
    context = await _context(request)
    language = _language(request, context)
    if request.headers.get("sec-fetch-site", "same-origin") == "cross-site":
        return pages.closed_page(language, status=403)
    if busy := await _busy(request, context, "sent", _SENT_PER_ADDRESS):
        return busy
    found = await _open(request, context)
    if found is None:
        return pages.closed_page(language)
    form, by, secret = found
    if busy := await _busy(request, context, f"form:{form.id}", _SENT_PER_FORM, by_address=False):
        return busy
    return await _taken(request, context, form, by, secret)


async def received(request: Request) -> Response:
    """That the order is there, by what the address tells, sealed."""
    context = await _context(request)
    language = _language(request, context)
    if busy := await _busy(request, context, "shown", _SHOWN_PER_ADDRESS):
        return busy
    form = await _form(request, context)
    try:
        if form is None:
            raise tickets.TicketInvalid()
        told = tickets.open_receipt(context.settings, form.id, request.query_params.get("r", ""))
    except tickets.TicketInvalid:
        return pages.closed_page(language)
    return pages.received_page(form, told, language=language, secret=_secret(request))


async def _taken(request: Request, context: Context, form: Shown, by: Actor, secret: str) -> Response:
    began, language = clock.now(), _language(request, context)
    typed = _typed(await request.form(max_files=0, max_fields=_MOST_INPUTS))
    faults: dict[str, Any] = {}
    ticket = typed.get("ticket", "")
    try:
        number = tickets.open_ticket(context.settings, form.id, ticket).number
    except tickets.TicketInvalid:
        ticket = tickets.new_ticket(context.settings, form.id)
        faults, number = {"": pages.stale(language)}, ""
    try:
        if faults or typed.get(pages.TRAP):
            raise FormFaults({})
        document = filling.document_of(form, typed, number)
        receipt = await filling.send(context.database, locator_of(context), form, by, document, began)
    except FormFaults as refused:
        faults = faults | refused.faults or {"": pages.stale(language)}
        return pages.form_page(form, language=language, secret=secret, ticket=ticket, typed=typed, faults=faults)
    told = {
        "partner_order_id": receipt.partner_order_id,
        "number": receipt.order_id or receipt.quote_number,
        "repeated": receipt.repeated,
        "issues": [issue["message"] for issue in receipt.issues],
    }
    sealed = tickets.new_receipt(context.settings, form.id, told)
    return RedirectResponse(f"/forms/{form.slug}/received?r={sealed}&t={secret}&lang={language}", 303)


async def _context(request: Request) -> Context:
    """A visitor of the brand's host: a form knows nobody but by its link."""
    state, facts = request.app.state, facts_of(request)
    brand = await brand_of(state.database, facts.host)
    visitor = anonymous(brand.entity_id if brand else None)
    return Context(visitor, state.database, state.settings, facts, state.redis, brand, "nl")


async def _form(request: Request, context: Context) -> Shown | None:
    slug = request.path_params["slug"].strip().lower()
    if context.brand is None or not is_slug(slug):
        return None
    async with context.database.session(SYSTEM) as session:
        return await filling.shown(session, context.brand.brand_id, slug)


async def _open(request: Request, context: Context) -> tuple[Shown, Actor, str] | None:
    """The form, who fills it in, and the secret of its address."""
    form, secret = await _form(request, context), _secret(request)
    if form is None:
        return None
    try:
        async with context.database.session(SYSTEM) as session:
            return form, await filling.visitor(session, context.settings, form, secret), secret
    except FormNeedsAToken:
        return None


def _secret(request: Request) -> str:
    secret = request.query_params.get("t", "")
    return secret if len(secret) <= _LONGEST_SECRET and secret.replace("-", "").replace("_", "").isalnum() else ""


def _typed(posted: FormData) -> dict[str, str]:
    return {name: value[:_LONGEST_INPUT] for name, value in posted.items() if isinstance(value, str)}


def _language(request: Request, context: Context) -> str:
    locale = context.brand.locale if context.brand else "nl-NL"
    return pages.language_for(request.query_params.get("lang"), request.headers.get("accept-language", ""), locale)


async def _busy(
    request: Request, context: Context, what: str, most: int, *, by_address: bool = True
) -> Response | None:
    whom = f"order-form:{what}:{context.request.ip_address}" if by_address else f"order-{what}"
    taken = await take(request.app.state.redis, whom, most, _SECONDS)
    return None if taken.allowed else pages.busy_page(_language(request, context), taken.retry_after)


ROUTES: list[Any] = [
    unlisted(Route("/forms/{slug}", show, methods=["GET"]), _WHY, summary="A partner's form."),
    unlisted(Route("/forms/{slug}", send, methods=["POST"]), _WHY, summary="Sends what was filled in."),
    unlisted(Route("/forms/{slug}/received", received, methods=["GET"]), _WHY, summary="That the order was received."),
]
"""Bound in size by the server's limit for bodies (MAX_BODY_BYTES)."""
