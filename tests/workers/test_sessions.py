"""Sessions are looked after: what is stale ends, what is due is counted, and one that fails stops no other."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.sessions import metering
from domain.sessions.models import ChargingSession, ReportKind
from tenants.actor import SYSTEM
from tenants.engine import Database
from tests.charging import charging_yard, row_of
from workers.sessions import look_after_sessions


async def test_one_that_fails_stops_no_other(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    ids, count = [], metering.recount
    async with database.session(SYSTEM) as session:
        yard = await charging_yard(session)
        for place in range(3):
            begun = await yard.report(session, ReportKind.STARTED, place * 60, meter_wh=0)
            if place < 2:
                over = {"transaction_id": begun.transaction_id, "meter_wh": 1_000}
                await yard.report(session, ReportKind.ENDED, place * 60 + 30, **over)
            ids.append(begun.session_id)
        before = datetime.now(UTC) - timedelta(minutes=1)
        ended = update(ChargingSession).where(ChargingSession.id.in_(ids[:2]))
        await session.execute(ended.values(recount_at=before))
        silent = update(ChargingSession).where(ChargingSession.id == ids[2])
        await session.execute(silent.values(updated_at=before - timedelta(hours=1)))

    async def fails_once(session: AsyncSession, id: UUID) -> None:
        if id == ids[0]:
            raise ValueError("a fault of the test")
        await count(session, id)

    monkeypatch.setattr(metering, "recount", fails_once)
    with pytest.raises(ExceptionGroup, match=r"1 of \d+"):
        await look_after_sessions(database)
    async with database.session(SYSTEM) as session:
        rows = [await row_of(session, id) for id in ids]
    assert [row.recount_at is None for row in rows[:2]] == [False, True]
    assert (rows[2].state, rows[2].stop_reason) == ("COMPLETED", "NOTHING_HEARD")
