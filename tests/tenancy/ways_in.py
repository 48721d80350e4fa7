"""Mapped webhooks with their messages, and forms, of partners of every entity."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.partner_orders.models import PartnerOrder
from domain.ways_in.fields import checked_products, usual
from domain.ways_in.mapping import REQUIRED
from domain.ways_in.models import InboundMessage, MappedWebhook, MappingVersion, OrderForm
from tenants.models import Brand
from tests.factories import unique

MAPPING = {"fields": {path: f"$.{place}" for place, path in enumerate(REQUIRED)}}
PRODUCTS = [{"partner_sku": "GRO-1", "label": {"nl": "Laadpaal", "en": "Charger"}}]


async def add_ways_in(session: AsyncSession) -> None:
    """As the system, beside the orders of partners."""
    for order in (await session.execute(select(PartnerOrder).order_by(PartnerOrder.id))).scalars():
        brands = select(Brand.id).where(Brand.entity_id == order.entity_id).order_by(Brand.id).limit(1)
        await _of_partner(session, order)
        session.add(
            OrderForm(
                entity_id=order.entity_id,
                organization_id=order.organization_id,
                brand_id=(await session.execute(brands)).scalar_one(),
                slug=unique("f").lower(),
                title_nl=unique("Bestellen "),
                title_en=unique("Order "),
                fields=usual(),
                products=checked_products(PRODUCTS),
                token_hash=unique(),
            )
        )
    await session.flush()


async def _of_partner(session: AsyncSession, order: PartnerOrder) -> None:
    owner = {"entity_id": order.entity_id, "organization_id": order.organization_id}
    proof = {"authentication": {"kind": "BEARER", "header": "authorization"}, "secret": b"sealed"}
    hook = MappedWebhook(**owner, **proof, slug=unique("w").lower(), name=unique("Orders "), mapping=MAPPING)
    session.add(hook)
    await session.flush()
    session.add(MappingVersion(**owner, mapped_webhook_id=hook.id, version=1, mapping=MAPPING))
    fault = {"code": "REQUIRED", "field": "$.customer.name", "message_nl": "Verplicht", "message_en": "Required"}
    kept = {"body_sha256": unique(), "size": 2, "mapped_webhook_id": hook.id}
    session.add(
        InboundMessage(**owner, **kept, body=unique('{"ref": "').encode() + b'"}', state="FAILED", faults=[fault])
    )
    taken = {"partner_order_key": order.id, "partner_order_id": order.partner_order_id}
    session.add(InboundMessage(**owner, **kept, **taken, body=b"\xff\x00", is_text=False, state="SUBMITTED"))
