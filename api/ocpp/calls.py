"""Our calls to one charger. Who calls sees to it that one waits at a time, as the protocol wants it (desk.py)."""

import asyncio
import os
from collections.abc import Awaitable, Callable

from api.ocpp import frames
from api.ocpp.frames import Failure, Payload, Result
from api.ocpp.schemas import check_answer, check_order
from api.ocpp.versions import Version


class CallFailed(Exception):
    """The charger did not do what it was told; `reason` is a stable code."""

    def __init__(self, reason: str, detail: str = "") -> None:
        self.reason = reason
        self.detail = detail
        super().__init__(f"{reason}: {detail}")


class Calls:
    """Of one connection."""

    __slots__ = ("_gone", "_pending", "_send", "version")

    def __init__(self, version: Version, send: Callable[[str], Awaitable[None]]) -> None:
        self.version = version
        self._send = send
        self._pending: dict[str, asyncio.Future[Result | Failure]] = {}
        self._gone = False

    async def call(self, action: str, payload: Payload, seconds: float) -> Payload:
        """The charger's answer. Raises: CallFailed."""
        if (wrong := check_order(self.version, action, payload)) is not None:
            raise CallFailed("BAD_PARAMETERS", wrong)
        try:
            async with asyncio.timeout(seconds):
                return await self._ask(action, payload)
        except TimeoutError:
            raise CallFailed("NO_ANSWER", f"no answer to {action} within {seconds:.0f} s") from None

    async def _ask(self, action: str, payload: Payload) -> Payload:
        if self._gone:
            raise CallFailed("CONNECTION_LOST")
        id = os.urandom(8).hex()
        answered = self._pending[id] = asyncio.get_running_loop().create_future()
        try:
            await self._send(frames.call(id, action, payload))
            return self._judged(action, await answered)
        finally:
            del self._pending[id]

    def _judged(self, action: str, answer: Result | Failure) -> Payload:
        if isinstance(answer, Failure):
            raise CallFailed(_code(answer.code), answer.description)
        if (wrong := check_answer(self.version, action, answer.payload)) is not None:
            raise CallFailed("BAD_ANSWER", wrong)
        return answer.payload

    def answered(self, answer: Result | Failure) -> bool:
        """The charger has answered; False where nobody waits for it (any more)."""
        waiting = self._pending.get(answer.id)
        if waiting is None or waiting.done():
            return False
        waiting.set_result(answer)
        return True

    def leave(self) -> None:
        """The connection is gone: nobody will answer."""
        self._gone = True
        for waiting in self._pending.values():
            if not waiting.done():
                waiting.set_exception(CallFailed("CONNECTION_LOST", "the connection ended before the answer"))


_KNOWN = {
    "NotImplemented": "NOT_SUPPORTED",
    "NotSupported": "NOT_SUPPORTED",
    "SecurityError": "SECURITY_ERROR",
    "InternalError": "CHARGER_ERROR",
}


def _code(given: str) -> str:
    return _KNOWN.get(given, "REFUSED_BY_CHARGER")
