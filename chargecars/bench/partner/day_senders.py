"""The five partners' systems: each sends as its way in wants it, and does with an answer what a client has to do."""

import asyncio
import hashlib
import hmac
import re
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx
import orjson

from chargecars.bench.partner.day_plan import Fault, Planned, Road
from chargecars.bench.partner.day_scene import SENDER, Partner, Stage
from domain.inbound_mail.models import MailWay
from domain.inbound_mail.receiving import Arrived, receive
from domain.partner_orders import signing
from tenants.actor import SYSTEM
from tenants.auth import clock
from tenants.engine import Database
from tenants.settings import Settings

_LATE = timedelta(minutes=6)
_MAIL = "message/rfc822"


class Unexpected(AssertionError):
    """An answer that no client could make sense of."""


@dataclass
class Senders:
    """`answers` counts what was answered, by road and status; `milliseconds` is of each order's last request."""

    app: Any
    database: Database
    settings: Settings
    stage: Stage
    answers: Counter[str] = field(default_factory=Counter)
    milliseconds: dict[Road, list[float]] = field(default_factory=dict)
    _addresses: int = 0

    async def send(self, order: Planned) -> None:
        """Until it is there, as its partner's system would."""
        partner = self.stage.partners[order.volume.code]
        self._addresses += 1
        address = f"10.{self._addresses >> 16 & 255}.{self._addresses >> 8 & 255}.{self._addresses & 255}"
        transport = httpx.ASGITransport(self.app, client=(address, 40_000))
        async with httpx.AsyncClient(transport=transport, base_url=f"http://{self.stage.host}") as http:
            await _SENDERS[order.volume.road](self, http, partner, order)

    async def timed(self, road: Road, request: Awaitable[httpx.Response]) -> httpx.Response:
        began = asyncio.get_running_loop().time()
        answer = await request
        self.milliseconds.setdefault(road, []).append(1000 * (asyncio.get_running_loop().time() - began))
        self.answers[f"{road} {answer.status_code}"] += 1
        return answer

    def expect(self, answer: httpx.Response, *statuses: int) -> httpx.Response:
        if answer.status_code not in statuses:
            raise Unexpected(f"{answer.request.url.path} answered {answer.status_code}: {answer.text[:300]}")
        return answer


Post = Callable[[dict[str, Any]], Awaitable[httpx.Response]]


async def _resent(senders: Senders, order: Planned, post: Post, again: tuple[int, ...]) -> None:
    """The order itself, as often and in whatever form its fault has it."""
    document = order.document
    match order.fault:
        case Fault.CONCURRENT:
            for answer in await asyncio.gather(post(document), post(document)):
                senders.expect(answer, *again)
        case Fault.DUPLICATE:
            senders.expect(await post(document), *again)
            senders.expect(await post(document), *again)
        case Fault.CHANGED:
            senders.expect(await post(document), *again)
            customer = document["customer"] | {"name": "Iemand Anders"}
            senders.expect(await post(document | {"customer": customer}), *again)
        case _:
            senders.expect(await post(document), *again)


# --- API ----------------------------------------------------------------------------------------------------------


async def _by_api(senders: Senders, http: httpx.AsyncClient, partner: Partner, order: Planned) -> None:
    path = f"/partners/{partner.id}/orders"

    async def post(
        document: dict[str, Any], *, secret: str = "", ago: timedelta = timedelta(0), raw: bytes = b""
    ) -> Any:
        body = raw or orjson.dumps(document)
        headers = signing.sign(secret or partner.signing, clock.now() - ago, body)
        headers |= {"Authorization": f"Bearer {partner.key}", "Content-Type": "application/json"}
        return await senders.timed(Road.API, http.post(path, content=body, headers=headers))

    match order.fault:
        case Fault.UNPROVEN:
            senders.expect(await post(order.document, secret="ccsig_somebody_else"), 401)  # noqa: S106  # a wrong one
        case Fault.LATE:
            senders.expect(await post(order.document, ago=_LATE), 401)
        case Fault.MALFORMED:
            customer = {name: value for name, value in order.document["customer"].items() if name != "email"}
            senders.expect(await post(order.document | {"customer": customer}), 422)
        case Fault.UNREADABLE:
            senders.expect(await post({}, raw=orjson.dumps(order.document)[:-2]), 400)
    await _resent(senders, order, post, (200, 201))


# --- webhook ------------------------------------------------------------------------------------------------------


def message_of(document: dict[str, Any]) -> dict[str, Any]:
    """The order in the form of the partner's own system."""
    customer, address = document["customer"], document["customer"]["address"]
    first, _, last = customer["name"].partition(" ")
    return {
        "opdracht": {"nummer": document["partner_order_id"]},
        "klant": {
            "voornaam": first,
            "achternaam": last,
            "mail": customer.get("email"),
            "telefoons": [{"soort": "mobiel", "nummer": customer["phone"]}],
            "adres": f"{address['street']} {address['house_number']}",
            "postcode": address["postal_code"],
            "plaats": address["city"],
        },
        "regels": [
            {"artikel": each["partner_sku"], "aantal": each["quantity"], "naam": each["description"]}
            for each in document["products"]
        ],
    }


async def _by_webhook(senders: Senders, http: httpx.AsyncClient, partner: Partner, order: Planned) -> None:
    path = f"/partners/{partner.id}/webhooks/orders"

    async def post(
        document: dict[str, Any], *, secret: str = "", ago: timedelta = timedelta(0), raw: bytes = b""
    ) -> Any:
        body = raw or orjson.dumps(message_of(document))
        stamp = str(int((clock.now() - ago).timestamp()))
        signed = hmac.new((secret or partner.secret).encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
        headers = {"X-Timestamp": stamp, "X-Signature": signed, "Content-Type": "application/json"}
        return await senders.timed(Road.WEBHOOK, http.post(path, content=body, headers=headers))

    match order.fault:
        case Fault.UNPROVEN:
            senders.expect(await post(order.document, secret="x" * 32), 401)
        case Fault.LATE:
            senders.expect(await post(order.document, ago=_LATE), 401)
        case Fault.MALFORMED:
            customer = {name: value for name, value in order.document["customer"].items() if name != "email"}
            senders.expect(await post(order.document | {"customer": customer}), 202)
        case Fault.UNREADABLE:
            senders.expect(await post({}, raw=orjson.dumps(message_of(order.document))[:-2]), 202)
    await _resent(senders, order, post, (200,))


# --- form ---------------------------------------------------------------------------------------------------------


async def _by_form(senders: Senders, http: httpx.AsyncClient, partner: Partner, order: Planned) -> None:
    async def ticket() -> str:
        page = senders.expect(await http.get(partner.secret), 200)
        found = re.search(r'name="ticket" value="([^"]+)"', page.text)
        return found[1] if found else ""

    shown = await ticket()

    async def post(document: dict[str, Any], path: str = partner.secret) -> Any:
        return await senders.timed(Road.FORM, http.post(path, data=typed(partner, document) | {"ticket": shown}))

    match order.fault:
        case Fault.UNPROVEN:
            senders.expect(await post(order.document, partner.secret[:-4] + "XXXX"), 404)
        case Fault.MALFORMED:
            customer = order.document["customer"] | {"email": ""}
            senders.expect(await post(order.document | {"customer": customer}), 422)
    await _resent(senders, order, post, (303,))


def typed(partner: Partner, document: dict[str, Any]) -> dict[str, str]:
    """What somebody types into the form."""
    customer, address = document["customer"], document["customer"]["address"]
    offered = (*partner.volume.skus, f"{partner.volume.code}-ONBEKEND-9")
    wanted = {each["partner_sku"]: each["quantity"] for each in document["products"]}
    return {
        "partner_order_id": document["partner_order_id"],
        **{f"customer.{name}": customer[name] for name in ("name", "email", "phone")},
        **{f"customer.address.{name}": value for name, value in address.items()},
        **{f"quantity.{place}": str(wanted.get(sku, 0)) for place, sku in enumerate(offered)},
    }


# --- mail ---------------------------------------------------------------------------------------------------------


async def _by_mail(senders: Senders, http: httpx.AsyncClient, partner: Partner, order: Planned) -> None:
    raw = mail_of(order)
    if order.fault is Fault.UNPROVEN:
        raw = raw.replace(SENDER.encode(), b"somebody@elsewhere.example")
        async with senders.database.session(SYSTEM) as session:
            arrived = Arrived(raw, MailWay.SMTP, "somebody@elsewhere.example")
            await receive(session, senders.settings, partner.secret, arrived)
        return

    async def post(_: dict[str, Any]) -> Any:
        headers = {"Authorization": f"Bearer {partner.key}", "Content-Type": _MAIL}
        path = f"/partners/{partner.id}/mail?recipient={partner.secret}"
        return await senders.timed(Road.EMAIL, http.post(path, content=raw, headers=headers))

    await _resent(senders, order, post, (200, 201))


def mail_of(order: Planned) -> bytes:
    """The order as the partner's office writes it."""
    customer, address = order.document["customer"], order.document["customer"]["address"]
    phone = [] if order.fault is Fault.MALFORMED else [f"Telefoon: {customer['phone']}"]
    if order.fault is Fault.DOUBTFUL:
        phone = [f"Telefoon: {customer['phone']} of 030-2345678"]
    lines = [
        "Hallo,",
        "",
        "Graag de volgende bestelling uitvoeren.",
        "",
        f"Bestelnummer: {order.number}",
        f"Naam: {customer['name']}",
        f"E-mail: {customer['email']}",
        *phone,
        f"Adres: {address['street']} {address['house_number']}",
        f"Postcode: {address['postal_code']}",
        f"Plaats: {address['city']}",
        "",
        "Artikel\tAantal\tOmschrijving",
        *(f"{each['partner_sku']}\t{each['quantity']}\t{each['description']}" for each in order.document["products"]),
        "",
        "Met vriendelijke groet,",
        "Alva",
    ]
    head = [
        f"From: Alva <{SENDER}>",
        "To: orders@platform.example",
        f"Subject: Bestelling {order.number}",
        f"Message-ID: <{order.number}@alva.example>",
        "Date: Fri, 20 Nov 2026 10:00:00 +0100",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: 8bit",
    ]
    return "\r\n".join([*head, "", *lines, ""]).encode()


Sender = Callable[[Senders, httpx.AsyncClient, Partner, Planned], Awaitable[None]]
_SENDERS: dict[Road, Sender] = {
    Road.API: _by_api,
    Road.WEBHOOK: _by_webhook,
    Road.FORM: _by_form,
    Road.EMAIL: _by_mail,
}
