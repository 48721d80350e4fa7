"""Chargers that publish over MQTT 3.1.1, in a process of their own and as light as Python allows.

Given as one line of JSON: `host`, `port`, `start`, `chargers` (pairs of identity and secret), and either `load` (a
rows.Load: all as fast as it is taken) or `rate` and `seconds` (single readings, so many a second over all, whose
moment is when they are sent). It says `ready`, waits for a line, publishes, and says what came of it.
"""

import asyncio
import sys
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Any

import orjson

from chargecars.bench.metering.rows import Load, payload, values

_UNDER_WAY = 16
"""Messages of a charger that are not acknowledged yet."""
_PATIENCE_SECONDS = 120.0


def _text(value: str) -> bytes:
    return len(value.encode()).to_bytes(2) + value.encode()


def _packet(first: int, body: bytes) -> bytes:
    length, written = len(body), b""
    while True:
        byte, length = length % 128, length // 128
        written += bytes([byte | (128 if length else 0)])
        if not length:
            return bytes([first]) + written + body


class Charger(asyncio.Protocol):
    """One connection; `publish` sends as the broker acknowledges."""

    def __init__(self, identity: str, secret: str) -> None:
        loop = asyncio.get_running_loop()
        self._identity, self._secret = identity, secret
        self._topic = _text(f"charging/{identity}/metrics")
        self._buffer = b""
        self._next = 0
        self._payloads: Iterator[bytes] = iter(())
        self._under_way = 0
        self._exhausted = False
        self.ready: asyncio.Future[None] = loop.create_future()
        self.done: asyncio.Future[None] = loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        login = _text(self._identity) + _text(self._secret)
        body = _text("MQTT") + bytes([4, 0b11000010]) + (0).to_bytes(2) + _text(self._identity) + login
        transport.write(_packet(0x10, body))

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (packet := self._taken()) is not None:
            self._heard(packet[0], packet[1])

    def connection_lost(self, exc: Exception | None) -> None:
        for waiting in (self.ready, self.done):
            if not waiting.done():
                waiting.set_exception(ConnectionError(f"{self._identity} was hung up on"))

    def publish(self, payloads: Iterable[bytes]) -> None:
        """Send them, so many at a time; `done` when all are acknowledged."""
        self._payloads = iter(payloads)
        for _ in range(_UNDER_WAY):
            self._send_next()

    def send(self, message: bytes) -> None:
        """Send one, whatever is under way."""
        self._next = self._next % 65_535 + 1
        self._transport.write(_packet(0x32, self._topic + self._next.to_bytes(2) + message))
        self._under_way += 1

    def _send_next(self) -> None:
        if (message := next(self._payloads, None)) is not None:
            self.send(message)
        else:
            self._exhausted = True
            if not self._under_way and not self.done.done():
                self.done.set_result(None)

    def _taken(self) -> tuple[int, bytes] | None:
        length, shift, at = 0, 0, 1
        while True:
            if at >= len(self._buffer):
                return None
            byte = self._buffer[at]
            length |= (byte & 127) << shift
            shift, at = shift + 7, at + 1
            if byte < 128:
                break
        if len(self._buffer) < at + length:
            return None
        packet = (self._buffer[0], self._buffer[at : at + length])
        self._buffer = self._buffer[at + length :]
        return packet

    def _heard(self, first: int, body: bytes) -> None:
        kind = first >> 4
        if kind == 2 and body[1] == 0:
            self._transport.write(_packet(0x82, b"\0\1" + _text(f"charging/{self._identity}/command") + b"\1"))
        elif kind == 9:
            self.ready.set_result(None)
        elif kind == 4:
            self._under_way -= 1
            self._send_next()
        elif kind == 3 and first & 2:
            at = 2 + int.from_bytes(body[:2])
            self._transport.write(_packet(0x40, body[at : at + 2]))


async def _connected(given: dict[str, Any]) -> list[Charger]:
    loop, made = asyncio.get_running_loop(), []
    for identity, secret in given["chargers"]:
        _, charger = await loop.create_connection(partial(Charger, identity, secret), given["host"], given["port"])
        await asyncio.wait_for(charger.ready, 30)
        made.append(charger)
    return made


async def _flood(chargers: list[Charger], load: Load, start: datetime) -> None:
    messages = [payload(load, number, start) for number in range(load.messages)]
    await _told()
    for charger in chargers:
        charger.publish(messages)
    await asyncio.wait_for(asyncio.gather(*(charger.done for charger in chargers)), _PATIENCE_SECONDS)


async def _pace(chargers: list[Charger], rate: int, seconds: float, first: int) -> None:
    """Evenly; a message that is late is sent at once, with the moment at which it is."""
    await _told()
    began, count = time.perf_counter(), int(rate * seconds)
    for number in range(count):
        if (left := began + number / rate - time.perf_counter()) > 0:
            await asyncio.sleep(left)
        chargers[number % len(chargers)].send(_single(first + number))
    await asyncio.sleep(1)


def _single(number: int) -> bytes:
    at = datetime.now(UTC).isoformat(timespec="microseconds")
    item = {"connector": 1, "at": at, "sequence": number, **values(number)}
    return orjson.dumps({"v": 1, "readings": [item]})


async def _told() -> None:
    """Say that everything is ready, and wait for the word."""
    print("ready", flush=True)  # noqa: T201  # to the parent
    await asyncio.to_thread(sys.stdin.readline)


async def _main() -> None:
    given = orjson.loads(await asyncio.to_thread(sys.stdin.readline))
    chargers = await _connected(given)
    began = time.time()
    if "load" in given:
        await _flood(chargers, Load(**given["load"]), datetime.fromisoformat(given["start"]))
    else:
        await _pace(chargers, given["rate"], given["seconds"], given["first"])
    print(f"done {time.time() - began:.3f}", flush=True)  # noqa: T201  # to the parent


if __name__ == "__main__":
    asyncio.run(_main())
