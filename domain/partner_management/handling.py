"""What staff does with breaches, and announcing maintenance. As the actor."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from domain import validation
from domain.contacts.models import Contact
from domain.errors import OutOfRange
from domain.events.record import Payload, changes_of, record
from domain.partner_management import events
from domain.partner_management.errors import BreachOver, MaintenanceOver, MaintenanceTooSoon
from domain.partner_management.models import MaintenanceWindow, ServiceBreach
from domain.rows import actor_of, find
from tenants.auth import clock
from tenants.models import BusinessEntity

MOST_NOTE, MOST_REASON = 2_000, 500
AHEAD = timedelta(hours=24)
LONGEST = timedelta(hours=24)
_FARTHEST = timedelta(days=366)


async def acknowledge(session: AsyncSession, id: UUID, note: str | None = None) -> ServiceBreach:
    """Somebody sees to it: it goes to no higher level. Again: the note alone changes, where one is given."""
    said = None if note is None else validation.text(note, "note", minimum=0, maximum=MOST_NOTE)
    breach = await _open(session, id)
    fresh = breach.acknowledged_at is None
    if fresh:
        breach.acknowledged_at, breach.acknowledged_by = clock.now(), actor_of(session).user_id
    breach.note = breach.note if said is None else said
    if fresh:
        await _tell(session, breach, acknowledged=True)
    return breach


async def release(session: AsyncSession, id: UUID) -> ServiceBreach:
    """Take back that somebody sees to it. Again: nothing changes."""
    breach = await _open(session, id)
    if breach.acknowledged_at is not None:
        breach.acknowledged_at = breach.acknowledged_by = None
        await _tell(session, breach, acknowledged=False)
    return breach


async def announce(
    session: AsyncSession, entity_id: UUID, starts_at: datetime, ends_at: datetime, reason: str
) -> MaintenanceWindow:
    """Announce maintenance, a day ahead at least and a day long at most. Raises: MaintenanceTooSoon, OutOfRange."""
    why = validation.text(reason, "reason", maximum=MOST_REASON)
    await find(session, BusinessEntity, entity_id, field=("entity_id",))
    now = clock.now()
    if starts_at < now + AHEAD:
        raise MaintenanceTooSoon(hours=int(AHEAD.total_seconds() // 3600), field=("starts_at",))
    if starts_at > now + _FARTHEST:
        raise OutOfRange(minimum=(now + AHEAD).isoformat(), maximum=(now + _FARTHEST).isoformat(), field=("starts_at",))
    if not starts_at < ends_at <= starts_at + LONGEST:
        latest = (starts_at + LONGEST).isoformat()
        raise OutOfRange(minimum=starts_at.isoformat(), maximum=latest, field=("ends_at",))
    window = MaintenanceWindow(
        entity_id=entity_id,
        starts_at=starts_at,
        ends_at=ends_at,
        reason=why,
        announced_by=actor_of(session).user_id,
    )
    session.add(window)
    await session.flush()
    await _tell_window(session, window, events.WindowAnnounced)
    return window


async def call_off(session: AsyncSession, id: UUID) -> MaintenanceWindow:
    """What has begun ends now; what has not is off. Raises: MaintenanceOver."""
    window = await find(session, MaintenanceWindow, id, lock=True)
    now = clock.now()
    if window.cancelled_at is not None or window.ends_at <= now:
        raise MaintenanceOver(field=("id",))
    if window.starts_at < now:
        window.ends_at = now
    else:
        window.cancelled_at = now
    await _tell_window(session, window, events.WindowCancelled)
    return window


async def _open(session: AsyncSession, id: UUID) -> ServiceBreach:
    breach = await find(session, ServiceBreach, id, lock=True)
    if breach.closed_at is not None:
        raise BreachOver(field=("id",))
    return breach


async def _tell(session: AsyncSession, breach: ServiceBreach, *, acknowledged: bool) -> None:
    organization = await session.get(Contact, breach.organization_id) if breach.organization_id else None
    happened = events.BreachAcknowledged(breach.metric, str(breach.target), str(breach.latest), acknowledged)
    await record(
        session,
        happened,
        entity_id=breach.entity_id,
        subject_id=breach.id,
        organization_ids=[breach.organization_id],
        channel=organization.channel_organization_ids if organization else (),
        changes=changes_of(breach),
    )


async def _tell_window(session: AsyncSession, window: MaintenanceWindow, kind: type[events.MaintenanceEvent]) -> None:
    happened: Payload = kind(window.starts_at.isoformat(), window.ends_at.isoformat(), window.reason)
    await record(session, happened, entity_id=window.entity_id, subject_id=window.id, changes=changes_of(window))
