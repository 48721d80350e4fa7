"""Commands of the platform as chargers get them, and what becomes of them."""

import asyncio
from typing import Any

import pytest
from ocpp.v16 import call as call16

from api.ocpp.versions import Version
from domain.commands.models import CommandKind as Kind
from domain.commands.models import CommandStatus as Status
from tenants.engine import Database
from tenants.settings import Settings
from tests.api.ocpp.stations import Platform, command, ended, platform, plugged, raw, station
from tests.api.ocpp.test_stories import ago, event

OLD, NEW = Version.OCPP16, Version.OCPP201
PERIOD = {"startPeriod": 0, "limit": 7400}
TRIGGER, METER = {"message": "MeterValues"}, {"requestedMessage": "MeterValues"}
DATA: dict[str, Any] = {"vendorId": "v", "messageId": "m", "data": "d"}

CASES: list[tuple[Version, Kind, int | None, dict[str, Any], str, dict[str, Any]]] = [
    (OLD, Kind.START, 1, {"idToken": "CARD"}, "RemoteStartTransaction", {"idTag": "CARD", "connectorId": 1}),
    (OLD, Kind.STOP, None, {"transactionId": "7"}, "RemoteStopTransaction", {"transactionId": 7}),
    (OLD, Kind.UNLOCK, 2, {}, "UnlockConnector", {"connectorId": 2}),
    (OLD, Kind.RESET, None, {"hard": True}, "Reset", {"type": "Hard"}),
    (OLD, Kind.GET_DIAGNOSTICS, None, {"location": "ftp://x/y"}, "GetDiagnostics", {"location": "ftp://x/y"}),
    (OLD, Kind.TRIGGER_MESSAGE, 1, TRIGGER, "TriggerMessage", METER | {"connectorId": 1}),
    (OLD, Kind.DATA_TRANSFER, None, DATA, "DataTransfer", DATA),
    (NEW, Kind.STOP, None, {"transactionId": "t-7"}, "RequestStopTransaction", {"transactionId": "t-7"}),
    (NEW, Kind.UNLOCK, 2, {}, "UnlockConnector", {"evseId": 2, "connectorId": 1}),
    (NEW, Kind.RESET, 1, {}, "Reset", {"type": "OnIdle", "evseId": 1}),
    (NEW, Kind.TRIGGER_MESSAGE, 1, TRIGGER, "TriggerMessage", METER | {"evse": {"id": 1}}),
    (NEW, Kind.DATA_TRANSFER, None, DATA, "DataTransfer", DATA),
]


@pytest.mark.parametrize(("version", "kind", "connector", "parameters", "action", "payload"), CASES)
async def test_a_command_is_a_call_of_the_protocol(
    here: Platform,
    database: Database,
    version: Version,
    kind: Kind,
    connector: int | None,
    parameters: dict[str, Any],
    action: str,
    payload: dict[str, Any],
) -> None:
    s = await station(database, version)
    s.answers = {"GetDiagnostics": {"fileName": "log.gz"}, "UnlockConnector": {"status": "Unlocked"}}
    async with plugged(here, s):
        id = await command(database, s, kind, connector, **parameters)
        assert await s.ordered(action) == payload
        assert (await ended(database, id)).status == Status.ACKNOWLEDGED


async def test_201_starts_with_a_number_of_its_own_and_sends_its_log(here: Platform, database: Database) -> None:
    s = await station(database, NEW)
    async with plugged(here, s):
        await command(database, s, Kind.START, 2, idToken="CARD", powerW=7400)
        started = await s.ordered("RequestStartTransaction")
        assert (started["idToken"], started["evseId"]) == ({"idToken": "CARD", "type": "Central"}, 2)
        [schedule] = started["chargingProfile"]["chargingSchedule"]
        assert schedule["chargingSchedulePeriod"] == [PERIOD]
        await command(database, s, Kind.GET_DIAGNOSTICS, location="https://x/y")
        log = await s.ordered("GetLog")
        assert (log["logType"], log["log"]) == ("DiagnosticsLog", {"remoteLocation": "https://x/y"})


async def test_power_is_limited_for_what_runs_in_the_unit_that_the_charger_knows(
    here: Platform, database: Database
) -> None:
    s = await station(database)
    key = {"key": "ChargingScheduleAllowedChargingRateUnit", "readonly": True}
    s.answers = {"GetConfiguration": {"configurationKey": [key | {"value": "Current"}]}}
    async with plugged(here, s) as point:
        await command(database, s, Kind.SET_POWER, 1, powerW=7400)
        before = await s.ordered("SetChargingProfile")
        started = await point.call(call16.StartTransaction(1, s.yard.token.token, 0, ago(1)))
        await command(database, s, Kind.SET_POWER, 1, powerW=11000)
        during = await s.ordered("SetChargingProfile", 2)
    profile = before["csChargingProfiles"]
    assert (before["connectorId"], profile["chargingProfilePurpose"]) == (1, "TxDefaultProfile")
    assert profile["chargingSchedule"] == {
        "chargingRateUnit": "A",
        "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 10.7, "numberPhases": 3}],
    }
    profile = during["csChargingProfiles"]
    assert (profile["chargingProfilePurpose"], profile["transactionId"]) == ("TxProfile", started.transaction_id)
    assert len([each for each, _ in s.orders if each == "GetConfiguration"]) == 1


async def test_what_began_before_the_connection_is_known_to_it(here: Platform, database: Database) -> None:
    s = await station(database)
    async with plugged(here, s) as point:
        started = await point.call(call16.StartTransaction(2, s.yard.token.token, 0, ago(1)))
    async with plugged(here, s):
        await command(database, s, Kind.STOP, 2)
        assert await s.ordered("RemoteStopTransaction") == {"transactionId": started.transaction_id}


async def test_201_is_asked_for_its_unit_and_told_watts(here: Platform, database: Database) -> None:
    s = await station(database, NEW)
    component, variable = {"name": "SmartChargingCtrlr"}, {"name": "RateUnit"}
    result = {"attributeStatus": "Accepted", "attributeValue": "A,W", "component": component, "variable": variable}
    s.answers = {"GetVariables": {"getVariableResult": [result]}}
    async with plugged(here, s) as point:
        await point.call(event("Started", 1, 0))
        id = await command(database, s, Kind.SET_POWER, 2, powerW=7400)
        told = await s.ordered("SetChargingProfile")
        assert (await ended(database, id)).status == Status.ACKNOWLEDGED
    profile = told["chargingProfile"]
    assert (told["evseId"], profile["transactionId"], profile["chargingProfilePurpose"]) == (2, "t-1", "TxProfile")
    assert profile["chargingSchedule"][0]["chargingSchedulePeriod"] == [PERIOD]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [({"status": "Rejected"}, "REJECTED"), ({"status": "NotSupported"}, "BAD_ANSWER"), ({}, "BAD_ANSWER")],
)
async def test_what_a_charger_refuses_has_failed(
    here: Platform, database: Database, answer: dict[str, Any], reason: str
) -> None:
    s = await station(database)
    s.answers = {"RemoteStartTransaction": answer}
    async with plugged(here, s):
        row = await ended(database, await command(database, s, Kind.START, 1, idToken="CARD"))
    assert (row.status, row.reason) == (Status.FAILED, reason)


async def test_a_command_that_the_protocol_cannot_carry_fails_with_its_reason(
    here: Platform, database: Database
) -> None:
    s = await station(database)
    async with plugged(here, s):
        long = await command(database, s, Kind.START, 1, idToken="x" * 36)
        none = await command(database, s, Kind.STOP, 1)
        rows = [await ended(database, each) for each in (long, none)]
    assert [(row.status, row.reason) for row in rows] == [
        (Status.FAILED, "BAD_PARAMETERS"),
        (Status.FAILED, "NO_TRANSACTION"),
    ]
    assert s.orders == []


async def test_an_emergency_stop_goes_out_while_another_call_waits(here: Platform, database: Database) -> None:
    s = await station(database)
    s.answers = {"RemoteStartTransaction": None, "TriggerMessage": None}  # type: ignore[dict-item]  # no answer at all
    async with plugged(here, s) as point:
        started = await point.call(call16.StartTransaction(1, s.yard.token.token, 0, ago(1)))
        await command(database, s, Kind.TRIGGER_MESSAGE, message="Heartbeat")
        await s.ordered("TriggerMessage")
        waits = await command(database, s, Kind.START, 2, idToken="CARD")
        urgent = await command(database, s, Kind.EMERGENCY_STOP)
        assert await s.ordered("RemoteStopTransaction") == {"transactionId": started.transaction_id}
        assert await s.ordered("ChangeAvailability") == {"connectorId": 0, "type": "Inoperative"}
        assert (await ended(database, urgent)).status == Status.ACKNOWLEDGED
        void = await ended(database, waits)
        assert (void.status, void.reason) == (Status.FAILED, "EMERGENCY_STOP")
        late = await point.call(call16.StartTransaction(2, s.yard.token.token, 0, ago(0)))
        assert await s.ordered("RemoteStopTransaction", 2) == {"transactionId": late.transaction_id}
    assert "RemoteStartTransaction" not in [action for action, _ in s.orders]


@pytest.mark.parametrize("version", [*Version])
async def test_what_runs_on_in_an_emergency_loses_its_power_and_a_reset_lifts_it(
    here: Platform, database: Database, version: Version
) -> None:
    s = await station(database, version)
    s.answers = {"ChangeAvailability": {"status": "Scheduled"}}
    async with plugged(here, s):
        await ended(database, await command(database, s, Kind.EMERGENCY_STOP, 1))
        cut = await s.ordered("Reset")
        assert cut == ({"type": "Hard"} if version is OLD else {"type": "Immediate", "evseId": 1})
        start = await ended(database, await command(database, s, Kind.START, 1, idToken="CARD"))
        assert (start.status, start.reason) == (Status.FAILED, "EMERGENCY_STOPPED")
        s.orders.clear()
        await ended(database, await command(database, s, Kind.RESET))
        assert "Operative" in (await s.ordered("ChangeAvailability")).values()
        start = await ended(database, await command(database, s, Kind.START, 1, idToken="CARD"))
        assert start.status == Status.ACKNOWLEDGED


async def test_a_command_reaches_the_process_that_holds_the_charger(
    here: Platform, settings: Settings, database: Database
) -> None:
    s = await station(database)
    async with platform(settings, database) as there:
        async with raw(here, s) as old, plugged(there, s):
            row = await ended(database, await command(database, s, Kind.UNLOCK, 1))
            assert row.sent_by is not None
            elsewhere = row.sent_by
            await asyncio.wait_for(old.wait_closed(), 10)
        async with plugged(here, s):
            row = await ended(database, await command(database, s, Kind.UNLOCK, 1))
            assert row.sent_by not in (None, elsewhere)


async def test_what_was_not_sent_waits_for_the_next_connection(here: Platform, database: Database) -> None:
    s = await station(database)
    s.answers = {"TriggerMessage": None}  # type: ignore[dict-item]  # no answer at all
    async with plugged(here, s):
        await command(database, s, Kind.TRIGGER_MESSAGE, message="Heartbeat")
        await s.ordered("TriggerMessage")
        waits = await command(database, s, Kind.UNLOCK, 1)
    s.answers = {"UnlockConnector": {"status": "Unlocked"}}
    async with plugged(here, s):
        assert (await ended(database, waits)).status == Status.ACKNOWLEDGED
