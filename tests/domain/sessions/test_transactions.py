"""Sessions from what chargers report: whatever the order, however often, offline or not."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.sessions import authorizing, keeping, metering, rules
from domain.sessions.measuring import digest
from domain.sessions.models import ReportKind, SessionReport
from domain.sessions.reports import ChargingState
from tenants.actor import SYSTEM
from tenants.engine import Database
from tests.charging import Yard, after, charging_yard, happened, last_event, row_of

STARTED, UPDATED, ENDED = ReportKind.STARTED, ReportKind.UPDATED, ReportKind.ENDED


async def test_a_session_begins_and_ends_once_however_often_it_is_said(database: Database) -> None:
    async with database.session(SYSTEM) as session:
        yard = await charging_yard(session)
        for _ in range(2):
            begun = await yard.report(session, STARTED, 0, meter_wh=1_000, id_token=yard.token.token.lower())
        for _ in range(2):
            ended = await yard.report(
                session, ENDED, 120, connector=0, transaction_id=begun.transaction_id, meter_wh=21_000, reason="Local"
            )
        (row,) = await yard.rows(session)
        types = await happened(session, row.id)
    assert (begun.transaction_id, ended.session_id, begun.authorization.accepted) == ("1", begun.session_id, True)
    assert (row.state, row.energy_wh, row.marks, row.stop_reason) == ("COMPLETED", 20_000, [], "Local")
    assert (row.driver_contact_id, row.owner_contact_id) == (yard.driver.id, yard.owner.id)
    assert types == ["session.started", "session.completed"]


async def test_order_repetition_and_delay_change_nothing(database: Database) -> None:
    """The same hours, told in six orders to six chargers: reports and readings, twice and late."""
    found = set()
    for seed in range(6):
        async with database.session(SYSTEM) as session:
            yard = await charging_yard(session, protocol="OCPP201")
            await _tell(session, yard, Random(seed))
            (row,) = await yard.rows(session)
            await metering.recount(session, row.id)
            row = await row_of(session, row.id)
            usage = await metering.usage(session, row.id)
        assert usage.energy_wh == row.energy_wh
        found.add(
            (
                row.state,
                row.energy_wh,
                row.paused_seconds,
                row.started_at,
                row.ended_at,
                tuple(row.marks),
                digest(usage.intervals),
            )
        )
    ((state, energy, paused, *_rest, marks, _digest),) = found
    assert (state, energy, paused, marks) == ("COMPLETED", 17_000, 1800, ("METER_RESTARTED",))


async def _tell(session: AsyncSession, yard: Yard, chance: Random) -> None:
    id = "b5f1"
    reports = [
        (STARTED, 0, {"meter_wh": 900_000}),
        (UPDATED, 30, {"charging_state": ChargingState.SUSPENDED, "sequence": 1}),
        (UPDATED, 60, {"charging_state": ChargingState.CHARGING, "sequence": 2}),
        (ENDED, 240, {"meter_wh": 7_000, "sequence": 3}),
    ]
    readings = [yard.reading(m, 900_000 + wh, transaction_id=id) for m, wh in ((20, 4_000), (60, 6_000), (90, 10_000))]
    readings += [yard.reading(m, wh, transaction_id=id) for m, wh in ((120, 1_000), (180, 4_000), (200, 7_000))]
    told = [(report, None) for report in reports * 2] + [(None, reading) for reading in readings * 2]
    if chance.random() > 0.1:
        chance.shuffle(told)
    for report, reading in told:
        if report is not None:
            kind, minutes, values = report
            await yard.report(session, kind, minutes, transaction_id=id, **values)
        elif reading is not None:
            await yard.read(session, reading)


async def test_a_session_that_began_offline_is_marked(database: Database) -> None:
    async with database.session(SYSTEM) as session:
        yard = await charging_yard(session)
        begun = await yard.report(session, STARTED, 0, meter_wh=0, offline=True, id_token="NOBODY")
        row = await row_of(session, begun.session_id)
    assert row.marks == ["OFFLINE_START", "UNKNOWN_TOKEN"]
    assert (begun.authorization.status, row.driver_contact_id) == ("INVALID", None)


async def test_an_end_without_a_beginning_is_a_session_until_its_beginning_comes(database: Database) -> None:
    async with database.session(SYSTEM) as session:
        yard = await charging_yard(session, protocol="MQTT")
        await yard.read(session, yard.reading(30, 103_000, transaction_id="t"))
        ended = await yard.report(session, ENDED, 60, transaction_id="t", meter_wh=105_000)
        row = await row_of(session, ended.session_id)
        assert (row.state, row.energy_wh, row.started_at, "NO_START" in row.marks) == (
            "COMPLETED",
            2_000,
            after(30),
            True,
        )
        begun = await yard.report(session, STARTED, 0, transaction_id="t", meter_wh=100_000, id_token=yard.token.token)
        row = await row_of(session, ended.session_id)
        told = await last_event(session, row.id)
    assert begun.session_id == ended.session_id
    assert (row.energy_wh, row.started_at, row.marks, row.driver_contact_id) == (5_000, after(0), [], yard.driver.id)
    assert (told.type, told.payload["energy_wh_before"], told.payload["energy_wh"]) == (
        "session.energy_changed",
        2_000,
        5_000,
    )


async def test_what_is_open_has_ended_when_another_begins_and_its_late_end_counts(database: Database) -> None:
    async with database.session(SYSTEM) as session:
        yard = await charging_yard(session)
        first = await yard.report(session, STARTED, 0, meter_wh=10_000)
        await yard.read(session, yard.reading(30, 14_000), yard.reading(50, 14_000))
        second = await yard.report(session, STARTED, 90, meter_wh=20_000)
        row = await row_of(session, first.session_id)
        assert (row.state, row.closed_by, row.ended_at, row.energy_wh) == ("COMPLETED", "RULE", after(30), 4_000)
        assert row.marks == ["NO_STOP"]
        await yard.report(session, ENDED, 80, transaction_id=first.transaction_id, meter_wh=20_000)
        row, other = await row_of(session, first.session_id), await row_of(session, second.session_id)
        types = await happened(session, row.id)
    assert (row.energy_wh, row.ended_at, row.marks, row.closed_by) == (10_000, after(80), ["LATE_STOP"], "CHARGER")
    assert types == ["session.started", "session.closed_by_rule", "session.energy_changed"]
    assert (other.state, second.transaction_id) == ("ACTIVE", "2")


async def test_an_older_session_that_is_told_late_does_not_end_the_newer(database: Database) -> None:
    async with database.session(SYSTEM) as session:
        yard = await charging_yard(session)
        newer = await yard.report(session, STARTED, 300, meter_wh=50_000)
        older = await yard.report(session, STARTED, 0, meter_wh=10_000, offline=True)
        await yard.report(session, ENDED, 60, transaction_id=older.transaction_id, meter_wh=15_000)
        rows = await yard.rows(session)
    assert [(row.id, row.state, row.energy_wh) for row in rows] == [
        (older.session_id, "COMPLETED", 5_000),
        (newer.session_id, "ACTIVE", 0),
    ]


async def test_an_end_with_a_wrong_id_is_that_of_the_open_session(database: Database) -> None:
    """OCPP 1.6: who began offline and never got the answer names its transaction -1."""
    async with database.session(SYSTEM) as session:
        yard = await charging_yard(session)
        begun = await yard.report(session, STARTED, 0, meter_wh=1_000)
        ended = await yard.report(session, ENDED, 60, connector=0, transaction_id="-1", meter_wh=3_000)
        (row,) = await yard.rows(session)
    assert (ended.session_id, ended.transaction_id) == (begun.session_id, "1")
    assert (row.state, row.energy_wh) == ("COMPLETED", 2_000)


async def test_impossible_values_are_left_out_and_named(database: Database) -> None:
    async with database.session(SYSTEM) as session:
        yard = await charging_yard(session, protocol="OCPP201")
        future = (datetime.now(UTC) + timedelta(days=400)) - after(0)
        answer = await yard.report(
            session,
            STARTED,
            future.total_seconds() / 60,
            transaction_id="t",
            meter_wh=-5,
            id_token="x" * 37,
            connector=99,
            sequence=-1,
            reason="\x00" * 500,
        )
        row = await row_of(session, answer.session_id)
    assert [reason.partition(":")[0] for reason in answer.refused] == [
        "NEGATIVE_ENERGY",
        "FUTURE_CLOCK",
        "OUT_OF_RANGE",
        "OUT_OF_RANGE",
        "OUT_OF_RANGE",
    ]
    assert row.marks == ["CLOCK_CORRECTED"]
    assert abs(row.started_at - datetime.now(UTC)) < timedelta(minutes=1)


@pytest.mark.parametrize("kind", [STARTED, UPDATED, ENDED])
async def test_a_lone_report_of_any_kind_is_a_session(database: Database, kind: ReportKind) -> None:
    async with database.session(SYSTEM) as session:
        yard = await charging_yard(session, protocol=None)
        answer = await yard.report(session, kind, 0)
        row = await row_of(session, answer.session_id)
    assert (row.energy_wh, row.state) == (0, "COMPLETED" if kind is ENDED else "ACTIVE")
    assert ("NO_START" in row.marks) == (kind is not STARTED)


async def test_what_goes_on_as_it_did_is_noted_and_bounded(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "MOST_REPORTS", 3)
    async with database.session(SYSTEM) as session:
        yard = await charging_yard(session, protocol="OCPP201")
        told = {"transaction_id": "t", "charging_state": ChargingState.CHARGING}
        id = (await yard.report(session, STARTED, 0, meter_wh=0, **told)).session_id
        for minutes in range(1, 9):
            await yard.report(session, UPDATED, minutes, sequence=minutes, **told)
        kept = select(func.count()).where(SessionReport.session_id == id)
        assert (await session.execute(kept)).scalar_one() == 3
        assert (await row_of(session, id)).heard_at == after(8)
        late = {"transaction_id": "t", "charging_state": ChargingState.SUSPENDED, "sequence": 20}
        await yard.report(session, UPDATED, 1.5, **late)
        await yard.report(session, ENDED, 30, transaction_id="t", meter_wh=1_000)
        row = await row_of(session, id)
    assert (row.state, row.paused_seconds) == ("COMPLETED", 30)


async def test_text_that_cannot_be_kept_harms_nothing(database: Database) -> None:
    async with database.session(SYSTEM) as session:
        yard = await charging_yard(session, protocol="MQTT")
        for bad in ("\x00", "\ud800", "x" * 5_000, " "):
            answer = await yard.report(session, STARTED, 0, transaction_id=bad, id_token=bad, connector=2, reason=bad)
            assert len(answer.refused) == 2
            assert not (await authorizing.authorize(session, yard.device, bad)).accepted


async def test_an_end_by_a_wrong_clock_takes_nothing_of_the_next_session(database: Database) -> None:
    """Its time is not known: not two days, and not what the next car took."""
    async with database.session(SYSTEM) as session:
        yard = await charging_yard(session, protocol="OCPP201")
        await yard.report(session, STARTED, 0, transaction_id="a", meter_wh=0)
        await yard.read(session, *(yard.reading(m, m * 100, transaction_id="a") for m in range(1, 31)))
        await yard.report(session, STARTED, 40, transaction_id="b", meter_wh=3_000)
        await yard.read(session, *(yard.reading(m, m * 100 - 1_000) for m in range(41, 101)))
        await yard.report(session, ENDED, 101, transaction_id="b", meter_wh=9_000)
        await yard.report(session, ENDED, -(60 * 24 * 365 * 50), transaction_id="a", meter_wh=3_000)
        first, second = await yard.rows(session)
        assert (await metering.usage(session, first.id)).energy_wh == 3_000
    assert (first.energy_wh, second.energy_wh) == (3_000, 6_000)
    assert (first.ended_at, first.closed_by, first.marks) == (after(40), "CHARGER", ["CLOCK_CORRECTED", "LATE_STOP"])


async def test_readings_that_name_another_session_are_not_counted_twice(database: Database) -> None:
    """The second seems to begin half an hour before the first has ended, by a clock that was set in between."""
    async with database.session(SYSTEM) as session:
        yard = await charging_yard(session, protocol="OCPP201")
        await yard.report(session, STARTED, 0, transaction_id="a", meter_wh=0)
        await yard.read(session, *(yard.reading(m, m * 300, transaction_id="a") for m in range(1, 60)))
        await yard.report(session, ENDED, 60, transaction_id="a", meter_wh=18_000)
        await yard.report(session, STARTED, 30, transaction_id="b", meter_wh=18_000)
        await yard.read(session, *(yard.reading(m, m * 300, transaction_id="b") for m in range(61, 100)))
        await yard.report(session, ENDED, 100, transaction_id="b", meter_wh=30_000)
        rows = await yard.rows(session)
        for row in rows:
            await metering.recount(session, row.id)
    assert [(row.energy_wh, row.marks) for row in rows] == [(18_000, []), (12_000, [])]


async def test_a_wrong_id_is_of_the_connector_whose_register_it_can_be(database: Database) -> None:
    async with database.session(SYSTEM) as session:
        yard = await charging_yard(session)
        first = await yard.report(session, STARTED, 0, connector=1, meter_wh=1_000)
        second = await yard.report(session, STARTED, 10, connector=2, meter_wh=500_000)
        ended = await yard.report(session, ENDED, 60, connector=0, transaction_id="-1", meter_wh=21_000)
        states = {row.id: (row.state, row.energy_wh) for row in await yard.rows(session)}
    assert ended.session_id == first.session_id
    assert states == {first.session_id: ("COMPLETED", 20_000), second.session_id: ("ACTIVE", 0)}


async def test_a_wrong_id_is_never_of_a_session_that_others_have_followed(database: Database) -> None:
    """Two weeks and 200 kWh of others would be billed to who was ended by a rule."""
    async with database.session(SYSTEM) as session:
        yard = await charging_yard(session)
        old = await yard.report(session, STARTED, -20_000, meter_wh=0)
        await yard.read(session, yard.reading(-19_990, 1_000))
        await rules.superseded(session, await row_of(session, old.session_id), after(-19_900))
        other = await yard.report(session, STARTED, -1_000, meter_wh=50_000)
        await yard.report(session, ENDED, -900, connector=0, transaction_id=other.transaction_id, meter_wh=60_000)
        ended = await yard.report(session, ENDED, 0, connector=0, transaction_id="-1", meter_wh=200_000)
        rows = {row.id: (row.closed_by, row.energy_wh) for row in await yard.rows(session)}
    assert rows[old.session_id] == ("RULE", 1_000)
    assert rows[ended.session_id] == ("CHARGER", 0)


async def test_a_charger_that_counts_its_transactions_anew_loses_none(database: Database) -> None:
    async with database.session(SYSTEM) as session:
        yard = await charging_yard(session, protocol="MQTT")
        for _ in range(2):
            await yard.report(session, STARTED, 0, transaction_id="1", meter_wh=1_000)
            await yard.report(session, ENDED, 60, transaction_id="1", meter_wh=6_000)
        for _ in range(2):
            await yard.report(session, STARTED, 0, transaction_id="1", meter_wh=1_000)
            await yard.report(session, STARTED, 600, transaction_id="1", meter_wh=9_000)
            await yard.report(session, ENDED, 60, transaction_id="1", meter_wh=6_000)
            await yard.report(session, ENDED, 660, transaction_id="1", meter_wh=10_000)
        rows = [(row.state, row.started_at, row.energy_wh) for row in await yard.rows(session)]
    assert rows == [("COMPLETED", after(0), 5_000), ("COMPLETED", after(600), 1_000)]


async def test_a_drawn_id_is_none_that_the_charger_has_used(database: Database) -> None:
    async with database.session(SYSTEM) as session:
        yard = await charging_yard(session, protocol="MQTT")
        await yard.report(session, STARTED, 0, transaction_id="1", meter_wh=1_000)
        await yard.report(session, ENDED, 10, transaction_id="1", meter_wh=1_000)
        assert (await yard.report(session, STARTED, 20, meter_wh=1_000)).transaction_id == "2"


@pytest.mark.parametrize(("end_wh", "energy"), [(20_000, 20_000), (900_000_000, 0)])
async def test_a_charger_without_a_clock_tells_later_what_it_gave(database: Database, end_wh: int, energy: int) -> None:
    """Both reports come within a moment of each other: the register counts, unless no connector gives so much."""
    long_ago = -(60 * 24 * 365 * 50)
    async with database.session(SYSTEM) as session:
        yard = await charging_yard(session)
        begun = await yard.report(session, STARTED, long_ago, meter_wh=0, offline=True)
        await yard.report(session, ENDED, long_ago + 90, transaction_id=begun.transaction_id, meter_wh=end_wh)
        row = await row_of(session, begun.session_id)
        assert (await metering.usage(session, row.id)).energy_wh == row.energy_wh
    assert (row.state, row.energy_wh) == ("COMPLETED", energy)
    assert ("CLOCK_CORRECTED" in row.marks, "ENERGY_ESTIMATED" in row.marks) == (True, energy == 0)


async def test_what_another_driver_takes_under_a_reused_id_is_not_billed_to_the_first(database: Database) -> None:
    async with database.session(SYSTEM) as session:
        yard = await charging_yard(session, protocol="MQTT")
        await yard.report(session, STARTED, 0, transaction_id="1", meter_wh=1_000, id_token=yard.token.token)
        await yard.read(session, yard.reading(30, 5_000, transaction_id="1"))
        for _ in range(2):
            await yard.report(session, STARTED, 600, transaction_id="1", meter_wh=5_000, id_token="SOMEBODY")
        await yard.report(session, ENDED, 660, transaction_id="1", meter_wh=30_000)
        rows = [(row.state, row.closed_by, row.energy_wh, row.id_token) for row in await yard.rows(session)]
    assert rows == [
        ("COMPLETED", "RULE", 4_000, yard.token.token),
        ("COMPLETED", "CHARGER", 25_000, "SOMEBODY"),
    ]
