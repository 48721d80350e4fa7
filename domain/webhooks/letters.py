"""The mails about webhooks, in Dutch and English."""

from dataclasses import dataclass
from datetime import date
from urllib.parse import urlsplit

from babel.dates import format_date
from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import UUID as PgUUID
from sqlalchemy.ext.asyncio import AsyncSession

from domain.events.models import Event
from domain.orders import status
from domain.webhooks.models import WebhookDelivery, WebhookEndpoint
from domain.webhooks.payloads import owner_of
from tenants.acting import acting_as


@dataclass(frozen=True, slots=True)
class Letter:
    subject: str
    body: str


_WORDS: dict[str, dict[str, str]] = {
    "nl": {
        "alert": "Webhook naar {host} komt niet aan",
        "alert_body": "Na {attempts} pogingen is een bericht niet aangekomen bij {url}.\n\n"
        "Gebeurtenis: {type}\nBericht: msg_{message}\nLaatste fout: {error}\n\n"
        "Controleer het adres. In het portaal ziet u elke poging en kunt u het bericht opnieuw laten versturen.\n",
        "disabled": "Webhook naar {host} is uitgeschakeld",
        "disabled_body": "Het webhook-adres {url} ontvangt niets meer: {reason}.\n\n"
        "Schakel het in het portaal weer in zodra het werkt, en laat daar versturen wat u hebt gemist.\n",
        "FAILING": "te lang is niets aangekomen",
        "GONE": "het antwoordde dat het niet meer bestaat (410)",
        "update": "Status van {what}",
        "update_body": "Dit bericht kon niet bij {url} worden afgeleverd.\n\n{lines}\n",
        "order": "bestelling {number}",
        "reference": "uw nummer {reference}",
        "status": "Status: {status}",
        "date": "Gepland op: {date}",
        "installer": "Monteurs: {installer}",
        "event": "Gebeurtenis: {type}",
    },
    "en": {
        "alert": "Webhook to {host} does not arrive",
        "alert_body": "After {attempts} attempts a message has not arrived at {url}.\n\n"
        "Event: {type}\nMessage: msg_{message}\nLast failure: {error}\n\n"
        "Check the address. The portal shows every attempt and sends the message again when you ask for it.\n",
        "disabled": "Webhook to {host} is disabled",
        "disabled_body": "The webhook endpoint {url} gets nothing any more: {reason}.\n\n"
        "Enable it in the portal as soon as it works, and replay there what you missed.\n",
        "FAILING": "nothing has arrived for too long",
        "GONE": "it answered that it is gone (410)",
        "update": "Status of {what}",
        "update_body": "This message could not be delivered to {url}.\n\n{lines}\n",
        "order": "order {number}",
        "reference": "your number {reference}",
        "status": "Status: {status}",
        "date": "Scheduled for: {date}",
        "installer": "Installers: {installer}",
        "event": "Event: {type}",
    },
}
_STATES: dict[str, dict[str, str]] = {
    "nl": {
        "received": "ontvangen",
        "planning": "wordt ingepland",
        "scheduled": "ingepland",
        "in_progress": "in uitvoering",
        "completed": "afgerond",
        "cancelled": "geannuleerd",
        "on_hold": "in de wacht",
        "quote_sent": "offerte verstuurd",
        "customer_approved": "akkoord van de klant",
        "partner_approved": "akkoord van de partner",
        "declined": "afgewezen",
        "expired": "verlopen",
        "withdrawn": "ingetrokken",
    },
    "en": {},
}


def alert(endpoint: WebhookEndpoint, delivery: WebhookDelivery) -> Letter:
    """That a delivery was given up."""
    words = _words(endpoint)
    error = delivery.last_error or ""
    given = {
        "url": endpoint.url,
        "attempts": delivery.attempts,
        "type": delivery.event_type,
        "message": delivery.id.hex,
        "error": f"{error} {delivery.last_status}" if delivery.last_status else error,
    }
    return Letter(words["alert"].format(host=_host(endpoint)), words["alert_body"].format(**given))


def disabled(endpoint: WebhookEndpoint) -> Letter:
    """That an endpoint was disabled for its failures."""
    words = _words(endpoint)
    reason = words[endpoint.disabled_reason or "FAILING"]
    body = words["disabled_body"].format(url=endpoint.url, reason=reason)
    return Letter(words["disabled"].format(host=_host(endpoint)), body)


async def update(session: AsyncSession, endpoint: WebhookEndpoint, delivery: WebhookDelivery) -> Letter:
    """What the delivery would have told, in words; read as its owner. `session` is the platform's."""
    words = _words(endpoint)
    owner = owner_of(endpoint.entity_id, endpoint.organization_id)
    organization = bindparam("organization", endpoint.organization_id, PgUUID) if endpoint.organization_id else None
    order = status.order_id(Event)
    query = select(
        status.order_number(Event).label("number"),
        status.partner_order_id(Event, organization).label("reference"),
        status.of_event(Event).label("status"),
        status.scheduled_date(order).label("day"),
        status.installer(order).label("installer"),
    ).where(Event.id == delivery.event_id, Event.created_at == delivery.event_at)
    async with acting_as(session, owner):
        row = (await session.execute(query)).first()
    return _update(words, endpoint, delivery, row._asdict() if row else {})


def _update(
    words: dict[str, str], endpoint: WebhookEndpoint, delivery: WebhookDelivery, found: dict[str, str | date | None]
) -> Letter:
    names = [words[key].format(**{key: found[key]}) for key in ("reference",) if found.get(key)]
    if found.get("number"):
        names.insert(0, words["order"].format(number=found["number"]))
    what = ", ".join(names) or delivery.event_type
    lines = [what[:1].upper() + what[1:], words["event"].format(type=delivery.event_type)]
    if state := found.get("status"):
        told = _STATES.get(endpoint.language, _STATES["nl"]).get(str(state), str(state).replace("_", " "))
        lines.append(words["status"].format(status=told))
    if isinstance(day := found.get("day"), date):
        lines.append(words["date"].format(date=format_date(day, "long", endpoint.language)))
    if found.get("installer"):
        lines.append(words["installer"].format(installer=found["installer"]))
    body = words["update_body"].format(url=endpoint.url, lines="\n".join(lines))
    return Letter(words["update"].format(what=what), body)


def _words(endpoint: WebhookEndpoint) -> dict[str, str]:
    return _WORDS.get(endpoint.language, _WORDS["nl"])


def _host(endpoint: WebhookEndpoint) -> str:
    return urlsplit(endpoint.url).hostname or ""
