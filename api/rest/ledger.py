"""The journal as a download in CSV, written while it is read: GET /ledger/journal."""

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
from domain.ledger import export
from domain.ledger.events import JournalExported
from domain.money import Money
from tenants.permissions import Permission

_COLUMNS = ("number", "date", "kind", "text", "line", "account", "rgs", "name", "debit", "credit", "currency")


async def journal(request: Request) -> Response:
    """`?entityId=&since=2026-01-01&until=2027-01-01`; until is not included. Amounts in euros, with a point."""
    actor = await actor_of(request)
    require(actor, actor.may(Permission.LEDGER_READ), "Who keeps the books may download the journal.")
    span = span_of(request)
    await hold_downloads(request, actor, "journal", "The journal")
    said = JournalExported(span.since.isoformat(), span.until.isoformat())
    name = await begun(request, actor, span, "journal", said)
    return attachment(csv_of(_COLUMNS, export.pages(request.app.state.database, actor, span), _line), name)


def _line(row: Row[Any]) -> list[Any]:
    amounts = (Money(cents, row.currency).amount for cents in (row.debit_cents, row.credit_cents))
    account = (row.code, row.rgs_code, row.name_nl)
    return [row.number, row.booked_on, row.kind, harmless(row.text), row.position, *account, *amounts, row.currency]


ROUTES = [
    described(
        Route("/ledger/journal", journal, methods=["GET"]),
        summary="The journal.",
        tag="Downloads",
        responses={200: CSV},
        codes={400: ("BAD_INPUT", "BAD_ID"), 404: (NotFound,)},
        parameters=SPAN,
    )
]
