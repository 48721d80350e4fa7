"""What of a session lies in which hour."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from domain.sessions import metering
from domain.sessions.hours import by_hour
from domain.sessions.models import ReportKind, SessionHour
from domain.tariffs.usage import Interval
from tenants.actor import SYSTEM
from tenants.engine import Database
from tests.charging import after, charging_yard

START = datetime(2026, 3, 2, 17, 50, tzinfo=UTC)


@given(st.lists(st.tuples(st.integers(1, 20_000), st.integers(0, 10_000), st.booleans()), min_size=1, max_size=10))
def test_hours_add_up_to_the_session(parts: list[tuple[int, int, bool]]) -> None:
    intervals, at = [], START
    for seconds, wh, charging in parts:
        intervals.append(Interval(at, at + timedelta(seconds=seconds), wh, charging))
        at = intervals[-1].end
    found = by_hour(intervals)
    assert sum(each.energy_wh for each in found) == sum(wh for _, wh, _ in parts)
    assert sum(each.connected_seconds for each in found) == sum(seconds for seconds, _, _ in parts)
    assert all(0 <= each.charging_seconds <= each.connected_seconds <= 3600 for each in found)
    assert [each.hour for each in found] == sorted({each.hour for each in found})


async def test_the_hours_of_a_session_follow_what_is_known_of_it(database: Database) -> None:
    async with database.session(SYSTEM) as session:
        yard = await charging_yard(session)
        begun = await yard.report(session, ReportKind.STARTED, 30, meter_wh=0)
        query = select(SessionHour.hour, SessionHour.energy_wh, SessionHour.connected_seconds).where(
            SessionHour.session_id == begun.session_id
        )
        assert (await session.execute(query)).all() == []
        await yard.report(session, ReportKind.ENDED, 90, transaction_id="1", meter_wh=8_000)
        assert sorted((await session.execute(query)).all()) == [(after(0), 4_000, 1800), (after(60), 4_000, 1800)]
        await yard.read(session, yard.reading(60, 2_000))
        await metering.recount(session, begun.session_id)
        assert sorted((await session.execute(query)).all()) == [(after(0), 2_000, 1800), (after(60), 6_000, 1800)]
