"""The sessions of a charger, locked."""

from uuid import UUID

from sqlalchemy import ColumnElement, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from domain.sessions.models import OPEN, ChargingSession


async def lock(session: AsyncSession, charger_id: UUID) -> None:
    """Until the transaction ends nobody else opens, changes or closes a session of the charger by what is reported."""
    await session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": f"sessions:{charger_id}"}
    )


async def newest(session: AsyncSession, *conditions: ColumnElement[bool]) -> ChargingSession | None:
    """The session that began last of those that fulfil all conditions, locked."""
    s = ChargingSession
    wanted = select(s).where(*conditions).order_by(s.started_at.desc(), s.id.desc()).limit(1)
    locked = wanted.with_for_update().execution_options(populate_existing=True)
    return (await session.execute(locked)).scalar_one_or_none()


async def open_at(session: AsyncSession, charger_id: UUID, connector: int) -> ChargingSession | None:
    """The open session of a connector; there is one at most."""
    s = ChargingSession
    return await newest(session, s.charger_id == charger_id, s.connector == connector, s.state.in_(OPEN))
