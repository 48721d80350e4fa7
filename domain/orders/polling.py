"""The status of one order by the partner's own number (N7), as the session's actor may see it."""

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from sqlalchemy import Select, Text, cast, literal, null, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.errors import Conflict, NotFound
from domain.orders import status
from domain.orders.models import Order
from domain.quotes.models import Quote
from domain.rows import actor_of
from tenants.actor import Actor
from tenants.audience import Audience


class PartnerOrderAmbiguous(Conflict):
    code = "PARTNER_ORDER_AMBIGUOUS"
    nl = "Meer dan één partner gebruikt nummer {partner_order_id}; vraag het met de sleutel van die partner."
    en = "More than one partner uses number {partner_order_id}; ask with the key of that partner."


@dataclass(frozen=True, slots=True)
class StatusUpdate:
    """The JSON of the partner document, field by field."""

    event: str
    order_id: str | None
    partner_order_id: str
    status: str
    scheduled_date: date | None
    installer: str | None

    def json(self) -> dict[str, Any]:
        return asdict(self)


async def status_of(session: AsyncSession, partner_order_id: str) -> StatusUpdate:
    """The order's, or the quote's where there is no order yet. Raises: NotFound, PartnerOrderAmbiguous."""
    actor = actor_of(session)
    for query in (_orders(actor, partner_order_id), _quotes(actor, partner_order_id)):
        rows = (await session.execute(query.limit(2))).all()
        if len(rows) > 1 and not rows[0].own:
            raise PartnerOrderAmbiguous(partner_order_id=partner_order_id, field=("partner_order_id",))
        if rows and rows[0].status is not None:
            row = rows[0]
            return StatusUpdate(status.EVENT, row.number, partner_order_id, row.status, row.day, row.team)
    raise NotFound(field=("partner_order_id",))


def _orders(actor: Actor, number: str) -> Select[Any]:
    own = _own(Order, actor)
    columns = (
        Order.number.label("number"),
        status.of_order(Order).label("status"),
        status.scheduled_date(Order.id).label("day"),
        status.installer(Order.id).label("team"),
        own.label("own"),
    )
    query = select(*columns).where(Order.partner_order_id == number, *_within(Order, actor))
    return query.order_by(own.desc(), Order.created_at.desc())


def _quotes(actor: Actor, number: str) -> Select[Any]:
    own = _own(Quote, actor)
    columns = (
        cast(null(), Text).label("number"),
        status.of_quote(Quote).label("status"),
        null().label("day"),
        cast(null(), Text).label("team"),
        own.label("own"),
    )
    query = select(*columns).where(Quote.partner_order_id == number, *_within(Quote, actor))
    return query.order_by(own.desc(), Quote.created_at.desc())


def _own(model: Any, actor: Actor) -> Any:
    """Whether it is on the organization's own account: its own number comes before that of a dealer below it."""
    if actor.organization_id is None:
        return literal(False)
    return model.account_contact_id == actor.organization_id


def _within(model: Any, actor: Actor) -> list[Any]:
    """The number is the account's and known to those above it; who only pays a line does not know it."""
    found = [model.entity_id.in_(actor.entity_ids)]
    if actor.audience is Audience.PARTNER:
        found.append(model.account_chain_ids.contains([actor.organization_id]))
    return found
