"""Work between entities (T5): teams are shared, so the entity that sells owes the one that carries the work out.

When an order is completed, both sides are posted, mirrored and under one key. No VAT: the entities are one fiscal
unity (Wet OB 1968, art. 7 lid 4).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import Date, bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.events.models import Event
from domain.ledger.models import AccountRole, EntryKind, IntercompanyRate, JournalEntry
from domain.ledger.posting import Entry, Leg, credit, debit, open_day, post_many, today
from domain.money import Money
from domain.numbering.service import AMSTERDAM
from domain.orders.models import Order, OrderStage
from domain.quotes.models import LineItem

EVENTS = frozenset({"order.stage_changed"})

_Sided = Callable[..., Leg]


@dataclass(frozen=True, slots=True)
class Share:
    """What the executing entity gets of one line."""

    executing_entity_id: UUID
    line_item_id: UUID
    amount: Money


def share_of(net: Money, percent: Decimal) -> Money:
    """A percentage of a line's net, rounded once, half up."""
    return net.times(percent.scaleb(-2))


def both_sides(order_id: UUID, seller_id: UUID, shares: Iterable[Share]) -> list[Entry]:
    """The entries of the seller and of each executing entity; shares of nothing are left out."""
    by_entity: dict[UUID, list[Share]] = {}
    for share in shares:
        if share.amount:
            by_entity.setdefault(share.executing_entity_id, []).append(share)
    made = []
    for other, own in by_entity.items():
        cost = _legs(order_id, other, own, AccountRole.INTERCOMPANY_COST, AccountRole.INTERCOMPANY_PAYABLE)
        yields = _legs(order_id, seller_id, own, AccountRole.INTERCOMPANY_RECEIVABLE, AccountRole.INTERCOMPANY_REVENUE)
        for entity_id, legs in ((seller_id, cost), (other, yields)):
            made.append(Entry(entity_id, EntryKind.INTERCOMPANY, _key(order_id, other), ("Order", order_id), legs))
    return made


def _legs(order_id: UUID, other: UUID, shares: list[Share], debited: AccountRole, credited: AccountRole) -> list[Leg]:
    def leg(side: _Sided, role: AccountRole, share: Share) -> Leg:
        line = share.line_item_id
        return side(role, share.amount, order_id=order_id, line_item_id=line, intercompany_entity_id=other)

    return [leg(side, role, share) for share in shares for side, role in ((debit, debited), (credit, credited))]


def _key(order_id: UUID, executing_entity_id: UUID) -> str:
    return f"intercompany:{order_id}:{executing_entity_id}"


async def react(session: AsyncSession, event: Event) -> None:
    """An order reached a stage. A session of the system."""
    if event.payload.get("stage") == OrderStage.COMPLETED:
        await post_completed(session, event.subject_id)


async def post_completed(session: AsyncSession, order_id: UUID) -> list[UUID]:
    """Post what the lines of a completed order give the entities that carried them out; as the system.

    Once: an order that is completed again after rework keeps what was posted, also where rates have changed.
    """
    order = await session.get(Order, order_id)
    if order is None or order.stage != OrderStage.COMPLETED:
        return []
    day = order.completed_at.astimezone(AMSTERDAM).date() if order.completed_at else today()
    made = both_sides(order.id, order.entity_id, await _shares(session, order, day))
    posted = select(JournalEntry.key).where(JournalEntry.entity_id == order.entity_id)
    known = set((await session.execute(posted.where(JournalEntry.key.in_([each.key for each in made])))).scalars())
    return await post_many(session, await _dated(session, [each for each in made if each.key not in known], day))


async def _dated(session: AsyncSession, entries: list[Entry], day: date) -> list[Entry]:
    """On one day that is open for all of them: the two sides are in the same period."""
    for entity_id in {entry.entity_id for entry in entries}:
        day = await open_day(session, entity_id, day)
    return [replace(entry, booked_on=day) for entry in entries]


async def _shares(session: AsyncSession, order: Order, day: date) -> list[Share]:
    """Of each line, for each rate that was in force on the day."""
    query = (
        select(LineItem.id, LineItem.net_cents, LineItem.currency, IntercompanyRate)
        .join(IntercompanyRate, IntercompanyRate.category == LineItem.category)
        .where(
            LineItem.quote_version_id == order.quote_version_id,
            IntercompanyRate.seller_entity_id == order.entity_id,
            IntercompanyRate.valid.contains(bindparam("day", day, Date)),
        )
        .order_by(IntercompanyRate.executing_entity_id, LineItem.position)
    )
    return [
        Share(rate.executing_entity_id, id, share_of(Money(net, currency), rate.percent))
        for id, net, currency, rate in await session.execute(query)
    ]
