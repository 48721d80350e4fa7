"""Bills of charging sessions as a download in CSV, written while it is read: GET /charging-bills."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Row
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.downloads import attachment, begun, csv_of, harmless, hold_downloads, span_of
from api.guards import require
from api.requests import actor_of
from domain.charging_bills import export
from domain.charging_bills.events import ChargingBillsExported
from domain.charging_bills.export import AMOUNTS, COLUMNS
from domain.money import Money
from tenants.permissions import Permission


async def charging_bills(request: Request) -> Response:
    """`?entityId=&since=2026-01-01&until=2027-01-01`, by the end of sessions; until is not included."""
    actor = await actor_of(request)
    require(actor, actor.may(Permission.CHARGING_READ), "Who may read sessions may download their bills.")
    span = span_of(request)
    await hold_downloads(request, actor, "charging-bills", "Charging bills")
    said = ChargingBillsExported(span.since.isoformat(), span.until.isoformat())
    name = await begun(request, actor, span, "charging-bills", said)
    return attachment(csv_of(COLUMNS, export.pages(request.app.state.database, actor, span), _line), name)


def _line(row: Row[Any]) -> Iterable[Any]:
    """Amounts in whole units with a point."""
    return [_cell(row, name) for name in COLUMNS]


def _cell(row: Row[Any], name: str) -> Any:
    value = getattr(row, name)
    if name in AMOUNTS:
        return Money(value, row.currency).amount
    return harmless(value) if isinstance(value, str) else value


ROUTES = [Route("/charging-bills", charging_bills, methods=["GET"])]
