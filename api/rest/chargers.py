"""Chargers as a download in CSV, written while it is read: GET /chargers."""

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Row
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.downloads import attachment, csv_of, harmless, hold_downloads, refuse_unknown, told
from api.guards import entity_of, require
from api.openapi import described
from api.openapi.shapes import CSV, SPAN
from api.requests import actor_of
from domain.chargers import export
from domain.chargers.events import ChargersExported
from domain.chargers.export import COLUMNS
from domain.errors import NotFound
from domain.exports import Span
from tenants.audience import Audience
from tenants.permissions import Permission

_MAY = (Audience.STAFF, Audience.PARTNER, Audience.SYSTEM)


async def chargers(request: Request) -> Response:
    """`?entityId=`: all that the caller sees, as they are now. Times in UTC, power in watts."""
    actor = await actor_of(request)
    allowed = actor.audience in _MAY and actor.may(Permission.CHARGERS_READ)
    require(actor, allowed, "Staff and partners may download chargers.")
    refuse_unknown(request, ("entityId",))
    today = datetime.now(UTC).date()
    span = Span(entity_of(request), date.min, today)
    await hold_downloads(request, actor, "chargers", "Chargers")
    name = f"chargers-{await told(request, actor, span, ChargersExported())}-{today}.csv"
    pages = export.pages(request.app.state.database, actor, span.entity_id)
    return attachment(csv_of(COLUMNS, pages, _line), name)


def _line(row: Row[Any]) -> list[Any]:
    return [_cell(getattr(row, name)) for name in COLUMNS]


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        return harmless(value)
    return value.isoformat() if isinstance(value, datetime) else value


ROUTES = [
    described(
        Route("/chargers", chargers, methods=["GET"]),
        summary="Chargers as they are now.",
        tag="Downloads",
        responses={200: CSV},
        codes={400: ("BAD_INPUT", "BAD_ID"), 404: (NotFound,)},
        parameters=SPAN[:1],
    )
]
