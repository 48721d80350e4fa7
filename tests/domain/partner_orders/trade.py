"""A market whose dealer sends orders by itself."""

from dataclasses import dataclass
from typing import Any

from domain.catalog.models import PartnerSku
from domain.geo.location import Address, AddressFlag, Exactness, Location, Point, Source
from domain.partner_orders import integration
from domain.partner_orders.document import parse
from domain.partner_orders.models import IntegrationStatus, Way
from domain.partner_orders.receipt import Receipt
from domain.partner_orders.submit import Located, prepare, submit
from tenants.actor import SYSTEM, Actor
from tests.quoting import Market, market

SKUS = {"GRO-STATION": ("station", 1), "GRO-INSTALL": ("installation", 1), "GRO-CABLES": ("cable", 3)}


class KnownPlaces:
    """Finds every address, unless it is told why not."""

    def __init__(self, flag: AddressFlag | None = None) -> None:
        self._flag = flag

    async def locate(self, address: Address) -> Location:
        if self._flag:
            return Location(Exactness.NONE, Source.NONE, flag=self._flag)
        return Location(Exactness.ADDRESS, Source.PDOK, Point(52.1, 5.1))


@dataclass
class Trade:
    market: Market

    def document(self, number: str = "GRO-1", *products: dict[str, Any], **values: Any) -> dict[str, Any]:
        """The document of the seed; `None` for a value leaves it out."""
        given = {
            "partner_order_id": number,
            "customer": {
                "name": "Sanne de Vries",
                "email": "sanne@example.nl",
                "phone": "0612345678",
                "address": {
                    "street": "Dorpsstraat",
                    "house_number": "12",
                    "postal_code": "3511 AB",
                    "city": "Utrecht",
                },
            },
            "products": list(products)
            or [{"partner_sku": "GRO-STATION", "quantity": 1}, {"partner_sku": "GRO-INSTALL"}],
            "partner_references": {"purchase_order": "PO-7"},
        } | values
        return {name: value for name, value in given.items() if value is not None}

    async def send(
        self,
        given: dict[str, Any] | None = None,
        *,
        by: Actor | None = None,
        flag: AddressFlag | None = None,
        way: Way = Way.API,
        **values: Any,
    ) -> Receipt:
        """Submit a document as the dealer's own user unless said otherwise."""
        document = parse(given or self.document())
        located: Located = await prepare(KnownPlaces(flag), document)
        made = self.market
        chosen: dict[str, Any] = {
            "entity_id": made.entity.id,
            "organization_id": made.dealer.id,
            "document": document,
            "located": located,
            "way": way,
            "by": by or made.actors["dealer"],
        }
        async with made.database.session(SYSTEM) as session:
            return await submit(session, **(chosen | values))


async def trade(database: Any, *, agreement: dict[str, Any] | None = None, live: bool = True) -> Trade:
    """A live integration and an SKU map of the master, which holds for its dealer."""
    made = await market(database, agreement=agreement)
    async with database.session(SYSTEM) as session:
        kept = await integration.of(session, made.entity.id, made.master.id)
        if live:
            kept.status = IntegrationStatus.LIVE.value
        for sku, (article, quantity) in SKUS.items():
            row = PartnerSku(
                entity_id=made.entity.id,
                organization_id=made.master.id,
                partner_sku=sku,
                article_id=made.articles[article].id,
                quantity=quantity,
            )
            session.add(row)
    return Trade(made)
