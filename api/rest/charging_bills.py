"""Bills of charging sessions as a download in CSV, written while it is read: GET /charging-bills."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.downloads import attachment, begun, csv_of, hold_downloads, span_of, with_amounts
from api.guards import require
from api.openapi import described
from api.openapi.shapes import CSV, SPAN
from api.requests import actor_of
from domain.charging_bills import export
from domain.charging_bills.events import ChargingBillsExported
from domain.charging_bills.export import AMOUNTS, COLUMNS
from domain.errors import NotFound
from tenants.permissions import Permission


async def charging_bills(request: Request) -> Response:
    """`?entityId=&since=2026-01-01&until=2027-01-01`, by the end of sessions; until is not included."""
    actor = await actor_of(request)
    require(actor, actor.may(Permission.CHARGING_READ), "Who may read sessions may download their bills.")
    span = span_of(request)
    await hold_downloads(request, actor, "charging-bills", "Charging bills")
    said = ChargingBillsExported(span.since.isoformat(), span.until.isoformat())
    name = await begun(request, actor, span, "charging-bills", said)
    pages = export.pages(request.app.state.database, actor, span)
    return attachment(csv_of(COLUMNS, pages, with_amounts(COLUMNS, AMOUNTS)), name)


ROUTES = [
    described(
        Route("/charging-bills", charging_bills, methods=["GET"]),
        summary="Charging bills, by the day on which the session ended.",
        tag="Downloads",
        responses={200: CSV},
        codes={400: ("BAD_INPUT", "BAD_ID"), 404: (NotFound,)},
        parameters=SPAN,
    )
]
