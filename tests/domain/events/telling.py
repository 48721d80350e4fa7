"""Events for tests: told by the system, of a subject that nobody else has."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import asyncpg
from sqlalchemy.ext.asyncio import AsyncSession

from domain.events.record import record
from domain.leads.events import LeadScored, LeadSubmitted
from tenants.actor import SYSTEM
from tenants.engine import Database
from tests import factories


async def entity_of(database: Database) -> UUID:
    """A business entity of the test's own."""
    async with database.session(SYSTEM) as session:
        return (await factories.business_entity(session)).id


async def tell(session: AsyncSession, entity_id: UUID, note: str = "", **to: Any) -> UUID:
    """One event with `note` as its number; answers its subject."""
    given = {"subject_id": uuid4()} | to
    await record(session, LeadSubmitted(note, "WEB"), entity_id=entity_id, **given)
    subject: UUID = given["subject_id"]
    return subject


async def told(database: Database, entity_id: UUID, note: str = "", **to: Any) -> UUID:
    """One event, committed."""
    async with database.session(SYSTEM) as session:
        return await tell(session, entity_id, note, **to)


async def told_secretly(database: Database, entity_id: UUID, **to: Any) -> None:
    """One event of another type, committed."""
    async with database.session(SYSTEM) as session:
        await record(session, LeadScored(50), entity_id=entity_id, subject_id=uuid4(), **to)


async def waits_for_a_lock(owner: "asyncpg.Connection[Any]", count: int = 1) -> None:
    """Until so many sessions of this database wait for a lock that another one holds."""
    query = (
        "SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid) "
        "WHERE NOT l.granted AND a.datname = current_database()"
    )
    async with asyncio.timeout(10):
        while await owner.fetchval(query) < count:
            pass
