"""One request over both lanes: the bytes that PostgreSQL wrote, and what graphql-core makes of the same request."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from api.admission import READS, Refused, admit
from api.context import Context
from api.executor import execute
from api.lane import Lane, Ordinary
from api.masking import presented
from api.reading.jsonsql import METER
from api.reading.schema import Schema
from api.requests import Operation

WITH_ERRORS = frozenset({"refused", "failed"})
"""Why graphql-core answers queries: what is asked is not allowed or cannot be, and its errors have their places."""


@dataclass(frozen=True)
class Answer:
    """`data` is JSON text without the meter, None where nothing was executed; `reason` why the lane did not answer.

    `cause` is the error behind a reason; it does not count where answers are compared.
    """

    data: bytes | None
    errors: list[dict[str, Any]]
    reason: str | None = None
    cause: str = field(default="", compare=False)


async def in_both(
    lane: Lane, schema: Schema, new_context: Callable[[], Context], document: str, variables: Mapping[str, Any]
) -> tuple[Answer, Answer]:
    """The answers of the byte lane and of the ordinary lane."""
    operation = Operation(document, None, dict(variables), None)
    return await _bytes(lane, schema, new_context(), operation), await _ordinary(schema, new_context(), operation)


async def _bytes(lane: Lane, schema: Schema, context: Context, operation: Operation) -> Answer:
    try:
        written = await lane.answer(await admit(schema, operation, context, READS), context)
    except Refused as refused:
        return Answer(None, _shown(refused.errors, context))
    except Ordinary as ordinary:
        return Answer(None, [], ordinary.reason, repr(ordinary.__cause__))
    return Answer(without_meter(written.data), _shown(written.errors, context))


async def _ordinary(schema: Schema, context: Context, operation: Operation) -> Answer:
    try:
        result = await execute(schema, await admit(schema, operation, context, READS), context)
    except Refused as refused:
        return Answer(None, _shown(refused.errors, context))
    return Answer(orjson.dumps(result.data), _shown(result.errors or (), context))


def without_meter(data: bytes | None) -> bytes | None:
    """The text without the line breaks by which it is counted, and without the blanks of PostgreSQL's own jsonb."""
    if data is None:
        return None
    text = data.replace(METER.encode(), b"")
    return orjson.dumps(orjson.loads(text)) if b'": ' in text or b", " in text else text


def _shown(errors: Any, context: Context) -> list[dict[str, Any]]:
    shown = presented([*errors], context)
    for error in shown:
        error["extensions"].pop("errorId", None)
        error["message"] = "" if error["extensions"]["code"] in ("INTERNAL", "TIMEOUT") else error["message"]
    return sorted(shown, key=lambda error: orjson.dumps(error, option=orjson.OPT_SORT_KEYS))
