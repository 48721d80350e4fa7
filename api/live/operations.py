"""Queries and mutations over a socket or a stream: admitted and answered as over HTTP."""

from typing import Any

import orjson

from api import metrics
from api.admission import Admitted
from api.context import Context
from api.cost import charged, settled
from api.executor import execute
from api.lane import Lane, Ordinary
from api.masking import presented
from api.reading.schema import Schema


class Answers:
    """The response of an operation that is not a subscription."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._lane = Lane(schema)

    async def answer(self, admitted: Admitted, context: Context) -> bytes:
        """The JSON of the whole response."""
        with metrics.graphql_operation(admitted.operation.name.value if admitted.operation.name else None) as measured:
            data, errors = await charged(context, self._parts(admitted, context))
            measured.type, measured.outcome = context.operation, "error" if errors else "ok"
        parts = [b'"errors":' + orjson.dumps(errors)] if errors else []
        parts += [b'"data":' + (data or b"null")]
        extensions = {"requestId": context.request.request_id, "cost": settled(context, errors)}
        parts += [b'"extensions":' + orjson.dumps(extensions)]
        return b"{" + b",".join(parts) + b"}"

    async def _parts(self, admitted: Admitted, context: Context) -> tuple[bytes | None, list[dict[str, Any]]]:
        try:
            written = await self._lane.answer(admitted, context)
            return written.data, presented([*written.errors], context)
        except Ordinary as ordinary:
            metrics.ORDINARY.labels(ordinary.reason).inc()
        result = await execute(self._schema, admitted, context)
        return orjson.dumps(result.data), presented(result.errors or [], context)
