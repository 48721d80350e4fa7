"""What a charger writes to `status` and `alert`: boot, presence, connectors, transactions, answers to commands."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TypeAlias
from uuid import UUID

from domain.chargers.models import ConnectorStatus
from domain.chargers.reports import Boot, ConnectorReport
from domain.commands.delivery import CommandAnswer
from domain.health.alerts import AlertReport
from domain.health.models import Severity
from domain.sessions.models import ReportKind
from domain.sessions.reports import ChargingState, TransactionReport
from workers.mqtt.reading import MOST_ID, Fields, Refusal, Refused, read_object, shown

_MOST_NAME = 50
_MOST_TEXT = 500
_MOST_ANSWER = 50


class Presence(StrEnum):
    ONLINE = "online"
    OFFLINE = "offline"
    """Also what a last will says."""
    HEARTBEAT = "heartbeat"


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a command."""

    command_id: UUID
    answer: CommandAnswer


@dataclass(frozen=True, slots=True)
class Authorize:
    """May somebody with this token charge?"""

    request_id: str
    id_token: str


Body: TypeAlias = Presence | Boot | ConnectorReport | TransactionReport | Result | Authorize | AlertReport


@dataclass(frozen=True, slots=True)
class Said:
    """One message. `connector`: of what it speaks, where it does."""

    message_id: str | None
    body: Body


def read_status(payload: bytes) -> Said:
    """A message of the topic `status`. Raises: Refused."""
    fields = Fields(read_object(payload))
    message_id, type_ = fields.text_or_none("messageId", MOST_ID), fields.text("type", _MOST_NAME)
    if (read := _TYPES.get(type_)) is None:
        raise Refused(Refusal.UNKNOWN_TYPE, shown(f"type is {type_!r}"))
    return _said(fields, message_id, read)


def read_alert(payload: bytes) -> Said:
    """A message of the topic `alert`. Raises: Refused."""
    fields = Fields(read_object(payload))
    return _said(fields, fields.text_or_none("messageId", MOST_ID), _alert)


def _said(fields: Fields, message_id: str | None, read: Callable[[Fields], Body]) -> Said:
    body = read(fields)
    fields.done()
    return Said(message_id, body)


def _presence(presence: Presence) -> Callable[[Fields], Body]:
    return lambda fields: presence


def _boot(fields: Fields) -> Boot:
    return Boot(
        vendor=fields.text_or_none("vendor", _MOST_NAME) or "",
        model=fields.text_or_none("model", _MOST_NAME) or "",
        serial_number=fields.text_or_none("serialNumber", _MOST_NAME) or "",
        firmware_version=fields.text_or_none("firmwareVersion", _MOST_NAME) or "",
        reason=fields.text_or_none("reason", _MOST_NAME) or "",
    )


def _connector(fields: Fields) -> ConnectorReport:
    return ConnectorReport(
        number=fields.integer("connector"),
        status=fields.word("status", ConnectorStatus),
        error_code=fields.text_or_none("errorCode", _MOST_NAME),
        at=fields.moment("at"),
        info=fields.text_or_none("info", _MOST_TEXT) or "",
    )


def _transaction(fields: Fields) -> TransactionReport:
    return TransactionReport(
        kind=fields.word("event", ReportKind),
        transaction_id=fields.text_or_none("transactionId", MOST_ID),
        connector=fields.integer("connector"),
        at=fields.moment("at"),
        meter_wh=fields.integer_or_none("meterWh"),
        id_token=fields.text_or_none("idToken", MOST_ID),
        charging_state=fields.word_or_none("chargingState", ChargingState),
        reason=fields.text_or_none("reason", _MOST_NAME) or "",
        offline=fields.flag("offline", False),
        sequence=fields.integer_or_none("sequence") or 0,
    )


def _result(fields: Fields) -> Result:
    given = fields.text("commandId", 36)
    try:
        command_id = UUID(given)
    except ValueError:
        raise Refused(Refusal.BAD_FIELD, "commandId must be that of a command") from None
    accepted, reason = fields.flag("accepted"), fields.text_or_none("reason", _MOST_TEXT) or ""
    return Result(command_id, CommandAnswer(accepted=accepted, reason=reason, payload=_answer(fields)))


def _answer(fields: Fields) -> dict[str, Any]:
    payload = fields.mapping("payload")
    if len(payload) > _MOST_ANSWER:
        raise Refused(Refusal.BAD_FIELD, f"payload must have at most {_MOST_ANSWER} fields")
    return payload


def _authorize(fields: Fields) -> Authorize:
    return Authorize(fields.text("requestId", MOST_ID), fields.text("idToken", MOST_ID))


def _alert(fields: Fields) -> AlertReport:
    return AlertReport(
        code=fields.text("code", _MOST_NAME),
        severity=fields.word("severity", Severity),
        at=fields.moment("at", datetime.now(UTC)),
        text=fields.text_or_none("text", _MOST_TEXT) or "",
        connector=fields.integer_or_none("connector"),
    )


_TYPES: Mapping[str, Callable[[Fields], Body]] = {
    **{str(presence): _presence(presence) for presence in Presence},
    "boot": _boot,
    "connector": _connector,
    "transaction": _transaction,
    "result": _result,
    "authorize": _authorize,
}
