"""Scorecards and tickets of partners as CSV: GET /partners/scorecards, GET /partners/tickets. For staff."""

from datetime import date
from typing import Any

from sqlalchemy import Row
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.downloads import attachment, begun, csv_of, harmless, hold_downloads, refuse_unknown, span_of, told
from api.guards import entity_of, require
from api.openapi import described
from api.openapi.describe import Parameter
from api.openapi.shapes import CSV, SPAN
from api.requests import RequestError, actor_of
from domain.errors import NotFound
from domain.exports import Span
from domain.money import Money
from domain.partner_management import export
from domain.partner_management.events import ScorecardsExported, TicketsExported
from domain.partner_management.figures import FORMULAS, Figure, Scaled
from domain.partner_management.models import ScorePeriod
from domain.partner_management.scoring import mean, percent
from tenants.actor import Actor
from tenants.audience import Audience
from tenants.permissions import Permission

_CARD = ("partner", "code", "starts_on", "ends_on", "rank", "score", "currency")
_FIGURES = tuple(figure.value.lower() for figure in Figure)
_TICKET = ("number", "partner", "subject", "topic", "priority", "state", "opened_by")
_TIMES = ("created_at", "answered_at", "resolved_at", "due_at")


async def scorecards(request: Request) -> Response:
    """`?entityId=&period=MONTH&startsOn=2026-05-01`: one line per partner, all figures, by place."""
    actor = await _staff(request)
    refuse_unknown(request, ("entityId", "period", "startsOn"))
    entity_id, period, starts_on = entity_of(request), _period(request), _day(request)
    await hold_downloads(request, actor, "scorecards", "Scorecards")
    said = ScorecardsExported(period.value, starts_on.isoformat())
    code = await told(request, actor, Span(entity_id, starts_on, starts_on), said)
    rows = export.scorecards(request.app.state.database, actor, entity_id, period, starts_on)
    name = f"scorecards-{code}-{period.lower()}-{starts_on}.csv"
    return attachment(csv_of((*_CARD, *_FIGURES), rows, _card), name)


async def tickets(request: Request) -> Response:
    """`?entityId=&since=2026-01-01&until=2027-01-01`; until is not included."""
    actor = await _staff(request)
    span = span_of(request)
    await hold_downloads(request, actor, "tickets", "Tickets")
    said = TicketsExported(span.since.isoformat(), span.until.isoformat())
    name = await begun(request, actor, span, "tickets", said)
    rows = export.tickets(request.app.state.database, actor, span)
    return attachment(csv_of((*_TICKET, *_TIMES), rows, _ticket), name)


async def _staff(request: Request) -> Actor:
    actor = await actor_of(request)
    allowed = actor.may(Permission.PARTNERS_READ) and actor.audience in (Audience.STAFF, Audience.SYSTEM)
    require(actor, allowed, "Staff may download figures and tickets of partners.")
    return actor


def _period(request: Request) -> ScorePeriod:
    try:
        return ScorePeriod(request.query_params.get("period") or "")
    except ValueError:
        raise RequestError(400, "BAD_INPUT", "period: WEEK or MONTH.") from None


def _day(request: Request) -> date:
    try:
        return date.fromisoformat(request.query_params.get("startsOn") or "")
    except ValueError:
        raise RequestError(400, "BAD_INPUT", "startsOn: a day, as in 2026-05-01.") from None


def _card(row: Row[Any]) -> list[Any]:
    first = [harmless(row.partner), harmless(row.partner_code or ""), row.starts_on, row.ends_on]
    return [*first, row.rank, row.score, row.currency, *(_figure(row, figure) for figure in Figure)]


def _figure(row: Row[Any], figure: Figure) -> Any:
    formula = FORMULAS[figure]
    if figure is Figure.ORDER_VALUE:
        return Money(row.value_cents, row.currency).amount
    part, whole = formula.of(row)
    if not formula.divides:
        return part
    if not whole:
        return None
    return percent(part, whole) if formula.unit is Scaled.PERCENT else mean(part, whole)


def _ticket(row: Row[Any]) -> list[Any]:
    words = [harmless(getattr(row, name)) for name in _TICKET]
    times = [getattr(row, name) for name in _TIMES]
    return [*words, *(at.isoformat() if at else None for at in times)]


ROUTES = [
    described(
        Route("/partners/scorecards", scorecards, methods=["GET"]),
        summary="Scorecards of all partners over a week or month.",
        tag="Downloads",
        responses={200: CSV},
        codes={400: ("BAD_INPUT", "BAD_ID"), 404: (NotFound,)},
        parameters=(
            SPAN[0],
            Parameter(
                "period", "query", "Week or month.", required=True, schema={"type": "string", "enum": ["WEEK", "MONTH"]}
            ),
            Parameter(
                "startsOn",
                "query",
                "First day of the span.",
                required=True,
                schema={"type": "string", "format": "date"},
                example="2026-05-01",
            ),
        ),
    ),
    described(
        Route("/partners/tickets", tickets, methods=["GET"]),
        summary="Tickets of partners.",
        tag="Downloads",
        responses={200: CSV},
        codes={400: ("BAD_INPUT", "BAD_ID"), 404: (NotFound,)},
        parameters=SPAN,
    ),
]
