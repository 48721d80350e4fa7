"""What the platform writes to a charger's `command` topic."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson

from workers.mqtt.reading import VERSION


def ack(message_ids: Sequence[str], refused: Iterable[tuple[str, int | None, str]] = ()) -> bytes:
    """Messages that are stored, and what of them was left out: message id, index of a reading, reason."""
    body: dict[str, Any] = {"type": "ack", "messageIds": message_ids, "time": datetime.now(UTC)}
    if left_out := [_left_out(*one) for one in refused]:
        body["refused"] = left_out
    return _written(body)


def command(id: UUID, kind: str, connector: int | None, parameters: dict[str, Any], deadline_at: datetime) -> bytes:
    """An order to the charger, which answers with a `result` of the same id before the deadline."""
    return _written(
        {
            "type": "command",
            "commandId": str(id),
            "kind": kind,
            "connector": connector,
            "parameters": parameters,
            "deadlineAt": deadline_at,
        }
    )


def boot(accepted: bool, interval_seconds: int) -> bytes:
    """Whether a charger may go on, and how often it shows itself."""
    answer = {"accepted": accepted, "intervalSeconds": interval_seconds, "time": datetime.now(UTC)}
    return _written({"type": "boot", **answer})


def authorization(request_id: str, status: str) -> bytes:
    return _written({"type": "authorization", "requestId": request_id, "status": status})


def transaction(message_id: str | None, transaction_id: str, connector: int, status: str | None) -> bytes:
    """Under which id a transaction is known here, and whether who started it may charge."""
    answer = {"transactionId": transaction_id, "connector": connector, "status": status}
    return _written({"type": "transaction", "messageId": message_id, **answer})


def _left_out(message_id: str, index: int | None, reason: str) -> dict[str, Any]:
    told = {"messageId": message_id, "reason": reason}
    return told if index is None else {**told, "reading": index}


def _written(body: dict[str, Any]) -> bytes:
    return orjson.dumps({"v": VERSION, **body}, option=orjson.OPT_UTC_Z)
