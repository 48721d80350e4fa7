"""A small HTTP client that keeps its connections, so that what is measured is the server."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median, quantiles
from typing import Any

import orjson

_WARM_UP = 4
"""Requests per connection before it counts: the server's own connections prepare each statement once."""


class Refused(Exception):
    """The server answered something else than was asked for."""


class Connection:
    """One connection that is kept open; one request at a time."""

    def __init__(self, host: str, port: int) -> None:
        self._address = (host, port)
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def send(self, request: bytes) -> tuple[int, bytes]:
        """Status and body of the answer to a whole HTTP/1.1 request."""
        if self._streams is None:
            self._streams = await asyncio.open_connection(*self._address)
        reader, writer = self._streams
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        lines = head.split(b"\r\n")
        length = next(int(line.split(b":", 1)[1]) for line in lines if line.lower().startswith(b"content-length:"))
        return int(lines[0].split(b" ", 2)[1]), await reader.readexactly(length)

    async def close(self) -> None:
        if self._streams:
            self._streams[1].close()
            self._streams = None


def post(host: str, path: str, body: Any, token: str | None = None, headers: Mapping[str, str] | None = None) -> bytes:
    """A POST of JSON to a virtual host, ready to be sent again and again."""
    content = orjson.dumps(body)
    lines = [
        f"POST {path} HTTP/1.1",
        f"Host: {host}",
        "Content-Type: application/json",
        f"Content-Length: {len(content)}",
        *([f"Authorization: Bearer {token}"] if token else []),
        *(f"{name}: {value}" for name, value in (headers or {}).items()),
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content


@dataclass(frozen=True)
class Measured:
    """Latencies in seconds, and how long it all took."""

    latencies: list[float]
    seconds: float

    @property
    def rate(self) -> float:
        """Requests per second."""
        return len(self.latencies) / self.seconds

    @property
    def median_ms(self) -> float:
        return median(self.latencies) * 1000

    @property
    def p95_ms(self) -> float:
        return quantiles(self.latencies, n=20, method="inclusive")[-1] * 1000


async def take_turns(host: str, port: int, requests: dict[str, bytes], rounds: int) -> dict[str, Measured]:
    """Send one request after the other, round by round, so that whatever else the machine does hits all alike."""
    opened = {name: Connection(host, port) for name in requests}
    found: dict[str, list[float]] = {name: [] for name in requests}
    try:
        for turn in range(rounds + _WARM_UP):
            for name, request in requests.items():
                latency = await _one(opened[name], request)
                if turn >= _WARM_UP:
                    found[name].append(latency)
    finally:
        await asyncio.gather(*(connection.close() for connection in opened.values()))
    return {name: Measured(latencies, sum(latencies)) for name, latencies in found.items()}


async def measure(host: str, port: int, request: bytes, *, connections: int, seconds: float, at_least: int) -> Measured:
    """Send the request over so many connections at once, each the next as soon as it has an answer."""
    opened = [Connection(host, port) for _ in range(connections)]
    try:
        await asyncio.gather(*(_repeat(each, request, 0.0, _WARM_UP) for each in opened))
        began = time.perf_counter()
        until = began + seconds
        found = await asyncio.gather(*(_repeat(each, request, until, -(-at_least // connections)) for each in opened))
        return Measured([latency for part in found for latency in part], time.perf_counter() - began)
    finally:
        await asyncio.gather(*(connection.close() for connection in opened))


async def _repeat(connection: Connection, request: bytes, until: float, at_least: int) -> list[float]:
    latencies: list[float] = []
    while len(latencies) < at_least or time.perf_counter() < until:
        latencies.append(await _one(connection, request))
    return latencies


async def _one(connection: Connection, request: bytes) -> float:
    began = time.perf_counter()
    status, body = await connection.send(request)
    if status != 200 or body.startswith(b'{"errors"'):
        raise Refused(f"{status}: {body[:500].decode(errors='replace')}")
    return time.perf_counter() - began
