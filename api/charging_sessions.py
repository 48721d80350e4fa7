"""Charging sessions: who charges where, how much, and what is not as it should be."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry
from sqlalchemy import Integer, case, cast, exists, func, select

import api.session_enums  # noqa: F401  # describes the enums before they are used here
from api.device_commands import DEVICE_COMMAND_SORT, DeviceCommand, DeviceCommandFilter
from api.events import EVENT_SORT, Event, EventFilter
from api.listing import by_entity_or_channel
from api.reading import (
    BigInt,
    BigIntFilter,
    Connection,
    DateTimeFilter,
    EnumFilter,
    IDFilter,
    IntFilter,
    Node,
    Sort,
    TextFilter,
    column,
    condition,
    expression,
    filters,
    match,
    read_connection,
    read_one,
    reads,
    related,
    related_connection,
    related_list,
)
from api.search import with_text
from domain.charging_bills.models import SessionBilling as BillRow
from domain.contacts.models import Contact as ContactRow
from domain.sessions.models import ChargingSession as SessionRow
from domain.sessions.models import ClosedBy, ReportKind, ReportSource, SessionMark, SessionState
from domain.sessions.models import SessionReport as ReportRow
from domain.sessions.reports import ChargingState
from tenants.audience import Audience
from tenants.permissions import Permission

if TYPE_CHECKING:
    from api.chargers import Charger
    from api.charging_bills import ChargingBill
    from api.contacts import Contact
    from api.entities import BusinessEntity
    from api.id_tokens import IdToken
    from api.tariffs import TariffVersion
    from api.users import User

BillRef = Annotated["ChargingBill", strawberry.lazy("api.charging_bills")]
ChargerRef = Annotated["Charger", strawberry.lazy("api.chargers")]
ContactRef = Annotated["Contact", strawberry.lazy("api.contacts")]
EntityRef = Annotated["BusinessEntity", strawberry.lazy("api.entities")]
TariffVersionRef = Annotated["TariffVersion", strawberry.lazy("api.tariffs")]
TokenRef = Annotated["IdToken", strawberry.lazy("api.id_tokens")]
UserRef = Annotated["User", strawberry.lazy("api.users")]
OURS = [Audience.STAFF, Audience.SYSTEM]
ALL = [*OURS, Audience.PARTNER, Audience.CUSTOMER]
MOST_REPORTS = 1000
_READ = Permission.CHARGING_READ


def _seconds(session: Any) -> Any:
    """From its start until its end, or now."""
    lasted = func.extract("epoch", func.coalesce(session.ended_at, func.now()) - session.started_at)
    return case((session.state == SessionState.STARTING.value, 0), else_=cast(func.greatest(lasted, 0), Integer))


@reads(ReportRow, audiences=OURS)
@strawberry.type(description="Something that was reported of a session; the session follows from all of them.")
class ChargingReport(Node):
    kind: ReportKind = column("What was said.")
    source: ReportSource = column("How it became known.")
    at: datetime = column("When it was so: by the charger's clock, or when it came where that is impossible.")
    clock_corrected: bool = column("Whether the charger's clock was impossible.", name="corrected")
    received_at: datetime = column("When it came.", name="created_at")
    sequence: int = column("The charger's number of it.")
    meter_wh: BigInt | None = column("The meter's register, in Wh.")
    id_token: str | None = column("The token, as the charger gave it.")
    charging_state: ChargingState | None = column("Whether energy flows.")
    reason: str = column("Why, in the charger's words.")
    offline: bool = column("Whether the charger was not connected then.")


@reads(SessionRow, source=by_entity_or_channel("charging_session"))
@strawberry.interface(description="Somebody charges, has charged or is about to charge at a connector.")
class ChargingSession(Node):
    number: str = column("Human number, such as `LT-S-2026-00042`.")
    connector: int = column("The number of the connector.")
    state: SessionState = column("Where it is.")
    started_at: datetime = column("When it began; while it is STARTING, when it was asked for.")
    ended_at: datetime | None = column("When it ended.")
    closed_by: ClosedBy | None = column("Who said that it ended.")
    stop_reason: str = column("Why it ended: what the charger said, or the rule.")
    duration_seconds: int = expression("From its start until its end, or now.", _seconds)
    paused_at: datetime | None = column("Since when it is paused.")
    paused_seconds: int = column("Of pauses that are over.")
    energy_wh: BigInt = column(
        "Energy, in Wh; of an open session within some seconds, the very latest is in `telemetry`."
    )
    meter_start_wh: BigInt | None = column("The meter's register when it began.")
    meter_wh: BigInt | None = column("The register as it was read last.")
    meter_at: datetime | None = column("When it was read last.")
    power_w: int | None = column("Power, in W, as it was read last.")
    soc_percent: int | None = column("State of charge of the battery, where the car says.")
    target_energy_wh: BigInt | None = column("What the driver wants, in Wh.", name="target_wh")
    milestone: int | None = column(
        "The quarter of the battery that was reached, else of what the driver wants: 0, 25, 50, 75 or 100."
    )
    emergency: bool = column("Whether it was asked for at once, at the price of that.")
    marks: list[SessionMark] = column("What is not as it should be about it.")
    created_at: datetime = column("When we learned of it.")
    updated_at: datetime = column("When it last changed.")
    charger: ChargerRef | None = related("The charger.", on=lambda s, c: c.id == s.charger_id)
    entity: EntityRef | None = related("On whose platform.", on=lambda s, e: e.id == s.entity_id)
    tariff_version: TariffVersionRef | None = related(
        "The prices that held when it began.", on=lambda s, t: t.id == s.tariff_version_id
    )
    bill: BillRef | None = related("What it costs, where that is yours to see.", on=lambda s, b: b.session_id == s.id)
    timeline: Connection[Event] = related_connection(
        "What happened to it, newest first.", on=lambda s, e: e.subject_id == s.id, filter=EventFilter, order=EVENT_SORT
    )


@reads(SessionRow, audiences=OURS, source=by_entity_or_channel("charging_session"))
@strawberry.type(description="A session as staff see it.")
class StaffChargingSession(ChargingSession):
    transaction: str | None = column("By which the charger names it.", name="transaction_id")
    id_token: str | None = column("The token that it was begun with, as the charger gave it.")
    heard_at: datetime = column("The time of the last report or reading of it.")
    stop_requested_at: datetime | None = column("When somebody asked for its end.")
    driver: ContactRef | None = related("Who charged.", on=lambda s, c: c.id == s.driver_contact_id)
    owner: ContactRef | None = related("Whose charger it was.", on=lambda s, c: c.id == s.owner_contact_id)
    token: TokenRef | None = related("The token.", on=lambda s, t: t.id == s.id_token_id)
    requested_by: UserRef | None = related("Who asked for it.", on=lambda s, u: u.id == s.requested_by)
    reports: list[ChargingReport] = related_list(
        "What was reported of it, by the charger's clock.",
        on=lambda s, r: r.session_id == s.id,
        order_by=lambda r: (r.at, r.id),
        limit=MOST_REPORTS,
    )
    commands: Connection[DeviceCommand] = related_connection(
        "What the charger was told about it.",
        on=lambda s, c: c.session_id == s.id,
        filter=DeviceCommandFilter,
        order=DEVICE_COMMAND_SORT,
    )


@reads(SessionRow, audiences=[Audience.PARTNER], source=by_entity_or_channel("charging_session"))
@strawberry.type(description="A session at a charger of its channel as a partner sees it: never who charged.")
class PartnerChargingSession(ChargingSession):
    owner: ContactRef | None = related("Whose charger it was.", on=lambda s, c: c.id == s.owner_contact_id)


def _own(column_of: Any) -> Any:
    """To a customer the only contacts are itself and its duplicates."""

    def own(session: Any) -> Any:
        contact = ContactRow.__table__.alias()
        return select(contact.c.id).where(contact.c.id == column_of(session)).exists()

    return own


@reads(SessionRow, audiences=[Audience.CUSTOMER], source=by_entity_or_channel("charging_session"))
@strawberry.type(description="A session as who charged sees it, and as the owner of the charger does.")
class CustomerChargingSession(ChargingSession):
    mine: bool = expression("Whether you charged.", _own(lambda s: s.driver_contact_id))
    at_my_charger: bool = expression("Whether it was your charger.", _own(lambda s: s.owner_contact_id))
    token: TokenRef | None = related("Your token.", on=lambda s, t: t.id == s.id_token_id)


# --- lists --------------------------------------------------------------------------------------------------------


def _cost(compare: Any) -> Any:
    """By what the session costs as far as the actor sees its bill."""

    def at(session: Any, value: Any) -> Any:
        bill = BillRow.__table__.alias()
        return exists(select(bill.c.id).where(bill.c.session_id == session.id, compare(bill.c.gross_cents, value)))

    return at


@filters(SessionRow)
@strawberry.input(description="Which sessions; all conditions hold together.")
class ChargingSessionFilter:
    entity_id: IDFilter | None = match("Of this business entity.", node="BusinessEntity")
    charger_id: IDFilter | None = match("At this charger.", node="Charger")
    connector: IntFilter | None = match("At this connector.")
    owner_id: IDFilter | None = match(
        "At chargers of this owner.", name="owner_contact_id", node=["Contact", "Organization"]
    )
    driver_id: IDFilter | None = match(
        "Of this driver; partners may not ask.", name="driver_contact_id", node=["Contact", "Organization"]
    )
    number: TextFilter | None = match("By number.")
    state: EnumFilter[SessionState] | None = match("By where they are.")
    closed_by: EnumFilter[ClosedBy] | None = match("By who said that they ended.")
    marks: list[SessionMark] | None = condition(
        "With one of these marks.", lambda s, value: s.marks.op("&&")(cast(value, s.marks.type))
    )
    marked: bool | None = condition(
        "Whether anything is not as it should be.", lambda s, value: (func.cardinality(s.marks) > 0) == value
    )
    emergency: bool | None = match("Whether they were asked for at once.")
    started_at: DateTimeFilter | None = match("By when they began.")
    ended_at: DateTimeFilter | None = match("By when they ended.")
    created_at: DateTimeFilter | None = match("By when we learned of them.")
    energy_wh: BigIntFilter | None = match("By energy, in Wh.")
    cost_from_cents: BigInt | None = condition(
        "That cost at least this, with VAT, as far as the bill is yours to see.", _cost(lambda gross, v: gross >= v)
    )
    cost_to_cents: BigInt | None = condition(
        "That cost at most this, with VAT, as far as the bill is yours to see.", _cost(lambda gross, v: gross <= v)
    )
    search: str | None = condition("Text in number or charger; the 250 best.", with_text("charging_session"))


CHARGING_SESSION_SORT = Sort(
    SessionRow,
    created_at="When we learned of it.",
    started_at="When it began.",
    ended_at="When it ended.",
    energy_wh="By energy.",
    number="By number.",
    default="-created_at",
)


@strawberry.type
class ChargingSessionQueries:
    charging_session: ChargingSession | None = read_one("One session.", requires=_READ)
    charging_sessions: Connection[ChargingSession] = read_connection(
        "Sessions you may see: of staff's entities, of your channel's chargers, at your chargers, and those you drove.",
        filter=ChargingSessionFilter,
        order=CHARGING_SESSION_SORT,
        requires=_READ,
    )


TYPES = (StaffChargingSession, PartnerChargingSession, CustomerChargingSession, ChargingReport)
