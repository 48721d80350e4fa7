"""Invoices as a download in CSV, written while it is read: GET /invoices."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.downloads import attachment, begun, csv_of, hold_downloads, span_of, with_amounts
from api.guards import require
from api.openapi import described
from api.openapi.shapes import CSV, SPAN
from api.requests import actor_of
from domain.errors import NotFound
from domain.invoices import export
from domain.invoices.events import InvoicesExported
from domain.invoices.export import AMOUNTS, COLUMNS
from tenants.permissions import Permission


async def invoices(request: Request) -> Response:
    """`?entityId=&since=2026-01-01&until=2027-01-01`, by day of issue; until is not included. What the caller sees."""
    actor = await actor_of(request)
    require(actor, actor.may(Permission.INVOICES_READ), "Who may read invoices may download them.")
    span = span_of(request)
    await hold_downloads(request, actor, "invoices", "Invoices")
    said = InvoicesExported(span.since.isoformat(), span.until.isoformat())
    name = await begun(request, actor, span, "invoices", said)
    pages = export.pages(request.app.state.database, actor, span)
    return attachment(csv_of(COLUMNS, pages, with_amounts(COLUMNS, AMOUNTS)), name)


ROUTES = [
    described(
        Route("/invoices", invoices, methods=["GET"]),
        summary="Invoices, by day of issue.",
        tag="Downloads",
        responses={200: CSV},
        codes={400: ("BAD_INPUT", "BAD_ID"), 404: (NotFound,)},
        parameters=SPAN,
    )
]
