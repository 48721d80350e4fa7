"""Files that are written while they are read: CSV of an entity over a span of days, and what all of them share."""

import csv
import io
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Row
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from api.guards import entity_of, hold
from api.requests import RequestError
from domain import exports
from domain.errors import NotFound
from domain.events.record import Payload
from domain.exports import Span
from domain.money import Money
from tenants.actor import Actor

PER_HOUR = 20
CSV = "text/csv; charset=utf-8; header=present"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
Pages = AsyncIterator[Sequence[Row[Any]]]


async def hold_downloads(request: Request, actor: Actor, name: str, subject: str) -> None:
    """429 after `PER_HOUR` downloads of a kind; `subject` is what the refusal calls them."""
    await hold(
        request, f"{name}:{actor.user_id}", PER_HOUR, 3600, f"{subject} can be downloaded {PER_HOUR} times an hour."
    )


def refuse_unknown(request: Request, known: Iterable[str]) -> None:
    """400 for a parameter that nothing would come of."""
    if unknown := set(request.query_params) - set(known):
        raise RequestError(400, "BAD_INPUT", f"Unknown parameter {sorted(unknown)[0]!r}.")


def span_of(request: Request) -> Span:
    """`?entityId=&since=2026-01-01&until=2027-01-01`."""
    refuse_unknown(request, ("entityId", "since", "until"))
    return Span(entity_of(request), _day(request, "since"), _day(request, "until"))


def _day(request: Request, name: str) -> date:
    try:
        return date.fromisoformat(request.query_params.get(name) or "")
    except ValueError:
        raise RequestError(400, "BAD_INPUT", f"{name}: a day, as in 2026-01-01.") from None


async def begun(request: Request, actor: Actor, span: Span, name: str, said: Payload) -> str:
    """Say in the entity's log what is taken away; the name of the file. 404 where the entity is not the actor's."""
    return f"{name}-{await told(request, actor, span, said)}-{span.since}-{span.until}.csv"


async def told(request: Request, actor: Actor, span: Span, said: Payload) -> str:
    """The same; the code of the entity."""
    try:
        return await exports.begin(request.app.state.database, actor, span, said)
    except NotFound as error:
        raise RequestError(404, error.code, error.message("en")) from None


def attachment(body: AsyncIterator[Any], name: str, media_type: str = CSV) -> Response:
    """A download that nobody keeps on the way."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return StreamingResponse(body, headers=headers, media_type=media_type)


async def csv_of(columns: Sequence[str], pages: Pages, line: Callable[[Row[Any]], Iterable[Any]]) -> AsyncIterator[str]:
    """RFC 4180."""
    yield _written([columns])
    async for rows in pages:
        yield _written(line(row) for row in rows)


def with_amounts(columns: Sequence[str], amounts: Collection[str]) -> Callable[[Row[Any]], Iterable[Any]]:
    """Lines of these columns; `amounts` are in cents and are written in whole units with a point."""
    return lambda row: [_cell(row, name, name in amounts) for name in columns]


def _cell(row: Row[Any], name: str, is_amount: bool) -> Any:
    value = getattr(row, name)
    if is_amount:
        return Money(value, row.currency).amount
    return harmless(value) if isinstance(value, str) else value


def _written(rows: Iterable[Iterable[Any]]) -> str:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue()


def harmless(text: str) -> str:
    """A text that a spreadsheet would take for a formula begins with an apostrophe."""
    return f"'{text}" if text.startswith(_FORMULA) else text
