"""Where an order is in the words of the partner document, as SQL expressions that webhooks and polling share.

    {"event": "status_update", "order_id", "partner_order_id", "status", "scheduled_date", "installer"}

`status` of an order: received, planning, scheduled, in_progress, completed, cancelled, on_hold; of what is still a
quote: quote_sent, customer_approved, partner_approved, declined, expired, withdrawn.
"""

from typing import Any

from sqlalchemy import ColumnElement, Date, Integer, Text, case, cast, func, literal, null, or_, select, true
from sqlalchemy.orm import aliased

from domain.orders.models import Order
from domain.quotes.models import PartyRole, Quote, QuoteStatus
from domain.teams.models import Team
from domain.visits.models import Visit, VisitStatus
from domain.visits.rehearsed import RehearsedVisit

EVENT = "status_update"
ON_HOLD = "on_hold"

_PLANNED = (VisitStatus.PLANNED, VisitStatus.EN_ROUTE, VisitStatus.IN_PROGRESS, VisitStatus.DONE)
_OF_EVENT = {
    "quote.sent": "quote_sent",
    "quote.declined": "declined",
    "quote.expired": "expired",
    "quote.withdrawn": "withdrawn",
    "order.received": "received",
    "order.cancelled": "cancelled",
    "order.held": ON_HOLD,
}
_OF_QUOTE = {
    QuoteStatus.SENT: "quote_sent",
    QuoteStatus.DECLINED: "declined",
    QuoteStatus.EXPIRED: "expired",
    QuoteStatus.WITHDRAWN: "withdrawn",
}
_BY_PARTY = {PartyRole.CUSTOMER: "customer_approved", PartyRole.PARTNER: "partner_approved"}


def of_order(order: Any) -> ColumnElement[Any]:
    """The status of an order now."""
    return case((order.on_hold, literal(ON_HOLD, Text)), else_=func.lower(order.stage))


def of_quote(quote: Any) -> ColumnElement[Any]:
    """The status of a quote that is no order yet; null where partners are told none."""
    known = [(quote.status == status.value, literal(name, Text)) for status, name in _OF_QUOTE.items()]
    customer_waits = literal(PartyRole.CUSTOMER.value, Text) == func.any(quote.pending_parties)
    signed = case((customer_waits, literal("partner_approved", Text)), else_=literal("customer_approved", Text))
    return case(*known, (quote.status == QuoteStatus.PARTIALLY_SIGNED.value, signed))


def of_event(event: Any) -> ColumnElement[Any]:
    """The status that an event brought about; for one that changed none, that of its order or quote now."""
    told = [(event.type == type, literal(name, Text)) for type, name in _OF_EVENT.items()]
    party = event.payload["party"].astext
    approved = [
        ((event.type == "quote.signed") & (party == role.value), literal(name, Text))
        for role, name in _BY_PARTY.items()
    ]
    moved = (event.type == "order.stage_changed", func.lower(event.payload["stage"].astext))
    order, quote = aliased(Order), aliased(Quote)
    now = select(of_order(order)).where(order.id == order_id(event)).scalar_subquery()
    offered = select(of_quote(quote)).where(quote.id == event.subject_id).scalar_subquery()
    return case(*told, *approved, moved, else_=func.coalesce(now, offered))


def order_id(event: Any) -> ColumnElement[Any]:
    """The key of the order that an event is about: itself, the quote's first, or the visit's."""
    order, visit = aliased(Order), aliased(Visit)
    of_quote_ = select(order.id).where(order.quote_id == event.subject_id).order_by(order.sequence).limit(1)
    of_visit = select(visit.order_id).where(visit.id == event.subject_id)
    return case(
        (event.subject_type == "Order", event.subject_id),
        (event.subject_type == "Quote", of_quote_.scalar_subquery()),
        (event.subject_type == "Visit", of_visit.scalar_subquery()),
    )


def quote_id(event: Any) -> ColumnElement[Any]:
    """The key of the quote that an event is about: itself or the order's."""
    order = aliased(Order)
    of_order_ = select(order.quote_id).where(order.id == order_id(event)).scalar_subquery()
    return case((event.subject_type == "Quote", event.subject_id), else_=of_order_)


def order_number(event: Any) -> ColumnElement[Any]:
    """`CC-2026-00123`; null while there is no order."""
    order = aliased(Order)
    return select(order.number).where(order.id == order_id(event)).scalar_subquery()


def partner_order_id(event: Any, organization_id: ColumnElement[Any] | None) -> ColumnElement[Any]:
    """The partner's own number, of the order or of the quote before it; `organization_id` as in `known_to`."""
    order, quote = aliased(Order), aliased(Quote)
    ordered = select(order.partner_order_id).where(order.id == order_id(event), known_to(order, organization_id))
    offered = select(quote.partner_order_id).where(quote.id == event.subject_id, known_to(quote, organization_id))
    return func.coalesce(ordered.scalar_subquery(), offered.scalar_subquery())


def known_to(row: Any, organization_id: ColumnElement[Any] | None) -> ColumnElement[bool]:
    """Whether the partner's number is an organization's to know: the account's and those above it. None is staff."""
    if organization_id is None:
        return true()
    known: ColumnElement[bool] = func.coalesce(organization_id == func.any(row.account_chain_ids), False)
    return or_(organization_id.is_(None), known)


def scheduled_date(order: Any) -> ColumnElement[Any]:
    """The day of the next visit that is planned, else of the last that was made."""
    visit = aliased(Visit)
    return func.coalesce(
        _visits(order, visit, visit.day).scalar_subquery(), _rehearsed(order, "day"), cast(null(), Date)
    )


def installer(order: Any) -> ColumnElement[Any]:
    """The name of the team that makes that visit."""
    visit, team = aliased(Visit), aliased(Team)
    name = select(team.name).where(team.id == visit.team_id).correlate(visit).scalar_subquery()
    found: ColumnElement[Any] = func.coalesce(
        _visits(order, visit, name).scalar_subquery(), _rehearsed(order, "installer")
    )
    return found


def _rehearsed(order: ColumnElement[Any], column: str) -> Any:
    """What an order of a sandbox says, which has no visits."""
    rehearsed = aliased(RehearsedVisit)
    return select(getattr(rehearsed, column)).where(rehearsed.order_id == order).scalar_subquery()


def _visits(order: ColumnElement[Any], visit: Any, value: Any) -> Any:
    done = visit.status == VisitStatus.DONE.value
    days = cast(visit.day - func.current_date(), Integer)
    planned = visit.status.in_([status.value for status in _PLANNED])
    query = select(value).where(visit.order_id == order, visit.day.is_not(None), planned)
    return query.order_by(done, case((done, -days), else_=days), visit.position).limit(1)
