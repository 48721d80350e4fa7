"""Type Subscription: what can be followed."""

from datetime import date

import strawberry

from api.chargers import Charger, ChargerFilter
from api.charging_sessions import ChargingSession, ChargingSessionFilter
from api.day_shapes import TeamDay
from api.device_commands import DeviceCommand, DeviceCommandFilter
from api.events import Event
from api.invoices import Invoice, InvoiceFilter
from api.leads import Lead, LeadFilter
from api.live.dashboard import TYPES as DASHBOARD_TYPES
from api.live.dashboard import DashboardMetrics
from api.live.specs import answers, figures, telemetry, updates
from api.notifications import Notification, NotificationFilter
from api.orders import Order, OrderFilter
from api.plans import PlanProgress, progress_of
from api.quotes import Quote, QuoteFilter
from api.reading import argument
from api.reading.scalars import Cursor
from api.telemetry import TelemetryPoint, TelemetryResolution
from api.visits import Visit, VisitFilter
from domain.dashboard.queries import one_row
from domain.telemetry.now import newest
from tenants.permissions import Permission


def _cursor() -> Cursor:
    made: Cursor = strawberry.field(description="Its place in the event log; give it as `after` to resume.")
    return made


def _event() -> Event:
    made: Event = strawberry.field(description="What happened.")
    return made


@strawberry.type(description="Something that happened.")
class EventUpdate:
    cursor: Cursor = _cursor()
    event: Event = _event()


@strawberry.type(description="Something that happened to an order, and the order as it is when you are told.")
class OrderUpdate:
    cursor: Cursor = _cursor()
    event: Event = _event()
    order: Order = strawberry.field(description="The order.")


@strawberry.type(description="Something that happened to a quote, and the quote as it is when you are told.")
class QuoteUpdate:
    cursor: Cursor = _cursor()
    event: Event = _event()
    quote: Quote = strawberry.field(description="The quote.")


@strawberry.type(description="Something that happened to a visit, and the visit as it is when you are told.")
class VisitUpdate:
    cursor: Cursor = _cursor()
    event: Event = _event()
    visit: Visit = strawberry.field(description="The visit.")


@strawberry.type(description="Something that happened to a lead, and the lead as it is when you are told.")
class LeadUpdate:
    cursor: Cursor = _cursor()
    event: Event = _event()
    lead: Lead = strawberry.field(description="The lead.")


@strawberry.type(description="Something that happened to an invoice, and the invoice as it is when you are told.")
class InvoiceUpdate:
    cursor: Cursor = _cursor()
    event: Event = _event()
    invoice: Invoice = strawberry.field(description="The invoice.")


@strawberry.type(description="Something that happened to a charger, and the charger as it is when you are told.")
class ChargerUpdate:
    cursor: Cursor = _cursor()
    event: Event = _event()
    charger: Charger = strawberry.field(description="The charger.")


@strawberry.type(description="Something that happened to a command, and the command as it is when you are told.")
class DeviceCommandUpdate:
    cursor: Cursor = _cursor()
    event: Event = _event()
    command: DeviceCommand = strawberry.field(description="The command.")


@strawberry.type(description="Something that happened to a session, and the session as it is when you are told.")
class SessionUpdate:
    cursor: Cursor = _cursor()
    event: Event = _event()
    session: ChargingSession = strawberry.field(description="The session.")


@strawberry.type(description="A notification that was made for you.")
class NotificationUpdate:
    cursor: Cursor = _cursor()
    event: Event = _event()
    notification: Notification = strawberry.field(description="The notification, as your inbox shows it.")


@strawberry.type(description="Everything that can be followed.")
class Subscription:
    order_updated: OrderUpdate = updates(
        "Changes of orders that you may see.",
        subject="order",
        subject_type="Order",
        filter=OrderFilter,
        requires=Permission.ORDERS_READ,
    )
    quote_updated: QuoteUpdate = updates(
        "Changes of quotes that you may see.",
        subject="quote",
        subject_type="Quote",
        filter=QuoteFilter,
        requires=Permission.QUOTES_READ,
    )
    visit_updated: VisitUpdate = updates(
        "Changes of visits that you may see.",
        subject="visit",
        subject_type="Visit",
        filter=VisitFilter,
        requires=Permission.VISITS_READ,
    )
    lead_updated: LeadUpdate = updates(
        "Changes of leads that you may see.",
        subject="lead",
        subject_type="Lead",
        filter=LeadFilter,
        requires=Permission.LEADS_READ,
    )
    invoice_updated: InvoiceUpdate = updates(
        "Changes of invoices that you may see: issued, credited, paid.",
        subject="invoice",
        subject_type="Invoice",
        filter=InvoiceFilter,
        requires=Permission.INVOICES_READ,
    )
    charger_updated: ChargerUpdate = updates(
        "Changes of chargers of yours: connected for some seconds or not, connectors, states. Storms are one change.",
        subject="charger",
        subject_type="Charger",
        filter=ChargerFilter,
        requires=Permission.CHARGERS_READ,
    )
    device_command_updated: DeviceCommandUpdate = updates(
        "What becomes of commands: sent, acknowledged, timed out, failed.",
        subject="command",
        subject_type="DeviceCommand",
        filter=DeviceCommandFilter,
        requires=Permission.CHARGERS_READ,
    )
    session_updated: SessionUpdate = updates(
        "Changes of charging sessions that you may see: begun, paused, ended, each quarter of the battery. For the "
        "power of this second follow `telemetry` of the charger beside it.",
        subject="session",
        subject_type="ChargingSession",
        filter=ChargingSessionFilter,
        requires=Permission.CHARGING_READ,
    )
    notification_received: NotificationUpdate = updates(
        "What arrives in your inbox.",
        subject="notification",
        subject_type="Notification",
        filter=NotificationFilter,
        requires=Permission.NOTIFICATIONS_READ,
    )
    events: EventUpdate = updates(
        "Everything that happens to what you may see.",
        arguments={
            "types": argument(list[str] | None, "Only of these types, as in `quote.signed`."),
            "subject_id": argument(strawberry.ID | None, "Only to this subject.", node="*"),
        },
        requires=Permission.EVENTS_READ,
    )
    team_day_updated: TeamDay = answers(
        "A team's day as `teamDay` shows it: at once, and whenever it changed, once a second at most; the team's "
        "position within half a minute. Nothing comes for a team that you do not see.",
        asks="team_day",
        about="team_id",
        kind="Team",
        types=("Visit", "Order", "Team", "Absence"),
        arguments={
            "team_id": argument(strawberry.ID, "The team.", node="Team"),
            "day": argument(date, "The day, in Amsterdam."),
        },
        cost=50,
        requires=Permission.VISITS_WORK,
    )
    plan_progress: PlanProgress = figures(
        "How far making a plan is: at once, and whenever it is further, once a second at most.",
        rows=progress_of,
        types=("Plan",),
        arguments={"id": argument(strawberry.ID, "The plan.", node="Plan")},
        requires=Permission.PLANNING_READ,
    )
    telemetry: TelemetryPoint = telemetry(
        "The newest point of a connector: at once, and whenever readings of its charger are stored, five times a "
        "second at most. RAW is the newest reading, which may leave some out; MINUTE, HOUR and DAY are the bucket that "
        "it is in, so far. Nothing comes for a charger that you do not see.",
        rows=lambda arguments: newest(arguments.charger_id, arguments.connector, arguments.resolution),
        charger="charger_id",
        apart=0.2,
        arguments={
            "charger_id": argument(strawberry.ID, "The charger.", node="Charger"),
            "connector": argument(int, "The number of its connector; 0 is the charger as a whole."),
            "resolution": argument(TelemetryResolution, "How finely."),
        },
        cost=20,
        requires=Permission.CHARGERS_READ,
    )
    dashboard_metrics: DashboardMetrics = figures(
        "Figures of a portal's first page: at once, and whenever they changed, once a second at most.",
        rows=lambda arguments: one_row(),
        types=("Lead", "Quote", "Order", "Visit"),
        requires=Permission.ORDERS_READ,
    )


TYPES = DASHBOARD_TYPES
