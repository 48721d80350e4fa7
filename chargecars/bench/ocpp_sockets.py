"""Many chargers that speak OCPP in one process, as light as Python allows.

`open_sockets` connects them, `hold_sockets` also says what each costs the server in memory, `calls` lets them all talk.
"""

import asyncio
import base64
import os
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from chargecars.stack import StackError

_AT_ONCE = 64
_SECONDS = 60.0
_LEAST_FOR_MEMORY = 20
"""Connected before memory is looked at: the first loads code and schemas, and allocators take whole pages."""
_SETTLE_SECONDS = 1.0
_TEXT, _CLOSE, _PING, _PONG = 0x1, 0x8, 0x9, 0xA

Secrets = Sequence[tuple[str, str]]
"""Identity and secret of each charger."""


@dataclass(frozen=True, slots=True)
class Held:
    """Sockets that are open, and what they cost the server."""

    sockets: "list[LightCharger]"
    kib_per_socket: float
    seconds: float
    """How long it took to connect them."""


class LightCharger(asyncio.Protocol):
    """One charger: a handshake, one call at a time, and an answer to every ping."""

    __slots__ = ("_answer", "_buffer", "_identity", "_number", "_opened", "_request", "_transport")

    def __init__(self, identity: str, secret: str, subprotocol: str) -> None:
        loop = asyncio.get_running_loop()
        self._identity = identity
        self._request = _request(identity, secret, subprotocol)
        self._opened: asyncio.Future[None] = loop.create_future()
        self._answer: asyncio.Future[Any] | None = None
        self._transport: asyncio.Transport | None = None
        self._buffer = b""
        self._number = 0

    async def call(self, action: str, payload: dict[str, Any]) -> Any:
        """The platform's answer. Raises: StackError for an error of the protocol, and when the connection is gone."""
        self._number += 1
        if self._transport is None:
            raise StackError(f"{self._identity} is not connected")
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(_frame(orjson.dumps([2, str(self._number), action, payload]), _TEXT))
        kind, _, *answer = await asyncio.wait_for(self._answer, _SECONDS)
        if kind != 3:
            raise StackError(f"{action}: {answer}")
        return answer[0]

    async def opened(self) -> None:
        """Returns after the handshake. Raises: StackError where it was refused."""
        await asyncio.wait_for(asyncio.shield(self._opened), _SECONDS)

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.abort()

    # --- what asyncio calls ---------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(self._request)
        self._request = b""

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._opened.done() and not self._is_upgraded():
            return
        while (frame := self._next()) is not None:
            self._hear(*frame)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        gone = StackError(f"{self._identity} was hung up on")
        for waiting in (self._opened, self._answer):
            if waiting is not None and not waiting.done():
                waiting.set_exception(gone)

    # --- the protocol ---------------------------------------------------------------------------------------------

    def _is_upgraded(self) -> bool:
        head, end, rest = self._buffer.partition(b"\r\n\r\n")
        if not end:
            return False
        self._buffer = rest
        status = head.split(b"\r\n", 1)[0]
        if b" 101 " not in status:
            self._opened.set_exception(StackError(f"{self._identity}: {status.decode('latin-1')}"))
            return False
        self._opened.set_result(None)
        return True

    def _next(self) -> tuple[int, bytes] | None:
        """The next whole frame of the server, which masks none and splits none."""
        if len(self._buffer) < 2:
            return None
        length, start = self._buffer[1], 2
        if length == 126:
            length, start = int.from_bytes(self._buffer[2:4]), 4
        elif length == 127:
            length, start = int.from_bytes(self._buffer[2:10]), 10
        if len(self._buffer) < start + length:
            return None
        opcode, payload = self._buffer[0] & 0x0F, self._buffer[start : start + length]
        self._buffer = self._buffer[start + length :]
        return opcode, payload

    def _hear(self, opcode: int, payload: bytes) -> None:
        if opcode == _PING and self._transport is not None:
            self._transport.write(_frame(payload, _PONG))
        elif opcode == _CLOSE:
            self.close()
        elif opcode == _TEXT and self._answer is not None and not self._answer.done():
            message = orjson.loads(payload)
            if message[0] in (3, 4):
                self._answer.set_result(message)


def _request(identity: str, secret: str, subprotocol: str) -> bytes:
    credentials = base64.b64encode(f"{identity}:{secret}".encode()).decode()
    lines = [
        f"GET /ocpp/{identity} HTTP/1.1",
        "Host: localhost",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Protocol: {subprotocol}",
        f"Authorization: Basic {credentials}",
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def _frame(message: bytes, opcode: int) -> bytes:
    """A client's frame: masked, with a mask of zeros."""
    length = len(message)
    size = bytes([0x80 | length]) if length < 126 else bytes([0x80 | 126]) + length.to_bytes(2)
    return bytes([0x80 | opcode]) + size + b"\0\0\0\0" + message


async def open_sockets(port: int, secrets: Secrets, subprotocol: str = "ocpp1.6") -> list[LightCharger]:
    """Connect them to an API process of this machine, so many at a time. Raises: StackError where one is refused."""
    turns = asyncio.Semaphore(_AT_ONCE)

    async def one(identity: str, secret: str) -> LightCharger:
        async with turns:
            made = LightCharger(identity, secret, subprotocol)
            await asyncio.get_running_loop().create_connection(lambda: made, "127.0.0.1", port)
            await made.opened()
            return made

    return list(await asyncio.gather(*(one(*each) for each in secrets)))


@asynccontextmanager
async def hold_sockets(port: int, pid: int, secrets: Secrets, subprotocol: str = "ocpp1.6") -> AsyncIterator[Held]:
    """Sockets that stay open; `pid` is the API's process, whose memory is looked at before and after."""
    first = await open_sockets(port, secrets[:_LEAST_FOR_MEMORY], subprotocol)
    for each in first:
        await each.call("Heartbeat", {})
    await asyncio.sleep(_SETTLE_SECONDS)
    before, began = resident_kib(pid), time.perf_counter()
    rest = await open_sockets(port, secrets[_LEAST_FOR_MEMORY:], subprotocol)
    seconds = time.perf_counter() - began
    await asyncio.sleep(_SETTLE_SECONDS)
    try:
        yield Held([*first, *rest], (resident_kib(pid) - before) / max(1, len(rest)), seconds)
    finally:
        for each in (*first, *rest):
            each.close()


async def calls(
    sockets: Sequence[LightCharger], seconds: float, message: Callable[[int, int], tuple[str, dict[str, Any]]]
) -> float:
    """Answered calls per second when all talk at once; `message(charger, number)` is what each says."""
    until, answered = time.perf_counter() + seconds, 0

    async def talk(charger: int) -> None:
        nonlocal answered
        number = 0
        while time.perf_counter() < until:
            await sockets[charger].call(*message(charger, number))
            number += 1
            answered += 1

    began = time.perf_counter()
    await asyncio.gather(*(talk(charger) for charger in range(len(sockets))))
    return answered / (time.perf_counter() - began)


def resident_kib(pid: int) -> float:
    """Memory that the process has to itself or shares by parts."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return float(line.split()[1])
    raise StackError(f"/proc/{pid}/smaps_rollup has no Pss")
