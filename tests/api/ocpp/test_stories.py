"""What chargers tell, by both versions of the protocol, and what the platform has of it afterwards."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from ocpp.v16 import call as call16
from ocpp.v16.datatypes import MeterValue, SampledValue
from ocpp.v201 import call as call201
from ocpp.v201 import datatypes as types201
from sqlalchemy import select

from api.ocpp.versions import Version
from domain.chargers.models import Charger, Connector
from domain.devices.ingest import Ingest
from domain.rows import find
from domain.sessions.models import ChargingSession
from domain.telemetry.models import TelemetryReading
from tenants.actor import SYSTEM
from tenants.engine import Database
from tests.api.ocpp.stations import Platform, Station, plugged, quarantined, station

NOW = datetime.now(UTC).replace(microsecond=0)


def ago(minutes: float) -> str:
    return (NOW - timedelta(minutes=minutes)).isoformat().replace("+00:00", "Z")


async def sessions(database: Database, station: Station) -> list[ChargingSession]:
    async with database.session(SYSTEM) as session:
        mine = select(ChargingSession).where(ChargingSession.charger_id == station.yard.charger.id)
        return list((await session.execute(mine)).scalars())


async def readings(database: Database, station: Station) -> list[Any]:
    async with database.session(SYSTEM) as session:
        mine = select(TelemetryReading.read_at, TelemetryReading.energy_wh, TelemetryReading.power_w)
        mine = mine.where(TelemetryReading.charger_id == station.yard.charger.id).order_by(TelemetryReading.read_at)
        return [tuple(row[1:]) for row in await session.execute(mine)]


def sample(wh: int, watts: int, minutes: float) -> dict[str, Any]:
    """A meter value of 1.6."""
    values = [
        SampledValue(value=str(wh), measurand="Energy.Active.Import.Register", unit="Wh"),
        SampledValue(value=str(watts / 1000), measurand="Power.Active.Import", unit="kW"),
    ]
    return {"meter_value": [MeterValue(timestamp=ago(minutes), sampled_value=values)]}


async def test_a_charge_point_of_16_charges_a_car(here: Platform, database: Database) -> None:
    s = await station(database)
    async with plugged(here, s) as point:
        booted = await point.call(call16.BootNotification("ABL", "eMH1", firmware_version="1.2"))
        assert (booted.status, booted.interval > 0) == ("Accepted", True)
        await point.call(call16.StatusNotification(1, "NoError", "Preparing", timestamp=ago(31)))
        known = await point.call(call16.Authorize(s.yard.token.token))
        unknown = await point.call(call16.Authorize("NOBODY"))
        assert (known.id_tag_info["status"], unknown.id_tag_info["status"]) == ("Accepted", "Invalid")
        start = call16.StartTransaction(1, s.yard.token.token, 1000, ago(30))
        started, again = await point.call(start), await point.call(start)
        assert started.transaction_id == again.transaction_id > 0
        for minutes, wh in ((20, 3000), (10, 5000), (20, 3000)):
            await point.call(call16.MeterValues(1, transaction_id=started.transaction_id, **sample(wh, 7400, minutes)))
        assert await readings(database, s) == [(3000, 7400), (5000, 7400)]
        ending = call16.StopTransaction(7000, ago(1), started.transaction_id, reason="EVDisconnected")
        await point.call(ending)
        await point.call(ending)
        await point.call(call16.StatusNotification(1, "OtherError", "Faulted", vendor_error_code="E7"))
    [charged] = await sessions(database, s)
    assert (charged.state, charged.energy_wh, charged.protocol) == ("COMPLETED", 6000, "OCPP16")
    assert charged.driver_contact_id == s.yard.driver.id
    async with database.session(SYSTEM) as session:
        [status] = await session.execute(
            select(Connector.status, Connector.error_code).where(
                Connector.charger_id == s.yard.charger.id, Connector.number == 1
            )
        )
        assert tuple(status) == ("FAULTED", "OtherError")
        assert (await find(session, Charger, s.yard.charger.id)).firmware_version == "1.2"


def event(kind: str, minutes: float, number: int, wh: int | None = None, **values: Any) -> Any:
    state = values.pop("state", "Charging")
    given: dict[str, Any] = {"evse": {"id": 2, "connector_id": 1}}
    if wh is not None:
        value = types201.SampledValueType(value=float(wh), measurand="Energy.Active.Import.Register")
        given["meter_value"] = [types201.MeterValueType(timestamp=ago(minutes), sampled_value=[value])]
    info: dict[str, Any] = {"transaction_id": "t-1", "charging_state": state}
    if kind == "Ended":
        info["stopped_reason"] = "Local"
    return call201.TransactionEvent(kind, ago(minutes), "MeterValuePeriodic", number, info, **(given | values))


async def test_a_station_of_201_charges_a_car_and_tells_late(here: Platform, database: Database) -> None:
    s = await station(database, Version.OCPP201)
    token = {"id_token": s.yard.token.token, "type": "ISO14443"}
    async with plugged(here, s) as point:
        booted = await point.call(call201.BootNotification({"model": "X", "vendor_name": "Alfen"}, "PowerUp"))
        assert booted.status == "Accepted"
        told = [
            event("Started", 30, 0, 1000, id_token=token, offline=True),
            event("Updated", 20, 1, 3000, offline=True),
            event("Updated", 10, 2, 5000),
            event("Updated", 20, 1, 3000, offline=True),
        ]
        answers = [await point.call(each) for each in told]
        assert answers[0].id_token_info["status"] == "Accepted"
        await point.call(call201.StatusNotification(ago(9), "Occupied", 2, 1))
        await point.call(call201.StatusNotification(ago(9), "Available", 2, 2))
        async with database.session(SYSTEM) as session:
            occupied = select(Connector.status).where(Connector.charger_id == s.yard.charger.id, Connector.number == 2)
            assert (await session.execute(occupied)).scalar_one() == "CHARGING"
    async with plugged(here, s) as point:
        without = event("Ended", 1, 3, 7000, state="Idle")
        without.evse = None
        await point.call(without)
    [charged] = await sessions(database, s)
    assert (charged.state, charged.energy_wh, charged.connector) == ("COMPLETED", 6000, 2)
    assert "OFFLINE_START" in charged.marks
    assert [wh for wh, _ in await readings(database, s)] == [1000, 3000, 5000, 7000]


async def test_meter_values_are_answered_when_they_are_committed(
    here: Platform, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    s = await station(database)
    committed, asked, put = asyncio.Event(), asyncio.Event(), Ingest.put

    async def slowly(self: Ingest, values: Any) -> Any:
        asked.set()
        await committed.wait()
        return await put(self, values)

    monkeypatch.setattr(Ingest, "put", slowly)
    async with plugged(here, s) as point:
        telling = asyncio.create_task(point.call(call16.MeterValues(1, **sample(1, 0, 5))))
        await asked.wait()
        await asyncio.sleep(0)
        assert not telling.done()
        committed.set()
        await telling
    assert await readings(database, s) == [(1, 0)]


async def test_impossible_values_are_quarantined_and_the_rest_is_kept(here: Platform, database: Database) -> None:
    s = await station(database)
    values = [
        MeterValue(timestamp=ago(5), sampled_value=[SampledValue(value="-5")]),
        MeterValue(timestamp=ago(-60), sampled_value=[SampledValue(value="5")]),
        MeterValue(timestamp="soon", sampled_value=[SampledValue(value="5")]),
        MeterValue(timestamp=ago(4), sampled_value=[SampledValue(value="six"), SampledValue(value="6")]),
    ]
    async with plugged(here, s) as point:
        await point.call(call16.MeterValues(1, values))
    assert await readings(database, s) == [(6, None)]
    kept = await quarantined(database, s)
    assert {each.reason for each in kept} == {"NEGATIVE_ENERGY", "FUTURE_CLOCK", "BAD_VALUE"}
    assert {(each.channel, each.action, each.charger_id) for each in kept} == {
        ("OCPP", "MeterValues", s.yard.charger.id)
    }


@pytest.mark.parametrize("version", [*Version])
async def test_whatever_else_a_charger_says_is_answered(here: Platform, database: Database, version: Version) -> None:
    s = await station(database, version)
    said: list[Any] = [
        call16.Heartbeat(),
        call16.DataTransfer("nobody", "x", "y"),
        call16.DiagnosticsStatusNotification("Uploaded"),
        call16.FirmwareStatusNotification("DownloadFailed"),
        call16.SecurityEventNotification("TamperDetectionActivated", ago(1), "opened"),
        call16.LogStatusNotification("UploadFailure", 1),
    ]
    if version is Version.OCPP201:
        monitored = {"component": {"name": "EVSE", "evse": {"id": 1}}, "variable": {"name": "Overheated"}}
        happened = {"event_id": 1, "timestamp": ago(1), "trigger": "Alerting", "actual_value": "true"}
        said = [
            call201.Heartbeat(),
            call201.DataTransfer("nobody"),
            call201.LogStatusNotification("Uploaded"),
            call201.FirmwareStatusNotification("InvalidSignature"),
            call201.SecurityEventNotification("SettingSystemTime", ago(1)),
            call201.NotifyReport(1, ago(1), 0),
            call201.NotifyEvent(ago(1), 0, [happened | monitored | {"event_notification_type": "HardWiredMonitor"}]),
        ]
    async with plugged(here, s) as point:
        answers = [await point.call(each, suppress=False) for each in said]
    assert answers[0].current_time.endswith("Z")
    assert answers[1].status == "UnknownVendorId"
