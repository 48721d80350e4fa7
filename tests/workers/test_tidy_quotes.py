"""The worker ends quotes whose time is over, however many there are."""

import asyncpg
from sqlalchemy import select

from domain.quotes.models import Quote
from tenants.engine import Database
from tests.quoting import market
from workers.quotes import tidy_quotes


async def test_what_is_due_expires_and_the_rest_stays(
    database: Database, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    m = await market(database)
    due, signed, fresh = [await m.quote(partner=False) for _ in range(3)]
    await m.sign("customer", signed)
    await owner.execute("UPDATE quote SET expires_at = now() WHERE id = ANY ($1)", [due, signed])
    assert await tidy_quotes(database) >= 1
    async with database.session(m.actors["staff"]) as session:
        query = select(Quote.id, Quote.status).where(Quote.entity_id == m.entity.id)
        statuses = {row.id: row.status for row in await session.execute(query)}
    assert statuses == {due: "EXPIRED", signed: "ORDERED", fresh: "SENT"}
    assert await tidy_quotes(database) == 0
