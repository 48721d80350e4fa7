"""One WebSocket that speaks graphql-transport-ws: https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md"""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import structlog
from graphql import GraphQLError, OperationType
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.websockets import WebSocket, WebSocketDisconnect

from api.admission import EVERYTHING, Admitted, Refused, admit
from api.context import Context
from api.cors import allows
from api.live import codes, messages
from api.live.callers import Caller, bearer_of
from api.live.codes import Ended
from api.live.frames import tail_of
from api.live.live import Full, Live, Ready
from api.live.messages import Kind, Said
from api.live.operations import Answers
from api.live.subscriber import Subscriber
from api.live.watching import Held
from api.live.wire import EXTENSION, DirectWire, QueuedWire, Wire, sending
from api.masking import presented
from api.reading.schema import Schema
from api.requests import RequestError
from tenants.auth.errors import Unauthenticated

log = structlog.get_logger(__name__)

STARTING = "operation of a socket"
"""Name of the task of an operation until it is live or done."""


class SocketEndpoint:
    """`WebSocketRoute("/graphql", endpoint.serve)`."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._answers = Answers(schema)

    async def serve(self, websocket: WebSocket) -> None:
        """Speak with one client until it goes or is told to."""
        if (refusal := await _refusal(websocket)) is not None:
            await websocket.send_denial_response(refusal)
            return
        live: Live = websocket.app.state.live
        try:
            with live.connection("websocket"):
                await _accept(websocket)
                await _Conversation(websocket, live, self._schema, self._answers).run()
        except Full:
            await websocket.send_denial_response(Response("TOO_MANY_CONNECTIONS", 503, {"Retry-After": "5"}))
        except WebSocketDisconnect:
            pass


async def _refusal(websocket: WebSocket) -> Response | None:
    """Pages of other origins get no socket; what is no page has no origin."""
    origin, state = websocket.headers.get("origin"), websocket.app.state
    if origin is None or await allows(state.database, state.settings, websocket.scope, origin):
        return None
    return Response("ORIGIN_NOT_ALLOWED", 403)


async def _accept(websocket: WebSocket) -> None:
    if messages.PROTOCOL in websocket.scope["subprotocols"]:
        await websocket.accept(messages.PROTOCOL)
        return
    await websocket.accept()
    await websocket.close(codes.UNACCEPTABLE, "Subprotocol not acceptable")
    raise WebSocketDisconnect(codes.UNACCEPTABLE)


@dataclass(slots=True)
class _Running:
    """An operation: its task until it is live or done, its subscriber while it is live."""

    task: "asyncio.Task[None] | None" = None
    subscriber: Subscriber | None = None
    stopped: bool = False
    """A cancelled task may still go on: a library can lose a cancellation that comes with its answer."""

    def stop(self) -> None:
        self.stopped = True
        if self.subscriber is not None:
            self.subscriber.leave()
        if self.task is not None:
            self.task.cancel()


class _Conversation:
    """What is said on one socket."""

    __slots__ = ("_answers", "_caller", "_held", "_live", "_operations", "_schema", "_websocket", "_wire")

    def __init__(self, websocket: WebSocket, live: Live, schema: Schema, answers: Answers) -> None:
        self._websocket = websocket
        self._live = live
        self._schema = schema
        self._answers = answers
        self._operations: dict[str, _Running] = {}
        self._held: Held | None = None
        self._caller: Caller | None = None
        extensions = websocket.scope.get("extensions") or {}
        direct = extensions.get(EXTENSION)
        self._wire: Wire = DirectWire(direct, live.bounds) if direct else QueuedWire(live.bounds)

    async def run(self) -> None:
        """Listen until the connection ends, then leave nothing behind."""
        sender, began = self._sender(), time.monotonic()
        try:
            await self._listen()
        except Ended as ended:
            self._wire.end(ended.code, ended.reason)
        except WebSocketDisconnect:
            pass
        except Exception:
            log.exception("socket_failed")
            self._wire.end(codes.INTERNAL, "INTERNAL")
        finally:
            self._account(time.monotonic() - began)
            self._leave()
            if sender is not None:
                self._wire.end(1000, "")
                with suppress(asyncio.CancelledError, Exception):
                    await sender

    def _sender(self) -> "asyncio.Task[None] | None":
        """Of servers that do not let us write ourselves."""
        if not isinstance(self._wire, QueuedWire):
            return None
        wire = self._wire

        async def send() -> None:
            ended = await sending(wire, self._websocket.send_text)
            await self._websocket.close(ended.code, ended.reason)

        return asyncio.create_task(send())

    def _account(self, seconds: float) -> None:
        """One line in the log per connection."""
        actor = self._held.credential.actor if self._held else None
        who = {"actor": str(actor.user_id or ""), "role": actor.role.value} if actor else {}
        log.info("socket_ended", seconds=round(seconds, 1), operations=len(self._operations), **who)

    def _leave(self) -> None:
        for running in self._operations.values():
            running.stop()
        self._operations.clear()
        if self._held is not None:
            self._live.watch.release(self._held, self._wire.end)
            self._held = None

    # --- listening ----------------------------------------------------------------------------------------------

    async def _listen(self) -> None:
        try:
            async with asyncio.timeout(self._live.settings.live_init_seconds):
                while self._held is None:
                    await self._before(await self._next())
        except TimeoutError:
            raise Ended(codes.INIT_TIMEOUT, "Connection initialisation timeout") from None
        while True:
            self._hear(await self._next())

    async def _next(self) -> Said:
        message = await self._websocket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code") or 1005)
        if message.get("text") is None:
            raise Ended(codes.BAD_REQUEST, "Only text messages are understood")
        return messages.read(message["text"])

    async def _before(self, said: Said) -> None:
        """Until the client has said who it is."""
        match said.kind:
            case Kind.CONNECTION_INIT:
                await self._admit(said.payload)
            case Kind.SUBSCRIBE:
                raise Ended(codes.UNAUTHORIZED, "Unauthorized")
            case Kind.PING:
                self._wire.send(messages.pong(said.payload))

    def _hear(self, said: Said) -> None:
        match said.kind:
            case Kind.CONNECTION_INIT:
                raise Ended(codes.TOO_MANY_INITS, "Too many initialisation requests")
            case Kind.SUBSCRIBE:
                self._start(said)
            case Kind.COMPLETE:
                if (running := self._operations.pop(said.id, None)) is not None:
                    running.stop()
            case Kind.PING:
                self._wire.send(messages.pong(said.payload))

    async def _admit(self, payload: Any) -> None:
        headers = self._websocket.headers
        given = {key.lower(): value for key, value in (payload or {}).items()}.get("authorization")
        try:
            bearer = bearer_of(given if given is not None else headers.get("authorization"))
        except Unauthenticated as error:
            raise Ended(codes.FORBIDDEN, error.code) from None
        self._held = await self._live.watch.hold(bearer, headers.get("host", ""), self._wire.end)
        self._caller = await Caller.of(HTTPConnection(self._websocket.scope))
        self._wire.send(messages.acknowledged(await self._live.cursor()))

    # --- operations ---------------------------------------------------------------------------------------------

    def _start(self, said: Said) -> None:
        if said.id in self._operations:
            raise Ended(codes.SUBSCRIBER_EXISTS, f"Subscriber for {said.id} already exists")
        most = self._live.settings.live_subscriptions_per_connection
        if len(self._operations) >= most:
            error = codes.too_many(most)
            self._wire.send(messages.failed(said.id, [{"message": error.message, "extensions": error.extensions}]))
            return
        running = self._operations[said.id] = _Running()
        running.task = asyncio.create_task(self._run(said, running), name=STARTING)

    async def _run(self, said: Said, running: _Running) -> None:
        try:
            errors = await self._operate(said, running)
        except Ended as ended:
            self._wire.end(ended.code, ended.reason)
            return
        except RequestError as refused:
            errors = messages.refused(refused)
        finally:
            running.task = None
        if errors:
            self._fail(said.id, running, errors)

    async def _operate(self, said: Said, running: _Running) -> list[dict[str, Any]]:
        """Execute, or begin to; returns the errors of an operation that did not start."""
        asked = messages.operation(said)
        assert self._held is not None
        assert self._caller is not None
        context = self._caller.context(self._held.credential.actor, asked.extensions)
        try:
            async with self._live.beginning:
                admitted = await admit(self._schema, asked, context, EVERYTHING)
                ready = await self._live.ready(admitted, context.actor) if _is_subscription(admitted) else None
            if ready is None:
                self._conclude(said.id, running, await self._answers.answer(admitted, context))
            elif not running.stopped:
                await self._subscribe(said.id, running, ready, context)
        except Refused as refused:
            return presented(refused.errors, context)
        except GraphQLError as error:
            return presented([error], context)
        except (Ended, RequestError):
            raise
        except Exception as error:
            return presented([GraphQLError("", original_error=error)], context)
        return []

    async def _subscribe(self, id: str, running: _Running, ready: Ready, context: Context) -> None:
        def failed(errors: Sequence[GraphQLError]) -> None:
            self._fail(id, running, presented([*errors], context))

        running.subscriber = Subscriber(self._wire.outlet(tail_of(id)), failed)
        await self._live.run(ready, running.subscriber)

    def _conclude(self, id: str, running: _Running, response: bytes) -> None:
        if self._operations.get(id) is running:
            del self._operations[id]
            self._wire.send(messages.answered(id, response))
            self._wire.send(messages.completed(id))

    def _fail(self, id: str, running: _Running, errors: list[dict[str, Any]]) -> None:
        if self._operations.get(id) is running:
            del self._operations[id]
            running.stop()
            self._wire.send(messages.failed(id, errors))


def _is_subscription(admitted: Admitted) -> bool:
    return admitted.operation_type is OperationType.SUBSCRIPTION
