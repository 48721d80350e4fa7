"""Registering chargers, handing them their credentials, and taking them in and out of service."""

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

import strawberry
from sqlalchemy.ext.asyncio import AsyncSession

from api.chargers import Charger
from api.context import Info
from api.inputs import given, key_of, optional_key
from api.mutations import Payload, mutation
from api.quote_changes import contact_key
from api.reading import read_in, read_in_many
from domain.chargers import credentials, enrolment, registry
from domain.chargers.models import Charger as ChargerRow
from domain.chargers.models import ChargerAccess, ConnectorType
from domain.chargers.registry import ConnectorDetails, Location
from domain.contacts import relations
from domain.orders.models import Order as OrderRow
from domain.rows import find
from tenants.acting import acting_as
from tenants.base import Base
from tenants.permissions import Permission

_WRITE, _DEVICES = Permission.CHARGERS_WRITE, Permission.DEVICES_MANAGE
ChargerId = Annotated[strawberry.ID, strawberry.argument(description="The charger.")]
Reason = Annotated[str, strawberry.argument(description="Why, at most 1000 characters.")]


@strawberry.input(description="Where a charger stands.")
class ChargerLocationInput:
    street: str = strawberry.field(default="", description="Street and house number.")
    postal_code: str = strawberry.field(default="", description="Postcode.")
    city: str = strawberry.field(default="", description="City.")
    country: str = strawberry.field(default="NL", description="ISO 3166-1 code.")
    latitude: float | None = strawberry.field(default=None, description="Degrees north; both or none.")
    longitude: float | None = strawberry.field(default=None, description="Degrees east.")


@strawberry.input(description="A connector of a charger.")
class ConnectorInput:
    number: int = strawberry.field(description="Its number on the charger, 1 to 20.")
    type: ConnectorType = strawberry.field(default=ConnectorType.TYPE2, description="What plug or socket it is.")
    max_power_w: int | None = strawberry.field(
        default=None, description="The most it gives; the charger's if left out."
    )


@strawberry.input(description="A charger to register.")
class RegisterChargerInput:
    vendor: str = strawberry.field(description="Who made it.")
    max_power_w: int = strawberry.field(description="The most it gives, in watts, 1 to 2,000,000.")
    entity_id: strawberry.ID | None = strawberry.field(
        default=None, description="On whose platform; your business entity if you have one only."
    )
    identity: str | None = strawberry.field(
        default=None,
        description="Its name in topics and addresses, 3 to 48 of A–Z, a–z, 0–9, `.`, `_`, `-`; made up if left out.",
    )
    model: str = strawberry.field(default="", description="Which model.")
    serial_number: str | None = strawberry.field(default=None, description="The maker's serial number.")
    name: str = strawberry.field(default="", description="What people call it.")
    access: ChargerAccess = strawberry.field(default=ChargerAccess.PRIVATE, description="Who may charge.")
    owner_id: strawberry.ID | None = strawberry.field(
        default=None, description="Whose it is: a person or organization."
    )
    location: ChargerLocationInput | None = strawberry.field(default=None, description="Where it stands.")
    connectors: list[ConnectorInput] = strawberry.field(
        default_factory=list, description="Its connectors, at most 20; one of type 2 if left out."
    )


@strawberry.input(description="What to change of a charger; what is left out stays.")
class UpdateChargerInput:
    id: strawberry.ID = strawberry.field(description="The charger.")
    vendor: str | None = strawberry.field(default=strawberry.UNSET, description="Who made it.")
    model: str | None = strawberry.field(default=strawberry.UNSET, description="Which model.")
    serial_number: str | None = strawberry.field(default=strawberry.UNSET, description="Serial number; null: unknown.")
    name: str | None = strawberry.field(default=strawberry.UNSET, description="What people call it.")
    max_power_w: int | None = strawberry.field(default=strawberry.UNSET, description="The most it gives, in watts.")
    access: ChargerAccess | None = strawberry.field(default=strawberry.UNSET, description="Who may charge.")
    owner_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="Whose it is; null: nobody's."
    )
    location: ChargerLocationInput | None = strawberry.field(default=strawberry.UNSET, description="Where it stands.")
    connectors: list[ConnectorInput] | None = strawberry.field(
        default=strawberry.UNSET, description="Connectors to add or change by number; none is taken away."
    )


@strawberry.input(description="The serial numbers of the charging stations of a line.")
class LineSerialNumbersInput:
    line_item_id: strawberry.ID = strawberry.field(description="The line of the order.")
    serial_numbers: list[str] = strawberry.field(description="As many as were sold.")


@strawberry.input(description="A completed order whose charging stations are handed over.")
class EnrolOrderChargersInput:
    order_id: strawberry.ID = strawberry.field(description="The order.")
    serial_numbers: list[LineSerialNumbersInput] = strawberry.field(description="Of each line with charging stations.")


@strawberry.type(description="What a charger logs in with, shown this once.")
class DeviceLogin:
    identity: str = strawberry.field(description="User name, MQTT's client id, and the last part of the OCPP address.")
    secret: str = strawberry.field(description="Password: 40 hexadecimal digits, OCPP's AuthorizationKey as such.")
    ocpp_path: str = strawberry.field(description="Path of its OCPP address on any portal of the entity.")
    mqtt_topics: str = strawberry.field(
        description="Its MQTT topics; the last part is command, metrics, status or alert."
    )


@strawberry.type(description="What a change of a charger returns.")
class ChargerPayload(Payload):
    charger: Charger | None = strawberry.field(default=None, description="The charger.")


@strawberry.type(description="What enrolCharger and rotateDeviceCredentials return.")
class DeviceLoginPayload(Payload):
    charger: Charger | None = strawberry.field(default=None, description="The charger.")
    login: DeviceLogin | None = strawberry.field(default=None, description="What it logs in with.")


@strawberry.type(description="What enrolOrderChargers returns.")
class EnrolOrderChargersPayload(Payload):
    chargers: list[Charger] = strawberry.field(default_factory=list, description="A charger per station.")
    logins: list[DeviceLogin] = strawberry.field(
        default_factory=list, description="What they log in with; of those that were enrolled just now."
    )


@strawberry.type
class ChargerMutations:
    @mutation("Registers a charger; it connects once it is enrolled.", requires=_WRITE, idempotent=True)
    async def register_charger(self, info: Info, input: RegisterChargerInput) -> ChargerPayload:
        entity_key = optional_key("BusinessEntity", input.entity_id, "entityId")
        async with info.context.write() as session:
            charger = await registry.register(
                session,
                entity_id=await relations.entity_of(session, entity_key),
                vendor=input.vendor,
                max_power_w=input.max_power_w,
                identity=input.identity,
                model=input.model,
                serial_number=input.serial_number,
                name=input.name,
                access=input.access,
                owner_contact_id=contact_key(input.owner_id, "ownerId"),
                location=_location(input.location),
                connectors=_connectors(input.connectors),
            )
            return ChargerPayload(charger=await read_in(session, info, "charger", charger.id))

    @mutation("Changes what is recorded of a charger.", requires=_WRITE)
    async def update_charger(self, info: Info, input: UpdateChargerInput) -> ChargerPayload:
        values = _changes(input)
        async with info.context.write() as session:
            charger = await registry.update(session, key_of("Charger", input.id), values)
            return ChargerPayload(charger=await read_in(session, info, "charger", charger.id))

    @mutation(
        "Takes a charger out of use for a while: it stays connected, and nothing is charged at it. Undone by "
        "resumeCharger.",
        requires=_WRITE,
    )
    async def suspend_charger(self, info: Info, id: ChargerId, reason: Reason) -> ChargerPayload:
        async with info.context.write() as session:
            charger = await registry.suspend(session, key_of("Charger", id), reason)
            return ChargerPayload(charger=await read_in(session, info, "charger", charger.id))

    @mutation(
        "Retires a charger that was taken down: its credentials are refused at once. Undone by resumeCharger.",
        requires=_WRITE,
    )
    async def retire_charger(self, info: Info, id: ChargerId, reason: Reason) -> ChargerPayload:
        async with info.context.write() as session:
            charger = await registry.retire(session, key_of("Charger", id), reason)
            return ChargerPayload(charger=await read_in(session, info, "charger", charger.id))

    @mutation(
        "Undoes a suspension or retirement: the charger is what it was before, with the credentials it had.",
        requires=_WRITE,
    )
    async def resume_charger(self, info: Info, id: ChargerId) -> ChargerPayload:
        async with info.context.write() as session:
            charger = await registry.resume(session, key_of("Charger", id))
            return ChargerPayload(charger=await read_in(session, info, "charger", charger.id))

    @mutation(
        "Gives a charger its first credentials, shown this once. Again, until it has started: new ones, and the "
        "old are void.",
        requires=_DEVICES,
    )
    async def enrol_charger(self, info: Info, id: ChargerId) -> DeviceLoginPayload:
        key = key_of("Charger", id)
        async with info.context.system() as session:
            await _seen(session, info, ChargerRow, key)
            made = await enrolment.enrol(session, key)
            return await _with_login(session, info, made.charger, made.secret)

    @mutation(
        "Gives a charger new credentials, shown this once. The old ones are good until the new ones are used, and no "
        "longer than the overlap; 0 seconds: they are void at once, and whoever is connected by them has to leave.",
        requires=_DEVICES,
    )
    async def rotate_device_credentials(
        self,
        info: Info,
        charger_id: ChargerId,
        overlap_seconds: Annotated[int, strawberry.argument(description="0 to 2,592,000; a week if left out.")] = int(
            credentials.OVERLAP.total_seconds()
        ),
    ) -> DeviceLoginPayload:
        key = key_of("Charger", charger_id, "chargerId")
        async with info.context.system() as session:
            await _seen(session, info, ChargerRow, key, "charger_id")
            charger, secret = await credentials.rotate(session, key, overlap_seconds=overlap_seconds)
            return await _with_login(session, info, charger, secret)

    @mutation(
        "Hands over the charging stations of a completed order: a charger each, at the order's address, owned by its "
        "customer, with credentials shown this once. Again with the same serial numbers: the same chargers.",
        requires=_DEVICES,
    )
    async def enrol_order_chargers(self, info: Info, input: EnrolOrderChargersInput) -> EnrolOrderChargersPayload:
        key = key_of("Order", input.order_id, "orderId")
        serials = {
            key_of("LineItem", each.line_item_id, f"serialNumbers.{place}.lineItemId"): each.serial_numbers
            for place, each in enumerate(input.serial_numbers)
        }
        async with info.context.system() as session:
            await _seen(session, info, OrderRow, key, "order_id")
            made = await enrolment.enrol_order(session, key, serials)
            logins = [_login(each.charger, each.secret) for each in made if each.secret]
            async with acting_as(session, info.context.actor):
                shown = await read_in_many(session, info, "chargers", [each.charger.id for each in made])
            return EnrolOrderChargersPayload(chargers=shown, logins=logins)


async def _seen(session: AsyncSession, info: Info, model: type[Base], id: UUID, field: str = "id") -> None:
    """Raises: NotFound where the row is not the actor's to see; the work on it is the platform's."""
    async with acting_as(session, info.context.actor):
        await find(session, model, id, field=(field,))


async def _with_login(session: AsyncSession, info: Info, charger: ChargerRow, secret: str | None) -> DeviceLoginPayload:
    async with acting_as(session, info.context.actor):
        shown = await read_in(session, info, "charger", charger.id)
    return DeviceLoginPayload(charger=shown, login=_login(charger, secret) if secret else None)


def _login(charger: ChargerRow, secret: str) -> DeviceLogin:
    own = charger.identity
    return DeviceLogin(identity=own, secret=secret, ocpp_path=f"/ocpp/{own}", mqtt_topics=f"charging/{own}/+")


def _location(input: ChargerLocationInput | None) -> Location | None:
    return Location(**vars(input)) if input else None


def _connectors(input: Sequence[ConnectorInput]) -> list[ConnectorDetails]:
    return [ConnectorDetails(each.number, each.type, each.max_power_w) for each in input]


_NEVER_NULL = ("vendor", "model", "name", "max_power_w", "access", "location", "connectors")


def _changes(input: UpdateChargerInput) -> dict[str, Any]:
    values = given(input, but=("id",))
    values = {name: value for name, value in values.items() if value is not None or name not in _NEVER_NULL}
    if "owner_id" in values:
        values["owner_contact_id"] = contact_key(values.pop("owner_id"), "ownerId")
    if "location" in values:
        values["location"] = _location(values["location"])
    if "connectors" in values:
        values["connectors"] = _connectors(values["connectors"])
    return values
