"""Revision 0009 keeps the events of an installation, their order and everybody's lists."""

from typing import Any

import asyncpg
from alembic import command
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

from migrations.run import _config, upgrade
from tenants.actor import SYSTEM
from tenants.engine import Database, role_password, sqlalchemy_url
from tenants.settings import Settings
from tests import factories
from tests.domain.events.telling import told

_KEPT = (
    "SELECT id, created_at, type, payload, contact_ids FROM event ORDER BY id",
    "SELECT event_id, row_number() OVER (ORDER BY position) FROM event_position ORDER BY position",
    "SELECT key, event_id FROM position_row JOIN event_position USING (position) ORDER BY 1, 2",
)


_NO_POLICIES = """
DO $$ DECLARE p record; BEGIN
  FOR p IN SELECT policyname, tablename FROM pg_policies WHERE schemaname = 'public' LOOP
    EXECUTE format('DROP POLICY %I ON %I', p.policyname, p.tablename);
  END LOOP;
END $$
"""
"""Every migration writes them anew; meanwhile they would hold on to columns."""


async def to(url: str, revision: str) -> None:
    """Go back to a revision as the owner."""

    def run(connection: Connection) -> None:
        config = _config()
        config.attributes["connection"] = connection
        command.downgrade(config, revision)

    engine = create_async_engine(sqlalchemy_url(url))
    async with engine.begin() as connection:
        tables = (await connection.execute(text("SELECT relname FROM pg_class WHERE relforcerowsecurity"))).scalars()
        for table in tables.all():
            await connection.exec_driver_sql(f'ALTER TABLE "{table}" NO FORCE ROW LEVEL SECURITY')
        await connection.exec_driver_sql(_NO_POLICIES)
        await connection.run_sync(run)
        await connection.execute(text("DELETE FROM schema_state"))
    await engine.dispose()


async def test_events_of_before_are_kept_in_their_order(fresh_database: Any, settings: Settings) -> None:
    url = await fresh_database()
    database, owner = Database(url, role_password(settings)), await asyncpg.connect(url)
    try:
        async with database.session(SYSTEM) as session:
            entity = await factories.business_entity(session)
            await factories.person(session, entity, partner=await factories.organization(session, entity))
        for note in "abc":
            await told(database, entity.id, note)
        before = [await owner.fetch(query) for query in _KEPT]
        await to(url, "0008")
        assert await owner.fetchval("SELECT count(sequence) FROM event") == len(before[0]) > 3
        await upgrade(url, role_password(settings))
        assert [await owner.fetch(query) for query in _KEPT] == before
        await told(database, entity.id, "d")
        last = (
            "SELECT payload ->> 'number' FROM event e JOIN event_position p ON p.event_id = e.id ORDER BY position DESC"
        )
        assert await owner.fetchval(last) == "d"
    finally:
        await owner.close()
        await database.close()
