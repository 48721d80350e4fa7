"""OCPP 2.0.1: commands of the platform as calls to a charging station."""

from collections.abc import Mapping

from api.ocpp import orders
from api.ocpp.calls import CallFailed
from api.ocpp.frames import Payload
from api.ocpp.orders import Order, judged, parameter
from api.ocpp.talk import Talk
from domain.commands.delivery import CommandAnswer
from domain.commands.models import CommandKind, DeviceCommand

_LARGEST_ID = 2**31 - 1


async def _start(talk: Talk, command: DeviceCommand, seconds: float) -> CommandAnswer:
    if talk.tracked.is_stopped(command.connector or 0):
        return CommandAnswer(False, "EMERGENCY_STOPPED", {})
    asked: Payload = {
        "idToken": {"idToken": parameter(command, "idToken"), "type": "Central"},
        "remoteStartId": _id(command),
    }
    if command.connector:
        asked["evseId"] = command.connector
    if "powerW" in command.parameters:
        asked["chargingProfile"] = _profile(command, await _unit(talk, seconds), "TxProfile")
    return judged(await talk.calls.call("RequestStartTransaction", asked, seconds))


def _id(command: DeviceCommand) -> int:
    """A number by which the station tells what it was asked: the last bits of a key are random."""
    return command.id.int & _LARGEST_ID


async def _stop(talk: Talk, command: DeviceCommand, seconds: float) -> CommandAnswer:
    asked = {"transactionId": await orders.transaction_of(talk, command)}
    return judged(await talk.calls.call("RequestStopTransaction", asked, seconds))


async def _set_power(talk: Talk, command: DeviceCommand, seconds: float) -> CommandAnswer:
    unit = await _unit(talk, seconds)
    running = await orders.one_running(talk, command)
    profile = _profile(command, unit, "TxProfile" if running else "TxDefaultProfile")
    if running:
        profile["transactionId"] = running
    asked = {"evseId": command.connector or 0, "chargingProfile": profile}
    return judged(await talk.calls.call("SetChargingProfile", asked, seconds))


def _profile(command: DeviceCommand, unit: str, purpose: str) -> Payload:
    number = orders.profile_id(command, purpose)
    period = orders.limit(command, unit)
    return {
        "id": number,
        "stackLevel": 0,
        "chargingProfilePurpose": purpose,
        "chargingProfileKind": "Relative",
        "chargingSchedule": [{"id": number, "chargingRateUnit": unit, "chargingSchedulePeriod": [period]}],
    }


async def _unit(talk: Talk, seconds: float) -> str:
    if not talk.tracked.rate_unit:
        variable = {"component": {"name": "SmartChargingCtrlr"}, "variable": {"name": "RateUnit"}}
        try:
            answer = await talk.calls.call("GetVariables", {"getVariableData": [variable]}, seconds)
        except CallFailed:
            return orders.unit_of("")
        talk.tracked.rate_unit = orders.unit_of(answer["getVariableResult"][0].get("attributeValue", ""))
    return talk.tracked.rate_unit


async def _emergency_stop(talk: Talk, command: DeviceCommand, _seconds: float) -> CommandAnswer:
    evse = command.connector or 0
    talk.tracked.stopped.add(evse)
    await talk.look_up()
    stops: list[orders.Asked] = [("RequestStopTransaction", {"transactionId": id}) for id in talk.tracked.running(evse)]
    close: Payload = {"operationalStatus": "Inoperative"}
    cut: Payload = {"type": "Immediate"}
    if evse:
        close["evse"] = {"id": evse}
        cut["evseId"] = evse
    return await orders.emergency(talk, stops, ("ChangeAvailability", close), ("Reset", cut))


async def _reset(talk: Talk, command: DeviceCommand, seconds: float) -> CommandAnswer:
    """A reset lifts an emergency stop."""
    opened: list[orders.Asked] = [("ChangeAvailability", {"operationalStatus": "Operative"})]
    for evse in sorted({*talk.tracked.stopped, command.connector or 0} - {0}):
        opened.append(("ChangeAvailability", {"operationalStatus": "Operative", "evse": {"id": evse}}))
    await orders.at_once(talk, opened)
    talk.tracked.stopped.clear()
    asked: Payload = {"type": "Immediate" if command.parameters.get("hard") else "OnIdle"}
    if command.connector:
        asked["evseId"] = command.connector
    return judged(await talk.calls.call("Reset", asked, seconds))


async def _unlock(talk: Talk, command: DeviceCommand, seconds: float) -> CommandAnswer:
    asked = {"evseId": command.connector or 1, "connectorId": 1}
    return judged(await talk.calls.call("UnlockConnector", asked, seconds))


async def _get_log(talk: Talk, command: DeviceCommand, seconds: float) -> CommandAnswer:
    log = {"remoteLocation": parameter(command, "location")}
    log |= orders.renamed(command, {"since": "oldestTimestamp", "until": "latestTimestamp"})
    asked = {"logType": "DiagnosticsLog", "requestId": _id(command), "log": log}
    return judged(await talk.calls.call("GetLog", asked, seconds))


async def _trigger(talk: Talk, command: DeviceCommand, seconds: float) -> CommandAnswer:
    asked: Payload = {"requestedMessage": parameter(command, "message")}
    if command.connector:
        asked["evse"] = {"id": command.connector}
    return judged(await talk.calls.call("TriggerMessage", asked, seconds))


async def _data_transfer(talk: Talk, command: DeviceCommand, seconds: float) -> CommandAnswer:
    names = ("vendorId", "messageId", "data")
    asked = {name: given for name in names if (given := command.parameters.get(name)) is not None}
    parameter(command, "vendorId")
    return judged(await talk.calls.call("DataTransfer", asked, seconds))


ORDERS: Mapping[CommandKind, Order] = {
    CommandKind.START: _start,
    CommandKind.STOP: _stop,
    CommandKind.SET_POWER: _set_power,
    CommandKind.EMERGENCY_STOP: _emergency_stop,
    CommandKind.RESET: _reset,
    CommandKind.UNLOCK: _unlock,
    CommandKind.GET_DIAGNOSTICS: _get_log,
    CommandKind.TRIGGER_MESSAGE: _trigger,
    CommandKind.DATA_TRANSFER: _data_transfer,
}
