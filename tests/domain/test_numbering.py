"""Numbers without gap or duplicate, drawn by many at once and given back by those who fail."""

import asyncio
from datetime import datetime
from uuid import UUID

from domain.numbering.service import AMSTERDAM, next_number
from tenants.actor import SYSTEM, actor
from tenants.engine import Database
from tenants.permissions import Role
from tests import factories


class Changed(Exception):
    """Whoever draws changes their mind."""


async def draw(database: Database, entity_id: UUID, *, fail: bool) -> str | None:
    try:
        async with database.session(actor(Role.OPERATIONS, entity_id)) as session:
            number = await next_number(session, entity_id, "order")
            if fail:
                raise Changed
            return number
    except Changed:
        return None


async def test_twenty_at_once_with_failures_leave_no_gap(database: Database) -> None:
    async with database.session(SYSTEM) as session:
        entity = await factories.business_entity(session)
    drawn = await asyncio.gather(*(draw(database, entity.id, fail=i % 3 == 0) for i in range(20)))
    kept = sorted(number for number in drawn if number)
    year = datetime.now(AMSTERDAM).year
    assert kept == [f"{entity.code}-{year}-{i:05d}" for i in range(1, len(kept) + 1)]
    assert len(kept) == 13


async def test_kinds_and_entities_count_apart(database: Database) -> None:
    async with database.session(SYSTEM) as session:
        one, other = await factories.business_entity(session), await factories.business_entity(session)
        year = datetime.now(AMSTERDAM).year
        assert await next_number(session, one.id, "quote", infix="Q") == f"{one.code}-Q-{year}-00001"
        assert await next_number(session, one.id, "order") == f"{one.code}-{year}-00001"
        assert await next_number(session, other.id, "order") == f"{other.code}-{year}-00001"
