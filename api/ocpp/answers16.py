"""OCPP 1.6: what a charger says, and what it is answered."""

import re
from collections.abc import Mapping
from datetime import timedelta

from api.ocpp import answers, times
from api.ocpp.answers import Answer, metered, moment, token_info, told
from api.ocpp.frames import Payload
from api.ocpp.talk import Talk
from api.ocpp.versions import Version
from domain.chargers.models import ConnectorStatus
from domain.chargers.reports import Boot, ConnectorReport
from domain.sessions.models import ReportKind
from domain.sessions.reports import TransactionReport

_BEFORE = timedelta(seconds=30)
"""A transaction that began so long before the connection began without it, whatever the clock of the charger."""
_WORDS = re.compile(r"(?<=[a-z])(?=[A-Z])")


async def _boot(talk: Talk, payload: Payload) -> Payload:
    serial = payload.get("chargePointSerialNumber") or payload.get("chargeBoxSerialNumber", "")
    return await answers.booted(
        talk,
        Boot(
            vendor=payload["chargePointVendor"],
            model=payload["chargePointModel"],
            serial_number=serial,
            firmware_version=payload.get("firmwareVersion", ""),
        ),
    )


async def _authorize(talk: Talk, payload: Payload) -> Payload:
    return {"idTagInfo": token_info(await talk.port.authorize(talk.device, payload["idTag"]))}


async def _status(talk: Talk, payload: Payload) -> Payload:
    error = payload["errorCode"]
    report = ConnectorReport(
        number=payload["connectorId"],
        status=ConnectorStatus(_WORDS.sub("_", payload["status"]).upper()),
        error_code=None if error == "NoError" else error,
        at=times.read(payload.get("timestamp", "")) or times.now(),
        info=" ".join(filter(None, (payload.get("vendorErrorCode"), payload.get("info")))),
    )
    await answers.stands(talk, report)
    return {}


async def _start(talk: Talk, payload: Payload) -> Payload:
    at, connector = moment(payload["timestamp"]), payload["connectorId"]
    report = TransactionReport(
        kind=ReportKind.STARTED,
        transaction_id=None,
        connector=connector,
        at=at,
        meter_wh=payload["meterStart"],
        id_token=payload["idTag"],
        offline=at < talk.connected_at - _BEFORE,
    )
    answer = await told(talk, report)
    if talk.tracked.is_stopped(connector):
        talk.soon("RemoteStopTransaction", {"transactionId": int(answer.transaction_id)})
    return {"transactionId": int(answer.transaction_id), "idTagInfo": token_info(answer.authorization)}


async def _stop(talk: Talk, payload: Payload) -> Payload:
    at, transaction_id = moment(payload["timestamp"]), str(payload["transactionId"])
    if values := payload.get("transactionData"):
        connector = await talk.connector_of(transaction_id)
        await metered(talk, Version.OCPP16, "StopTransaction", connector, values, transaction_id)
    report = TransactionReport(
        kind=ReportKind.ENDED,
        transaction_id=transaction_id,
        connector=0,
        at=at,
        meter_wh=payload["meterStop"],
        id_token=payload.get("idTag"),
        reason=payload.get("reason", "Local"),
    )
    answer = await told(talk, report)
    return {"idTagInfo": token_info(answer.authorization)} if "idTag" in payload else {}


async def _meter_values(talk: Talk, payload: Payload) -> Payload:
    transaction, connector = payload.get("transactionId"), payload["connectorId"]
    transaction_id = None if transaction in (None, 0, -1) else str(transaction)
    await metered(talk, Version.OCPP16, "MeterValues", connector, payload["meterValue"], transaction_id)
    if transaction_id:
        talk.tracked.began(transaction_id, connector)
    return {}


ANSWERS: Mapping[str, Answer] = {
    "Authorize": _authorize,
    "BootNotification": _boot,
    "DataTransfer": answers.unknown_vendor,
    "DiagnosticsStatusNotification": answers.progressed,
    "FirmwareStatusNotification": answers.progressed,
    "Heartbeat": answers.heartbeat,
    "LogStatusNotification": answers.progressed,
    "MeterValues": _meter_values,
    "SecurityEventNotification": answers.security_event,
    "SignedFirmwareStatusNotification": answers.progressed,
    "StartTransaction": _start,
    "StatusNotification": _status,
    "StopTransaction": _stop,
}
