"""Chargers, their connectors, credentials and connection, and what was refused of them."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry
from sqlalchemy import case, null, select

import api.charger_enums  # noqa: F401  # describes the enums before they are used here
from api.device_commands import DEVICE_COMMAND_SORT, DeviceCommand, DeviceCommandFilter
from api.events import EVENT_SORT, Event, EventFilter
from api.listing import by_entity_or_channel
from api.reading import (
    Connection,
    DateTimeFilter,
    EnumFilter,
    IDFilter,
    IntFilter,
    Listing,
    Node,
    Sort,
    Source,
    TextFilter,
    TextSearchFilter,
    column,
    condition,
    embedded,
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
from domain.chargers.models import (
    MOST_CONNECTORS,
    Channel,
    ChargerAccess,
    ChargerState,
    ConnectorStatus,
    ConnectorType,
    Protocol,
)
from domain.chargers.models import Charger as ChargerRow
from domain.chargers.models import Connector as ConnectorRow
from domain.chargers.models import DeviceConnection as ConnectionRow
from domain.chargers.models import DeviceCredential as CredentialRow
from domain.chargers.models import QuarantinedMessage as QuarantinedRow
from domain.contacts.models import Contact as ContactRow
from tenants.audience import Audience
from tenants.listing import PUBLIC_CHARGER
from tenants.permissions import Permission

if TYPE_CHECKING:
    from api.contacts import Contact
    from api.entities import BusinessEntity
    from api.orders import Order
    from api.users import User

ChargerRef = Annotated["Charger", strawberry.lazy("api.chargers")]
ContactRef = Annotated["Contact", strawberry.lazy("api.contacts")]
EntityRef = Annotated["BusinessEntity", strawberry.lazy("api.entities")]
OrderRef = Annotated["Order", strawberry.lazy("api.orders")]
UserRef = Annotated["User", strawberry.lazy("api.users")]
OURS = [Audience.STAFF, Audience.SYSTEM]
AT_WORK = [*OURS, Audience.TECHNICIAN]
MOST_CREDENTIALS = 20
_READ = Permission.CHARGERS_READ
_KEYED = by_entity_or_channel("charger")


def _source(listing: Listing, row: Any) -> Source | None:
    """Drivers and technicians of one entity walk its index too: nearly all that is public there is theirs to see."""
    if listing.audience in (Audience.CUSTOMER, Audience.TECHNICIAN) and listing.one_entity:
        return Source(where=[row.entity_id == listing.actor.entity_id])
    return _KEYED(listing, row)


@reads(ConnectorRow)
@strawberry.type(description="One plug or socket of a charger: a port.")
class Connector(Node):
    number: int = column("Its number, from 1.")
    type: ConnectorType = column("What plug or socket it is.")
    max_power_w: int = column("The most it gives, in watts.")
    status: ConnectorStatus = column("How it is, as the charger says.")
    error_code: str | None = column("What is wrong with it, in the charger's terms.")
    status_at: datetime | None = column("Since when, by the charger's clock.")
    charger: ChargerRef | None = related("Its charger.", on=lambda c, charger: charger.id == c.charger_id)


@reads(ChargerRow, kind="Charger")
@strawberry.type(description="Where a charger stands.")
class ChargerLocation:
    street: str = column("Street and house number.")
    postal_code: str = column("Postcode.")
    city: str = column("City.")
    country: str = column("ISO 3166-1 code.")
    latitude: float | None = column("Degrees north, WGS 84.")
    longitude: float | None = column("Degrees east.")


@reads(CredentialRow, audiences=OURS)
@strawberry.type(description="By what a charger proves who it is. The secret itself was shown once.")
class DeviceCredential(Node):
    created_at: datetime = column("When it was made.")
    first_used_at: datetime | None = column("When the charger first logged in with it.")
    expires_at: datetime | None = column("Until when it is good, where it was replaced.")
    revoked_at: datetime | None = column("When it was made void.")
    created_by: UserRef | None = related("Who asked for it.", on=lambda c, u: u.id == c.created_by)


@reads(ConnectionRow, audiences=AT_WORK)
@strawberry.type(description="The connection of a charger that is open, or was last.")
class DeviceLink:
    protocol: Protocol = column("What it speaks.")
    address: str = column("From which address.")
    connected_at: datetime = column("Since when.")
    seen_at: datetime = column("When it was last known to be open.")
    ended_at: datetime | None = column("When it ended; null while it is open.")
    end_reason: str | None = column("Why: CLOSED, LOST, CREDENTIALS_ROTATED.")
    connections: int = column("How often the charger has connected.")


@reads(ChargerRow, source=_source)
@strawberry.interface(description="A charging station.")
class Charger(Node):
    identity: str = column("Its name in MQTT topics and in its OCPP address.")
    name: str = column("What people call it.")
    vendor: str = column("Who made it.")
    model: str = column("Which model.")
    state: ChargerState = column("Where it is in its life.")
    access: ChargerAccess = column("Who may charge.")
    max_power_w: int = column("The most it gives, in watts.")
    status: ConnectorStatus | None = column("How it is as a whole, where it says so.")
    error_code: str | None = column("What is wrong with it as a whole.")
    connected: bool = column("Whether it is connected now.")
    last_seen_at: datetime | None = column("When it was last heard of, within half a minute.")
    available: bool = expression(
        "Whether one could charge now: in service, connected, a connector free.", lambda c: _available(c)
    )
    created_at: datetime = column("When it was registered.")
    updated_at: datetime = column("When it last changed.")
    location: ChargerLocation = embedded("Where it stands.")
    connectors: list[Connector] = related_list(
        "Its connectors.",
        on=lambda c, connector: connector.charger_id == c.id,
        order_by=lambda connector: connector.number,
        limit=MOST_CONNECTORS,
    )
    entity: EntityRef | None = related("Whose platform it is on.", on=lambda c, e: e.id == c.entity_id)
    commands: Connection[DeviceCommand] = related_connection(
        "What it was told, where that is yours to see.",
        on=lambda c, command: command.charger_id == c.id,
        filter=DeviceCommandFilter,
        order=DEVICE_COMMAND_SORT,
    )
    timeline: Connection[Event] = related_connection(
        "What happened to it, newest first.", on=lambda c, e: e.subject_id == c.id, filter=EventFilter, order=EVENT_SORT
    )


def _available(charger: Any) -> Any:
    connector = ConnectorRow.__table__.alias()
    free = select(connector.c.id).where(
        connector.c.charger_id == charger.id, connector.c.status == ConnectorStatus.AVAILABLE.value
    )
    return charger.connected & (charger.state == ChargerState.IN_SERVICE.value) & free.exists()


@reads(ChargerRow, audiences=AT_WORK, source=_source)
@strawberry.type(description="A charger as staff and technicians see it.")
class StaffCharger(Charger):
    serial_number: str | None = column("The maker's serial number.")
    firmware_version: str | None = column("What it runs, as it said when it started.")
    protocol: Protocol | None = column("What it spoke last.")
    booted_at: datetime | None = column("When it last started.")
    state_reason: str | None = column("Why it is suspended or retired.")
    owner: ContactRef | None = related("Whose it is.", on=lambda c, o: o.id == c.owner_contact_id)
    order: OrderRef | None = related("The order that it was sold in.", on=lambda c, o: o.id == c.order_id)
    connection: DeviceLink | None = related(
        "Its connection now, or its last.", on=lambda c, connection: connection.charger_id == c.id
    )
    credentials: list[DeviceCredential] = related_list(
        "Its credentials, newest first; for staff.",
        on=lambda c, credential: credential.charger_id == c.id,
        order_by=lambda credential: credential.created_at.desc(),
        limit=MOST_CREDENTIALS,
    )


@reads(ChargerRow, audiences=[Audience.PARTNER], source=_source)
@strawberry.type(description="A charger of its channel as a partner sees it.")
class PartnerCharger(Charger):
    serial_number: str | None = column("The maker's serial number.")
    firmware_version: str | None = column("What it runs, as it said when it started.")
    booted_at: datetime | None = column("When it last started.")
    owner: ContactRef | None = related("Whose it is.", on=lambda c, o: o.id == c.owner_contact_id)
    order: OrderRef | None = related("The order that it was sold in.", on=lambda c, o: o.id == c.order_id)


def _own(charger: Any) -> Any:
    """To a customer the only contacts are itself and its duplicates."""
    contact = ContactRow.__table__.alias()
    return select(contact.c.id).where(contact.c.id == charger.owner_contact_id).exists()


def _to_the_owner(name: str) -> Any:
    return lambda c: case((_own(c), getattr(c, name)), else_=null())


@reads(ChargerRow, audiences=[Audience.CUSTOMER], source=_source)
@strawberry.type(description="A charger as its owner sees it, or whoever may charge at it.")
class CustomerCharger(Charger):
    mine: bool = expression("Whether you own it.", _own)
    serial_number: str | None = expression("The maker's serial number, to its owner.", _to_the_owner("serial_number"))
    firmware_version: str | None = expression("What it runs, to its owner.", _to_the_owner("firmware_version"))
    booted_at: datetime | None = expression("When it last started, to its owner.", _to_the_owner("booted_at"))
    order: OrderRef | None = related("The order that you bought it in.", on=lambda c, o: o.id == c.order_id)


@reads(QuarantinedRow, audiences=OURS, source=by_entity_or_channel("quarantined_message"))
@strawberry.type(description="What was sent as a charger and refused; like messages of an hour are one.")
class QuarantinedMessage(Node):
    identity: str = column("As which charger.")
    channel: Channel = column("By which way.")
    action: str = column("What it was: the topic's last part, or OCPP's action.")
    reason: str = column("Why it was refused, as a code.")
    detail: str = column("What exactly.")
    payload: str = column("The first of them, at most 4 KiB; bytes that are no text are replaced.")
    repeated: int = column("How many there were.")
    created_at: datetime = column("When the first came.")
    received_at: datetime = column("When the last came.")
    charger: ChargerRef | None = related("The charger.", on=lambda q, c: c.id == q.charger_id)
    entity: EntityRef | None = related("Whose charger it is.", on=lambda q, e: e.id == q.entity_id)


# --- lists --------------------------------------------------------------------------------------------------------


def _of_owner(charger: Any, value: Any) -> Any:
    contact = ContactRow.__table__.alias()
    return (charger.owner_contact_id == value) & select(contact.c.id).where(contact.c.id == value).exists()


def _has_type(charger: Any, value: Any) -> Any:
    connector = ConnectorRow.__table__.alias()
    of_type = (connector.c.charger_id == charger.id) & (connector.c.type == value)
    return select(connector.c.id).where(of_type).exists()


@filters(ChargerRow)
@strawberry.input(description="Which chargers; all conditions hold together.")
class ChargerFilter:
    entity_id: IDFilter | None = match("Of this business entity.", node="BusinessEntity")
    owner_id: strawberry.ID | None = condition("Of this owner.", _of_owner, node=["Contact", "Organization"])
    order_id: IDFilter | None = match("Sold in this order.", node="Order")
    identity: TextFilter | None = match("By name in topics and addresses.")
    vendor: TextFilter | None = match("By maker.")
    model: TextFilter | None = match("By model.")
    state: EnumFilter[ChargerState] | None = match("By where they are in their life.")
    access: EnumFilter[ChargerAccess] | None = match("By who may charge.")
    protocol: EnumFilter[Protocol] | None = match("By what they spoke last.")
    connected: bool | None = match("Whether they are connected.")
    available: bool | None = condition("Whether one could charge now.", lambda c, value: _available(c) == value)
    connector_type: ConnectorType | None = condition("With a connector of this type.", _has_type)
    max_power_w: IntFilter | None = match("By the most they give, in watts.")
    city: TextFilter | None = match("By city.")
    postal_code: TextSearchFilter | None = match("By postcode.")
    last_seen_at: DateTimeFilter | None = match("By when they were last heard of.")
    created_at: DateTimeFilter | None = match("By when they were registered.")
    search: str | None = condition(
        "Text in identity, name, maker, model, serial number or address; the 250 best.",
        with_text("charger", PUBLIC_CHARGER),
    )


CHARGER_SORT = Sort(
    ChargerRow,
    created_at="When it was registered.",
    identity="By name in topics.",
    name="By name.",
    last_seen_at="When it was last heard of.",
    max_power_w="By the most it gives.",
    default="-created_at",
)


@filters(QuarantinedRow)
@strawberry.input(description="Which refused messages.")
class QuarantinedMessageFilter:
    charger_id: IDFilter | None = match("Sent as this charger.", node="Charger")
    entity_id: IDFilter | None = match("Of this business entity.", node="BusinessEntity")
    identity: TextFilter | None = match("By the charger's name.")
    channel: EnumFilter[Channel] | None = match("By way.")
    action: TextFilter | None = match("By what it was.")
    reason: TextFilter | None = match("By why it was refused.")
    created_at: DateTimeFilter | None = match("By when the first came.")


QUARANTINED_SORT = Sort(
    QuarantinedRow,
    created_at="When the first came.",
    received_at="When the last came.",
    repeated="How many there were.",
    default="-created_at",
)


@strawberry.type
class ChargerQueries:
    charger: Charger | None = read_one("One charger.", by=("id", "identity"), requires=_READ)
    chargers: Connection[Charger] = read_connection(
        "Chargers you may see: your own, your channel's, and those where anybody may charge.",
        filter=ChargerFilter,
        order=CHARGER_SORT,
        requires=_READ,
    )
    quarantined_messages: Connection[QuarantinedMessage] = read_connection(
        "What was sent as your chargers and refused, with the reason.",
        filter=QuarantinedMessageFilter,
        order=QUARANTINED_SORT,
        requires=Permission.DEVICES_MANAGE,
    )


TYPES = (StaffCharger, PartnerCharger, CustomerCharger, Connector, QuarantinedMessage)
