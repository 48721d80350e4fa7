"""GraphQL over HTTP: https://graphql.github.io/graphql-over-http/draft/.

Answers `application/graphql-response+json` where it is asked for, else `application/json`. A request that cannot be
executed has no `data` key; its status is 4xx, or 200 where a document does not parse or validate and plain JSON was
asked for. A bug of ours is one masked error whose id is in the log.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import orjson
from graphql import ExecutionResult
from opentelemetry.trace import INVALID_SPAN, Span, get_tracer
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from structlog.contextvars import bind_contextvars

from api import metrics
from api.admission import READS, READS_AND_WRITES, Admitted, Refused, admit
from api.connected import while_connected
from api.context import Context
from api.cost import BUDGET_EXHAUSTED, charged, settled
from api.executor import execute_in_parts
from api.incremental import Begun, InParts
from api.lane import Lane, Ordinary, Written
from api.masking import OURS, presented
from api.reading.schema import Schema
from api.requests import JSON, RESPONSE_JSON, Operation, RequestError, context_of, negotiated, read_operation
from tenants import tracing

CLIENT_CLOSED_REQUEST = 499
TOO_MANY_REQUESTS = 429
_METHODS = "GET, HEAD, OPTIONS, POST"

_tracer = get_tracer("chargecars.graphql")


class GraphQLEndpoint:
    """The one path of the API."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._lane = Lane(schema)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self.answer(Request(scope, receive))
        await response(scope, receive, send)

    async def answer(self, request: Request) -> Response:
        """The response to one request; a client that goes away ends the work."""
        media_type = JSON
        if request.method == "OPTIONS":
            return Response(status_code=204, headers={"Allow": _METHODS})
        try:
            _check_method(request.method)
            media_type = negotiated(request.headers.get("accept"))
            operation = await read_operation(request)
            context = await context_of(request)
            bind_contextvars(operation=metrics.bucket(operation.name))
            async with while_connected(request.receive):
                return await self._execute(request, operation, context, media_type)
        except RequestError as refused:
            return refusal(request, refused, media_type)
        except ClientDisconnect:
            return Response(status_code=CLIENT_CLOSED_REQUEST)

    async def _execute(self, request: Request, operation: Operation, context: Context, media_type: str) -> Response:
        with metrics.graphql_operation(operation.name) as measured, _span() as span:
            written = await charged(context, self._written(request, operation, context))
            errors = presented([*written.errors], context) if written.errors else []
            measured.type = context.operation or "unknown"
            measured.outcome = "ok" if not errors else "invalid" if written.data is None else "error"
            span.set_attributes({"graphql.operation.type": measured.type, "graphql.outcome": measured.outcome})
            request.scope["logged"].update(type=measured.type, outcome=measured.outcome)
        if isinstance(written, Begun):
            return InParts(written, errors, context)
        status = 200 if written.data is not None else status_of(errors, media_type)
        response = _response(request, written.data, errors, media_type, status, settled(context, errors))
        if status == TOO_MANY_REQUESTS:
            response.headers["Retry-After"] = str(errors[0]["extensions"]["retryAfter"])
        return response

    async def _written(self, request: Request, operation: Operation, context: Context) -> Written:
        allowed = READS_AND_WRITES if request.method == "POST" else READS
        try:
            admitted = await admit(self._schema, operation, context, allowed)
        except Refused as refused:
            return Written(None, refused.errors)
        try:
            return await self._lane.answer(admitted, context)
        except Ordinary as ordinary:
            metrics.ORDINARY.labels(ordinary.reason).inc()
            return await self._ordinary(admitted, context)

    async def _ordinary(self, admitted: Admitted, context: Context) -> Written:
        """The answer of graphql-core."""
        result = await execute_in_parts(self._schema, admitted, context)
        if not isinstance(result, ExecutionResult):
            return Begun.of(result)
        return Written(None if _is_refused(result) else orjson.dumps(result.data), result.errors or ())


def _check_method(method: str) -> None:
    """Raises: RequestError (405)"""
    if method not in ("GET", "HEAD", "POST"):
        refused = RequestError(405, "METHOD_NOT_ALLOWED", f"Ask by {_METHODS}.")
        refused.headers["Allow"] = _METHODS
        raise refused


def refusal(request: Request, refused: RequestError, media_type: str = JSON) -> Response:
    """A request that was refused before anything was executed, in GraphQL's form."""
    errors = [{"message": refused.message, "extensions": refused.extensions}]
    response = _response(request, None, errors, media_type, refused.status)
    response.headers.update(refused.headers)
    return response


def _is_refused(result: ExecutionResult) -> bool:
    """Whether nothing was executed: the errors belong to the request and to no field."""
    return result.data is None and all(error.path is None for error in result.errors or ())


def status_of(errors: list[dict[str, Any]], media_type: str) -> int:
    """Of an answer without data."""
    codes = {error["extensions"]["code"] for error in errors}
    if codes & OURS:
        return 500
    if BUDGET_EXHAUSTED in codes:
        return TOO_MANY_REQUESTS
    return 400 if media_type == RESPONSE_JSON else 200


class _Response(Response):
    """Bytes of a known media type, without looking at headers again."""

    def __init__(self, body: bytes, status: int, media_type: str) -> None:
        self.body = body
        self.status_code = status
        self.background = None
        self.raw_headers = [*_HEADERS[media_type], (b"content-length", b"%d" % len(body))]


def _response(
    request: Request,
    data: bytes | None,
    errors: list[dict[str, Any]],
    media_type: str,
    status: int,
    cost: Mapping[str, int] | None = None,
) -> Response:
    extensions = {"requestId": request.scope.get("request_id", "")} | ({"cost": cost} if cost else {})
    return _Response(body_of(data, errors, extensions), status, media_type)


def body_of(data: bytes | None, errors: list[dict[str, Any]], extensions: Mapping[str, Any]) -> bytes:
    """The JSON of a response: `data` as it was written."""
    parts = [b"{"]
    if errors:
        parts += [b'"errors":', orjson.dumps(errors), b","]
    if data is not None:
        parts += [b'"data":', data, b","]
    return b"".join([*parts, b'"extensions":', orjson.dumps(extensions), b"}"])


_HEADERS = {
    media_type: [
        (b"content-type", f"{media_type}; charset=utf-8".encode()),
        (b"cache-control", b"no-store"),
        (b"vary", b"Accept, Origin"),
    ]
    for media_type in (JSON, RESPONSE_JSON)
}


def _span() -> AbstractContextManager[Span]:
    return _tracer.start_as_current_span("graphql") if tracing.enabled() else nullcontext(INVALID_SPAN)
