"""What charging sessions cost and what was invoiced of them; what chargers earn by hour, day and charger."""

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import strawberry
from sqlalchemy import TIMESTAMP, Date, Integer, Select, cast, func, literal_column, select

import api.tariff_enums  # noqa: F401  # describes the enums before they are used here
from api import charging_bill_amounts as explained
from api.enums import described
from api.listing import by_entity_or_channel
from api.reading import (
    BigInt,
    BigIntFilter,
    Connection,
    DateFilter,
    DateTimeFilter,
    EnumFilter,
    IDFilter,
    Money,
    Node,
    Sort,
    argument,
    by,
    column,
    condition,
    expression,
    filters,
    match,
    read_connection,
    read_list,
    read_one,
    reads,
    related,
    related_list,
)
from domain.charging_bills.models import UNBILLABLE, ChargingBillStatus
from domain.charging_bills.models import SessionBill as VersionRow
from domain.charging_bills.models import SessionBilling as BillRow
from domain.charging_bills.models import SessionBillLine as LineRow
from domain.charging_bills.models import SessionCharge as ChargeRow
from domain.charging_bills.models import SessionRevenue as RevenueRow
from domain.sessions.models import ChargingSession as SessionRow
from domain.tariffs.prices import LineKind, LineUnit
from tenants.audience import Audience
from tenants.permissions import Permission

if TYPE_CHECKING:
    from api.chargers import Charger
    from api.charging_sessions import ChargingSession
    from api.contacts import Contact
    from api.entities import BusinessEntity
    from api.invoices import Invoice, InvoiceLine
    from api.tariffs import TariffVersion

ChargerRef = Annotated["Charger", strawberry.lazy("api.chargers")]
ContactRef = Annotated["Contact", strawberry.lazy("api.contacts")]
EntityRef = Annotated["BusinessEntity", strawberry.lazy("api.entities")]
InvoiceRef = Annotated["Invoice", strawberry.lazy("api.invoices")]
InvoiceLineRef = Annotated["InvoiceLine", strawberry.lazy("api.invoices")]
SessionRef = Annotated["ChargingSession", strawberry.lazy("api.charging_sessions")]
TariffVersionRef = Annotated["TariffVersion", strawberry.lazy("api.tariffs")]
BillRef = Annotated["ChargingBill", strawberry.lazy("api.charging_bills")]
VersionRef = Annotated["ChargingBillVersion", strawberry.lazy("api.charging_bills")]
_READ = Permission.CHARGING_READ
_MOST_LINES, _MOST_VERSIONS = 250, 100

described(
    ChargingBillStatus,
    "What became of what a session costs.",
    NO_TARIFF="No tariff held at the charger: it has no price, and nobody is billed.",
    NO_PAYER="It has a price, and nobody is known who owes it.",
    FREE="It costs nothing.",
    PRICED="It is invoiced within minutes.",
    WAITING="It waits for the collective invoice of a month.",
    INVOICED="What is due was invoiced.",
    WAIVED="It is not billed; what was invoiced was credited.",
)


@reads(LineRow)
@strawberry.type(
    description="A line of a bill. The formula, what was read, the multiplier and what rounding left over are in "
    "the explanation of its amounts."
)
class ChargingBillLine(Node):
    position: int = column("Place on the bill, from 1.")
    kind: LineKind = column("What it is for.")
    window: str | None = expression(
        "The windows of the day it is in, joined by `+`; STANDARD for none, null where it is of no time.",
        lambda x: func.nullif(x.segment, ""),
    )
    starts_at: datetime | None = column("From when, where it is of a stretch of time.")
    ends_at: datetime | None = column("Until when, not included.")
    quantity: BigInt = column("How many of the unit.")
    unit: LineUnit = column("What is counted.")
    unit_price_cents: Decimal = column("Cents per kWh, per hour or per piece, without VAT.", name="unit_price")
    multiplier: Decimal = column("By what the unit price is multiplied.")
    from_wh: BigInt | None = column("Of energy: what the meter had counted of the session when the stretch began.")
    until_wh: BigInt | None = column("And when it ended; the difference is the quantity.")
    readings: int | None = column("How many stretches between readings are in it, whole or in part.")
    net: Money = expression("Without VAT; negative where it takes something off.", explained.net)
    vat: Money = expression("VAT.", explained.vat)
    gross: Money = expression("With VAT.", explained.gross)


@reads(VersionRow)
@strawberry.type(description="One pricing of a session. Never changed: a correction is the next version.")
class ChargingBillVersion(Node):
    version: int = column("From 1.")
    reason: str = column("Why it was priced again, where somebody said so.")
    priced_at: datetime = column("When it was priced.", name="created_at")
    energy_wh: BigInt = column("Energy in all.")
    vat_rate: Decimal = column("Percent.")
    vat_rule: str = column("The rule that decided, such as NL-STANDARD.")
    net: Money = expression("Without VAT.", lambda v: explained.version_total(v, "net"))
    vat: Money = expression("VAT.", lambda v: explained.version_total(v, "vat"))
    gross: Money = expression("With VAT.", lambda v: explained.version_total(v, "gross"))
    net_change: Money = expression("More than the version before, without VAT.", lambda v: explained.change(v, "net"))
    vat_change: Money = expression("VAT more than the version before.", lambda v: explained.change(v, "vat"))
    gross_change: Money = expression("With VAT, more than the version before.", lambda v: explained.change(v, "gross"))
    lines: list[ChargingBillLine] = related_list(
        "All lines, in the order in which they are reckoned.",
        on=lambda v, x: x.bill_id == v.id,
        order_by=lambda x: x.position,
        limit=_MOST_LINES,
    )
    tariff_version: TariffVersionRef | None = related("The prices.", on=lambda v, t: t.id == v.tariff_version_id)
    bill: BillRef | None = related("The bill that it is a version of.", on=lambda v, b: b.id == v.billing_id)


@reads(ChargeRow)
@strawberry.type(description="A line of an invoice or credit note that billed a session.")
class ChargingBillCharge(Node):
    version: int = column("The version of the bill that it follows.")
    reason: str = column("Why it changes what was invoiced before; empty of the first.")
    created_at: datetime = column("When it was invoiced.")
    net: Money = expression("Without VAT; negative where it credits.", lambda c: explained.invoiced(c, "net"))
    vat: Money = expression("VAT.", lambda c: explained.invoiced(c, "vat"))
    gross: Money = expression("With VAT.", explained.invoiced_gross)
    invoice: InvoiceRef | None = related("The document.", on=lambda c, i: i.id == c.invoice_id)
    invoice_line: InvoiceLineRef | None = related("Its line.", on=lambda c, x: x.id == c.invoice_line_id)


@reads(BillRow, source=by_entity_or_channel("charging_bill", Audience.CUSTOMER))
@strawberry.type(description="What one session costs, as it is billed now.")
class ChargingBill(Node):
    status: ChargingBillStatus = column("What became of it.")
    version: int = column("The version that holds; 0 where it has no price.")
    ended_at: datetime = column("When the session ended.")
    energy_wh: BigInt = column("Energy in all.")
    net: Money = expression("Without VAT, by the version that holds.", lambda b: explained.total(b, "net"))
    vat: Money = expression("VAT.", lambda b: explained.total(b, "vat"))
    gross: Money = expression("With VAT.", lambda b: explained.total(b, "gross"))
    charged_net: Money = expression("What was invoiced, without VAT.", lambda b: explained.charged(b, "net"))
    charged_vat: Money = expression("VAT that was invoiced.", lambda b: explained.charged(b, "vat"))
    charged_gross: Money = expression(
        "What was invoiced with VAT, less what corrections credited.", lambda b: explained.charged(b, "gross")
    )
    due_month: date | None = column("First day of the month whose collective invoice it waits for.")
    waived_at: datetime | None = column("When it was waived.")
    waived_reason: str = column("Why.")
    created_at: datetime = column("When it was first billed.")
    updated_at: datetime = column("When that last changed.")
    session: SessionRef | None = related("The session.", on=lambda b, s: s.id == b.session_id)
    charger: ChargerRef | None = related("Where it was.", on=lambda b, c: c.id == b.charger_id)
    driver: ContactRef | None = related("Who drove.", on=lambda b, c: c.id == b.driver_contact_id)
    payer: ContactRef | None = related("Who pays.", on=lambda b, c: c.id == b.payer_contact_id)
    entity: EntityRef | None = related("Who bills it.", on=lambda b, e: e.id == b.entity_id)
    lines: list[ChargingBillLine] = related_list(
        "The lines of the version that holds.",
        on=lambda b, x: x.bill_id == explained.held(b),
        order_by=lambda x: x.position,
        limit=_MOST_LINES,
    )
    versions: list[ChargingBillVersion] = related_list(
        "All versions, the newest first.",
        on=lambda b, v: v.billing_id == b.id,
        order_by=lambda v: v.version.desc(),
        limit=_MOST_VERSIONS,
    )
    charges: list[ChargingBillCharge] = related_list(
        "What was invoiced and credited of it, the first one first.",
        on=lambda b, c: c.billing_id == b.id,
        order_by=lambda c: c.id,
        limit=_MOST_VERSIONS,
    )


def _session(bill: Any, value: Any) -> Any:
    return select(SessionRow.id).where(SessionRow.id == bill.session_id, SessionRow.number == value).exists()


def _unbillable(bill: Any, value: Any) -> Any:
    return bill.status.in_([status.value for status in UNBILLABLE]) == value


@filters(BillRow)
@strawberry.input(description="Which bills; all conditions hold together.")
class ChargingBillFilter:
    entity_id: IDFilter | None = match("By business entity.", node="BusinessEntity")
    session_id: IDFilter | None = match("By session.", node="ChargingSession")
    session_number: str | None = condition("By the number of the session.", _session)
    charger_id: IDFilter | None = match("By charger.", node="Charger")
    driver_id: IDFilter | None = match("By driver.", name="driver_contact_id", node="Contact")
    payer_id: IDFilter | None = match("By who pays.", name="payer_contact_id", node="Contact")
    status: EnumFilter[ChargingBillStatus] | None = match("By what became of them.")
    unbillable: bool | None = condition("Whether nobody is billed, for want of a tariff or a payer.", _unbillable)
    ended_at: DateTimeFilter | None = match("By when the session ended.")
    due_month: DateFilter | None = match("By the month whose collective invoice they wait for.")
    gross_cents: BigIntFilter | None = match("By amount with VAT in cents.")
    created_at: DateTimeFilter | None = match("By when they were first billed.")


BILL_SORT = Sort(
    BillRow,
    created_at="When it was first billed.",
    ended_at="When the session ended.",
    gross=by("By amount with VAT.", lambda b: b.gross_cents),
    energy_wh="By energy.",
    default="-created_at",
)


# --- revenue ------------------------------------------------------------------------------------------------------


@reads(None)
@strawberry.type(description="What sessions have earned, without VAT: those that are due, of chargers that are yours.")
class ChargingRevenue:
    hour: int | None = column("Of the day, 0 to 23 on the clock in Amsterdam; null where it is not by hour.")
    day: date | None = column("In Amsterdam; null where it is not by day.")
    net: Money = expression("Without VAT.", explained.revenue)
    energy_wh: BigInt = column("Energy.")
    seconds: BigInt = column("Time that a car was connected.")
    sessions: int = column("How many sessions.")
    charger: ChargerRef | None = related(
        "The charger; null where it is not by charger.", on=lambda r, c: c.id == r.charger_id
    )


_LOCAL = func.timezone("Europe/Amsterdam", RevenueRow.hour)
_HOUR, _DAY = cast(func.extract("hour", _LOCAL), Integer), cast(_LOCAL, Date)
_NO_HOUR, _NO_DAY = cast(literal_column("NULL"), Integer), cast(literal_column("NULL"), Date)
_NO_CHARGER = cast(literal_column("NULL"), RevenueRow.charger_id.type)


def _earned(arguments: Any, hour: Any, day: Any, charger: Any, *groups: Any) -> Select[Any]:
    """Sums of the hours that the arguments name."""
    query = select(
        hour.label("hour"),
        day.label("day"),
        charger.label("charger_id"),
        RevenueRow.currency.label("currency"),
        func.sum(RevenueRow.net_cents).label("net_cents"),
        func.sum(RevenueRow.energy_wh).label("energy_wh"),
        func.sum(RevenueRow.seconds).label("seconds"),
        cast(func.count(func.distinct(RevenueRow.billing_id)), Integer).label("sessions"),
    ).group_by(*groups, RevenueRow.currency)
    if arguments.since is not None:
        query = query.where(RevenueRow.hour >= _midnight(arguments.since))
    if arguments.until is not None:
        query = query.where(RevenueRow.hour < _midnight(arguments.until))
    named = {"entity_id": arguments.entity_id, "charger_id": arguments.charger_id}
    for name, value in (named | {"owner_contact_id": arguments.owner_id}).items():
        if value is not None:
            query = query.where(getattr(RevenueRow, name) == value)
    return query


def _midnight(day: Any) -> Any:
    return func.timezone("Europe/Amsterdam", cast(cast(day, Date), TIMESTAMP()))


def _by_hour(arguments: Any) -> Select[Any]:
    return _earned(arguments, _HOUR, _NO_DAY, _NO_CHARGER, _HOUR).order_by(_HOUR, RevenueRow.currency)


def _by_day(arguments: Any) -> Select[Any]:
    return _earned(arguments, _NO_HOUR, _DAY, _NO_CHARGER, _DAY).order_by(_DAY.desc(), RevenueRow.currency)


def _by_charger(arguments: Any) -> Select[Any]:
    charger = RevenueRow.charger_id
    query = _earned(arguments, _NO_HOUR, _NO_DAY, charger, charger)
    return query.order_by(func.sum(RevenueRow.net_cents).desc(), charger, RevenueRow.currency)


_ARGUMENTS = {
    "since": argument(date | None, "First day, in Amsterdam; from the beginning if left out."),
    "until": argument(date | None, "First day that is not included any more."),
    "entity_id": argument(strawberry.ID | None, "Of this business entity.", node="BusinessEntity"),
    "charger_id": argument(strawberry.ID | None, "Of this charger.", node="Charger"),
    "owner_id": argument(strawberry.ID | None, "Of chargers of this owner.", node="Contact"),
}


@strawberry.type
class ChargingBillQueries:
    charging_bill: ChargingBill | None = read_one("The bill of one session.", requires=_READ)
    charging_bills: Connection[ChargingBill] = read_connection(
        "Bills of sessions: those that you pay for or drove; of staff's entities all, also those that nobody is billed "
        "for.",
        filter=ChargingBillFilter,
        order=BILL_SORT,
        requires=_READ,
    )
    charging_revenue_by_hour: list[ChargingRevenue] = read_list(
        "What chargers earn in each hour of the day: of staff's entities, or those that you own.",
        rows=_by_hour,
        arguments=_ARGUMENTS,
        requires=_READ,
    )
    charging_revenue_by_day: list[ChargingRevenue] = read_list(
        "What chargers earn per day, the latest first; at most 1000 days.",
        rows=_by_day,
        arguments=_ARGUMENTS,
        requires=_READ,
    )
    charging_revenue_by_charger: list[ChargingRevenue] = read_list(
        "What each charger earns, the most first; at most 1000 chargers.",
        rows=_by_charger,
        arguments=_ARGUMENTS,
        requires=_READ,
    )


TYPES = (ChargingBill, ChargingBillVersion, ChargingBillLine, ChargingBillCharge, ChargingRevenue)
