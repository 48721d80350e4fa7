"""The frames of OCPP-J: [2, id, action, payload], [3, id, payload], [4, id, code, description, details]."""

from dataclasses import dataclass
from typing import Any

import orjson

from api.ocpp.versions import Version
from api.ocpp.violations import Code, Violation

Payload = dict[str, Any]

_CALL, _RESULT, _ERROR = 2, 3, 4
_LONGEST_ID = 64
_LONGEST_ACTION = 64
_NUL = "\\u0000"


@dataclass(frozen=True, slots=True)
class Call:
    """The charger asks or tells something."""

    id: str
    action: str
    payload: Payload


@dataclass(frozen=True, slots=True)
class Result:
    """The charger answers a call of ours."""

    id: str
    payload: Payload


@dataclass(frozen=True, slots=True)
class Failure:
    """The charger could not follow a call of ours."""

    id: str
    code: str
    description: str


def read(text: str) -> Call | Result | Failure:
    """Raises: Violation, with the id of the message where it has one."""
    frame = _array(text)
    kind, id = frame[0], _id(frame)
    if kind not in (_CALL, _RESULT, _ERROR) or isinstance(kind, bool):
        raise Violation(Code.MESSAGE_TYPE, f"{kind!r} is no type of message: 2, 3 or 4", id=id)
    if _NUL in text:
        raise Violation(Code.FORMAT, "text cannot hold the character U+0000", id=id, of_answer=kind != _CALL)
    if kind == _CALL:
        return _call(id, frame)
    return _result(id, frame) if kind == _RESULT else _failure(id, frame)


def _array(text: str) -> list[Any]:
    try:
        frame = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise Violation(Code.FRAMEWORK, f"not JSON: {error}") from None
    if not isinstance(frame, list) or len(frame) < 2:
        raise Violation(Code.FRAMEWORK, "a message is an array of three elements or more")
    return frame


def _id(frame: list[Any]) -> str:
    id = frame[1]
    if not isinstance(id, str) or not 0 < len(id) <= _LONGEST_ID:
        raise Violation(Code.FRAMEWORK, f"the second element is the id of the message: 1 to {_LONGEST_ID} characters")
    return id


def _call(id: str, frame: list[Any]) -> Call:
    if len(frame) != 4 or not isinstance(frame[2], str) or not 0 < len(frame[2]) <= _LONGEST_ACTION:
        raise Violation(Code.FRAMEWORK, "a call is [2, id, action, payload]", id=id)
    if not isinstance(frame[3], dict):
        raise Violation(Code.FORMAT, "the payload is an object", id=id, action=frame[2])
    return Call(id, frame[2], frame[3])


def _result(id: str, frame: list[Any]) -> Result:
    if len(frame) != 3 or not isinstance(frame[2], dict):
        raise Violation(Code.FRAMEWORK, "an answer is [3, id, payload]", id=id, of_answer=True)
    return Result(id, frame[2])


def _failure(id: str, frame: list[Any]) -> Failure:
    if len(frame) < 3 or not all(isinstance(part, str) for part in frame[2:4]):
        raise Violation(Code.FRAMEWORK, "an error is [4, id, code, description, details]", id=id, of_answer=True)
    return Failure(id, frame[2], frame[3] if len(frame) > 3 else "")


def call(id: str, action: str, payload: Payload) -> str:
    """A call of ours; Decimals become numbers."""
    return _text([_CALL, id, action, payload])


def result(id: str, payload: Payload) -> str:
    """Our answer to a call."""
    return _text([_RESULT, id, payload])


def error(violation: Violation, version: Version) -> str:
    """Our answer to a call that cannot be followed."""
    return _text([_ERROR, violation.id, violation.code.of(version), violation.cause, {}])


def _text(frame: list[Any]) -> str:
    return orjson.dumps(frame, default=float).decode()
