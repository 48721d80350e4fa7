"""The request log's ear: what keys and applications ask is noted behind the answer, in batches, within bounds.

Nothing waits for it. Where more comes than can be written, entries are given up and counted.
What was not written when the process dies is lost: a second's requests at most.
"""

import asyncio
import contextlib
import re
import time
from collections import deque
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from prometheus_client import Counter
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from domain.request_log import partitions
from domain.request_log.writing import Hour, Seen, keep, row_of
from tenants.actor import SYSTEM, Actor, ClientKind
from tenants.engine import Database
from tenants.logging import summary

MOST_HELD = 64 * 1024
"""Bytes of each body that are held until the log has it."""
MOST_WAITING = 2_000
"""Requests that wait to be written."""
MOST_BYTES = 16 * 1024 * 1024
"""Of bodies that wait."""
_BATCH = 200
_PAUSE = 0.5
_MOST_HOURS = 5_000
_WITH_KEYS = (b"Bearer ", b"bearer ")
_UNHEARD = ("/graphql/stream", "/healthz", "/readyz", "/metrics")
_CONVERTER = re.compile(r":[a-z]+}")
"""Of a variable in a path."""
_PROGRAMS = frozenset({ClientKind.API_KEY, ClientKind.OAUTH_CLIENT})

LOGGED = Counter("chargecars_requests_logged", "Requests of keys and applications, by what the log did.", ("outcome",))
log = structlog.get_logger(__name__)


class Recorder:
    """Takes requests, and writes them from a task of its own that begins with the first."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: deque[Seen] = deque()
        self._bytes = 0
        self._hours: dict[tuple[Any, ...], Hour] = {}
        self._task: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()

    def take(self, seen: Seen) -> None:
        """Note a request; without its entry where there is no room. Never waits."""
        size = len(seen.request_body) + len(seen.response_body)
        room = len(self._waiting) < MOST_WAITING and self._bytes + size <= MOST_BYTES
        if room:
            self._waiting.append(seen)
            self._bytes += size
        else:
            LOGGED.labels("dropped").inc()
        self._count(seen, logged=room)
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._run(), name="request log")

    def _count(self, seen: Seen, *, logged: bool) -> None:
        if seen.whose in self._hours or len(self._hours) < _MOST_HOURS:
            self._hours.setdefault(seen.whose, Hour()).add(seen, logged=logged)

    async def _run(self) -> None:
        """Until nothing waits: a quiet process has no task."""
        while self._waiting or self._hours:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._closing.wait(), _PAUSE)
            await self.flush()

    async def flush(self) -> None:
        """Write what waits now."""
        while self._waiting or self._hours:
            batch = [self._waiting.popleft() for _ in range(min(_BATCH, len(self._waiting)))]
            self._bytes -= sum(len(seen.request_body) + len(seen.response_body) for seen in batch)
            hours, self._hours = self._hours, {}
            if not await self._write(batch, hours):
                return

    async def _write(self, batch: list[Seen], hours: dict[tuple[Any, ...], Hour]) -> bool:
        rows = await asyncio.to_thread(lambda: [row_of(seen) for seen in batch])
        for last in (False, True):
            try:
                async with self._database.session(SYSTEM) as session:
                    if last:
                        await session.execute(text(partitions.make_ahead()))
                    await keep(session, rows, hours)
            except (SQLAlchemyError, OSError) as error:
                if last or not _without_a_day(error):
                    LOGGED.labels("dropped").inc(len(batch))
                    log.warning("requests_not_logged", requests=len(batch), error=summary(error))
                    return False
            else:
                LOGGED.labels("kept").inc(len(batch))
                return True
        return False

    async def close(self) -> None:
        """Write what is left."""
        self._closing.set()
        if self._task is not None:
            await self._task


def _without_a_day(error: Exception) -> bool:
    """Whether there is no partition for today: no worker has run for days."""
    return isinstance(error, DBAPIError) and "no partition" in str(error.orig)


class Recorded:
    """Middleware: listens to requests that come with a bearer credential, and keeps those of programs."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in _UNHEARD or not _with_key(scope):
            await self._app(scope, receive, send)
            return
        listening = _Listening(scope, receive, send)
        try:
            await self._app(scope, listening.receive, listening.send)
        finally:
            listening.done()


def _with_key(scope: Scope) -> bool:
    return any(name == b"authorization" and value[:7] in _WITH_KEYS for name, value in scope["headers"])


class _Listening:
    """One request: its bodies as they go by."""

    __slots__ = ("_asked", "_asked_bytes", "_began", "_receive", "_said", "_said_bytes", "_scope", "_send", "_status")

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._scope, self._receive, self._send = scope, receive, send
        self._asked: list[bytes] = []
        self._said: list[bytes] = []
        self._asked_bytes = self._said_bytes = 0
        self._status = 500
        self._began = time.perf_counter()

    async def receive(self) -> Message:
        message = await self._receive()
        if body := message.get("body"):
            if self._asked_bytes < MOST_HELD:
                self._asked.append(body)
            self._asked_bytes += len(body)
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
        elif body := message.get("body"):
            if self._said_bytes < MOST_HELD:
                self._said.append(body)
            self._said_bytes += len(body)
        await self._send(message)

    def done(self) -> None:
        actor: Actor | None = self._scope.get("actor")
        if actor is None or actor.client is None or actor.client.kind not in _PROGRAMS or not actor.entity_ids:
            return
        took = time.perf_counter() - self._began
        recorder: Recorder = self._scope["app"].state.requests
        recorder.take(self._seen(actor, actor.client.kind.value, actor.client.id, took))

    def _seen(self, actor: Actor, kind: str, client_id: UUID, took: float) -> Seen:
        scope = self._scope
        return Seen(
            at=datetime.now(UTC) - timedelta(seconds=took),
            entity_id=actor.entity_ids[0],
            organization_id=actor.organization_id,
            client_kind=kind,
            client_id=client_id,
            user_id=actor.user_id,
            request_id=scope.get("request_id", ""),
            method=scope["method"][:20],
            route=_CONVERTER.sub("}", getattr(scope.get("route"), "path", "unmatched")),
            path=scope["path"],
            ip_address=scope["client"][0] if scope.get("client") else "",
            headers=dict(scope["headers"]),
            request_body=b"".join(self._asked)[:MOST_HELD],
            request_bytes=self._asked_bytes,
            response_body=b"".join(self._said)[:MOST_HELD],
            response_bytes=self._said_bytes,
            status=self._status,
            milliseconds=round(took * 1000),
        )
