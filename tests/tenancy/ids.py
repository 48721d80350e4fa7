"""Global ids for arguments: which kind an argument takes, and rows of it that an actor sees, or must not see."""

import base64
import re
from typing import Any
from uuid import UUID

from graphql import GraphQLField, GraphQLObjectType, get_named_type

from tenants.actor import Actor
from tests.tenancy.conftest import World, missing

_KINDS = {
    "inbound_address": "InboundAddress",
    "inbound_mail": "InboundMail",
    "visit": "Visit",
    "self_billing_invoice": "Invoice",
    "invoice_line": "InvoiceLine",
    "invoice": "Invoice",
    "payment": "Payment",
    "commission": "Commission",
    "organization": "Organization",
    "partner": "Organization",
    "parent": "Organization",
    "ledger_account": "LedgerAccount",
    "transaction": "BankTransaction",
    "statement": "BankStatement",
    "proposal": "MatchProposal",
    "refund": "Payment",
    "account": "Organization",
    "payer": "Organization",
    "customer": "Contact",
    "contact": "Contact",
    "winner": "Contact",
    "loser": "Contact",
    "entity": "BusinessEntity",
    "article": "Article",
    "price_list": "ArticlePriceList",
    "lead": "Lead",
    "quote": "Quote",
    "partner_order": "PartnerOrder",
    "order": "Order",
    "line": "LineItem",
    "party": "QuoteParty",
    "membership": "Membership",
    "user": "User",
    "address": "Address",
    "brand": "Brand",
    "team": "Team",
    "region": "Region",
    "mail_template": "MailTemplate",
    "template": "NotificationTemplate",
    "client": "OAuthClient",
    "subject": "Order",
    "endpoint": "WebhookEndpoint",
    "api_key": "ApiKey",
    "replay": "WebhookReplay",
    "event": "Event",
    "connection": "AccountingAdministration",
    "assigned_to": "User",
    "tariff": "Tariff",
    "version": "TariffVersion",
    "offer": "ChargingOffer",
    "charger": "Charger",
    "driver": "Contact",
    "session": "ChargingSession",
    "owner": "Contact",
    "alert": "ChargerAlert",
    "task": "MaintenanceTask",
    "webhook": "MappedWebhook",
    "ticket": "PartnerTicket",
    "sandbox": "PartnerSandbox",
    "message": "InboundMessage",
}
"""By a word in the argument's name."""

_TYPES = {"Organization": "ORGANIZATION", "Contact": "PERSON"}
"""Kinds that share the table of contacts."""


def parsed(value: Any) -> tuple[str, UUID] | None:
    """Kind and key of a global id; None for what is none, as an `id` within a JSON payload."""
    try:
        kind, _, key = base64.b64decode(value, validate=True).decode().partition(":")
        return kind, UUID(key)
    except (TypeError, ValueError):
        return None


def global_id(kind: str, key: UUID) -> str:
    return base64.b64encode(f"{kind}:{key}".encode()).decode()


def column_of(argument: str) -> str:
    """`payerId` → `payer_id`."""
    return re.sub(r"([A-Z])", lambda m: "_" + m[1].lower(), argument)


def kinds_for(world: World, path: str, name: str = "", field: GraphQLField | None = None) -> list[str]:
    """Kinds of ids that may stand in an argument of this name.

    For a bare `id` those in the mutation's own name, else those that it gives back, else every kind.
    """
    leaf = column_of(path.rsplit(".", 1)[-1])
    named = [kind for word, kind in _KINDS.items() if word in leaf and kind in world.kinds()][:1]
    return named or _in_name(world, name) or _given_back(world, field) or sorted(world.kinds())


def _in_name(world: World, name: str) -> list[str]:
    within = [kind for kind in world.kinds() if kind.lower() in name.lower()]
    return sorted(within, key=len, reverse=True)[:1]


def _given_back(world: World, field: GraphQLField | None) -> list[str]:
    payload = get_named_type(field.type) if field else None
    given = payload.fields.values() if isinstance(payload, GraphQLObjectType) else ()
    readable = world.graphql.extensions["reading"].registry.readable
    found = {readable[n].kind for n in (get_named_type(f.type).name for f in given) if n in readable}
    return sorted(found & world.kinds().keys())


def hidden(world: World, actor: Actor, kind: str) -> UUID | None:
    """The key of a row that the actor must not see; None where it sees all there are."""
    seen = world.oracle.seen(actor, world.kinds()[kind])
    return next((id for id in _rows(world, kind) if id not in seen), None)


def seen_id(world: World, actor: Actor, kind: str) -> str:
    """The global id of a row that the actor sees and that is in use."""
    seen = world.oracle.seen(actor, world.kinds()[kind])
    rows = _rows(world, kind)
    found = [id for id, row in rows.items() if id in seen and not (row.get("merged_into_id") or row.get("erased_at"))]
    return global_id(kind, min(found or [missing(rows)]))


def _rows(world: World, kind: str) -> dict[UUID, dict[str, Any]]:
    rows = world.oracle.tables[world.kinds()[kind]]
    return {id: row for id, row in rows.items() if row.get("contact_type") == _TYPES.get(kind, row.get("contact_type"))}
