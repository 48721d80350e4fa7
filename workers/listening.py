"""A small HTTP listener of processes that are no API: /healthz, /readyz and /metrics as the API has them."""

import asyncio
import contextlib
import hmac
import ipaddress
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from domain.jobs.figures import Figures
from tenants.actor import SYSTEM
from tenants.engine import Database
from tenants.logging import summary
from tenants.settings import Settings
from workers import queues

_READ_SECONDS = 5.0
_MOST_BYTES = 8_192
_REASONS = {200: "OK", 400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed", 503: "Service Unavailable"}


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    path: str
    headers: Mapping[str, str]
    address: str


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes
    content_type: str = "application/json"

    def written(self) -> bytes:
        head = (
            f"HTTP/1.1 {self.status} {_REASONS[self.status]}\r\ncontent-type: {self.content_type}\r\n"
            f"content-length: {len(self.body)}\r\nconnection: close\r\n\r\n"
        )
        return head.encode() + self.body


class Process(Protocol):
    """A worker or telemetry process."""

    settings: Settings
    database: Database

    def faults(self) -> dict[str, str]:
        """Tasks and what is wrong with them, `ok` where nothing is."""


class Listener:
    """Answers about one process on a port of HOST; one request per connection."""

    def __init__(self, process: Process, port: int) -> None:
        self._process = process
        self._port = port
        self._settings = process.settings
        self._figures = Figures(process.database)
        self._pages: dict[str, Callable[[Request], Awaitable[Answer]]] = {
            "/healthz": self._healthz,
            "/readyz": self._readyz,
            "/metrics": self._metrics,
        }

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator[int]:
        """Listen while the block runs; gives the port. Raises: OSError."""
        server = await asyncio.start_server(self._serve, self._settings.host, self._port, limit=_MOST_BYTES)
        async with server:
            yield server.sockets[0].getsockname()[1]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(_READ_SECONDS):
                request = await _read(reader, writer.get_extra_info("peername")[0])
                answer = await self._answer(request) if request else Answer(400, b"{}")
                writer.write(answer.written())
                await writer.drain()
        writer.close()

    async def _answer(self, request: Request) -> Answer:
        page = self._pages.get(request.path)
        if page is None:
            return Answer(404, b"{}")
        return await page(request) if request.method == "GET" else Answer(405, b"{}")

    async def _healthz(self, _request: Request) -> Answer:
        return Answer(200, b'{"status": "ok"}')

    async def _readyz(self, _request: Request) -> Answer:
        checks = {"database": await self._database(), "redis": await self._redis(), **self._process.faults()}
        ready = all(outcome == "ok" for outcome in checks.values())
        body = {"status": "ok" if ready else "unavailable", "checks": checks}
        return Answer(200 if ready else 503, json.dumps(body).encode())

    async def _metrics(self, request: Request) -> Answer:
        if not self._may_measure(request):
            return Answer(404, b"{}")
        with contextlib.suppress(SQLAlchemyError, OSError):  # without PostgreSQL the process still tells of itself
            await self._figures.measure()
        return Answer(200, generate_latest(), CONTENT_TYPE_LATEST)

    def _may_measure(self, request: Request) -> bool:
        token = self._settings.metrics_token.get_secret_value()
        if token:
            return hmac.compare_digest(request.headers.get("authorization", "").encode(), f"Bearer {token}".encode())
        return not self._settings.production or ipaddress.ip_address(request.address).is_loopback

    async def _database(self) -> str:
        try:
            async with self._process.database.session(SYSTEM) as session:
                await session.connection()
        except (SQLAlchemyError, OSError) as error:
            return summary(error)
        return "ok"

    async def _redis(self) -> str:
        try:
            redis = await queues.connect(self._settings)
            await redis.aclose(close_connection_pool=True)
        except (RedisError, OSError) as error:
            return type(error).__name__
        return "ok"


async def _read(reader: asyncio.StreamReader, address: str) -> Request | None:
    """The head of a request; None where it is none. Raises: OSError."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        return None
    words = head[0].split(" ")
    if len(words) != 3:
        return None
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
    return Request(words[0], words[1].partition("?")[0], headers, address)
