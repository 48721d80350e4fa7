"""What partners were promised and how it is kept: readings, breaches, announced maintenance."""

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import strawberry

from api.context import Info
from api.enums import described
from api.inputs import key_of, optional_key
from api.listing import of_organizations
from api.mutations import Payload, mutation
from api.reading import (
    Connection,
    DateTimeFilter,
    EnumFilter,
    IDFilter,
    Node,
    Sort,
    column,
    condition,
    embedded,
    expression,
    field,
    filters,
    match,
    read_connection,
    read_in,
    read_one,
    reads,
    related,
)
from api.reading.ids import global_id
from domain.partner_management import handling, readings
from domain.partner_management.handling import MOST_NOTE, MOST_REASON
from domain.partner_management.models import MaintenanceWindow as WindowRow
from domain.partner_management.models import ServiceBreach as BreachRow
from domain.partner_management.models import ServiceMetric
from domain.rows import find
from tenants.audience import Audience
from tenants.auth import clock
from tenants.models import BusinessEntity as EntityRow
from tenants.permissions import Permission

if TYPE_CHECKING:
    from api.entities import BusinessEntity
    from api.organizations import Organization
    from api.users import User

EntityRef = Annotated["BusinessEntity", strawberry.lazy("api.entities")]
OrganizationRef = Annotated["Organization", strawberry.lazy("api.organizations")]
UserRef = Annotated["User", strawberry.lazy("api.users")]
BreachId = Annotated[strawberry.ID, strawberry.argument(description="The breach.")]
_READ, _MANAGE = Permission.PARTNERS_READ, Permission.PARTNERS_MANAGE
_MOST_READINGS = 500

described(
    ServiceMetric,
    "What partners are promised.",
    UPTIME="Percent of the requests of this month that were not answered with a fault of ours.",
    RESPONSE="Milliseconds within which 95 in 100 requests of this hour and the one before were answered.",
    PROCESSING="Minutes until an order that came in is looked at.",
    STATUS="Seconds until a change is sent out for the first time.",
)


@strawberry.type(description="How one promise to one partner is kept now.")
class ServiceLevel:
    organization_id: strawberry.ID = strawberry.field(description="The partner.")
    metric: ServiceMetric = strawberry.field(description="What was promised.")
    target: Decimal = strawberry.field(description="How much: percent, milliseconds, minutes or seconds.")
    value: Decimal = strawberry.field(description="How much it is.")
    samples: int = strawberry.field(description="How many requests, orders or updates are behind it.")
    kept: bool = strawberry.field(description="Whether the promise is kept.")


@filters(BreachRow)
@strawberry.input(description="Which breaches; all conditions hold together.")
class ServiceBreachFilter:
    metric: EnumFilter[ServiceMetric] | None = match("By what was promised.")
    organization_id: IDFilter | None = match("Of this partner.", node="Organization")
    entity_id: IDFilter | None = match("Of this business entity.", node="BusinessEntity")
    open: bool | None = condition("Whether it goes on.", lambda b, value: b.closed_at.is_(None) == value)
    acknowledged: bool | None = condition(
        "Whether somebody has seen to it.", lambda b, value: b.acknowledged_at.is_not(None) == value
    )
    opened_at: DateTimeFilter | None = match("By when it began.")


@filters(WindowRow)
@strawberry.input(description="Which maintenance; all conditions hold together.")
class MaintenanceWindowFilter:
    entity_id: IDFilter | None = match("Of this business entity.", node="BusinessEntity")
    starts_at: DateTimeFilter | None = match("By when it begins.")
    ends_at: DateTimeFilter | None = match("By when it ends.")


BREACH_SORT = Sort(BreachRow, created_at="When it began.", default="-created_at")
WINDOW_SORT = Sort(WindowRow, created_at="When it was announced.", starts_at="When it begins.", default="-created_at")


@reads(BreachRow, audiences=[Audience.STAFF, Audience.SYSTEM])
@strawberry.type(description="Who sees to a breach; for staff.")
class BreachHandling:
    level: int = column("1: the office was told. 2: again, as nobody saw to it. 3: who answers for the entity.")
    partners: int = column("How many partners it concerns, where it is the platform's.")
    note: str = column("What was found out.")
    acknowledged_by: UserRef | None = related("Who sees to it.", on=lambda b, u: u.id == b.acknowledged_by)


@reads(BreachRow, source=of_organizations)
@strawberry.type(description="A promise that was not kept; while it goes on there is one per partner and promise.")
class ServiceBreach(Node):
    metric: ServiceMetric = column("What was promised.")
    target: Decimal = column("How much.")
    worst: Decimal = column("How bad it has been.")
    latest: Decimal = column("How it was when last looked at.")
    samples: int = column("How much is behind that.")
    opened_at: datetime = column("When it began.")
    seen_at: datetime = column("When it was so last.")
    acknowledged_at: datetime | None = column("Since when somebody sees to it.")
    closed_at: datetime | None = column("When it was over.")
    created_at: datetime = column("When it was recorded.")
    organization: OrganizationRef | None = related(
        "The partner; null where so many are concerned that it is the platform.",
        on=lambda b, o: o.id == b.organization_id,
    )
    entity: EntityRef | None = related("Whose promise it is.", on=lambda b, e: e.id == b.entity_id)
    handling: BreachHandling | None = embedded("Who sees to it; for staff.")


@reads(WindowRow)
@strawberry.type(description="Time in which the systems are worked on; what is slow then breaks no promise.")
class MaintenanceWindow(Node):
    starts_at: datetime = column("When it begins.")
    ends_at: datetime = column("When it ends.")
    reason: str = column("What is done.")
    cancelled: bool = expression("Whether it is off.", lambda w: w.cancelled_at.is_not(None))
    created_at: datetime = column("When it was announced.")
    entity: EntityRef | None = related("Whose systems.", on=lambda w, e: e.id == w.entity_id)


@strawberry.type
class PartnerPromiseQueries:
    service_breach: ServiceBreach | None = read_one("A breach.", requires=_READ)
    service_breaches: Connection[ServiceBreach] = read_connection(
        "Promises that were not kept.", filter=ServiceBreachFilter, order=BREACH_SORT, requires=_READ
    )
    maintenance_windows: Connection[MaintenanceWindow] = read_connection(
        "Maintenance that was announced.", filter=MaintenanceWindowFilter, order=WINDOW_SORT, requires=_READ
    )

    @field(
        f"How promises are kept now, of all partners that you see with anything to measure, those not kept first; "
        f"{_MOST_READINGS} at most.",
        requires=_READ,
        most=_MOST_READINGS,
        cost=200,
    )
    async def service_levels(
        self,
        info: Info,
        entity_id: Annotated[strawberry.ID, strawberry.argument(description="The business entity.")],
        organization_id: Annotated[
            strawberry.ID | None, strawberry.argument(description="Of this partner alone.")
        ] = None,
    ) -> list[ServiceLevel]:
        key = key_of("BusinessEntity", entity_id, "entityId")
        of = optional_key("Organization", organization_id, "organizationId")
        async with info.context.read() as session:
            await find(session, EntityRow, key, field=("entity_id",))
            found = await readings.read(session, key, clock.now(), organization_id=of)
        found.sort(key=lambda reading: (reading.kept, reading.metric, reading.organization_id))
        return [_level(reading) for reading in found[:_MOST_READINGS]]


def _level(reading: readings.Reading) -> ServiceLevel:
    return ServiceLevel(
        organization_id=strawberry.ID(global_id("Organization", reading.organization_id)),
        metric=reading.metric,
        target=reading.target,
        value=reading.value,
        samples=reading.samples,
        kept=reading.kept,
    )


@strawberry.type(description="What acknowledgeServiceBreach and releaseServiceBreach return.")
class ServiceBreachPayload(Payload):
    breach: ServiceBreach | None = strawberry.field(default=None, description="The breach as it is now.")


@strawberry.type(description="What announceMaintenance and callOffMaintenance return.")
class MaintenanceWindowPayload(Payload):
    window: MaintenanceWindow | None = strawberry.field(default=None, description="The maintenance as it is now.")


@strawberry.input(description="Maintenance to announce, a day ahead at least.")
class AnnounceMaintenanceInput:
    entity_id: strawberry.ID = strawberry.field(description="The business entity.")
    starts_at: datetime = strawberry.field(description="When it begins.")
    ends_at: datetime = strawberry.field(description="When it ends, 24 hours later at most.")
    reason: str = strawberry.field(description=f"What is done, at most {MOST_REASON} characters; partners read it.")


@strawberry.type
class PartnerPromiseMutations:
    @mutation("Says that you see to a breach: it goes to no higher level.", requires=_MANAGE)
    async def acknowledge_service_breach(
        self,
        info: Info,
        id: BreachId,
        note: Annotated[
            str | None,
            strawberry.argument(description=f"What you found out, at most {MOST_NOTE} characters; for staff."),
        ] = None,
    ) -> ServiceBreachPayload:
        async with info.context.write() as session:
            breach = await handling.acknowledge(session, key_of("ServiceBreach", id), note)
            return ServiceBreachPayload(breach=await read_in(session, info, "breach", breach.id))

    @mutation("Takes back that somebody sees to a breach.", requires=_MANAGE)
    async def release_service_breach(self, info: Info, id: BreachId) -> ServiceBreachPayload:
        async with info.context.write() as session:
            breach = await handling.release(session, key_of("ServiceBreach", id))
            return ServiceBreachPayload(breach=await read_in(session, info, "breach", breach.id))

    @mutation("Announces maintenance: what is slow then breaks no promise.", requires=_MANAGE, idempotent=True)
    async def announce_maintenance(self, info: Info, input: AnnounceMaintenanceInput) -> MaintenanceWindowPayload:
        entity_id = key_of("BusinessEntity", input.entity_id, "entityId")
        async with info.context.write() as session:
            window = await handling.announce(session, entity_id, input.starts_at, input.ends_at, input.reason)
            return MaintenanceWindowPayload(window=await read_in(session, info, "window", window.id))

    @mutation("Calls announced maintenance off; what has begun ends now.", requires=_MANAGE)
    async def call_off_maintenance(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="The maintenance.")],
    ) -> MaintenanceWindowPayload:
        async with info.context.write() as session:
            window = await handling.call_off(session, key_of("MaintenanceWindow", id))
            return MaintenanceWindowPayload(window=await read_in(session, info, "window", window.id))


TYPES = (ServiceBreach, MaintenanceWindow)
