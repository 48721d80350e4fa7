"""The log in months: made ahead, never missing, read through one table, kept for seven years."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from pydantic import ValidationError
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from domain.events import redaction
from migrations.run import upgrade
from tenants.actor import SYSTEM
from tenants.engine import Database, role_password
from tenants.settings import Settings
from tests.domain.events.telling import entity_of, tell, told
from workers import event_months
from workers.event_months import drop_old_event_months, make_event_months

Own = tuple[Database, "asyncpg.Connection[Any]"]

LATE, EARLY = datetime.now(UTC).year + 2, datetime.now(UTC).year - 1
"""Years whose months nobody makes ahead."""
_MONTHS = (
    "SELECT c.relname, pg_get_expr(c.relpartbound, c.oid) AS bound FROM pg_inherits i "
    "JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'event'::regclass ORDER BY 1"
)
_PLANTED = """
INSERT INTO event (
  entity_id, created_at, type, subject_type, subject_id, actor_role, contact_ids, channel_organization_ids)
SELECT $1, $2::text::timestamptz + n * interval '1 second', 'lead.submitted', 'Lead', uuidv7(), 'OPERATIONS',
  ARRAY[uuidv7()], ARRAY[uuidv7()] FROM generate_series(1, $3::int) n
"""


@pytest.fixture
async def own(fresh_database: Any, settings: Settings) -> AsyncIterator[Own]:
    """A database of the test's own, since its schema changes."""
    url = await fresh_database()
    database, owner = Database(url, role_password(settings)), await asyncpg.connect(url)
    yield database, owner
    await owner.close()
    await database.close()


async def months(owner: "asyncpg.Connection[Any]") -> list[str]:
    return [row["relname"] for row in await owner.fetch(_MONTHS)]


async def planted(own: Own, at: str, count: int = 1) -> UUID:
    """Events that bear another time than now."""
    entity_id = await entity_of(own[0])
    await own[1].execute(_PLANTED, entity_id, at, count)
    return entity_id


async def month_of(owner: "asyncpg.Connection[Any]", entity_id: UUID) -> set[str]:
    rows = await owner.fetch("SELECT DISTINCT tableoid::regclass::text FROM event WHERE entity_id = $1", entity_id)
    return {row[0] for row in rows}


async def test_a_month_that_was_not_made_loses_nothing(own: Own) -> None:
    database, owner = own
    late = await planted(own, f"{LATE}-01-31T23:59:58Z", 3)
    early = await planted(own, f"{EARLY}-12-31T23:00:00Z")
    assert await month_of(owner, late) == {"event_later"}
    assert await month_of(owner, early) == {"event_earlier"}
    assert await owner.fetchval("SELECT count(*) FROM event_position WHERE entity_id = $1", late) == 3
    await owner.execute(f"SELECT make_event_partitions('{EARLY}-12-01', '{LATE}-03-01')")
    assert await month_of(owner, late) == {f"event_{LATE}_01", f"event_{LATE}_02"}
    assert await month_of(owner, early) == {f"event_{EARLY}_12"}
    await told(database, late)
    assert await owner.fetchval("SELECT count(*) FROM event_position WHERE entity_id = $1", late) == 4


async def test_months_are_made_ahead_once(own: Own) -> None:
    database, owner = own
    before = await months(owner)
    assert await make_event_months(database) == 0
    later = [name for name in before if name.startswith("event_2")]
    assert len(later) >= 6
    await owner.execute(f"ALTER TABLE event DETACH PARTITION event_later; DROP TABLE {', '.join(later[1:])}")
    await owner.execute(
        "ALTER TABLE event ATTACH PARTITION event_later "
        f"FOR VALUES FROM ('{later[1][6:10]}-{later[1][11:]}-01Z') TO (MAXVALUE)"
    )
    assert await make_event_months(database) >= 5
    assert await months(owner) == before
    assert await make_event_months(database) == 0


async def test_a_new_month_is_as_closed_and_as_lasting_as_the_others(own: Own) -> None:
    database, owner = own
    await owner.execute(f"SELECT make_event_partitions('{LATE}-01-01', '{LATE}-02-01')")
    shapes = await owner.fetch(
        "SELECT relrowsecurity, relforcerowsecurity, "
        "(SELECT array_agg(polname) FROM pg_policy WHERE polrelid = c.oid), "
        "(SELECT array_agg(tgname ORDER BY tgname) FROM pg_trigger WHERE tgrelid = c.oid AND NOT tgisinternal), "
        "(SELECT count(*) FROM pg_index WHERE indrelid = c.oid) FROM pg_inherits i JOIN pg_class c "
        "ON c.oid = i.inhrelid WHERE i.inhparent = 'event'::regclass"
    )
    assert len(shapes) > 8
    assert len({str(tuple(shape)) for shape in shapes}) == 1
    entity_id = await planted(own, f"{LATE}-01-15T12:00:00Z")
    for statement in ("DELETE FROM event", "UPDATE event SET type = 'x'", f"DELETE FROM event_{LATE}_01"):
        with pytest.raises(asyncpg.PostgresError, match="append-only"):
            await owner.execute(f"{statement} WHERE entity_id = '{entity_id}'")
    async with database.session(SYSTEM) as session:
        contact = await owner.fetchval("SELECT contact_ids[1] FROM event WHERE entity_id = $1", entity_id)
        assert await redaction.redact(session, [contact], []) == 1


async def test_a_migration_goes_there_and_stays(own: Own, settings: Settings) -> None:
    database, owner = own
    before = await months(owner)
    await upgrade(database.url, role_password(settings))
    assert await months(owner) == before


async def test_old_months_go_with_all_that_leads_to_them(own: Own, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_months, "_BATCH", 4)
    database, owner = own
    await owner.execute("SELECT make_event_partitions('2018-01-01', '2018-03-01')")
    old = await planted(own, "2018-01-10T00:00:00Z", 9)
    async with database.session(SYSTEM) as session:
        kept = await tell(session, old)
    assert await drop_old_event_months(database, 0) == []
    gone = await drop_old_event_months(database, 84)
    assert gone[:2] == ["event_2018_01", "event_2018_02"]
    subjects = [row[0] for row in await owner.fetch("SELECT subject_id FROM event WHERE entity_id = $1", old)]
    assert subjects == [kept]
    for table in ("event_position", "timeline_row"):
        bound = f"SELECT count(*) FROM {table} WHERE entity_id = $1 AND created_at < '2019-01-01'"
        assert await owner.fetchval(bound, old) == 0
    assert (
        await owner.fetchval("SELECT count(*) FROM channel_row WHERE kind = 'event' AND created_at < '2019-01-01'") == 0
    )
    lost = "SELECT count(*) FROM position_row WHERE position NOT IN (SELECT position FROM event_position)"
    assert await owner.fetchval(lost) == 0
    assert await drop_old_event_months(database, 84) == []


async def test_nobody_drops_what_the_law_keeps(own: Own) -> None:
    database, owner = own
    recent = next(name for name in await months(owner) if name.startswith("event_2"))
    for name in (recent, "event_later", "event", "contact"):
        for call in ("drop_event_month(:name)", "forget_event_month(:name, 10)"):
            with pytest.raises(DBAPIError, match=r"seven years|not a month"):
                async with database.session(SYSTEM) as session:
                    await session.execute(text(f"SELECT {call}"), {"name": name})
    with pytest.raises(ValidationError, match="at least 84"):
        Settings(_env_file=None, event_retention_months=12)
