"""What chargers were told to do."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry
from sqlalchemy import Text, and_, cast, literal, select
from strawberry.scalars import JSON

import api.charger_enums  # noqa: F401  # describes the enums before they are used here
from api.events import EVENT_SORT, Event, EventFilter
from api.listing import by_entity_or_channel
from api.reading import (
    Connection,
    DateTimeFilter,
    EnumFilter,
    IDFilter,
    IntFilter,
    Node,
    Sort,
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
)
from domain.chargers.models import Charger as ChargerRow
from domain.commands.models import URGENT, WAITING, CommandKind, CommandStatus
from domain.commands.models import DeviceCommand as CommandRow
from tenants.permissions import Permission

if TYPE_CHECKING:
    from api.chargers import Charger
    from api.entities import BusinessEntity
    from api.users import User

ChargerRef = Annotated["Charger", strawberry.lazy("api.chargers")]
EntityRef = Annotated["BusinessEntity", strawberry.lazy("api.entities")]
UserRef = Annotated["User", strawberry.lazy("api.users")]
_READ = Permission.CHARGERS_READ


def _without_token(command: Any) -> Any:
    """A token is its holder's, and not for everybody who sees the charger."""
    return command.parameters.op("-")(cast(literal("idToken"), Text))


def _waits_offline(command: Any) -> Any:
    charger = ChargerRow.__table__.alias()
    offline = select(charger.c.id).where(charger.c.id == command.charger_id, charger.c.connected.is_(False))
    return and_(command.status == CommandStatus.ACCEPTED.value, offline.exists())


@reads(CommandRow, source=by_entity_or_channel("device_command"))
@strawberry.type(description="One command to a charger, from the request until the charger's answer.")
class DeviceCommand(Node):
    kind: CommandKind = column("What it is told to do.")
    connector: int | None = column("At which connector; null: the charger as a whole.")
    parameters: JSON = expression("How, less the token of whoever charges.", _without_token)
    status: CommandStatus = column("Where it is.")
    reason: str = column("Why it failed or timed out: a code, or the charger's own word.")
    urgent: bool = expression("Whether it goes ahead of others.", lambda c: c.priority >= URGENT)
    waits_for_charger: bool = expression(
        "Whether the charger is not connected: it is sent when it connects before the deadline.", _waits_offline
    )
    requested_at: datetime = column("When it was asked for.")
    sent_at: datetime | None = column("When it was sent.")
    deadline_at: datetime = column("Until when an answer counts.")
    answered_at: datetime | None = column("When the charger answered, or the command was given up.")
    answer: JSON = column("What the charger answered.")
    charger: ChargerRef | None = related("The charger.", on=lambda c, charger: charger.id == c.charger_id)
    requested_by: UserRef | None = related(
        "Who asked for it; null for the platform, or who is not yours to see.", on=lambda c, u: u.id == c.requested_by
    )
    entity: EntityRef | None = related("Whose charger it is.", on=lambda c, e: e.id == c.entity_id)
    timeline: Connection[Event] = related_connection(
        "What happened to it, newest first.", on=lambda c, e: e.subject_id == c.id, filter=EventFilter, order=EVENT_SORT
    )


@filters(CommandRow)
@strawberry.input(description="Which commands; all conditions hold together.")
class DeviceCommandFilter:
    charger_id: IDFilter | None = match("To this charger.", node="Charger")
    entity_id: IDFilter | None = match("Of this business entity.", node="BusinessEntity")
    connector: IntFilter | None = match("At this connector.")
    kind: EnumFilter[CommandKind] | None = match("By what is told.")
    status: EnumFilter[CommandStatus] | None = match("By where they are.")
    waiting: bool | None = condition(
        "Whether they are not answered yet.",
        lambda c, value: c.status.in_([each.value for each in WAITING]) == value,
    )
    requested_by_id: IDFilter | None = match("Asked for by this user.", name="requested_by", node="User")
    created_at: DateTimeFilter | None = match("By when they were asked for.")
    deadline_at: DateTimeFilter | None = match("By deadline.")


DEVICE_COMMAND_SORT = Sort(
    CommandRow, created_at="When it was asked for.", deadline_at="By deadline.", default="-created_at"
)


@strawberry.type
class DeviceCommandQueries:
    device_command: DeviceCommand | None = read_one("One command.", requires=_READ)
    device_commands: Connection[DeviceCommand] = read_connection(
        "Commands to chargers that you may see.", filter=DeviceCommandFilter, order=DEVICE_COMMAND_SORT, requires=_READ
    )


TYPES = (DeviceCommand,)
