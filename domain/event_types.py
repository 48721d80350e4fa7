# ruff: noqa: F401  # imported for their payloads
"""All event types that there are, with the JSON schema of their payloads: what webhooks and polling clients rely on.

Imports every module that declares events, so that `domain.events.record.TYPES` is complete. A payload's fields change
only together with its version; tests/domain/events/event_types.json holds them to that.
"""

import dataclasses
import types
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, get_args, get_origin, get_type_hints
from uuid import UUID

import domain.accounting.events
import domain.agreements.events
import domain.audit.events
import domain.bank.events
import domain.bulk.events
import domain.catalog.events
import domain.chargers.events
import domain.charging_bills.events
import domain.commands.events
import domain.commissions.events
import domain.contacts.events
import domain.days.events
import domain.disruptions.events
import domain.documents.events
import domain.dunning.events
import domain.entities.events
import domain.health.events
import domain.inbound_mail.events
import domain.invoices.events
import domain.jobs.events
import domain.leads.events
import domain.ledger.events
import domain.mail_reading.events
import domain.notifications.events
import domain.onboarding.events
import domain.orders.events
import domain.partner_management.events
import domain.partner_orders.events
import domain.payments.events
import domain.plans.events
import domain.quotes.events
import domain.sandbox.events
import domain.sessions.events
import domain.signatures.events
import domain.tariffs.events
import domain.teams.events
import domain.trusted_documents.events
import domain.users.events
import domain.visits.events
import domain.wallets.events
import domain.ways_in.events
import domain.webhooks.events
from domain.events.record import TYPES, Payload

_SCALARS: dict[Any, dict[str, Any]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    bool: {"type": "boolean"},
    UUID: {"type": "string", "format": "uuid"},
    type(None): {"type": "null"},
}


@dataclass(frozen=True, slots=True)
class EventType:
    """One kind of event."""

    type: str
    version: int
    subject_type: str
    internal: bool
    description: str
    payload_schema: dict[str, Any]


def event_types(*, internal: bool) -> Sequence[EventType]:
    """Every type by name; those for staff only where `internal`."""
    return [_described(TYPES[name]) for name in sorted(TYPES) if internal or not TYPES[name].internal]


def schema_of(payload: type[Payload]) -> dict[str, Any]:
    """JSON Schema (2020-12) of a payload's fields."""
    fields = dict(_fields(payload))
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": payload.type,
        "type": "object",
        "properties": fields,
        "required": sorted(fields),
        "additionalProperties": False,
    }


def _described(payload: type[Payload]) -> EventType:
    text = (payload.__doc__ or "").strip()
    schema = schema_of(payload)
    return EventType(payload.type, payload.version, payload.subject_type, payload.internal, text, schema)


def _fields(payload: type[Payload]) -> Iterator[tuple[str, dict[str, Any]]]:
    hints = get_type_hints(payload)
    for field in dataclasses.fields(payload):
        yield field.name, _schema(hints[field.name])


def _schema(hint: Any) -> dict[str, Any]:
    """Raises: TypeError for what has no JSON form here."""
    if hint in _SCALARS:
        return _SCALARS[hint]
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is types.UnionType:
        return {"anyOf": [_schema(argument) for argument in arguments]}
    if origin is list:
        return {"type": "array", "items": _schema(arguments[0])}
    if origin is dict and arguments[0] is str:
        return {"type": "object", "additionalProperties": _schema(arguments[1])}
    raise TypeError(f"{hint} is no type of a payload's field")
