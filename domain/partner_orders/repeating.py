"""The same number again (O4): the first order stands, and the repetition is counted; what differs is asked about."""

from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.errors import DomainError, DomainErrors
from domain.orders.models import Order
from domain.partner_orders import events, exceptions
from domain.partner_orders.document import PartnerOrderDocument, parse
from domain.partner_orders.models import ExceptionKind, PartnerOrder, Way
from domain.quotes.models import Quote, QuoteStatus
from tenants.auth import clock

_MOST_DIFFERENCES = 50
_ENDED = (QuoteStatus.DECLINED, QuoteStatus.EXPIRED, QuoteStatus.WITHDRAWN)


async def known(
    session: AsyncSession, entity_id: UUID, organization_id: UUID, partner_order_id: str
) -> PartnerOrder | None:
    """The order with a partner's number, locked."""
    query = select(PartnerOrder).filter_by(
        entity_id=entity_id, organization_id=organization_id, partner_order_id=partner_order_id
    )
    return (await session.execute(query.with_for_update())).scalar_one_or_none()


async def repeat(
    session: AsyncSession, order: PartnerOrder, document: PartnerOrderDocument, content: bytes, way: Way
) -> PartnerOrder:
    """Count a second submission; other content than the first opens an exception that says what differs."""
    order.repeated += 1
    order.last_repeated_at = clock.now()
    same = order.content_sha256 == content
    await session.flush()
    payload = events.PartnerOrderRepeated(order.partner_order_id, way.value, order.repeated, same)
    await events.tell(session, order, payload)
    if not same:
        await _ask(session, order, document)
    return order


async def adopt(session: AsyncSession, order: PartnerOrder) -> str | None:
    """Take over the quote that staff made by hand with this number of the partner; its number."""
    query = (
        select(Quote.id, Quote.number, Order.id)
        .outerjoin(Order, (Order.quote_id == Quote.id) & (Order.sequence == 1))
        .outerjoin(PartnerOrder, PartnerOrder.quote_id == Quote.id)
        .where(Quote.entity_id == order.entity_id, Quote.account_contact_id == order.organization_id)
        .where(Quote.partner_order_id == order.partner_order_id, Quote.status.not_in(_ENDED))
        .where(PartnerOrder.id.is_(None))
        .limit(1)
    )
    row = (await session.execute(query)).first()
    if row is None:
        return None
    order.quote_id, order.order_id = row[0], row[2]
    await session.flush()
    return str(row[1])


async def _ask(session: AsyncSession, order: PartnerOrder, document: PartnerOrderDocument) -> None:
    changed = differences(_first(order), document.normal)
    await exceptions.open_(
        session,
        entity_id=order.entity_id,
        organization_id=order.organization_id,
        kind=ExceptionKind.DUPLICATE,
        order=order,
        field=changed[0]["path"] if len(changed) == 1 else "$",
        detail={"differences": changed[:_MOST_DIFFERENCES]},
        message={
            "nl": f"{order.partner_order_id} kwam opnieuw met andere inhoud; de eerste bestelling geldt.",
            "en": f"{order.partner_order_id} came again with other content; the first order stands.",
        },
    )


def _first(order: PartnerOrder) -> dict[str, Any]:
    """The first document in its normal form; empty once it was forgotten."""
    try:
        return parse(order.document).normal
    except (DomainError, DomainErrors):
        return {}


def differences(before: Any, after: Any, path: str = "$") -> list[dict[str, Any]]:
    """`[{path, first, now}]`: where two documents differ, each place once."""
    if isinstance(before, dict) and isinstance(after, dict):
        names = [*before, *(name for name in after if name not in before)]
        found = (differences(before.get(name), after.get(name), f"{path}.{name}") for name in names)
        return [each for some in found for each in some]
    if isinstance(before, list) and isinstance(after, list):
        places = range(max(len(before), len(after)))
        pairs = ((_item(before, place), _item(after, place), place) for place in places)
        return [each for one, other, place in pairs for each in differences(one, other, f"{path}[{place}]")]
    return [] if before == after else [{"path": path, "first": before, "now": after}]


def _item(items: list[Any], place: int) -> Any:
    return items[place] if place < len(items) else None
