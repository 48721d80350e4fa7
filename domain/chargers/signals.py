"""What the processes that hold connections are told at once, over PostgreSQL's notifications; lost ones are swept."""

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

DISMISSED = "device_dismissed"
CREDENTIALS = "device_credentials"
"""What a broker accepts has changed."""


async def dismiss(session: AsyncSession, charger_id: UUID) -> None:
    """Whoever holds the charger's connection closes it after the commit: it has to prove again who it is."""
    await session.execute(text("SELECT pg_notify(:channel, :id)"), {"channel": DISMISSED, "id": str(charger_id)})


async def credentials_changed(session: AsyncSession, charger_id: UUID) -> None:
    """Whoever keeps a broker's password file writes it anew after the commit."""
    await session.execute(text("SELECT pg_notify(:channel, :id)"), {"channel": CREDENTIALS, "id": str(charger_id)})
