"""How chargers are: figures and score, what is wrong with them, and the maintenance that is planned."""

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import strawberry
from sqlalchemy import Integer, Numeric, Select, cast, func, select
from sqlalchemy import column as sql_column
from sqlalchemy.dialects.postgresql import JSONB

from api.enums import described
from api.listing import by_entity_or_channel
from api.reading import (
    Connection,
    DateFilter,
    DateTimeFilter,
    EnumFilter,
    IDFilter,
    IntFilter,
    Node,
    Sort,
    TextFilter,
    argument,
    by,
    column,
    computed_list,
    embedded,
    expression,
    filters,
    match,
    read_connection,
    read_one,
    reads,
    related,
    related_connection,
)
from domain.health.models import AlertSource, AlertState, Severity, TaskState
from domain.health.models import ChargerAlert as AlertRow
from domain.health.models import ChargerHealth as HealthRow
from domain.health.models import MaintenanceTask as TaskRow
from domain.health.scoring import Cause
from tenants.audience import Audience
from tenants.permissions import Permission

if TYPE_CHECKING:
    from api.chargers import Charger
    from api.entities import BusinessEntity
    from api.users import User
    from api.visits import Visit

ChargerRef = Annotated["Charger", strawberry.lazy("api.chargers")]
EntityRef = Annotated["BusinessEntity", strawberry.lazy("api.entities")]
UserRef = Annotated["User", strawberry.lazy("api.users")]
VisitRef = Annotated["Visit", strawberry.lazy("api.visits")]
TaskRef = Annotated["MaintenanceTask", strawberry.lazy("api.charger_health")]
_OURS = [Audience.STAFF, Audience.TECHNICIAN, Audience.SYSTEM]
_READ = Permission.CHARGERS_READ

strawberry.enum(Severity, name="AlertSeverity")
strawberry.enum(Cause, name="HealthCause")
strawberry.enum(TaskState, name="MaintenanceState")
described(
    Severity,
    "How bad it is.",
    INFO="Nothing has to be done.",
    WARNING="Somebody should look.",
    CRITICAL="Somebody has to look at once.",
)
described(
    AlertState,
    "Whether somebody has seen to an alert.",
    OPEN="Nobody yet.",
    ACKNOWLEDGED="Somebody does.",
    CLOSED="It is over.",
)
described(AlertSource, "Who noticed.", DEVICE="The charger said so.", RULE="A rule of the platform.")
described(
    TaskState,
    "How far maintenance is.",
    OPEN="It waits for a visit, or is done without one.",
    SCHEDULED="A visit is to deal with it.",
    DONE="It was done.",
    CANCELLED="It is not done.",
)
described(
    Cause,
    "What speaks for a failure.",
    HEAT="The highest temperature of 24 hours.",
    FAULTS="Connectors that failed and warnings of the charger, in seven days.",
    FAILED_SESSIONS="Sessions that did not end as they should, per cent of those of seven days.",
    LOST_POWER="Power that it does not reach any more in comparable hours, per cent.",
    RESTARTS="Restarts in seven days.",
    OUTAGES="How often it was not heard of, in seven days.",
)


def _degrees(tenths: Any) -> Any:
    return cast(tenths, Numeric(6, 1)) / 10


def _reasons(row: Any) -> Select[Any]:
    elements = func.jsonb_array_elements(row.reasons)
    element = elements.table_valued(sql_column("value", JSONB), with_ordinality="place", name="reason").render_derived()
    value = element.c.value
    numbers = (cast(value[name].astext, Integer).label(name) for name in _NUMBERS)
    return select(value["cause"].astext.label("cause"), value["unit"].astext.label("unit"), *numbers).order_by(
        element.c.place
    )


_NUMBERS = ("figure", "threshold", "full", "weight", "points")


@reads(None)
@strawberry.type(description="One cause of a score: points = weight × (figure - threshold) / (full - threshold).")
class HealthReason:
    cause: Cause = column("What it is.")
    figure: int = column("How much of it there is.")
    unit: str = column("Of the figure.")
    threshold: int = column("Up to here it gives no points.")
    full: int = column("From here on it gives all.")
    weight: int = column("The points that it gives at most.")
    points: int = column("The points that it gives.")


@filters(AlertRow)
@strawberry.input(description="Which alerts; all conditions hold together.")
class ChargerAlertFilter:
    state: EnumFilter[AlertState] | None = match("By whether somebody has seen to it.")
    severity: EnumFilter[Severity] | None = match("By how bad it is.")
    source: EnumFilter[AlertSource] | None = match("By who noticed.")
    code: TextFilter | None = match("By what is wrong.")
    charger_id: IDFilter | None = match("Of this charger.", node="Charger")
    entity_id: IDFilter | None = match("Of this business entity.", node="BusinessEntity")
    maintenance_task_id: IDFilter | None = match("That this maintenance deals with.", node="MaintenanceTask")
    occurrences: IntFilter | None = match("By how often it was noticed.")
    opened_at: DateTimeFilter | None = match("By when it was opened.")
    last_at: DateTimeFilter | None = match("By when it was noticed last.")
    created_at: DateTimeFilter | None = match("By when it was recorded.")


@filters(TaskRow)
@strawberry.input(description="Which maintenance; all conditions hold together.")
class MaintenanceTaskFilter:
    state: EnumFilter[TaskState] | None = match("By how far it is.")
    priority: EnumFilter[Severity] | None = match("By priority.")
    due_on: DateFilter | None = match("By when it is due.")
    charger_id: IDFilter | None = match("Of this charger.", node="Charger")
    entity_id: IDFilter | None = match("Of this business entity.", node="BusinessEntity")
    visit_id: IDFilter | None = match("That this visit deals with.", node="Visit")
    created_at: DateTimeFilter | None = match("By when it was planned.")


_RANKS = {severity.value: place for place, severity in enumerate(Severity)}
ALERT_SORT = Sort(
    AlertRow,
    created_at="When it was recorded.",
    last_at="When it was noticed last.",
    occurrences="By how often it was noticed.",
    severity=by("By how bad it is.", lambda a: func.array_position(list(_RANKS), a.severity)),
    default="-created_at",
)
TASK_SORT = Sort(TaskRow, created_at="When it was planned.", due_on="By when it is due.", default="-created_at")


@reads(AlertRow, audiences=_OURS)
@strawberry.type(description="Who dealt with an alert.")
class AlertHandling:
    acknowledged_by: UserRef | None = related("Who sees to it.", on=lambda a, u: u.id == a.acknowledged_by)
    closed_by: UserRef | None = related(
        "Who closed it; null where it was over by itself.", on=lambda a, u: u.id == a.closed_by
    )


@reads(AlertRow, source=by_entity_or_channel("charger_alert"))
@strawberry.type(description="Something that is wrong with a charger; while it is open, the same again is counted.")
class ChargerAlert(Node):
    code: str = column(
        "What is wrong: OFFLINE, OVER_TEMPERATURE, CONNECTOR_FAULTED, ERROR_RATE, DEGRADED_POWER, FAILURE_PREDICTED, "
        "MANY_ALERTS, or a code of the charger's own."
    )
    severity: Severity = column("How bad it is, at its worst.")
    state: AlertState = column("Whether somebody has seen to it.")
    source: AlertSource = column("Who noticed.")
    connector: int | None = column("Number of the connector; null for the charger as a whole.")
    text: str = column("What the charger or the rule said last.")
    occurrences: int = column("How often it was noticed; what goes on, once a minute.")
    opened_at: datetime = column("When it began.")
    last_at: datetime = column("When it was noticed last.")
    acknowledged_at: datetime | None = column("Since when somebody sees to it.")
    closed_at: datetime | None = column("When it was over.")
    close_reason: str = column("Why: in the words of who closed it, or BACK, COOL, WELL, QUIET where it was a rule.")
    created_at: datetime = column("When it was recorded.")
    handling: AlertHandling | None = embedded("Who dealt with it; for staff and technicians.")
    charger: ChargerRef | None = related("The charger.", on=lambda a, c: c.id == a.charger_id)
    entity: EntityRef | None = related("Whose business it is.", on=lambda a, e: e.id == a.entity_id)
    maintenance: TaskRef | None = related("What deals with it.", on=lambda a, t: t.id == a.maintenance_task_id)


@reads(TaskRow, audiences=_OURS)
@strawberry.type(description="What the office and technicians know of maintenance.")
class MaintenanceWork:
    note: str = column("What there is to know.")
    assigned_to: UserRef | None = related("Who sees to it.", on=lambda t, u: u.id == t.assigned_to)
    planned_by: UserRef | None = related("Who planned it.", on=lambda t, u: u.id == t.planned_by)
    ended_by: UserRef | None = related("Who said that it was done, or not.", on=lambda t, u: u.id == t.ended_by)


@reads(TaskRow, source=by_entity_or_channel("maintenance_task"))
@strawberry.type(description="Work on a charger that somebody sees to by a day.")
class MaintenanceTask(Node):
    title: str = column("What is to be done.")
    state: TaskState = column("How far it is.")
    priority: Severity = column("How much it matters.")
    due_on: date = column("By when, in Amsterdam.")
    score: int | None = column("The charger's score when it was planned.")
    reasons: list[HealthReason] = computed_list("Those of the score at that time.", _reasons)
    outcome: str = column("What was done, or why nothing was.")
    ended_at: datetime | None = column("When it was done or cancelled.")
    created_at: datetime = column("When it was planned.")
    work: MaintenanceWork | None = embedded("What the office knows of it; for staff and technicians.")
    charger: ChargerRef | None = related("The charger.", on=lambda t, c: c.id == t.charger_id)
    entity: EntityRef | None = related("Whose business it is.", on=lambda t, e: e.id == t.entity_id)
    visit: VisitRef | None = related("The visit that deals with it.", on=lambda t, v: v.id == t.visit_id)
    alerts: Connection[ChargerAlert] = related_connection(
        "What it deals with.",
        on=lambda t, a: a.maintenance_task_id == t.id,
        filter=ChargerAlertFilter,
        order=ALERT_SORT,
    )


@reads(HealthRow)
@strawberry.type(description="The condition of a charger, computed each hour. Counts are of seven days.")
class ChargerHealth:
    score: int = column("How likely it fails, 0 to 100; from 60 on a failure is predicted.")
    reasons: list[HealthReason] = computed_list("What the score comes from, the heaviest first.", _reasons)
    offline_since: datetime | None = column("Since when it is not heard of.")
    temperature: Decimal | None = expression(
        "The highest of 24 hours, degrees Celsius.", lambda h: _degrees(h.temperature_dc)
    )
    faults: int = column("Connectors that failed, and warnings of the charger.")
    restarts: int = column("How often it started anew.")
    outages: int = column("How often it was not heard of.")
    sessions: int = column("Sessions that ended.")
    failed_sessions: int = column("Those of them that did not end as they should.")
    power_w: int | None = column("What it delivers in good hours, watts; null where there were too few.")
    expected_power_w: int | None = column("What it delivered in such hours in the four weeks before, watts.")
    power_percent: int | None = column("The one in per cent of the other.")
    computed_at: datetime = column("When.")
    charger: ChargerRef | None = related("The charger.", on=lambda h, c: c.id == h.charger_id)
    alerts: Connection[ChargerAlert] = related_connection(
        "What is or was wrong with it.",
        on=lambda h, a: a.charger_id == h.charger_id,
        filter=ChargerAlertFilter,
        order=ALERT_SORT,
    )
    maintenance: Connection[MaintenanceTask] = related_connection(
        "Its maintenance.",
        on=lambda h, t: t.charger_id == h.charger_id,
        filter=MaintenanceTaskFilter,
        order=TASK_SORT,
    )


@strawberry.type
class ChargerHealthQueries:
    charger_health: ChargerHealth | None = read_one(
        "The condition of a charger; null until it was heard of and computed.",
        by=(),
        where=lambda h, a: h.charger_id == a.charger_id,
        arguments={"charger_id": argument(strawberry.ID, "The charger.", node="Charger")},
        requires=_READ,
    )
    charger_alert: ChargerAlert | None = read_one("One alert.", requires=_READ)
    charger_alerts: Connection[ChargerAlert] = read_connection(
        "What is or was wrong with chargers.", filter=ChargerAlertFilter, order=ALERT_SORT, requires=_READ
    )
    maintenance_task: MaintenanceTask | None = read_one("One piece of maintenance.", requires=_READ)
    maintenance_tasks: Connection[MaintenanceTask] = read_connection(
        "Maintenance of chargers.", filter=MaintenanceTaskFilter, order=TASK_SORT, requires=_READ
    )


TYPES = (ChargerAlert, MaintenanceTask)
