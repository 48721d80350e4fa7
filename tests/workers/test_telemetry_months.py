"""Readings are dropped by the month; roll-ups stay for longer, and what is kept still grows."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from domain.telemetry.store import store
from tenants.actor import SYSTEM
from tenants.engine import Database, role_password
from tenants.settings import Settings
from tests.domain.telemetry.measuring import charger, expected, rolled, run_of
from workers.telemetry_months import drop_old_telemetry, make_telemetry_months


async def test_months_are_dropped_by_their_own_retention(
    fresh_database: Callable[[], Awaitable[str]], settings: Settings
) -> None:
    database = Database(await fresh_database(), role_password(settings))
    now = datetime.now(UTC)
    count = now.year * 12 + now.month - 1
    old, between, older = (datetime(m // 12, m % 12 + 1, 15, tzinfo=UTC) for m in (count - 2, count - 3, count - 4))
    try:
        async with database.session(SYSTEM) as session:
            charger_id = await charger(session)
            run_now = run_of(charger_id, now.replace(microsecond=0), 1)
            run = run_of(charger_id, older, 10) + run_of(charger_id, old, 10) + run_now
            await store(session, run)
            await store(session, [reading._replace(revision=1) for reading in (run[0], run_now[0])])
        short = settings.model_copy(update={"telemetry_retention_months": 1, "telemetry_minute_retention_months": 3})
        gone = await drop_old_telemetry(database, short)
        assert gone == [
            *(f"telemetry_reading_{month:%Y_%m}" for month in (older, between, old)),
            f"telemetry_minute_{older:%Y_%m}",
        ]
        assert await drop_old_telemetry(database, short) == []
        assert await make_telemetry_months(database) == 0
        async with database.session(SYSTEM) as session:
            corrections = await session.execute(text("SELECT read_at FROM reading_correction"))
            assert corrections.scalars().all() == [run_now[0].read_at]
            kept, whole = await rolled(session, charger_id), expected(run)
            assert (kept.hours, kept.days) == (whole.hours, whole.days)
            assert {key[1].month for key in kept.minutes} == {old.month, now.month}
    finally:
        await database.close()


@pytest.mark.parametrize("call", ["drop_telemetry_months('telemetry_reading', 0)", "drop_telemetry_months('event', 5)"])
async def test_nothing_else_is_dropped(database: Database, call: str) -> None:
    with pytest.raises(Exception, match="is not a retention"):
        async with database.session(SYSTEM) as session:
            await session.execute(text(f"SELECT {call}"))
