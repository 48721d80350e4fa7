"""Sessions follow readings: live values, milestones, late and corrected readings."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.events.models import Event
from domain.sessions import metering
from domain.sessions.models import ChargingSession, ReportKind
from domain.tariffs.usage import Usage
from tenants.actor import SYSTEM
from tenants.engine import Database
from tests.charging import Yard, after, charging_yard, happened, last_event, row_of

STARTED, ENDED = ReportKind.STARTED, ReportKind.ENDED


async def test_an_open_session_knows_its_energy_power_and_charge(database: Database) -> None:
    async with database.session(SYSTEM) as session:
        yard = await charging_yard(session)
        begun = await yard.report(session, STARTED, 0, meter_wh=10_000)
        await yard.read(
            session, yard.reading(10, 12_000, power_w=11_000, soc_percent=40), yard.reading(20, 13_500, power_w=9_000)
        )
        await yard.read(session, yard.reading(20.05, 13_510, power_w=1))  # sooner than SESSION_LIVE_SECONDS
        row = await row_of(session, begun.session_id)
        assert (row.energy_wh, row.power_w, row.soc_percent, row.meter_at) == (3_500, 9_000, 40, after(20))
        await yard.read(session, yard.reading(30, 15_000, power_w=7_000, connector=2), yard.reading(31, 15_200))
        row = await row_of(session, begun.session_id)
    assert (row.energy_wh, row.power_w, row.heard_at, row.recount_at) == (5_200, 9_000, after(31), None)


async def test_quarters_of_the_battery_are_told_once_and_not_the_one_it_began_at(database: Database) -> None:
    async with database.session(SYSTEM) as session:
        yard = await charging_yard(session)
        begun = await yard.report(session, STARTED, 0)
        for minutes, soc in ((1, 30), (2, 49), (3, 50), (4, 49), (5, 51), (6, 100), (7, 100)):
            await yard.read(session, yard.reading(minutes, 1_000 * minutes, soc_percent=soc))
        types = await happened(session, begun.session_id)
        told = await last_event(session, begun.session_id)
    assert types == ["session.started", "session.progressed", "session.progressed"]
    assert (told.payload["milestone"], told.payload["energy_wh"]) == (100, 5_000)


async def test_quarters_of_what_the_driver_wants(database: Database) -> None:
    async with database.session(SYSTEM) as session:
        yard = await charging_yard(session)
        begun = await yard.report(session, STARTED, 0, meter_wh=0)
        await session.execute(
            update(ChargingSession).where(ChargingSession.id == begun.session_id).values(target_wh=10_000, milestone=0)
        )
        for minutes, wh in ((10, 2_400), (11, 2_500), (30, 8_000), (40, 12_000)):
            await yard.read(session, yard.reading(minutes, wh))
        row = await row_of(session, begun.session_id)
        types = await happened(session, begun.session_id)
    assert (row.milestone, types.count("session.progressed")) == (100, 3)


async def test_the_charge_that_a_car_came_with_is_no_news_where_the_driver_said_how_much(database: Database) -> None:
    async with database.session(SYSTEM) as session:
        yard = await charging_yard(session)
        begun = await yard.report(session, STARTED, 0, meter_wh=0)
        await session.execute(
            update(ChargingSession).where(ChargingSession.id == begun.session_id).values(target_wh=10_000, milestone=0)
        )
        await yard.read(session, yard.reading(1, 100))
        await yard.read(session, yard.reading(1.01, 101, soc_percent=40))
        row = await row_of(session, begun.session_id)
        assert (row.milestone, row.soc_percent) == (25, 40)
        assert await happened(session, begun.session_id) == ["session.started"]
        await yard.read(session, yard.reading(20, 3_000, soc_percent=50))
        told = await last_event(session, begun.session_id)
    assert told.payload["milestone"] == 50


async def test_a_late_and_a_corrected_reading_change_a_session_that_has_ended(database: Database) -> None:
    async with database.session(SYSTEM) as session:
        yard = await charging_yard(session)
        id = await _ended_without_meter(session, yard)
        assert (await row_of(session, id)).energy_wh == 2_000
        await yard.read(session, yard.reading(58, 8_000))
        assert await _counted_later(session, id)
        await metering.recount(session, id)
        assert (await _change(session, id)) == (2_000, 8_000)
        await yard.read(session, yard.reading(58, 7_000, revision=1))
        await metering.recount(session, id)
        assert (await _change(session, id)) == (8_000, 7_000)
        before = await happened(session, id)
        await yard.read(session, yard.reading(58, 7_000, revision=1), yard.reading(300, 7_000))
        await metering.recount(session, id)
        assert await happened(session, id) == before
        usage = await metering.usage(session, id)
    assert (usage.energy_wh, usage.started_at, usage.ended_at) == (7_000, after(0), after(60))


async def _ended_without_meter(session: AsyncSession, yard: Yard):  # type: ignore[no-untyped-def]
    begun = await yard.report(session, STARTED, 0, meter_wh=0)
    await yard.read(session, yard.reading(30, 2_000))
    await yard.report(session, ENDED, 60, transaction_id=begun.transaction_id)
    return begun.session_id


async def _counted_later(session: AsyncSession, id) -> bool:  # type: ignore[no-untyped-def]
    row = await row_of(session, id)
    assert row.recount_at is not None
    await session.execute(
        update(ChargingSession)
        .where(ChargingSession.id == id)
        .values(recount_at=datetime.now(UTC) - timedelta(days=99))
    )
    return id in await metering.due(session, 1_000)


async def _change(session: AsyncSession, id) -> tuple[int, int]:  # type: ignore[no-untyped-def]
    told: Event = await last_event(session, id)
    assert told.type == "session.energy_changed"
    return told.payload["energy_wh_before"], told.payload["energy_wh"]


async def test_what_an_open_session_missed_is_counted_anew(database: Database) -> None:
    async with database.session(SYSTEM) as session:
        yard = await charging_yard(session)
        begun = await yard.report(session, STARTED, 0, meter_wh=800_000)
        await yard.read(session, yard.reading(60, 5_000))
        assert (await row_of(session, begun.session_id)).energy_wh == 5_000
        await yard.read(session, yard.reading(30, 807_000))
        row = await row_of(session, begun.session_id)
        assert (row.energy_wh, row.recount_at is not None) == (5_000, True)
        await metering.recount(session, row.id)
        row = await row_of(session, row.id)
        types = await happened(session, row.id)
    assert (row.energy_wh, row.marks, row.state, types) == (12_000, ["METER_RESTARTED"], "ACTIVE", ["session.started"])


async def test_readings_go_on_after_a_rule_has_ended_a_session(database: Database) -> None:
    """The charger was away for long, and has gone on all the time."""
    async with database.session(SYSTEM) as session:
        yard = await charging_yard(session)
        first = await yard.report(session, STARTED, 0, meter_wh=0)
        await yard.report(session, STARTED, 400, meter_wh=9_000)
        await yard.read(session, yard.reading(200, 6_000, transaction_id=first.transaction_id))
        row = await row_of(session, first.session_id)
        assert (row.ended_at, row.energy_wh) == (after(0), 0)
        await metering.recount(session, row.id)
        row = await row_of(session, row.id)
    assert (row.ended_at, row.energy_wh, row.marks) == (after(200), 6_000, ["NO_STOP"])


async def test_what_never_began_used_nothing(database: Database) -> None:
    async with database.session(SYSTEM) as session:
        yard = await charging_yard(session)
        begun = await yard.report(session, STARTED, 0, meter_wh=0)
        await session.execute(
            update(ChargingSession)
            .where(ChargingSession.id == begun.session_id)
            .values(
                state="COMPLETED", closed_by="RULE", ended_at=after(0), marks=["NEVER_STARTED"], recount_at=after(0)
            )
        )
        await metering.recount(session, begun.session_id)
        assert await metering.usage(session, begun.session_id) == Usage(())
        assert (await row_of(session, begun.session_id)).recount_at is None


async def test_a_late_reading_from_before_a_session_says_where_its_register_stood(database: Database) -> None:
    async with database.session(SYSTEM) as session:
        yard = await charging_yard(session, protocol="MQTT")
        await yard.report(session, ReportKind.STARTED, 0, transaction_id="t")
        await yard.read(session, yard.reading(5, 2_000), yard.reading(55, 9_000))
        id = (await yard.report(session, ReportKind.ENDED, 60, transaction_id="t")).session_id
        await metering.recount(session, id)
        assert ((await row_of(session, id)).energy_wh, (await row_of(session, id)).recount_at) == (7_000, None)
        await yard.read(session, yard.reading(-5, 1_000))
        assert (await row_of(session, id)).recount_at is not None
        await metering.recount(session, id)
        row = await row_of(session, id)
        assert (row.energy_wh, (await metering.usage(session, id)).energy_wh) == (8_000, 8_000)
