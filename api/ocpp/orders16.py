"""OCPP 1.6: commands of the platform as calls to a charge point."""

from collections.abc import Mapping
from typing import Any

import orjson

from api.ocpp import orders
from api.ocpp.calls import CallFailed
from api.ocpp.frames import Payload
from api.ocpp.orders import Order, judged, parameter
from api.ocpp.talk import Talk
from domain.commands.delivery import CommandAnswer
from domain.commands.models import CommandKind, DeviceCommand

_RATE_UNIT = "ChargingScheduleAllowedChargingRateUnit"


async def _start(talk: Talk, command: DeviceCommand, seconds: float) -> CommandAnswer:
    if talk.tracked.is_stopped(command.connector or 0):
        return CommandAnswer(False, "EMERGENCY_STOPPED", {})
    asked: Payload = {"idTag": parameter(command, "idToken")}
    if command.connector:
        asked["connectorId"] = command.connector
    if "powerW" in command.parameters:
        asked["chargingProfile"] = _profile(command, await _unit(talk, seconds), "TxProfile")
    return judged(await talk.calls.call("RemoteStartTransaction", asked, seconds))


async def _stop(talk: Talk, command: DeviceCommand, seconds: float) -> CommandAnswer:
    asked = {"transactionId": _number(await orders.transaction_of(talk, command))}
    return judged(await talk.calls.call("RemoteStopTransaction", asked, seconds))


def _number(transaction_id: str) -> int:
    if not transaction_id.isdecimal():
        raise CallFailed("BAD_PARAMETERS", "a transaction of OCPP 1.6 is a number")
    return int(transaction_id)


async def _set_power(talk: Talk, command: DeviceCommand, seconds: float) -> CommandAnswer:
    unit = await _unit(talk, seconds)
    running = await orders.one_running(talk, command)
    profile = _profile(command, unit, "TxProfile" if running else "TxDefaultProfile")
    if running:
        profile["transactionId"] = _number(running)
    asked = {"connectorId": command.connector or 0, "csChargingProfiles": profile}
    return judged(await talk.calls.call("SetChargingProfile", asked, seconds))


def _profile(command: DeviceCommand, unit: str, purpose: str) -> Payload:
    return {
        "chargingProfileId": orders.profile_id(command, purpose),
        "stackLevel": 0,
        "chargingProfilePurpose": purpose,
        "chargingProfileKind": "Relative",
        "chargingSchedule": {"chargingRateUnit": unit, "chargingSchedulePeriod": [orders.limit(command, unit)]},
    }


async def _unit(talk: Talk, seconds: float) -> str:
    if not talk.tracked.rate_unit:
        try:
            answer = await talk.calls.call("GetConfiguration", {"key": [_RATE_UNIT]}, seconds)
        except CallFailed:
            return orders.unit_of("")
        known = answer.get("configurationKey") or [{}]
        talk.tracked.rate_unit = orders.unit_of(known[0].get("value", ""))
    return talk.tracked.rate_unit


async def _emergency_stop(talk: Talk, command: DeviceCommand, _seconds: float) -> CommandAnswer:
    connector = command.connector or 0
    talk.tracked.stopped.add(connector)
    await talk.look_up()
    running = [int(id) for id in talk.tracked.running(connector) if id.isdecimal()]
    stops: list[orders.Asked] = [("RemoteStopTransaction", {"transactionId": id}) for id in running]
    close = ("ChangeAvailability", {"connectorId": connector, "type": "Inoperative"})
    return await orders.emergency(talk, stops, close, ("Reset", {"type": "Hard"}))


async def _reset(talk: Talk, command: DeviceCommand, seconds: float) -> CommandAnswer:
    """A reset lifts an emergency stop."""
    await orders.at_once(talk, [("ChangeAvailability", {"connectorId": 0, "type": "Operative"})])
    talk.tracked.stopped.clear()
    asked = {"type": "Hard" if command.parameters.get("hard") else "Soft"}
    return judged(await talk.calls.call("Reset", asked, seconds))


async def _unlock(talk: Talk, command: DeviceCommand, seconds: float) -> CommandAnswer:
    return judged(await talk.calls.call("UnlockConnector", {"connectorId": command.connector or 1}, seconds))


async def _get_diagnostics(talk: Talk, command: DeviceCommand, seconds: float) -> CommandAnswer:
    asked: Payload = {"location": parameter(command, "location")}
    asked |= orders.renamed(command, {"since": "startTime", "until": "stopTime"})
    answer = await talk.calls.call("GetDiagnostics", asked, seconds)
    return CommandAnswer(True, "", answer)


async def _trigger(talk: Talk, command: DeviceCommand, seconds: float) -> CommandAnswer:
    asked: Payload = {"requestedMessage": parameter(command, "message")}
    if command.connector:
        asked["connectorId"] = command.connector
    return judged(await talk.calls.call("TriggerMessage", asked, seconds))


async def _data_transfer(talk: Talk, command: DeviceCommand, seconds: float) -> CommandAnswer:
    asked: Payload = {"vendorId": parameter(command, "vendorId")}
    if message := command.parameters.get("messageId"):
        asked["messageId"] = message
    if (data := command.parameters.get("data")) is not None:
        asked["data"] = _text(data)
    return judged(await talk.calls.call("DataTransfer", asked, seconds))


def _text(data: Any) -> str:
    return data if isinstance(data, str) else orjson.dumps(data).decode()


ORDERS: Mapping[CommandKind, Order] = {
    CommandKind.START: _start,
    CommandKind.STOP: _stop,
    CommandKind.SET_POWER: _set_power,
    CommandKind.EMERGENCY_STOP: _emergency_stop,
    CommandKind.RESET: _reset,
    CommandKind.UNLOCK: _unlock,
    CommandKind.GET_DIAGNOSTICS: _get_diagnostics,
    CommandKind.TRIGGER_MESSAGE: _trigger,
    CommandKind.DATA_TRANSFER: _data_transfer,
}
