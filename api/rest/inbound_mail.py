"""Mail of partners over HTTP: MIME mail posted by the partner itself or by a mail service of ours; the mail as it came.

POST /partners/{partner_id}/mail?recipient=…     the partner's key (and signature): the sender is proven
POST /inbound-mail?recipient=…&sender=…          a key of the business entity: what the mail claims has to be proven
GET  /inbound-mail/{id}                          the mail as it came, for staff
"""

import re
from typing import Any
from uuid import UUID

import orjson
from pydantic import BaseModel, Field
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.guards import hold, ids_of_the_request, require
from api.openapi import SIGNED, Media, described, path, query
from api.partner_requests import caller_of
from api.reading.ids import global_id, parse_id_of
from api.refusals import refusing_in_full
from api.requests import RequestError, actor_of
from api.rest.partner_orders import PARTNER, SIGNATURE_CODES, SIGNATURE_PARAMETERS
from domain.errors import NotFound, RateLimited
from domain.inbound_mail import addresses, working
from domain.inbound_mail.errors import MailErased, MailLoop, MailTooLarge, NoSuchMailAddress
from domain.inbound_mail.events import InboundMailDownloaded, tell
from domain.inbound_mail.models import InboundAddress, InboundMail, MailWay
from domain.inbound_mail.receiving import Arrived, Kept, receive
from domain.partner_orders.errors import AddressNotAllowed
from domain.rows import find
from tenants.actor import SYSTEM, Actor
from tenants.audience import Audience
from tenants.permissions import Permission

LARGER = re.compile(r"/inbound-mail|/partners/[^/]{1,200}/mail")
"""Paths whose bodies may be as large as a mail."""
MAIL = "message/rfc822"
_PER_MINUTE, _READS_PER_MINUTE = 600, 60
_LONGEST_ADDRESS = 320
_DOWNLOAD = {
    "Content-Disposition": 'attachment; filename="mail.eml"',
    "Content-Security-Policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


class MailAnswer(BaseModel):
    """That a mail is kept; it is read within seconds."""

    id: str = Field(description="Of the mail: `inboundMail(id:)` of GraphQL tells what became of it.")
    repeated: bool = Field(description="Whether it was kept before: then nothing is done again.")


@refusing_in_full
async def post_mail(request: Request) -> Response:
    """201 with the mail's id once it is kept; 200 where it was kept before."""
    caller = await caller_of(request)
    recipient = _given(request)
    raw = await caller.body(request)
    proven = caller.actor.audience is Audience.PARTNER
    async with caller.context.system() as session:
        address = await _address(session, request, recipient)
        if address.organization_id != caller.organization.id or address.entity_id != caller.entity_id:
            raise NoSuchMailAddress(field=("recipient",))
        return _kept(await _receive(session, request, recipient, raw, proven=proven))


@refusing_in_full
async def relay_mail(request: Request) -> Response:
    """The same for a mail service that takes mail for all partners of an entity."""
    actor = await actor_of(request)
    ours = actor.audience in (Audience.STAFF, Audience.SYSTEM) and actor.may(Permission.PARTNER_ORDERS_SUBMIT)
    require(actor, ours, "Mail of all partners is posted with a key of the business entity.", send="an API key")
    await _hold(request, actor, "mail-in", _PER_MINUTE)
    recipient = _given(request)
    raw = await request.body()
    async with request.app.state.database.session(SYSTEM) as session:
        address = await _address(session, request, recipient)
        if actor.audience is not Audience.SYSTEM and address.entity_id not in actor.entity_ids:
            raise NoSuchMailAddress(field=("recipient",))
        kept = await _receive(session, request, recipient, raw, proven=False)
    return _kept(kept)


@refusing_in_full
async def read_mail(request: Request) -> Response:
    """The mail as it came, to be saved: it may hold anything."""
    actor = await actor_of(request)
    staff = actor.audience in (Audience.STAFF, Audience.SYSTEM) and actor.may(Permission.PARTNER_ORDERS_RESOLVE)
    require(actor, staff, "Who looks at orders in mails may read the mails.")
    await _hold(request, actor, "mail-out", _READS_PER_MINUTE)
    with ids_of_the_request():
        id = parse_id_of(frozenset({"InboundMail"}), request.path_params["id"], "id")
    raw = await _raw(request, actor, id)
    return Response(raw, media_type="application/octet-stream", headers=_DOWNLOAD)


async def _raw(request: Request, actor: Actor, id: UUID) -> bytes:
    database = request.app.state.database
    async with database.session(actor) as session:
        await tell(session, await find(session, InboundMail, id), InboundMailDownloaded())
    async with database.session(SYSTEM) as session:
        raw = await working.raw_of(session, id)
    if raw is None:
        raise MailErased(field=("id",))
    return raw


def _given(request: Request) -> str:
    """The recipient, before anything of the body is read."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != MAIL:
        raise RequestError(415, "UNSUPPORTED_MEDIA_TYPE", f"Send Content-Type: {MAIL}.")
    return request.query_params.get("recipient", "")[:_LONGEST_ADDRESS]


async def _address(session: AsyncSession, request: Request, recipient: str) -> InboundAddress:
    found = await addresses.taking(session, recipient, request.app.state.settings)
    if found is None:
        raise NoSuchMailAddress(field=("recipient",))
    return found


async def _receive(session: AsyncSession, request: Request, recipient: str, raw: bytes, *, proven: bool) -> Kept:
    sender = request.query_params.get("sender", "")[:_LONGEST_ADDRESS]
    arrived = Arrived(raw, MailWay.HTTP, sender, proven)
    return await receive(session, request.app.state.settings, recipient, arrived)


async def _hold(request: Request, actor: Actor, name: str, most: int) -> None:
    await hold(request, f"{name}:{actor.user_id or (actor.client and actor.client.id)}", most, 60)


def _kept(kept: Kept) -> Response:
    told = {"id": global_id("InboundMail", kept.id), "repeated": kept.repeated}
    return Response(orjson.dumps(told), 200 if kept.repeated else 201, media_type="application/json")


_RECIPIENT = query(
    "recipient", "The address it is for, as `inboundAddresses` of GraphQL has it.", required=True,
    example="groendus-k7m2x9qpab@orders.example.com",
)  # fmt: skip
_SENDER = query("sender", "The envelope's sender; empty where a mail is not to be answered.")
_CODES = {
    404: (NoSuchMailAddress, NotFound),
    413: ("BODY_TOO_LARGE",),
    415: ("UNSUPPORTED_MEDIA_TYPE",),
    422: (MailTooLarge, MailLoop),
    429: (RateLimited,),
}
_MIME = Media(MAIL, {"type": "string", "format": "binary"}, "A mail (RFC 5322), at most MAIL_IN_BYTES.")

ROUTES: list[Any] = [
    described(
        Route("/partners/{partner_id}/mail", post_mail, methods=["POST"]),
        summary="Posts a mail with orders.",
        tag="Orders by mail",
        body=_MIME,
        responses={200: MailAnswer, 201: MailAnswer},
        codes={**_CODES, 401: SIGNATURE_CODES, 403: (AddressNotAllowed,)},
        security=SIGNED,
        parameters=[PARTNER, _RECIPIENT, _SENDER, *SIGNATURE_PARAMETERS],
        words="The key proves who sends: an order in which nothing is in doubt is submitted without being looked at.",
        errors="errors",
        examples={201: {"id": "SW5ib3VuZE1haWw6MDE5OQ==", "repeated": False}},
    ),
    described(
        Route("/inbound-mail", relay_mail, methods=["POST"]),
        summary="Posts a mail of any partner of the business entity.",
        tag="Orders by mail",
        body=_MIME,
        responses={200: MailAnswer, 201: MailAnswer},
        codes=_CODES,
        parameters=[_RECIPIENT, _SENDER],
        errors="errors",
        why_unlisted="It is for the mail service of the platform's owner.",
    ),
    described(
        Route("/inbound-mail/{id}", read_mail, methods=["GET"]),
        summary="A mail as it came.",
        tag="Orders by mail",
        responses={200: Media("application/octet-stream", {"type": "string", "format": "binary"})},
        codes={404: (NotFound,), 409: (MailErased,), 429: (RateLimited,)},
        parameters=[path("id", "The mail.")],
        errors="errors",
        why_unlisted="It is for staff.",
    ),
]
