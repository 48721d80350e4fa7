"""The partner platform of the demo: how partners are connected, what they sent, what became of it, what they ask.

What was sent is made of the quotes and orders that are there, by one statement each, down to its ids the same for the
same day. Forms, mappings, addresses and applications are made by the same functions as in production: these have
secrets and the hour of loading. In one transaction: it is there whole or not at all.
"""

from datetime import UTC, date, datetime, time
from fractions import Fraction
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

import domain.tables  # noqa: F401  # completes what the models refer to
from chargecars.demo.connections import FORM, MAPPING, WEBHOOK
from domain.agreements.partner_terms import as_json, parse
from domain.contacts.models import Contact
from domain.inbound_mail import addresses
from domain.numbering.service import AMSTERDAM
from domain.onboarding import applying, deciding
from domain.onboarding.applying import Application, Where
from domain.onboarding.models import WayIn
from domain.partner_management import scorecards
from domain.partner_orders.models import PartnerIntegration
from domain.ways_in import forms, webhooks
from tenants.actor import SYSTEM, Actor, actor
from tenants.engine import Database, role_password
from tenants.models import Brand, BusinessEntity, Membership
from tenants.permissions import Role
from tenants.settings import Settings

SET_UP = ("partner_onboarding", "mapped_webhook", "order_form", "inbound_address")
"""What has secrets and the hour of loading."""
TABLES = (
    "partner_integration",
    "partner_order",
    "partner_order_exception",
    "partner_ticket",
    "partner_ticket_message",
    "partner_scorecard",
    "request_hour",
    *SET_UP,
)
"""What it fills beside the log."""
_TERMS: dict[str, dict[str, Any]] = {
    "groendus": {
        "required_fields": ["$.customer.address.street", "$.customer.address.house_number", "$.products"],
        "orders_per_day": 2_000,
        "requests_per_minute": 600,
        "sla": {"response_ms": 400},
    },
    "essent": {"required_fields": ["$.products"], "cancellable_until_hours": 48},
    "eneco": {"cancellable_until_hours": 24, "free_cancellations_per_month": 200, "sla": {"uptime": "99.5"}},
    "alva": {"retention_days": 730, "most_lines": 20},
}
_WAYS = {"groendus": "API", "eneco": "API", "essent": "WEBHOOK", "50five": "FORM", "alva": "EMAIL"}
_SPANS = 13


def _id(table: str, at: str, key: str) -> str:
    """SQL of a UUIDv7 (RFC 9562) that is the same every time; `at`, `key`: SQL of its moment and of what it is of."""
    time = f"lpad(to_hex(floor(extract(epoch FROM {at}) * 1000)::bigint), 12, '0')"
    random = f"md5(concat_ws(' ', '{table}', {key}))"
    return f"({time} || '7' || substr({random}, 1, 3) || '8' || substr({random}, 4, 15))::uuid"


_INTEGRATIONS = text(f"""
INSERT INTO partner_integration (id, entity_id, organization_id, status, signature_required, notify_emails, live_at,
  created_at, updated_at)
SELECT {_id("partner_integration", "min(q.created_at)", "q.entity_id, q.account_contact_id")}, q.entity_id,
  q.account_contact_id, 'LIVE', c.partner_code IN ('groendus', 'eneco'),
  CASE WHEN c.email IS NULL THEN '{{}}'::text[] ELSE ARRAY[c.email] END, min(q.created_at), min(q.created_at),
  min(q.created_at)
FROM quote q JOIN contact c ON c.id = q.account_contact_id AND c.contact_type = 'ORGANIZATION'
WHERE q.partner_order_id IS NOT NULL
GROUP BY q.entity_id, q.account_contact_id, c.partner_code, c.email
""")  # noqa: S608  # constants alone
_ORDERS = text(f"""
INSERT INTO partner_order (id, entity_id, organization_id, channel_organization_ids, partner_order_id, way, document,
  body_sha256, content_sha256, status, cancelled_at, cancel_reason, contact_id, address_id, quote_id, order_id,
  submitted_by, repeated, last_repeated_at, received_at, created_at, updated_at, answered_ms)
SELECT {_id("partner_order", "q.created_at", "q.id")}, q.entity_id, q.account_contact_id, p.chain_organization_ids,
  q.partner_order_id,
  coalesce(CAST(:ways AS jsonb) ->> p.partner_code, CASE WHEN luck.n < 55 THEN 'API' WHEN luck.n < 75 THEN 'PORTAL'
    WHEN luck.n < 90 THEN 'EMAIL' ELSE 'FORM' END),
  d.document, sha256(convert_to(d.document::text, 'UTF8')), sha256(convert_to(d.document::text, 'UTF8')),
  CASE WHEN o.cancelled_at IS NULL THEN 'RECEIVED' ELSE 'CANCELLED' END, o.cancelled_at, o.cancel_reason,
  q.end_customer_contact_id, q.service_address_id, q.id, o.id, p.name, CASE WHEN luck.n = 7 THEN 1 ELSE 0 END,
  CASE WHEN luck.n = 7 THEN q.created_at + interval '4 minutes' END, q.created_at, q.created_at, q.created_at,
  60 + luck.n * 3
FROM quote q
JOIN contact p ON p.id = q.account_contact_id AND p.contact_type = 'ORGANIZATION'
JOIN contact c ON c.id = q.end_customer_contact_id
LEFT JOIN "order" o ON o.quote_id = q.id AND o.sequence = 1
LEFT JOIN address a ON a.id = q.service_address_id
CROSS JOIN LATERAL (SELECT abs(hashtext(q.id::text)) % 100 AS n) luck
CROSS JOIN LATERAL (SELECT jsonb_strip_nulls(jsonb_build_object(
  'partner_order_id', q.partner_order_id,
  'customer', jsonb_build_object('name', c.name, 'email', c.email, 'phone', c.phone, 'address', jsonb_build_object(
    'street', a.street, 'house_number', concat(a.house_number, a.house_number_addition), 'postal_code', a.postal_code,
    'city', a.city)),
  'products', coalesce((
    SELECT jsonb_agg(jsonb_build_object('partner_sku', coalesce(s.partner_sku, i.sku), 'quantity', i.quantity,
      'description', i.description) ORDER BY i.position)
    FROM quote_version v JOIN line_item i ON i.quote_version_id = v.id
    LEFT JOIN partner_sku s ON s.entity_id = q.entity_id AND s.article_id = i.article_id
      AND s.organization_id = ANY (p.chain_organization_ids)
    WHERE v.quote_id = q.id AND v.number = 1), '[]'::jsonb),
  'partner_references', q.partner_metadata)) AS document) d
WHERE q.partner_order_id IS NOT NULL
""")  # noqa: S608  # constants alone
_EXCEPTIONS = text(f"""
INSERT INTO partner_order_exception (id, entity_id, organization_id, channel_organization_ids, partner_order_fk, kind,
  state, field, detail, message_nl, message_en, created_at, updated_at, resolved_at, resolved_by, resolution)
SELECT {_id("partner_order_exception", "o.received_at", "o.id")}, o.entity_id, o.organization_id,
  o.channel_organization_ids, o.id, k.kind,
  CASE WHEN age.old THEN 'RESOLVED' ELSE 'OPEN' END, k.field,
  CASE k.kind WHEN 'UNMAPPED_SKU' THEN jsonb_build_object('partner_sku', 'NIEUW-' || luck.n) ELSE '{{}}'::jsonb END,
  k.nl, k.en, o.received_at, o.received_at, CASE WHEN age.old THEN o.received_at + interval '5 hours' END,
  CASE WHEN age.old THEN 'Operations' END, CASE WHEN age.old THEN 'Nagekeken' END
FROM partner_order o
CROSS JOIN LATERAL (SELECT abs(hashtext(o.partner_order_id)) % 1000 AS n) luck
CROSS JOIN LATERAL (SELECT o.received_at < CAST(:now AS timestamptz) - interval '5 days' AS old) age
JOIN (VALUES
  (0, 29, 'UNMAPPED_SKU', '$.products[0].partner_sku', 'Onbekend artikelnummer.', 'Unknown product number.'),
  (30, 44, 'ADDRESS', '$.customer.address', 'Dit adres is niet gevonden.', 'This address was not found.'),
  (45, 49, 'DUPLICATE', '$', 'De order kwam nog eens, met andere inhoud.', 'It came again, with other content.')
) k (first, last, kind, field, nl, en) ON luck.n BETWEEN k.first AND k.last
""")  # noqa: S608  # constants alone
_REQUESTS = text(f"""
INSERT INTO request_hour (id, created_at, hour, entity_id, organization_id, route, sandbox, requests, refused, errors,
  unlogged, milliseconds, slowest, histogram)
SELECT {_id("request_hour", "h.hour", "i.id, r.route, h.hour")}, h.hour, h.hour, i.entity_id,
  i.organization_id, r.route, false, n.many, n.many / 40,
  CASE WHEN luck.n = 3 THEN 1 ELSE 0 END, 0, n.many * 110, 300 + luck.n * 2,
  ARRAY[0, 0, n.many / 10, n.many / 4, n.many / 3, n.many - n.many / 10 - n.many / 4 - n.many / 3 - n.many / 20,
    n.many / 20, 0, 0, 0, 0, 0]
FROM partner_integration i
JOIN contact c ON c.id = i.organization_id AND c.partner_code IN ('groendus', 'eneco', 'essent', '50five')
CROSS JOIN generate_series(CAST(:now AS timestamptz) - interval '60 days', CAST(:now AS timestamptz), interval '1 hour')
  h (hour)
CROSS JOIN (VALUES ('/partners/{{partner_id}}/orders', 1), ('/orders/{{partner_order_id}}/status', 6)) r (route, times)
CROSS JOIN LATERAL (SELECT abs(hashtext(h.hour::text || i.id::text || r.route)) % 60 AS n) luck
CROSS JOIN LATERAL (SELECT (20 + luck.n) * r.times AS many) n
WHERE extract(hour FROM h.hour AT TIME ZONE 'Europe/Amsterdam') BETWEEN 7 AND 20
""")  # noqa: S608  # constants alone
_TICKETS = text(f"""
INSERT INTO partner_ticket (id, entity_id, organization_id, channel_organization_ids, number, subject, topic, priority,
  state, order_id, due_at, answered_at, resolved_at, opened_by, created_at, updated_at)
SELECT {_id("partner_ticket", "t.received_at", "t.id")}, t.entity_id, t.organization_id, t.channel_organization_ids,
  concat_ws('-', e.code, 'T', extract(year FROM t.received_at AT TIME ZONE 'Europe/Amsterdam')::int,
    lpad((row_number() OVER (PARTITION BY t.entity_id,
      extract(year FROM t.received_at AT TIME ZONE 'Europe/Amsterdam') ORDER BY t.received_at, t.id))::text, 5, '0')),
  CASE t.n % 3 WHEN 0 THEN 'Wanneer komt de monteur?' WHEN 1 THEN 'Adres van de klant klopt niet'
    ELSE 'Artikelnummer toevoegen' END,
  CASE t.n % 3 WHEN 2 THEN 'INTEGRATION' ELSE 'ORDER' END,
  CASE WHEN t.n = 1 THEN 'HIGH' ELSE 'NORMAL' END,
  CASE WHEN t.fresh THEN CASE t.n % 2 WHEN 0 THEN 'OPEN' ELSE 'WAITING' END ELSE 'RESOLVED' END,
  CASE t.n % 3 WHEN 2 THEN NULL ELSE t.order_id END,
  CASE WHEN t.fresh AND t.n % 2 = 0 THEN CAST(:now AS timestamptz) + interval '20 hours' END,
  CASE WHEN NOT t.fresh OR t.n % 2 = 1 THEN t.received_at + interval '7 hours' END,
  CASE WHEN NOT t.fresh THEN t.received_at + interval '2 days' END, c.name, t.received_at, t.received_at
FROM (SELECT o.*, abs(hashtext(o.id::text)) % 100 AS n,
    o.received_at > CAST(:now AS timestamptz) - interval '3 days' AS fresh
  FROM partner_order o WHERE o.received_at > CAST(:now AS timestamptz) - interval '120 days') t
JOIN business_entity e ON e.id = t.entity_id JOIN contact c ON c.id = t.organization_id
WHERE t.n < 2 OR (t.fresh AND t.n < 6)
""")  # noqa: S608  # constants alone
_MESSAGES = text(f"""
INSERT INTO partner_ticket_message (id, entity_id, ticket_id, side, author, body, created_at)
SELECT {_id("partner_ticket_message", "t.created_at", "t.id")}, t.entity_id, t.id, 'PARTNER', t.opened_by,
  'Onze klant vraagt hierom. Kunt u kijken?', t.created_at
FROM partner_ticket t
UNION ALL
SELECT {_id("partner_ticket_message", "t.answered_at", "t.id")}, t.entity_id, t.id, 'STAFF', 'Operations',
  'We hebben het uitgezocht en aangepast.', t.answered_at
FROM partner_ticket t WHERE t.answered_at IS NOT NULL
""")  # noqa: S608  # constants alone
_COUNTERS = text("""
INSERT INTO counter (entity_id, kind, year, last)
SELECT t.entity_id, 'ticket', split_part(t.number, '-', 3)::int, max(split_part(t.number, '-', 4)::int)
FROM partner_ticket t GROUP BY 1, 3
ON CONFLICT (entity_id, kind, year) DO UPDATE SET last = greatest(counter.last, excluded.last)
""")
_SENT = (_INTEGRATIONS, _ORDERS, _EXCEPTIONS, _REQUESTS, _TICKETS, _MESSAGES, _COUNTERS)


_KNOWN = text("""
SELECT c.id, c.name, c.kvk_number, c.partner_model, p.name AS contact_name, p.email, p.phone
FROM contact c JOIN contact p ON p.parent_organization_id = c.id
JOIN user_account u ON u.email = p.email
JOIN membership m ON m.user_id = u.id AND m.entity_id = :entity AND m.organization_id = c.id
  AND m.role = 'PARTNER_ADMIN'
WHERE c.contact_type = 'ORGANIZATION' AND p.contact_type = 'PERSON' AND c.partner_code <> ALL (:named)
  AND EXISTS (SELECT 1 FROM partner_integration i WHERE i.entity_id = :entity AND i.organization_id = c.id)
ORDER BY (SELECT count(*) FROM quote q WHERE q.account_contact_id = c.id), c.partner_code LIMIT :many
""")
"""Small partners with an administrator: what is accepted of theirs makes no further partner, and nobody is invited."""
_OF_KNOWN = (WayIn.FORM, WayIn.WEBHOOK)
"""How the partners that have applied and were accepted want to send orders."""
_OF_NEW = (("Zonnig Laden", WayIn.API, None), ("Snelle Klus", WayIn.EMAIL, "Geen installateur in de regio"))
"""Companies that are none of our partners: their name, how they want to send orders, why they were rejected."""


async def add_partnerships(url: str, settings: Settings, today: date, scale: int | Fraction) -> None:
    """Make the partner platform of the demo that is loaded; nothing happens where it is there already."""
    database = Database(url, role_password(settings), pool_size=1)
    try:
        async with database.session(SYSTEM) as session:
            if (await session.execute(select(PartnerIntegration.id).limit(1))).scalar() is not None:
                return
            named = await _named(session)
            if not named:
                return
            now = datetime.combine(today, time.min, AMSTERDAM).astimezone(UTC)
            given = {"now": now, "ways": _json(_WAYS)}
            for statement in _SENT:
                await session.execute(statement, {name: given[name] for name in statement.compile().params})
            await _agree(session, named, now)
            if office := await _office(session):
                await _connect(session, settings, office, named)
                await _apply_anew(session, office)
                await _apply_known(session, office, list(named))
        async with database.session(SYSTEM) as session:
            await _score(session, datetime.combine(today, time(12), UTC))
    finally:
        await database.close()


async def _named(session: AsyncSession) -> dict[str, UUID]:
    query = select(Contact.partner_code, Contact.id).where(Contact.partner_code.in_(_WAYS))
    return {str(code): id for code, id in (await session.execute(query)).all()}


async def _office(session: AsyncSession) -> Actor | None:
    """Somebody of ChargeCars' own office."""
    query = (
        select(Membership.user_id, Membership.entity_id)
        .join(BusinessEntity, BusinessEntity.id == Membership.entity_id)
        .where(BusinessEntity.code == "CC", Membership.role == Role.TENANT_ADMIN.value)
    )
    row = (await session.execute(query.order_by(Membership.id).limit(1))).first()
    return actor(Role.TENANT_ADMIN, row.entity_id, user_id=row.user_id) if row else None


async def _agree(session: AsyncSession, named: dict[str, UUID], now: datetime) -> None:
    update = text(
        "UPDATE agreement SET terms = CAST(:terms AS jsonb) "
        "WHERE organization_id = :id AND valid @> CAST(:now AS timestamptz)"
    )
    for code, terms in _TERMS.items():
        if code in named:
            await session.execute(update, {"terms": _json(as_json(parse(terms))), "id": named[code], "now": now})


async def _connect(session: AsyncSession, settings: Settings, office: Actor, named: dict[str, UUID]) -> None:
    """The webhook of Essent, the form of 50five and the mailbox of Alva, at the entity of their orders."""
    (entity_id,) = office.entity_ids
    brand_id = (await session.execute(select(Brand.id).where(Brand.entity_id == entity_id).limit(1))).scalar_one()
    if "essent" in named:
        given = WEBHOOK | {"mapping": MAPPING}
        await webhooks.create(session, settings, office, given, organization_id=named["essent"], entity_id=entity_id)
    if "50five" in named:
        await forms.create(session, office, FORM, brand_id=brand_id, organization_id=named["50five"])
    if "alva" in named:
        senders = {"allowed_senders": ["@alva.example"]}
        await addresses.create(session, office, senders, organization_id=named["alva"], entity_id=entity_id)


async def _apply_anew(session: AsyncSession, office: Actor) -> None:
    (entity,) = office.entity_ids
    for number, (company, way, rejected) in enumerate(_OF_NEW):
        given = Application(
            category="ENERGY",
            way_in=way,
            company_name=company,
            contact_name="Sanne de Boer",
            email=f"sanne@{company.lower().replace(' ', '-')}.example",
            phone="0201234567",
            kvk_number=f"1234567{number}",
            orders_per_month=40,
        )
        row = await applying.apply(session, office, Where(entity), given.category, applying.checked(given, "nl"))
        if row and rejected:
            await deciding.reject(session, office, row.id, rejected)


async def _apply_known(session: AsyncSession, office: Actor, named: list[str]) -> None:
    (entity,) = office.entity_ids
    known = await session.execute(_KNOWN, {"entity": entity, "named": named, "many": len(_OF_KNOWN)})
    for way, partner in zip(_OF_KNOWN, known.all(), strict=False):
        given = Application(
            category=partner.partner_model,
            way_in=way,
            company_name=partner.name,
            contact_name=partner.contact_name,
            email=partner.email,
            phone=partner.phone,
            kvk_number=partner.kvk_number,
            orders_per_month=40,
        )
        where, values = Where(entity, organization_id=partner.id), applying.checked(given, "nl")
        if row := await applying.apply(session, office, where, given.category, values):
            await deciding.accept(session, office, row.id, "Past bij ons")


async def _score(session: AsyncSession, now: datetime) -> None:
    for entity_id, currency in await scorecards.entities(session):
        await scorecards.refresh_latest(session, entity_id, currency, now, spans=_SPANS)


def _json(value: dict[str, Any]) -> str:
    import orjson

    return orjson.dumps(value).decode()
