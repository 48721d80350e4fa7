"""Around every request: its id, its line in the log, its span and metrics, the bound on its body."""

import os
import re
import time
from uuid import uuid4

import orjson
import structlog
from opentelemetry import trace
from opentelemetry.propagate import extract
from opentelemetry.trace import SpanKind
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bind_contextvars, clear_contextvars

from api import metrics
from api.requests import RequestError
from tenants import logging, tracing

_REQUEST_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{7,63}")
_SILENT = frozenset({"/healthz", "/readyz", "/metrics"})
_METHODS = frozenset({"GET", "POST", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE"})

log = structlog.get_logger("api.request")
_tracer = trace.get_tracer("chargecars.http")


class Observed:
    """Gives a request its id (the caller's `X-Request-Id` where it is a plain one), logs, traces and measures it.

    Whatever the application did not catch becomes a 500 whose id is in the log.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        clear_contextvars()
        scope["request_id"] = _request_id(scope)
        scope["logged"] = {}
        bind_contextvars(request_id=scope["request_id"])
        metrics.IN_FLIGHT.inc()
        try:
            await _observe(_Answering(self._app, scope, send), scope, receive)
        finally:
            metrics.IN_FLIGHT.dec()


async def _observe(answering: "_Answering", scope: Scope, receive: Receive) -> None:
    if not tracing.enabled():
        await answering.run(receive)
        return
    parent = extract({key.decode("latin-1"): value.decode("latin-1") for key, value in scope["headers"]})
    with _tracer.start_as_current_span("http", parent, SpanKind.SERVER) as span:
        await answering.run(receive)
        span.update_name(f"{scope['method']} {answering.route}")
        span.set_attributes({"http.route": answering.route, "http.response.status_code": answering.status})


class _Answering:
    """One request on its way through the application."""

    def __init__(self, app: ASGIApp, scope: Scope, send: Send) -> None:
        self._app = app
        self._scope = scope
        self._send = send
        self.status = 0

    @property
    def route(self) -> str:
        return getattr(self._scope.get("route"), "path", "unmatched")

    async def run(self, receive: Receive) -> None:
        started = time.perf_counter()
        try:
            await self._app(self._scope, receive, self._sending)
        except Exception:
            await self._fail()
        finally:
            _account(self._scope, self.route, self.status, time.perf_counter() - started)

    async def _sending(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = [*message["headers"], (b"x-request-id", self._scope["request_id"].encode())]
        await self._send(message)

    async def _fail(self) -> None:
        error_id = uuid4().hex
        metrics.UNEXPECTED.inc()
        log.exception("unexpected_error", error_id=error_id)
        if self.status:
            return
        body = {"error": {"code": "INTERNAL", "message": "Something went wrong on our side.", "errorId": error_id}}
        await self._sending(
            {"type": "http.response.start", "status": 500, "headers": [(b"content-type", b"application/json")]}
        )
        await self._send({"type": "http.response.body", "body": orjson.dumps(body)})


class BoundedBody:
    """Refuses a body of more than `most` bytes, also one that does not announce its length; `larger`: of some paths."""

    def __init__(self, app: ASGIApp, most: int, larger: tuple[re.Pattern[str], int] | None = None) -> None:
        self._app = app
        self._most = most
        self._larger = larger

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        received, announced, most = 0, _announced(scope), self._most_of(scope["path"])

        async def bounded() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > most or announced > most:
                raise RequestError(413, "BODY_TOO_LARGE", f"At most {most} bytes.", limit=most)
            return message

        await self._app(scope, bounded, send)

    def _most_of(self, path: str) -> int:
        """Bodies of some paths may be larger."""
        if self._larger and self._larger[0].fullmatch(path):
            return max(self._most, self._larger[1])
        return self._most


def _announced(scope: Scope) -> int:
    length = header(scope, b"content-length") or b"0"
    return int(length) if length.isdigit() else 0


def header(scope: Scope, name: bytes) -> bytes | None:
    """The first header of a name in lower case."""
    for key, value in scope["headers"]:
        if key == name:
            return bytes(value)
    return None


def _request_id(scope: Scope) -> str:
    given = (header(scope, b"x-request-id") or b"").decode("latin-1")
    return given if given and _REQUEST_ID.fullmatch(given) else os.urandom(16).hex()


def _account(scope: Scope, route: str, status: int, seconds: float) -> None:
    """The path is logged as its route: what stands in a path may be a secret."""
    method = scope["method"] if scope["method"] in _METHODS else "other"
    metrics.http_request(method, route, status, seconds)
    duration = round(seconds * 1000, 1)
    known = {"method": method, "route": route, "status": status, "duration_ms": duration, **scope["logged"]}
    if route in _SILENT:
        log.debug("request", **known)
    else:
        logging.request(known)
