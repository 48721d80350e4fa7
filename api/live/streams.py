"""Event streams (SSE), the "distinct connections mode" of graphql-sse.

`POST` or `GET /graphql/stream`: one operation, `event: next` per response, `event: complete` at the end. A GET may come
from an EventSource with a ticket (`tickets`); `id:` lines hold the cursors of updates, and `Last-Event-ID` resumes, or
`lastEventId` in the address before there was an update.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

import orjson
from graphql import GraphQLError, OperationType
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from api.admission import EVERYTHING, READS, Admitted, Refused, admit
from api.connected import while_connected
from api.context import Context
from api.graphql import refusal
from api.live import tickets
from api.live.callers import Caller, bearer_of
from api.live.codes import TOO_MANY_CONNECTIONS, Ended
from api.live.live import Full, Live, Ready
from api.live.operations import Answers
from api.live.subscriber import Subscriber
from api.live.watching import Held
from api.live.wire import EventOutlet, QueuedWire
from api.masking import presented
from api.reading.schema import Schema
from api.requests import Operation, RequestError, read_operation
from tenants.auth.errors import Unauthenticated

STREAM = "text/event-stream"
_READING = READS | {OperationType.SUBSCRIPTION}
_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"vary", b"Accept, Origin"),
    (b"x-accel-buffering", b"no"),
]
_COMPLETE = b"event: complete\ndata: \n\n"
_ALIVE = b":\n\n"
_RETRY_MS = 1000


class StreamEndpoint:
    """`Route("/graphql/stream", endpoint.serve)` and `Route("/graphql/stream/ticket", endpoint.ticket)`."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._answers = Answers(schema)

    async def serve(self, request: Request) -> Response:
        """The stream of one operation."""
        try:
            return await self._stream(request)
        except RequestError as refused:
            return refusal(request, refused)

    async def ticket(self, request: Request) -> Response:
        """A ticket for the operation in the body, by the Authorization header."""
        try:
            return await self._ticket(request)
        except RequestError as refused:
            return refusal(request, refused)

    async def _stream(self, request: Request) -> Response:
        if STREAM not in request.headers.get("accept", STREAM) and "*/*" not in request.headers["accept"]:
            raise RequestError(406, "NOT_ACCEPTABLE", f"Accept {STREAM}.")
        operation = await read_operation(request)
        stream = await _Stream.opened(request, operation)
        try:
            await stream.admit(self._schema, operation, self._answers)
        except Refused as refused:
            stream.leave()
            return _refusal(presented(refused.errors, stream.context))
        except GraphQLError as error:
            stream.leave()
            return _refusal(presented([error], stream.context))
        except BaseException:
            stream.leave()
            raise
        return stream

    async def _ticket(self, request: Request) -> Response:
        operation, live = await read_operation(request), _live(request)
        bearer, host = _bearer(request, operation, ticket=None), request.headers.get("host", "")
        held = await _hold(live, bearer, host, _ignored)
        live.watch.release(held, _ignored)
        expires = held.credential.expires_at
        until = expires.timestamp() if expires else None
        made = tickets.issue(live.settings, bearer, host, operation, until)
        return JSONResponse(made | {"cursor": await live.cursor()}, headers={"Cache-Control": "no-store"})


class _Stream(Response):
    """One open stream."""

    def __init__(self, request: Request, live: Live, wire: QueuedWire, held: Held, context: Context) -> None:
        self.background = None
        self.context = context
        self._request = request
        self._live = live
        self._wire = wire
        self._held = held
        self._ready: Ready | None = None
        self._answer: bytes | None = None
        self._subscriber: Subscriber | None = None

    @classmethod
    async def opened(cls, request: Request, operation: Operation) -> "_Stream":
        """A stream whose client is known. Raises: RequestError."""
        live = _live(request)
        wire, caller = QueuedWire(live.bounds), await Caller.of(request)
        bearer = _bearer(request, operation, request.query_params.get("ticket"))
        held = await _hold(live, bearer, request.headers.get("host", ""), wire.end)
        try:
            context = caller.context(held.credential.actor, operation.extensions)
        except RequestError:
            live.watch.release(held, wire.end)
            raise
        return cls(request, live, wire, held, context)

    async def admit(self, schema: Schema, operation: Operation, answers: Answers) -> None:
        """Decide about the operation. Raises: RequestError, Refused, GraphQLError."""
        allowed = EVERYTHING if self._request.method == "POST" else _READING
        async with self._live.beginning:
            admitted: Admitted = await admit(schema, operation, self.context, allowed)
            if admitted.operation_type is OperationType.SUBSCRIPTION:
                self._ready = await self._live.ready(admitted, self.context.actor, _last_event(self._request))
        if self._ready is None:
            self._answer = await answers.answer(admitted, self.context)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            with self._live.connection("stream"):
                async with while_connected(receive):
                    await self._send(send)
        except ClientDisconnect:
            pass
        except Full:
            headers = {"Retry-After": "5"}
            await Response("TOO_MANY_CONNECTIONS", 503, headers)(scope, receive, send)
        finally:
            self.leave()

    def leave(self) -> None:
        """Let everything go that the stream holds."""
        if self._subscriber is not None:
            self._subscriber.leave()
        self._live.watch.release(self._held, self._wire.end)

    async def _send(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
        joining = asyncio.create_task(self._join())
        try:
            await self._forward(send)
        except Ended as ended:
            reason = b"" if ended.reason == "complete" else b": %b\n\n" % ended.reason.encode()
            await send({"type": "http.response.body", "body": reason})
        finally:
            joining.cancel()

    async def _forward(self, send: Send) -> None:
        """Until the wire is ended. Raises: Ended."""
        await send({"type": "http.response.body", "body": await self._greeting(), "more_body": True})
        while True:
            waiting = await self._wire.taken(self._live.settings.live_keepalive_seconds)
            await send({"type": "http.response.body", "body": b"".join(waiting) or _ALIVE, "more_body": True})

    async def _greeting(self) -> bytes:
        """To a GET, for an EventSource: how soon to come back, and from where to resume before the first update."""
        if self._request.method != "GET" or self._ready is None:
            return _ALIVE
        cursor = _last_event(self._request) or await self._live.cursor()
        return b"retry: %d\nid: %b\n\n" % (_RETRY_MS, cursor.encode())

    async def _join(self) -> None:
        if self._ready is None:
            self._finish(self._answer or b"")
            return
        self._subscriber = Subscriber(EventOutlet(self._wire), self._failed)
        try:
            await self._live.run(self._ready, self._subscriber)
        except Ended as ended:
            self._wire.end(ended.code, ended.reason)
        except GraphQLError as error:
            self._failed([error])
        except Exception as error:
            self._failed([GraphQLError("", original_error=error)])

    def _failed(self, errors: Sequence[GraphQLError]) -> None:
        self._finish(orjson.dumps({"errors": presented([*errors], self.context)}))

    def _finish(self, response: bytes) -> None:
        self._wire.send(b"event: next\ndata: %b\n\n" % response.replace(b"\n", b"") + _COMPLETE)
        self._wire.end(1000, "complete")


def _live(request: Request) -> Live:
    live: Live = request.app.state.live
    return live


def _last_event(request: Request) -> str | None:
    return request.headers.get("last-event-id") or request.query_params.get("lastEventId") or None


def _bearer(request: Request, operation: Operation, ticket: str | None) -> str:
    live, host = _live(request), request.headers.get("host", "")
    try:
        if ticket is not None:
            return tickets.bearer_in(live.settings, ticket, host, operation)
        return bearer_of(request.headers.get("authorization"))
    except Unauthenticated as error:
        raise _unauthenticated(error.message, error.code) from None


async def _hold(live: Live, bearer: str, host: str, end: Any) -> Held:
    try:
        return await live.watch.hold(bearer, host, end)
    except Ended as ended:
        if ended.code == TOO_MANY_CONNECTIONS:
            raise RequestError(429, ended.reason, "Too many connections of this login or key.") from None
        raise _unauthenticated("The login or key does not hold.", ended.reason) from None


def _unauthenticated(message: str, reason: str) -> RequestError:
    refused = RequestError(401, "UNAUTHENTICATED", message, reason=reason)
    refused.headers["WWW-Authenticate"] = 'Bearer error="invalid_token"'
    return refused


def _refusal(errors: list[dict[str, Any]]) -> Response:
    return JSONResponse({"errors": errors}, 400, headers={"Cache-Control": "no-store", "Vary": "Accept, Origin"})


def _ignored(_code: int, _reason: str) -> None:
    return None
