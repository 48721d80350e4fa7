"""Reading one's notifications."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.errors import NotFound
from domain.notifications.models import Notification
from domain.rows import actor_of, find
from tenants.actor import Actor
from tenants.audience import Audience
from tenants.auth import clock

_NOBODY = UUID(int=0)


async def mark_read(session: AsyncSession, id: UUID) -> None:
    """Note that the actor has read one; the first time counts."""
    row = await find(session, Notification, id)
    if not _is_own(actor_of(session), row):
        raise NotFound(field=("id",))
    read = update(Notification).where(Notification.id == row.id, Notification.read_at.is_(None))
    await session.execute(read.values(read_at=clock.now()).execution_options(synchronize_session=False))


async def mark_all_read(session: AsyncSession, until: datetime | None = None) -> int:
    """Note that the actor has read all of them, or those made until a time; how many were unread."""
    actor = actor_of(session)
    unread = update(Notification).where(Notification.read_at.is_(None), Notification.in_app)
    if actor.audience is Audience.SYSTEM:
        unread = unread.where(Notification.user_id == (actor.user_id or _NOBODY))
    unread = unread if until is None else unread.where(Notification.created_at <= until)
    read = unread.values(read_at=clock.now()).returning(Notification.id)
    return len((await session.execute(read.execution_options(synchronize_session=False))).all())


def _is_own(actor: Actor, row: Notification) -> bool:
    """Everybody else is kept to their own by row-level security; the platform sees all."""
    return actor.audience is not Audience.SYSTEM or row.user_id == (actor.user_id or _NOBODY)
