"""OCPP 2.0.1: what a charging station says, and what it is answered.

A connector of the platform is an EVSE of the protocol: it charges one vehicle at a time, by whichever of its plugs.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from api.ocpp import answers, times
from api.ocpp.answers import Answer, metered, moment, token_info, told
from api.ocpp.frames import Payload
from api.ocpp.sampled import measured
from api.ocpp.talk import Talk
from api.ocpp.versions import Version
from domain.chargers.models import MOST_CONNECTORS, ConnectorStatus
from domain.chargers.reports import Boot, ConnectorReport
from domain.health.alerts import AlertReport
from domain.health.models import Severity
from domain.sessions.models import ReportKind
from domain.sessions.reports import ChargingState, TransactionReport
from domain.telemetry.readings import Reading

_KINDS = {"Started": ReportKind.STARTED, "Updated": ReportKind.UPDATED, "Ended": ReportKind.ENDED}
_FLOWS = {
    "Charging": ChargingState.CHARGING,
    "SuspendedEV": ChargingState.SUSPENDED,
    "SuspendedEVSE": ChargingState.SUSPENDED,
}
_STATES = {
    "Charging": ConnectorStatus.CHARGING,
    "SuspendedEV": ConnectorStatus.SUSPENDED_EV,
    "SuspendedEVSE": ConnectorStatus.SUSPENDED_EVSE,
    "EVConnected": ConnectorStatus.PREPARING,
    "Idle": ConnectorStatus.FINISHING,
}


async def _boot(talk: Talk, payload: Payload) -> Payload:
    station = payload["chargingStation"]
    return await answers.booted(
        talk,
        Boot(
            vendor=station["vendorName"],
            model=station["model"],
            serial_number=station.get("serialNumber", ""),
            firmware_version=station.get("firmwareVersion", ""),
            reason=payload["reason"],
        ),
    )


async def _authorize(talk: Talk, payload: Payload) -> Payload:
    token = payload["idToken"]["idToken"]
    return {"idTokenInfo": token_info(await talk.port.authorize(talk.device, token))}


async def _status(talk: Talk, payload: Payload) -> Payload:
    evse, said = payload["evseId"], payload["connectorStatus"]
    others = talk.tracked.others(evse, payload["connectorId"], occupied=said == "Occupied")
    if said == "Occupied":
        status = ConnectorStatus(talk.tracked.states.get(evse, ConnectorStatus.PREPARING))
    elif said == "Available" and others:
        return {}  # the other plug of an EVSE that is in use
    else:
        status = ConnectorStatus(said.upper())
        talk.tracked.states.pop(evse, None)
    at = times.read(payload["timestamp"]) or times.now()
    await answers.stands(talk, ConnectorReport(evse, status, None, at))
    return {}


async def _transaction_event(talk: Talk, payload: Payload) -> Payload:
    at, kind = moment(payload["timestamp"]), _KINDS[payload["eventType"]]
    transaction = payload["transactionInfo"]
    id, values = transaction["transactionId"], payload.get("meterValue", [])
    connector = payload.get("evse", {}).get("id") or await talk.connector_of(id)
    if kind is ReportKind.STARTED:
        registers = _registers(talk, connector, values, id)
        answer = await told(talk, _report(payload, kind, at, connector, registers))
        await _metered(talk, connector, values, id)
    else:
        registers = await _metered(talk, connector, values, id)
        answer = await told(talk, _report(payload, kind, at, connector, registers))
    await _flow(talk, payload, connector, at)
    if kind is ReportKind.STARTED and talk.tracked.is_stopped(connector):
        talk.soon("RequestStopTransaction", {"transactionId": id})
    return {"idTokenInfo": token_info(answer.authorization)} if "idToken" in payload else {}


async def _metered(talk: Talk, connector: int, values: Sequence[Any], id: str) -> list[Reading]:
    if not values:
        return []
    return await metered(talk, Version.OCPP201, "TransactionEvent", connector, values, id)


def _registers(talk: Talk, connector: int, values: Sequence[Any], id: str) -> list[Reading]:
    return measured(Version.OCPP201, talk.device.charger_id, connector, values, id).readings


def _report(
    payload: Payload, kind: ReportKind, at: Any, connector: int, readings: Sequence[Reading]
) -> TransactionReport:
    transaction = payload["transactionInfo"]
    return TransactionReport(
        kind=kind,
        transaction_id=transaction["transactionId"],
        connector=connector,
        at=at,
        meter_wh=_register(kind, readings),
        id_token=payload.get("idToken", {}).get("idToken") or None,
        charging_state=_FLOWS.get(transaction.get("chargingState", "")),
        reason=transaction.get("stoppedReason") or payload["triggerReason"],
        offline=payload.get("offline", False),
        sequence=payload["seqNo"],
    )


def _register(kind: ReportKind, readings: Sequence[Reading]) -> int | None:
    """The register at the beginning of a transaction is the first that is told, else the last."""
    known = sorted((each.read_at, each.energy_wh) for each in readings if each.energy_wh is not None)
    if not known:
        return None
    return known[0][1] if kind is ReportKind.STARTED else known[-1][1]


async def _flow(talk: Talk, payload: Payload, connector: int, at: Any) -> None:
    """The connector's status says Occupied only: what it is occupied with, the transaction says."""
    state = _STATES.get(payload["transactionInfo"].get("chargingState", ""))
    if payload["eventType"] == "Ended":
        state = ConnectorStatus.FINISHING
    if state is None or not connector or payload.get("offline") or talk.tracked.states.get(connector) == state:
        return
    if connector <= MOST_CONNECTORS:
        talk.tracked.states[connector] = state
    await answers.stands(talk, ConnectorReport(connector, state, None, at))


async def _meter_values(talk: Talk, payload: Payload) -> Payload:
    await metered(talk, Version.OCPP201, "MeterValues", payload["evseId"], payload["meterValue"], None)
    return {}


async def _notify_event(talk: Talk, payload: Payload) -> Payload:
    """What a monitor of the station warns of; values that it tells now and then are no warning."""
    for event in payload["eventData"]:
        if event["trigger"] == "Alerting" and not event.get("cleared"):
            await answers.warns(talk, _alert(event))
    return {}


def _alert(event: Any) -> AlertReport:
    component, variable = event["component"], event["variable"]
    place = component.get("evse", {}).get("id")
    text = f"{component['name']} {variable['name']} = {event['actualValue'][:200]}"
    if said := event.get("techInfo"):
        text = f"{text}: {said}"
    code = event.get("techCode") or f"{component['name']}_{variable['name']}"
    return AlertReport(code, Severity.WARNING, times.read(event["timestamp"]) or times.now(), text, place)


ANSWERS: Mapping[str, Answer] = {
    "Authorize": _authorize,
    "BootNotification": _boot,
    "ClearedChargingLimit": answers.nothing,
    "DataTransfer": answers.unknown_vendor,
    "FirmwareStatusNotification": answers.progressed,
    "Heartbeat": answers.heartbeat,
    "LogStatusNotification": answers.progressed,
    "MeterValues": _meter_values,
    "NotifyChargingLimit": answers.nothing,
    "NotifyCustomerInformation": answers.nothing,
    "NotifyDisplayMessages": answers.nothing,
    "NotifyEvent": _notify_event,
    "NotifyMonitoringReport": answers.nothing,
    "NotifyReport": answers.nothing,
    "PublishFirmwareStatusNotification": answers.nothing,
    "ReportChargingProfiles": answers.nothing,
    "ReservationStatusUpdate": answers.nothing,
    "SecurityEventNotification": answers.security_event,
    "StatusNotification": _status,
    "TransactionEvent": _transaction_event,
}
