"""Reminders: of tomorrow's visits, of quotes that wait for a signature, of quotes that expire. Each is sent once."""

from datetime import date, datetime, time, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.notifications import facts, recipients
from domain.notifications.causes import tell_signers
from domain.notifications.models import Notification
from domain.notifications.service import About, notify
from domain.notifications.settings import NotificationSettings, notification_settings
from domain.numbering.service import AMSTERDAM
from domain.orders.models import Order
from domain.quotes.models import Quote, QuoteStatus
from domain.visits.models import Visit, VisitStatus
from tenants.auth import clock
from tenants.models import BusinessEntity

_DAY = timedelta(days=1)
_LOOKED_BACK = timedelta(days=2)
"""How long after its day a reminder is still sent, where no worker ran on the day itself."""
_VISITS_FROM = time(9)
_OPEN = (QuoteStatus.SENT, QuoteStatus.PARTIALLY_SIGNED)


async def entities(session: AsyncSession) -> list[UUID]:
    """The business entities to look after."""
    return list(await session.scalars(select(BusinessEntity.id).order_by(BusinessEntity.id)))


async def of_entity(session: AsyncSession, entity_id: UUID) -> list[tuple[str, UUID]]:
    """What is due now, as (what, id); each is carried out by `remind` in a transaction of its own."""
    chosen = notification_settings(await session.get_one(BusinessEntity, entity_id))
    due = [("visit", id) for id in await _visits(session, entity_id, chosen)]
    due += [("quote.reminder", id) for id in await _waiting(session, entity_id, chosen)]
    return due + [("quote.expiring", id) for id in await _expiring(session, entity_id, chosen)]


async def remind(session: AsyncSession, what: str, id: UUID) -> None:
    """Remind of one thing, unless that was done before or it is no longer so."""
    if what == "visit":
        await _of_visit(session, id)
        return
    quote = await session.get(Quote, id)
    if quote is not None and quote.status in _OPEN:
        key = f"quote:{quote.id}:{quote.current_version}"
        about = About(quote.entity_id, "Quote", quote.id, key, tuple(quote.account_chain_ids))
        await tell_signers(session, quote, what, f"{what}.partner", about)


async def _of_visit(session: AsyncSession, id: UUID) -> None:
    visit = await session.get(Visit, id)
    if visit is None or (day := visit.day) is None or day != _tomorrow() or visit.status != VisitStatus.PLANNED:
        return
    order = await session.get_one(Order, visit.order_id)
    to = await recipients.contact(session, visit.entity_id, visit.end_customer_contact_id)
    if to is None or order.on_hold:
        return
    before = datetime.combine(day, time(0), AMSTERDAM)
    key = f"visit:{visit.id}:{visit.day}:{visit.block}"
    about = About(visit.entity_id, "Visit", visit.id, key, tuple(order.account_chain_ids), latest=before)
    values = await facts.of_order(session, order) | await facts.of_visit(session, visit)
    await notify(session, "visit.reminder", [to], about, values)


async def _visits(session: AsyncSession, entity_id: UUID, chosen: NotificationSettings) -> list[UUID]:
    if not chosen.visit_reminder or clock.now().astimezone(AMSTERDAM).time() < _VISITS_FROM:
        return []
    query = select(Visit.id).where(
        Visit.entity_id == entity_id, Visit.day == _tomorrow(), Visit.status == VisitStatus.PLANNED
    )
    return list(await session.scalars(query.order_by(Visit.id)))


async def _waiting(session: AsyncSession, entity_id: UUID, chosen: NotificationSettings) -> list[UUID]:
    if not chosen.quote_reminder_days:
        return []
    due = clock.now() - chosen.quote_reminder_days * _DAY
    query = select(Quote.id).where(
        Quote.entity_id == entity_id,
        Quote.status.in_(_OPEN),
        Quote.sent_at <= due,
        Quote.sent_at > due - _LOOKED_BACK,
        _not_told("quote.reminder"),
    )
    return list(await session.scalars(query.order_by(Quote.id)))


async def _expiring(session: AsyncSession, entity_id: UUID, chosen: NotificationSettings) -> list[UUID]:
    """Not the day after it was sent: who has a short time was told so then."""
    if not chosen.quote_expiry_days:
        return []
    now = clock.now()
    query = select(Quote.id).where(
        Quote.entity_id == entity_id,
        Quote.status.in_(_OPEN),
        Quote.expires_at > now,
        Quote.expires_at <= now + chosen.quote_expiry_days * _DAY,
        Quote.sent_at < now - _DAY,
        _not_told("quote.expiring"),
    )
    return list(await session.scalars(query.order_by(Quote.id)))


def _not_told(kind: str) -> ColumnElement[bool]:
    """Spares looking at what was dealt with; that nobody is told twice is up to the key."""
    told = select(Notification.id).where(
        Notification.subject_id == Quote.id,
        Notification.kind.in_([kind, f"{kind}.partner"]),
        Notification.key.startswith(func.concat("quote:", Quote.id, ":", Quote.current_version, ":")),
    )
    return ~told.exists()


def _tomorrow() -> date:
    return clock.now().astimezone(AMSTERDAM).date() + _DAY
