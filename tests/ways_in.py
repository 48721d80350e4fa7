"""A dealer with a mapped webhook and a form of its own, and the application that takes what comes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import select

from api.app import create_app
from domain.mail.show import latest
from domain.partner_orders.models import PartnerOrder, PartnerOrderException
from domain.ways_in.models import InboundMessage
from tenants.actor import SYSTEM
from tenants.engine import Database
from tenants.models import Brand
from tenants.permissions import Role
from tenants.settings import Settings
from tests import factories
from tests.asking import SCHEMA, Asker, gid
from tests.domain.partner_orders.trade import Trade, trade

MAPPING: dict[str, Any] = {
    "fields": {
        "$.partner_order_id": "$.order.nr",
        "$.customer.name": {"concat": ["$.klant.voornaam", "$.klant.achternaam"], "separator": " "},
        "$.customer.email": "$.klant.mail",
        "$.customer.phone": "$.klant.tel",
        "$.customer.address.postal_code": "$.klant.pc",
        "$.customer.address.house_number": {"address": "$.klant.adres", "part": "house_number"},
        "$.customer.address.street": {"address": "$.klant.adres", "part": "street"},
        "$.installation_preferences.preferred_date": {"date": "$.datum", "formats": ["dd-MM-yyyy"]},
    },
    "products": {"each": "$.regels[*]", "fields": {"partner_sku": "@.code", "quantity": "@.aantal"}},
}
CREATE = """mutation C($input: CreateMappedWebhookInput!) { createMappedWebhook(input: $input) {
  mappedWebhook { id slug path mapping authentication mappingVersion } secret
  userErrors { code field message } } }"""
FORM = """mutation F($input: CreateOrderFormInput!) { createOrderForm(input: $input) {
  orderForm { id slug url fields products access active } secretUrl userErrors { code field message } } }"""


def message(number: str = "E-1", **changed: Any) -> dict[str, Any]:
    """What the dealer's system sends."""
    customer = {"voornaam": "Sanne", "achternaam": "de Vries", "mail": "sanne@example.nl", "tel": "0612345678"}
    return {
        "order": {"nr": number},
        "klant": customer | {"pc": "3511AB", "adres": "Dorpsstraat 12-A"},
        "datum": "24-12-2030",
        "regels": [{"code": "GRO-STATION", "aantal": "1"}, {"code": "GRO-INSTALL", "aantal": 1}],
    } | changed


@dataclass
class Scene:
    """The market, who asks what of it, and the dealer's webhook."""

    trading: Trade
    settings: Settings
    http: httpx.AsyncClient
    host: str
    askers: dict[str, Asker] = field(default_factory=dict)

    @property
    def dealer_id(self) -> UUID:
        return self.trading.market.dealer.id

    def as_(self, name: str) -> Asker:
        return Asker(self.trading.market.database, self.settings, self.trading.market.actors[name])

    async def webhook(self, by: str = "dealer_admin", **given: Any) -> Any:
        """Its payload; a secret in a header unless said otherwise."""
        standard = {"slug": "orders", "name": "Orders", "authentication": {"kind": "BEARER"}, "mapping": MAPPING}
        asked = standard | given
        return (await self.as_(by).ask(CREATE, input=asked))["createMappedWebhook"]

    async def post(self, secret: str, json: Any = None, slug: str = "orders", **more: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {secret}"} | more.pop("headers", {})
        path = f"/partners/{self.dealer_id}/webhooks/{slug}"
        return await self.http.post(path, json=json, headers=headers, **more)

    async def form(self, by: str = "dealer_admin", **given: Any) -> Any:
        """Its payload."""
        async with self.trading.market.database.session(SYSTEM) as session:
            query = select(Brand.id).where(Brand.host == self.host)
            brand_id = (await session.execute(query)).scalar_one()
        standard = {
            "brandId": gid("Brand", brand_id),
            "slug": "bestellen",
            "titleNl": "Bestellen",
            "titleEn": "Order",
            "products": [
                {"partner_sku": "GRO-STATION", "label": {"nl": "Laadpaal", "en": "Charger"}, "most": 3, "chosen": 1},
                {"partner_sku": "GRO-INSTALL", "label": {"nl": "Installatie", "en": "Installation"}},
            ],
        }
        return (await self.as_(by).ask(FORM, input=standard | given))["createOrderForm"]

    async def orders(self) -> list[PartnerOrder]:
        return await self._rows(PartnerOrder)

    async def exceptions(self) -> list[PartnerOrderException]:
        return await self._rows(PartnerOrderException)

    async def messages(self) -> list[InboundMessage]:
        return await self._rows(InboundMessage)

    async def mails(self, to: str) -> list[Any]:
        return await latest(self.trading.market.database, 50, to)

    async def _rows(self, model: Any) -> list[Any]:
        made = self.trading.market
        async with made.database.session(SYSTEM) as session:
            query = select(model).where(model.entity_id == made.entity.id).order_by(model.id)
            return list((await session.execute(query)).scalars())


@asynccontextmanager
async def scene(database: Database, settings: Settings, **given: Any) -> AsyncIterator[Scene]:
    """A live dealer with an administrator."""
    trading = await trade(database, **given)
    made = trading.market
    async with database.session(SYSTEM) as session:
        for name, organization in (("dealer_admin", made.dealer), ("other_admin", None)):
            owner = organization or await factories.organization(session, made.entity)
            made.actors[name] = await factories.actor_with(session, Role.PARTNER_ADMIN, made.entity, organization=owner)
        host = (await session.execute(select(Brand.host).where(Brand.entity_id == made.entity.id))).scalar_one()
    app = create_app(settings, SCHEMA)
    app.state.database = database
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=f"http://{host}") as http:
        yield Scene(trading, settings, http, host)
    await app.state.redis.aclose()
