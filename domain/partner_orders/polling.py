"""The status of an order by the partner's own number (N7), also while it waits and no quote was sent."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.errors import NotFound
from domain.orders import polling, status
from domain.orders.polling import PartnerOrderAmbiguous, StatusUpdate
from domain.partner_orders.models import PartnerOrder
from domain.rows import actor_of
from tenants.audience import Audience


async def status_of(session: AsyncSession, partner_order_id: str) -> StatusUpdate:
    """What became of it, else that it was received. Raises: NotFound, PartnerOrderAmbiguous."""
    try:
        return await polling.status_of(session, partner_order_id)
    except NotFound:
        return await _as_received(session, partner_order_id)


async def _as_received(session: AsyncSession, number: str) -> StatusUpdate:
    actor = actor_of(session)
    own = PartnerOrder.organization_id == actor.organization_id
    query = select(PartnerOrder.status, own.label("own")).where(
        PartnerOrder.partner_order_id == number, PartnerOrder.entity_id.in_(actor.entity_ids)
    )
    if actor.audience is Audience.PARTNER:
        query = query.where(PartnerOrder.channel_organization_ids.contains([actor.organization_id]))
    rows = (await session.execute(query.order_by(own.desc().nulls_last()).limit(2))).all()
    if not rows:
        raise NotFound(field=("partner_order_id",))
    if len(rows) > 1 and not rows[0].own:
        raise PartnerOrderAmbiguous(partner_order_id=number, field=("partner_order_id",))
    return StatusUpdate(status.EVENT, None, number, rows[0].status.lower(), None, None)
