"""The clock of a sandbox: set, advanced, stopped, put back. It rules what has a time limit there, not the real world.

The five minutes of signatures are told by it, and a move forward brings all that waits nearer: retries and late
messages to webhooks, the end of quotes. Messages carry the real time, since receivers hold it against their own clock.
"""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from domain.errors import OutOfRange
from domain.quotes import service as quotes
from domain.sandbox import events
from domain.sandbox.making import twin_integration
from domain.sandbox.models import PartnerSandbox
from domain.webhooks import deliveries
from tenants.auth import clock

FARTHEST = timedelta(days=366)
_DELIVERIES = text("""
    UPDATE webhook_delivery SET next_attempt_at = next_attempt_at - make_interval(secs => :seconds)
    WHERE organization_id = :twin AND entity_id = :entity AND state = 'PENDING'
""")
_QUOTES = text("""
    UPDATE quote SET expires_at = expires_at - make_interval(secs => :seconds)
    WHERE entity_id = :entity AND account_contact_id = :twin AND status IN ('SENT', 'PARTIALLY_SIGNED')
""")


def now(sandbox: PartnerSandbox) -> datetime:
    """What its clock shows, in UTC."""
    return sandbox.clock_frozen_at or clock.now() + timedelta(seconds=sandbox.clock_offset_seconds)


async def set_to(session: AsyncSession, sandbox: PartnerSandbox, at: datetime | None, *, frozen: bool) -> None:
    """Show this time from now on, and stand still at it where `frozen`; None is the real time. Raises: OutOfRange."""
    before, real = now(sandbox), clock.now()
    shown = at or (before if frozen else real)
    if abs(shown - real) > FARTHEST:
        earliest, latest = ((real + sign * FARTHEST).isoformat(timespec="minutes") for sign in (-1, 1))
        raise OutOfRange(minimum=earliest, maximum=latest, field=("at",))
    sandbox.clock_offset_seconds = 0 if at is None and not frozen else round((shown - real).total_seconds())
    sandbox.clock_frozen_at = shown if frozen else None
    await _follow(session, sandbox)
    if shown > before:
        await _bring_nearer(session, sandbox, (shown - before).total_seconds())


async def advance(session: AsyncSession, sandbox: PartnerSandbox, seconds: int) -> None:
    """Move on by so many seconds; a clock that stands still stands still there. Raises: OutOfRange."""
    if not 1 <= seconds <= FARTHEST.total_seconds():
        raise OutOfRange(minimum=1, maximum=int(FARTHEST.total_seconds()), field=("seconds",))
    await set_to(session, sandbox, now(sandbox) + timedelta(seconds=seconds), frozen=bool(sandbox.clock_frozen_at))


async def _follow(session: AsyncSession, sandbox: PartnerSandbox) -> None:
    """Intake reads the clock of the integration."""
    twin = await twin_integration(session, sandbox)
    twin.clock_offset_seconds = sandbox.clock_offset_seconds
    twin.clock_frozen_at = sandbox.clock_frozen_at
    await session.flush()
    told = events.SandboxClockSet(sandbox.clock_offset_seconds, sandbox.clock_frozen_at is not None)
    await events.tell(session, sandbox, told)


async def _bring_nearer(session: AsyncSession, sandbox: PartnerSandbox, seconds: float) -> None:
    of = {"entity": sandbox.sandbox_entity_id, "twin": sandbox.sandbox_organization_id, "seconds": seconds}
    await session.execute(_DELIVERIES, of)
    await session.execute(_QUOTES, of)
    await deliveries.ring(session)
    await expire(session, sandbox.sandbox_entity_id)


async def expire(session: AsyncSession, entity_id: UUID) -> None:
    """Quotes whose time is over expire now, and not at the next look of the platform."""
    await quotes.expire_due(session, entity_id=entity_id)
