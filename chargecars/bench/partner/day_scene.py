"""What the day is played on: an entity of its own with five live partners, each with its way in and a webhook."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from api.webhook_payloads import Payloads
from chargecars.bench.partner.day_plan import VOLUMES, Road, Volume
from domain.catalog import service as catalog
from domain.catalog.models import Article, PartnerSku
from domain.contacts import service as contacts
from domain.inbound_mail import addresses
from domain.partner_orders import integration, signing
from domain.partner_orders.models import IntegrationStatus
from domain.users import api_keys
from domain.users.api_keys import Wanted
from domain.ways_in import forms, webhooks
from domain.webhooks import service as outgoing
from domain.webhooks.service import Here
from tenants.actor import SYSTEM, Actor, actor
from tenants.engine import Database
from tenants.models import Brand, BusinessEntity
from tenants.permissions import Role
from tenants.settings import Settings

MAPPING: dict[str, Any] = {
    "fields": {
        "$.partner_order_id": "$.opdracht.nummer",
        "$.customer.name": {"concat": ["$.klant.voornaam", "$.klant.achternaam"], "separator": " "},
        "$.customer.email": "$.klant.mail",
        "$.customer.phone": "$.klant.telefoons[?soort=mobiel].nummer",
        "$.customer.address.street": {"address": "$.klant.adres", "part": "street"},
        "$.customer.address.house_number": {"address": "$.klant.adres", "part": "house_number"},
        "$.customer.address.postal_code": "$.klant.postcode",
        "$.customer.address.city": "$.klant.plaats",
    },
    "products": {
        "each": "$.regels[*]",
        "fields": {"partner_sku": "@.artikel", "quantity": "@.aantal", "description": "@.naam"},
    },
}
SENDER = "orders@alva.example"
_STATION = {
    "category": "CHARGING_STATION",
    "serial_required": True,
    "visit_kind": "INSTALLATION",
    "install_minutes": 90,
}
_INSTALLATION = {"category": "INSTALLATION_SERVICE", "visit_kind": "INSTALLATION", "install_minutes": 60}


@dataclass(frozen=True, slots=True)
class Partner:
    """One of the five, with what its own system has to know."""

    volume: Volume
    id: UUID
    key: str
    signing: str
    secret: str
    """Of its webhook, its form's address or its mail address."""
    endpoint_id: UUID


@dataclass(frozen=True, slots=True)
class Stage:
    """The entity, its host, its people and partners."""

    entity_id: UUID
    host: str
    staff: Actor
    partners: dict[str, Partner]


async def prepared(database: Database, settings: Settings, schema: Any, told_at: str) -> Stage:
    """Everything before the first order; `told_at` is the URL that updates go to, one path per partner."""
    async with database.session(SYSTEM) as session:
        entity, brand = await _entity(session)
        articles = [
            await _article(session, entity, "Laadpaal", 899_95, _STATION),
            await _article(session, entity, "Installatie", 333_33, _INSTALLATION),
        ]
        here = Here(settings, Payloads(schema, database, settings))
        partners = {
            volume.code: await _partner(session, here, entity, brand, articles, volume, told_at) for volume in VOLUMES
        }
        return Stage(entity.id, brand.host, actor(Role.OPERATIONS, entity.id), partners)


async def _entity(session: AsyncSession) -> tuple[BusinessEntity, Brand]:
    code = "".join(chr(65 + int(digit, 16)) for digit in uuid4().hex[:4])
    entity = BusinessEntity(
        code=code,
        name=f"Dag {code}",
        legal_name=f"Dag {code} B.V.",
        kvk_number="12345678",
        vat_number="NL123456782B01",
        iban="NL91ABNA0417164300",
        invoice_prefix=f"D{code}",
        email=f"{code.lower()}@example.nl",
        phone="+31201234567",
        street="Dorpsstraat",
        house_number="1",
        postal_code="3861AA",
        city="Nijkerk",
    )
    session.add(entity)
    await session.flush()
    host = f"{uuid4().hex}.localhost"
    looks = {"name": "Dag", "sender_name": "Dag", "sender_email": "post@dag.example", "consent_text": "Akkoord."}
    brand = Brand(entity_id=entity.id, host=host, **looks)
    session.add(brand)
    await session.flush()
    return entity, brand


async def _article(
    session: AsyncSession, entity: BusinessEntity, name: str, cents: int, values: dict[str, Any]
) -> Article:
    made = Article(entity_id=entity.id, sku=f"{name[:3].upper()}-{uuid4().hex[:8].upper()}", name=name, **values)
    session.add(made)
    await session.flush()
    listing = await catalog.save_price_list(session, entity.id, None, "Standaard")
    await catalog.set_price(session, listing.id, made.id, cents, None)
    return made


async def _partner(
    session: AsyncSession,
    here: Here,
    entity: BusinessEntity,
    brand: Brand,
    articles: list[Article],
    volume: Volume,
    told_at: str,
) -> Partner:
    given = {"name": volume.name, "partner_model": "ENERGY", "email": f"{uuid4().hex}@example.nl"}
    partner = await contacts.create_organization(session, given, entity_id=entity.id, parent_id=None)
    kept = await integration.of(session, entity.id, partner.id)
    kept.status, kept.requests_per_minute = IntegrationStatus.LIVE.value, 60_000
    kept.signature_required = volume.road is Road.API
    for article, sku in zip(articles, volume.skus, strict=True):
        owner = {"entity_id": entity.id, "organization_id": partner.id}
        session.add(PartnerSku(**owner, partner_sku=sku, article_id=article.id))
    secret = (await signing.rotate(session, here.settings, kept)).secret
    key = await api_keys.create(session, SYSTEM, Wanted("Dag", ("partner-orders:submit",), entity.id, partner.id))
    admin = actor(Role.PARTNER_ADMIN, entity.id, organization_id=partner.id)
    wanted = {"url": f"{told_at}/{volume.code}", "event_types": ["quote.sent"], "mail_fallback": False}
    endpoint = await outgoing.create(session, here, admin, {**wanted, "contact_emails": ["it@example.nl"]})
    way = await _way_in(session, here.settings, admin, brand, volume)
    return Partner(volume, partner.id, key.shown_once, secret, way, endpoint.endpoint.id)


async def _way_in(session: AsyncSession, settings: Settings, admin: Actor, brand: Brand, volume: Volume) -> str:
    """What its sender has to know: a secret, a link, an address."""
    if volume.road is Road.WEBHOOK:
        proof = {"kind": "HMAC", "header": "x-signature", "timestamp_header": "x-timestamp"}
        given = {"slug": "orders", "name": "Orders", "authentication": proof, "mapping": MAPPING}
        return (await webhooks.create(session, settings, admin, given)).secret or ""
    if volume.road is Road.FORM:
        skus = (*volume.skus, f"{volume.code}-ONBEKEND-9")
        products = [{"partner_sku": sku, "label": {"nl": sku, "en": sku}} for sku in skus]
        form = {"slug": f"bestel-{uuid4().hex[:8]}", "title_nl": "Bestellen", "title_en": "Order", "products": products}
        made = await forms.create(session, admin, form, brand_id=brand.id)
        return f"/forms/{made.form.slug}?t={made.token}"
    if volume.road is Road.EMAIL:
        address = await addresses.create(session, admin, {"allowed_senders": [SENDER]})
        return f"{address.local_part}@{settings.mail_domain}"
    return ""
