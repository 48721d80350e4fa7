"""Figures of a dashboard, as SQL over the rows that the actor sees."""

from typing import Any

from sqlalchemy import Date, Select, cast, func, literal, select

from domain.leads.models import Lead, LeadStatus
from domain.orders.models import Order, OrderStage
from domain.quotes.models import Quote
from domain.visits.models import Visit, VisitStatus
from tenants.sandboxes import is_real

OPEN = (LeadStatus.NEW, LeadStatus.INTAKE)
ENDED = (OrderStage.COMPLETED, OrderStage.CANCELLED)
_TODAY = cast(func.timezone("Europe/Amsterdam", func.now()), Date)


def one_row() -> Select[Any]:
    """The one row on which the figures stand."""
    return select(literal(1).label("one"))


def open_leads() -> Any:
    """How many leads are new or in intake."""
    return _count(Lead).where(Lead.status.in_(OPEN)).scalar_subquery()


def orders_on_hold() -> Any:
    """How many orders stand still."""
    return _count(Order).where(Order.on_hold, Order.stage.not_in(ENDED)).scalar_subquery()


def visits_today() -> Any:
    """How many visits are planned for today, in Amsterdam, and not called off."""
    visits = _count(Visit).where(Visit.day == _TODAY, Visit.status != VisitStatus.CANCELLED)
    return visits.scalar_subquery()


def quotes_by_status() -> Select[Any]:
    """Status and number, of the statuses that there are."""
    return _by(Quote, Quote.status, "status")


def orders_by_stage() -> Select[Any]:
    """Stage and number, of the stages that there are."""
    return _by(Order, Order.stage, "stage")


def _count(model: Any) -> Select[Any]:
    return select(func.count()).select_from(model).where(is_real(model.entity_id))


def _by(model: Any, column: Any, name: str) -> Select[Any]:
    counted = select(column.label(name), func.count().label("number")).where(is_real(model.entity_id))
    return counted.group_by(column).order_by(column)
