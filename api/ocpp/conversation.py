"""What is said on one connection with a charger."""

import asyncio
import re
import time
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

import structlog
from starlette.websockets import WebSocket, WebSocketDisconnect

from api.ocpp import answers16, answers201, frames, metrics, orders16, orders201
from api.ocpp.answers import Answer
from api.ocpp.calls import CallFailed
from api.ocpp.desk import Desk
from api.ocpp.frames import Call, Failure
from api.ocpp.orders import Order
from api.ocpp.pace import Pace
from api.ocpp.schemas import check_call
from api.ocpp.talk import Talk
from api.ocpp.versions import Version
from api.ocpp.violations import UNKNOWN, Code, Violation
from domain.commands.models import CommandKind
from domain.devices.interruptions import passes

log = structlog.get_logger(__name__)

Spawn = Callable[[Coroutine[Any, Any, None]], "asyncio.Task[None]"]

ANSWERS: Mapping[Version, Mapping[str, Answer]] = {
    Version.OCPP16: answers16.ANSWERS,
    Version.OCPP201: answers201.ANSWERS,
}
ORDERS: Mapping[Version, Mapping[CommandKind, Order]] = {
    Version.OCPP16: orders16.ORDERS,
    Version.OCPP201: orders201.ORDERS,
}
_POLICY, _TOO_BIG = 1008, 1009
_LATER = 1013
_KEPT = frozenset({"MeterValues", "StartTransaction", "StopTransaction", "TransactionEvent"})
"""What a charger must not lose: it keeps these while it has no connection, but gives them up after some errors."""
_MOST_WAITING = 16
"""Calls that wait behind one that is being answered; the protocol allows the charger none."""
_BURST = 10
"""Seconds of messages at the pace that is allowed, which may come at once."""
_VIOLATIONS = 100
_FIRST_ID = re.compile(r'\s*\[\s*2\s*,\s*"([^"\\]{1,64})"')


class Conversation:
    """`run` until the charger goes, or `end` is called."""

    __slots__ = (
        "_answers",
        "_longest",
        "_pace",
        "_spawn",
        "_throttled",
        "_violations",
        "_waiting",
        "_websocket",
        "_working",
        "desk",
        "talk",
    )

    def __init__(self, websocket: WebSocket, talk: Talk, spawn: Spawn, longest: int, per_second: float) -> None:
        version = talk.calls.version
        self.talk = talk
        self.desk = Desk(talk, ORDERS[version])
        self._answers = ANSWERS[version]
        self._websocket = websocket
        self._spawn = spawn
        self._longest = longest
        self._pace = Pace(per_second, per_second * _BURST)
        self._violations = Pace(1, _VIOLATIONS)
        self._throttled = False
        self._waiting: list[tuple[Call, str]] = []
        self._working: asyncio.Task[None] | None = None

    async def run(self) -> int:
        """The code with which it ended."""
        try:
            while True:
                await self._hear(await self._next())
        except WebSocketDisconnect as ended:
            if ended.code == _TOO_BIG:
                await self.talk.quarantine("", "TOO_LARGE", "the connection was ended", "")
            return ended.code
        finally:
            self.talk.calls.leave()
            self.desk.leave()
            self._waiting.clear()

    async def end(self, code: int, reason: str) -> None:
        """Close the connection; `run` returns."""
        try:
            await self._websocket.close(code, reason)
        except (RuntimeError, WebSocketDisconnect, OSError):
            return  # it is closed already

    async def _next(self) -> str:
        message = await self._websocket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code") or 1005, message.get("reason"))
        return message.get("text") or ""

    async def _hear(self, text: str) -> None:
        await self._wait_for_turn()
        try:
            frame = self._read(text)
        except Violation as violation:
            await self._refuse(violation, text)
            return
        if not isinstance(frame, Call):
            self.talk.calls.answered(frame)
            return
        self._waiting.append((frame, text))
        if self._working is None or self._working.done():
            self._working = self._spawn(self._work())
        if len(self._waiting) > _MOST_WAITING:
            await asyncio.wait({self._working})

    async def _wait_for_turn(self) -> None:
        seconds = self._pace.take()
        if seconds:
            metrics.THROTTLED.inc()
            if not self._throttled:
                await self.talk.quarantine("", "RATE_LIMITED", "its messages are read more slowly from here on", "")
            await asyncio.sleep(seconds)
        self._throttled = seconds > 0

    def _read(self, text: str) -> "Call | frames.Result | Failure":
        if len(text) <= self._longest:
            return frames.read(text)
        found = _FIRST_ID.match(text)
        raise Violation(Code.FORMAT, f"at most {self._longest} characters", id=found[1] if found else UNKNOWN)

    async def _work(self) -> None:
        while self._waiting:
            call, text = self._waiting.pop(0)
            began, known = time.perf_counter(), call.action in self._answers
            outcome = await self._answer(call, text)
            action = call.action if known else "other"
            metrics.MESSAGES.labels(action, outcome).inc()
            metrics.MESSAGE_SECONDS.labels(action).observe(time.perf_counter() - began)

    async def _answer(self, call: Call, text: str) -> str:
        version = self.talk.calls.version
        try:
            check_call(version, call)
            if (answer := self._answers.get(call.action)) is None:
                raise Violation(Code.NOT_IMPLEMENTED, f"{call.action} is not expected here")
            payload = await answer(self.talk, call.payload)
        except Violation as violation:
            violation.id, violation.action = call.id, call.action
            await self._refuse(violation, text)
            return "refused"
        except Exception as error:
            log.exception("message_failed", charger=self.talk.device.identity, action=call.action)
            if call.action in _KEPT and passes(error):
                await self.end(_LATER, "what it says cannot be stored now")
                return "failed"
            await self._send(frames.error(Violation(Code.INTERNAL, "try again later", id=call.id), version))
            return "failed"
        await self._send(frames.result(call.id, payload))
        await self._seen()
        return "answered"

    async def _refuse(self, violation: Violation, text: str) -> None:
        """Answered and kept; a charger that says nothing but nonsense is shown out."""
        if violation.of_answer:
            self.talk.calls.answered(Failure(violation.id, "BadAnswer", violation.cause))
        else:
            await self._send(frames.error(violation, self.talk.calls.version))
        await self.talk.quarantine(violation.action, violation.reason, str(violation), text)
        if self._violations.take():
            await self.end(_POLICY, "too many messages that cannot be followed")

    async def _seen(self) -> None:
        try:
            if not await self.talk.port.seen(self.talk.device):
                await self.end(_POLICY, "the platform has another connection, or none, of this charger")
        except Exception as error:
            log.warning("not_seen", charger=self.talk.device.identity, error=type(error).__name__)

    async def _send(self, text: str) -> None:
        """What a charger that has gone was to hear is lost: it asks again."""
        try:
            await send(self._websocket, text)
        except CallFailed:
            return


async def send(websocket: WebSocket, text: str) -> None:
    """Raises: CallFailed on a connection that is closed."""
    try:
        await websocket.send_text(text)
    except (RuntimeError, WebSocketDisconnect, OSError):
        raise CallFailed("CONNECTION_LOST") from None
