"""Messages of graphql-transport-ws: https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import orjson

from api.live.codes import BAD_REQUEST, Ended
from api.requests import Operation, RequestError, operation_of

PROTOCOL = "graphql-transport-ws"
_LONGEST_ID = 100
_LONGEST_PAYLOAD = 4_096
"""Of a ping, which is sent back."""


class Kind(StrEnum):
    """What a client may say."""

    CONNECTION_INIT = "connection_init"
    PING = "ping"
    PONG = "pong"
    SUBSCRIBE = "subscribe"
    COMPLETE = "complete"


@dataclass(frozen=True, slots=True)
class Said:
    """A message of a client that has the form of one."""

    kind: Kind
    id: str
    payload: Any


def read(text: str) -> Said:
    """A client's message. Raises: Ended (4400)."""
    try:
        given = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise Ended(BAD_REQUEST, "Invalid message received") from None
    if not isinstance(given, dict):
        raise Ended(BAD_REQUEST, "Invalid message received")
    try:
        kind = Kind(str(given.get("type")))
    except ValueError:
        raise Ended(BAD_REQUEST, "Invalid message type") from None
    return Said(kind, _id(kind, given.get("id")), _payload(kind, given.get("payload")))


def operation(said: Said) -> Operation:
    """What a `subscribe` asks for. Raises: Ended (4400); RequestError for what GraphQL over HTTP refuses too."""
    if not isinstance(said.payload.get("query", ""), str):
        raise Ended(BAD_REQUEST, "Invalid message received")
    return operation_of(said.payload)


def acknowledged(cursor: str) -> bytes:
    """`connection_ack`, with the cursor to resume from before there is an update."""
    return orjson.dumps({"type": "connection_ack", "payload": {"cursor": cursor}})


def pong(payload: Any) -> bytes:
    """The answer to a ping."""
    return orjson.dumps({"type": "pong"} | ({} if payload is None else {"payload": payload}))


def answered(id: str, response: bytes) -> bytes:
    """`next` of an operation that has one response."""
    return b'{"id":' + orjson.dumps(id) + b',"type":"next","payload":' + response + b"}"


def completed(id: str) -> bytes:
    """Nothing comes any more."""
    return orjson.dumps({"id": id, "type": "complete"})


def failed(id: str, errors: list[dict[str, Any]]) -> bytes:
    """The operation is over, for these reasons."""
    return orjson.dumps({"id": id, "type": "error", "payload": errors})


def refused(error: RequestError) -> list[dict[str, Any]]:
    """A refused request as errors."""
    return [{"message": error.message, "extensions": error.extensions}]


def _id(kind: Kind, given: Any) -> str:
    if kind not in (Kind.SUBSCRIBE, Kind.COMPLETE):
        return ""
    if not isinstance(given, str) or not 0 < len(given) <= _LONGEST_ID:
        raise Ended(BAD_REQUEST, f"`id` has to be text of 1 to {_LONGEST_ID} characters")
    return given


def _payload(kind: Kind, given: Any) -> Any:
    if kind is Kind.SUBSCRIBE and not isinstance(given, dict):
        raise Ended(BAD_REQUEST, "`payload` has to be an object")
    if given is not None and not isinstance(given, dict):
        raise Ended(BAD_REQUEST, "`payload` has to be an object")
    if kind is Kind.PING and len(orjson.dumps(given)) > _LONGEST_PAYLOAD:
        raise Ended(BAD_REQUEST, "`payload` of a ping is too long")
    return given
