"""The figures on a portal's first page."""

import strawberry

from api.reading import column, computed_list, expression, reads
from domain.dashboard import queries
from domain.orders.models import OrderStage
from domain.quotes.models import QuoteStatus
from tenants.audience import Audience


@reads(None)
@strawberry.type(description="How many quotes have a status.")
class QuoteCount:
    status: QuoteStatus = column("The status.")
    number: int = column("How many.")


@reads(None)
@strawberry.type(description="How many orders are at a stage.")
class OrderCount:
    stage: OrderStage = column("The stage.")
    number: int = column("How many.")


@reads(None)
@strawberry.interface(description="Figures over everything that you may see.")
class DashboardMetrics:
    orders_by_stage: list[OrderCount] = computed_list(
        "Orders at each stage at which there are any.", lambda row: queries.orders_by_stage()
    )
    visits_today: int = expression(
        "Visits planned for today, in Amsterdam, that were not called off.", lambda row: queries.visits_today()
    )


@reads(None, audiences=[Audience.STAFF, Audience.PARTNER, Audience.CUSTOMER, Audience.SYSTEM])
@strawberry.type(description="Figures for who buys and sells.")
class CommercialDashboardMetrics(DashboardMetrics):
    open_leads: int = expression("Leads that are new or in intake.", lambda row: queries.open_leads())
    quotes_by_status: list[QuoteCount] = computed_list(
        "Quotes in each status in which there are any.", lambda row: queries.quotes_by_status()
    )
    orders_on_hold: int = expression("Orders to which nothing happens for now.", lambda row: queries.orders_on_hold())


@reads(None, audiences=[Audience.TECHNICIAN])
@strawberry.type(description="Figures for the team that makes the visits.")
class TechnicianDashboardMetrics(DashboardMetrics):
    pass


TYPES = (CommercialDashboardMetrics, TechnicianDashboardMetrics)
