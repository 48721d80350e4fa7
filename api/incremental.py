"""`@defer` and `@stream`: an answer in parts, for a client that takes `multipart/mixed`.

The parts are those of the incremental delivery RFC: `pending`, `incremental`, `completed`, `hasNext`. A client that
does not take them, a mutation and a subscription are answered whole, as if the directives were not there.
"""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, cast

import orjson
from graphql import ExperimentalIncrementalExecutionResults
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api.connected import while_connected
from api.context import Context
from api.cost import settled
from api.lane import Written
from api.masking import presented

_MEDIA_TYPE = b'multipart/mixed; boundary="-"'
_HEADERS = ((b"content-type", _MEDIA_TYPE), (b"cache-control", b"no-store"), (b"vary", b"Accept, Origin"))
_PART = b"\r\n---\r\nContent-Type: application/json; charset=utf-8\r\n\r\n"
_END = b"\r\n-----\r\n"


@dataclass(frozen=True, slots=True)
class Begun(Written):
    """The first part of an answer, and where the others come from."""

    results: ExperimentalIncrementalExecutionResults | None = None

    @classmethod
    def of(cls, results: ExperimentalIncrementalExecutionResults) -> "Begun":
        first = results.initial_result
        return cls(orjson.dumps(first.data), first.errors or (), results)


class InParts(Response):
    """Sends the parts as they come; a client that goes away ends the work."""

    media_type = None

    def __init__(self, begun: Begun, errors: list[dict[str, Any]], context: Context) -> None:
        self.status_code = 200
        self.background = None
        self.raw_headers = [*_HEADERS]
        self._begun = begun
        self._errors = errors
        self._context = context

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        try:
            async with while_connected(receive), aclosing(self._parts()) as parts:
                async for part in parts:
                    body = _PART + orjson.dumps(part)
                    await send({"type": "http.response.body", "body": body, "more_body": True})
                await send({"type": "http.response.body", "body": _END})
        except ClientDisconnect:
            return
        finally:
            if self._context.charge is not None:
                self._context.charge.forfeit()

    async def _parts(self) -> AsyncGenerator[dict[str, Any], None]:
        results = self._begun.results
        assert results is not None
        yield self._first(results)
        async with aclosing(results.subsequent_results) as later:
            async for part in later:
                yield self._later(part)

    def _first(self, results: ExperimentalIncrementalExecutionResults) -> dict[str, Any]:
        pending = [part.formatted for part in results.initial_result.pending]
        errors = {"errors": self._errors} if self._errors else {}
        data = orjson.Fragment(cast(bytes, self._begun.data))
        extensions = {"requestId": self._context.request.request_id}
        return {**errors, "data": data, "pending": pending, "hasNext": True, "extensions": extensions}

    def _later(self, part: Any) -> dict[str, Any]:
        made: dict[str, Any] = {"hasNext": part.has_next}
        for name in ("pending", "incremental", "completed"):
            if items := getattr(part, name):
                made[name] = [self._formatted(item) for item in items]
        if not part.has_next:
            cost: Mapping[str, int] | None = settled(self._context, ())
            made["extensions"] = {"requestId": self._context.request.request_id, **({"cost": cost} if cost else {})}
        return made

    def _formatted(self, item: Any) -> dict[str, Any]:
        made: dict[str, Any] = dict(item.formatted)
        if getattr(item, "errors", None):
            made["errors"] = presented(item.errors, self._context)
        return made
