"""Invoices as a download in CSV, written while it is read: GET /invoices."""

import csv
import io
from collections.abc import AsyncIterator, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Row
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from api.reading.errors import BadInput
from api.reading.ids import parse_id_of
from api.requests import RequestError, actor_of
from domain.errors import NotFound
from domain.invoices import export
from domain.invoices.export import AMOUNTS, COLUMNS, Wanted
from domain.money import Money
from tenants.actor import Actor
from tenants.permissions import Permission
from tenants.rate import take

_PER_HOUR = 20
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


async def invoices(request: Request) -> Response:
    """`?entityId=&since=2026-01-01&until=2027-01-01`, by day of issue; until is not included. What the caller sees."""
    actor = await actor_of(request)
    _require(actor)
    wanted = _wanted(request)
    taken = await take(request.app.state.redis, f"invoices:{actor.user_id}", _PER_HOUR, 3600)
    if not taken.allowed:
        refused = RequestError(429, "RATE_LIMITED", f"Invoices can be downloaded {_PER_HOUR} times an hour.")
        refused.headers["Retry-After"] = str(taken.retry_after)
        raise refused
    database = request.app.state.database
    try:
        code = await export.begin(database, actor, wanted)
    except NotFound as error:
        raise RequestError(404, error.code, error.message("en")) from None
    name = f"invoices-{code}-{wanted.since}-{wanted.until}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    body = _csv(export.pages(database, actor, wanted))
    return StreamingResponse(body, headers=headers, media_type="text/csv; charset=utf-8; header=present")


def _require(actor: Actor) -> None:
    if not actor.signed_in:
        refused = RequestError(401, "UNAUTHENTICATED", "Send Authorization: Bearer, followed by an access token.")
        refused.headers["WWW-Authenticate"] = "Bearer"
        raise refused
    if not actor.may(Permission.INVOICES_READ):
        raise RequestError(403, "FORBIDDEN", "Who may read invoices may download them.")


def _wanted(request: Request) -> Wanted:
    given = request.query_params
    if unknown := set(given) - {"entityId", "since", "until"}:
        raise RequestError(400, "BAD_INPUT", f"Unknown parameter {sorted(unknown)[0]!r}.")
    try:
        entity_id = parse_id_of(frozenset({"BusinessEntity"}), given.get("entityId", ""), "entityId")
    except BadInput as error:
        raise RequestError(400, str((error.extensions or {}).get("code", "BAD_INPUT")), error.message) from None
    return Wanted(entity_id, _day(given.get("since"), "since"), _day(given.get("until"), "until"))


def _day(value: str | None, name: str) -> date:
    try:
        return date.fromisoformat(value or "")
    except ValueError:
        raise RequestError(400, "BAD_INPUT", f"{name}: a day, as in 2026-01-01.") from None


async def _csv(pages: AsyncIterator[Sequence[Row[Any]]]) -> AsyncIterator[str]:
    """RFC 4180; amounts in whole units with a point."""
    yield _written([COLUMNS])
    async for rows in pages:
        yield _written([[_cell(row, name) for name in COLUMNS] for row in rows])


def _written(rows: Sequence[Sequence[Any]]) -> str:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue()


def _cell(row: Row[Any], name: str) -> Any:
    """A text that a spreadsheet would take for a formula begins with an apostrophe."""
    value = getattr(row, name)
    if name in AMOUNTS:
        return Money(value, row.currency).amount
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


ROUTES = [Route("/invoices", invoices, methods=["GET"])]
