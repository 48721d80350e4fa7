"""Roll-ups are exactly what recomputing gives, whatever came in which order, how often and in how many pieces."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from domain.telemetry.readings import Reading
from domain.telemetry.recomputing import recompute
from domain.telemetry.store import Stored, store
from tenants.actor import SYSTEM
from tenants.engine import Database
from tests.domain.telemetry.measuring import charger, expected, kept, rolled, run_of

_NIGHT = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
"""In Amsterdam the hour from 2 to 3 comes twice, and the month of UTC ends later than the day."""
_moments = st.builds(
    lambda base, seconds: base + timedelta(seconds=seconds),
    st.sampled_from([_NIGHT, _NIGHT.replace(day=24, hour=21, minute=59), datetime(2026, 10, 31, 22, 59, tzinfo=UTC)]),
    st.sampled_from([0, 1, 2, 30, 59, 60, 61, 119, 3_599, 3_600, 7_200]),
)
_some = st.none() | st.integers(0, 50)
_readings = st.builds(
    lambda connector, at, sequence, revision, values: Reading(UUID(int=0), connector, at, sequence, revision, *values),
    st.integers(1, 2),
    _moments,
    st.integers(0, 1),
    st.integers(0, 2),
    st.tuples(_some, _some, _some, _some, _some, _some),
)
_lists = st.lists(_readings, min_size=1, max_size=14, unique_by=lambda r: r[1:5])


async def new_charger(database: Database) -> UUID:
    async with database.session(SYSTEM) as session:
        return await charger(session)


async def stored(database: Database, *batches: Sequence[Reading]) -> list[Stored]:
    made = []
    for batch in batches:
        async with database.session(SYSTEM) as session:
            made.append(await store(session, batch))
    return made


@given(readings=_lists, chance=st.randoms(use_true_random=False), cuts=st.lists(st.integers(0, 20), max_size=3))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_no_order_no_repetition_and_no_batching_changes_a_rollup(
    database: Database, readings: list[Reading], chance: Any, cuts: list[int]
) -> None:
    charger_id = await new_charger(database)
    came = [reading._replace(charger_id=charger_id) for reading in readings]
    came += chance.sample(came, len(came) // 2)
    chance.shuffle(came)
    edges = [0, *sorted(min(cut, len(came)) for cut in cuts), len(came)]
    await stored(database, *(came[a:b] for a, b in pairwise(edges)))
    async with database.session(SYSTEM) as session:
        assert await rolled(session, charger_id) == expected(came)
        rows = await session.execute(
            text(
                "SELECT charger_id, connector, read_at, sequence, revision, energy_wh, power_w, voltage_mv, "
                "current_ma, temperature_dc, soc_percent, transaction_id FROM telemetry_reading "
                "WHERE charger_id = :id ORDER BY 1, 2, 3, 4"
            ),
            {"id": charger_id},
        )
        assert [Reading(*row) for row in rows] == kept(came)
        await recompute(session, charger_id, min(r.read_at for r in came), max(r.read_at for r in came))
        assert await rolled(session, charger_id) == expected(came)


async def test_newer_readings_are_added_and_the_same_again_is_nothing(database: Database) -> None:
    charger_id = await new_charger(database)
    run = run_of(charger_id, _NIGHT, 700)
    first, again, more = await stored(database, run[:300], run[:300], run[290:])
    assert first.inserted == run[:300]
    assert again == Stored()
    assert sorted(more.inserted) == run[300:]
    async with database.session(SYSTEM) as session:
        assert await rolled(session, charger_id) == expected(run)


async def test_a_correction_replaces_the_values_and_keeps_the_old_ones(database: Database) -> None:
    charger_id = await new_charger(database)
    run = run_of(charger_id, _NIGHT, 12)
    right = run[5]._replace(revision=1, energy_wh=1_105, power_w=None)
    _, made, older = await stored(database, run, [right], [run[5]])
    assert (made.inserted, made.corrected, older) == ([], [right], Stored())
    async with database.session(SYSTEM) as session:
        assert await rolled(session, charger_id) == expected([*run, right])
        query = text("SELECT revision, energy_wh, power_w FROM reading_correction WHERE charger_id = :id")
        assert (await session.execute(query, {"id": charger_id})).all() == [(0, 1_100, 7_200)]


async def test_a_day_in_amsterdam_has_all_of_its_hours_when_the_clock_changes(database: Database) -> None:
    charger_id = await new_charger(database)
    every = timedelta(minutes=30)
    run = run_of(charger_id, datetime(2026, 10, 24, 22, tzinfo=UTC), 51, every=every)
    await stored(database, run)
    async with database.session(SYSTEM) as session:
        days = (await rolled(session, charger_id)).days
    assert {key[1].isoformat(): row[0] for key, row in days.items()} == {"2026-10-25": 50, "2026-10-26": 1}
    assert sum(row[1] for row in days.values()) == 50 * 3_600


async def test_two_who_write_the_same_charger_at_once_come_to_the_same(database: Database) -> None:
    charger_id, other = await new_charger(database), await new_charger(database)
    run, beside = run_of(charger_id, _NIGHT, 240), run_of(other, _NIGHT, 240)
    both = [pair for pairs in zip(run, beside, strict=True) for pair in pairs]
    await asyncio.gather(*(stored(database, *(both[i : i + 60] for i in range(k, 480, 120))) for k in (0, 30, 60)))
    async with database.session(SYSTEM) as session:
        assert await rolled(session, charger_id) == expected(run)
        assert await rolled(session, other) == expected(beside)


async def test_recomputing_puts_right_what_was_not(database: Database, owner: "asyncpg.Connection[Any]") -> None:
    charger_id = await new_charger(database)
    run = run_of(charger_id, _NIGHT, 800)
    await stored(database, run)
    for table in ("telemetry_minute", "telemetry_hour", "telemetry_day"):
        await owner.execute(f"UPDATE {table} SET energy_wh = 7, readings = 1 WHERE charger_id = $1", charger_id)
    await owner.execute("DELETE FROM telemetry_minute WHERE charger_id = $1 AND at > $2", charger_id, _NIGHT)
    async with database.session(SYSTEM) as session:
        await recompute(session, charger_id, run[0].read_at, run[-1].read_at)
        assert await rolled(session, charger_id) == expected(run)


async def test_no_reading_is_of_a_charger_that_is_not_there(database: Database) -> None:
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await stored(database, run_of(uuid4(), _NIGHT, 1))


async def test_a_month_that_is_not_there_is_made(session_of_months: AsyncSession) -> None:
    charger_id = await charger(session_of_months)
    old = run_of(charger_id, datetime(2026, 1, 31, 23, 59, 55, tzinfo=UTC), 2)
    assert (await store(session_of_months, old)).inserted == old
    query = text("SELECT DISTINCT tableoid::regclass::text FROM telemetry_reading WHERE charger_id = :id ORDER BY 1")
    found = (await session_of_months.execute(query, {"id": charger_id})).scalars().all()
    assert found == ["telemetry_reading_2026_01", "telemetry_reading_2026_02"]


@pytest.fixture
async def session_of_months(database: Database) -> Any:
    async with database.session(SYSTEM) as session:
        yield session
