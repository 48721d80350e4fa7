"""Charging sessions as a download in CSV, written while it is read: GET /charging/sessions."""

from decimal import Decimal
from typing import Any

from sqlalchemy import Row
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.downloads import attachment, begun, csv_of, harmless, hold_downloads, span_of
from api.guards import require
from api.openapi import described
from api.openapi.shapes import CSV, SPAN
from api.requests import actor_of
from domain.errors import NotFound
from domain.sessions import export
from domain.sessions.events import SessionsExported
from tenants.audience import Audience
from tenants.permissions import Permission

_COLUMNS = (
    "number",
    "charger",
    "connector",
    "state",
    "started_at",
    "ended_at",
    "paused_seconds",
    "kwh",
    "stop_reason",
    "marks",
    "driver",
    "token",
)


async def sessions(request: Request) -> Response:
    """`?entityId=&since=2026-01-01&until=2027-01-01`: those that began then; until is not included. Times in UTC."""
    actor = await actor_of(request)
    staff = actor.audience in (Audience.STAFF, Audience.SYSTEM)
    require(actor, staff and actor.may(Permission.CHARGING_READ), "Staff may download the sessions of an entity.")
    span = span_of(request)
    await hold_downloads(request, actor, "charging-sessions", "Sessions")
    said = SessionsExported(span.since.isoformat(), span.until.isoformat())
    name = await begun(request, actor, span, "charging-sessions", said)
    return attachment(csv_of(_COLUMNS, export.pages(request.app.state.database, actor, span), _line), name)


def _line(row: Row[Any]) -> list[Any]:
    ended = row.ended_at.isoformat() if row.ended_at else ""
    texts = [harmless(text or "") for text in (row.stop_reason, " ".join(row.marks), row.driver, row.token)]
    kwh = Decimal(row.energy_wh).scaleb(-3)
    start = row.started_at.isoformat()
    return [row.number, row.identity, row.connector, row.state, start, ended, row.paused_seconds, kwh, *texts]


ROUTES = [
    described(
        Route("/charging/sessions", sessions, methods=["GET"]),
        summary="Charging sessions, by the day on which they began.",
        tag="Downloads",
        responses={200: CSV},
        codes={400: ("BAD_INPUT", "BAD_ID"), 404: (NotFound,)},
        parameters=SPAN,
    )
]
