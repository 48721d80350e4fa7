"""Chargers as they are recorded: registered, changed, suspended, retired, and taken back into service."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain import validation
from domain.chargers.errors import ChargerRetired, InvalidIdentity, NothingToUndo
from domain.chargers.events import (
    ChargerEvent,
    ChargerRegistered,
    ChargerResumed,
    ChargerSuspended,
    ChargerUpdated,
    about,
)
from domain.chargers.events import ChargerRetired as RetiredEvent
from domain.chargers.models import (
    MOST_CONNECTORS,
    Charger,
    ChargerAccess,
    ChargerState,
    Connector,
    ConnectorType,
    is_identity,
    is_reserved,
)
from domain.chargers.signals import credentials_changed, dismiss
from domain.contacts.models import Contact, ContactType
from domain.errors import AlreadyExists, Duplicate, Faults, InvalidState, OutOfRange, Required, TooMany
from domain.events.record import changes_of, record, record_all
from domain.rows import find
from domain.unique import refusing_taken

MOST_POWER_W = 2_000_000
MAX_SERIAL = 50
_EASY = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""Without the characters that look like others."""
_TAKEN = {
    "uq_charger_identity": ("identity",),
    "uq_charger_entity_id_vendor_serial_number": ("serial_number",),
}


@dataclass(frozen=True, slots=True)
class Location:
    """`street` with its house number; both coordinates or none."""

    street: str = ""
    postal_code: str = ""
    city: str = ""
    country: str = "NL"
    latitude: float | None = None
    longitude: float | None = None


@dataclass(frozen=True, slots=True)
class ConnectorDetails:
    number: int
    type: ConnectorType = ConnectorType.TYPE2
    max_power_w: int | None = None
    """That of the charger where it is left out."""


async def register(
    session: AsyncSession,
    *,
    entity_id: UUID,
    vendor: str,
    max_power_w: int,
    identity: str | None = None,
    model: str = "",
    serial_number: str | None = None,
    name: str = "",
    connectors: Sequence[ConnectorDetails] = (),
    access: ChargerAccess = ChargerAccess.PRIVATE,
    owner_contact_id: UUID | None = None,
    location: Location | None = None,
    order_id: UUID | None = None,
    line_item_id: UUID | None = None,
    channel: Sequence[UUID] | None = None,
) -> Charger:
    """A charger with its connectors, one of type 2 where none is given; the platform chooses an identity if need be.

    `channel`: the partners that see it; those of its owner where it is left out. For staff. Raises: NotFound, the
    faults of the input, AlreadyExists.
    """
    owner = await _owner(session, owner_contact_id)
    values = {
        "vendor": vendor,
        "model": model,
        "serial_number": serial_number,
        "name": name,
        "max_power_w": max_power_w,
    }
    with Faults() as faults:
        checked = _checked(values, faults)
        given = connector_faults(connectors or [ConnectorDetails(1)], max_power_w, faults)
        place = faults.take(_place, location or Location(), "location")
        own = faults.take(identity_of, identity, "identity") if identity else new_identity()
    charger = Charger(
        entity_id=entity_id,
        identity=own,
        access=access.value,
        owner_contact_id=owner.id if owner else None,
        channel_organization_ids=list(_channel(owner) if channel is None else channel),
        order_id=order_id,
        line_item_id=line_item_id,
        **checked,
        **(place or {}),
    )
    async with refusing_taken(session, **_TAKEN):
        session.add(charger)
    await _add_connectors(session, charger, given)
    await _tell(session, charger, ChargerRegistered(charger.identity, charger.vendor, charger.model, order_id))
    return charger


def new_identity() -> str:
    """`CP-` and ten characters that are read out over the telephone without mistakes."""
    return "CP-" + "".join(secrets.choice(_EASY) for _ in range(10))


def identity_of(value: str, *field: str | int) -> str:
    if not isinstance(value, str) or not is_identity(value):
        raise InvalidIdentity(field=field)
    if is_reserved(value):
        raise AlreadyExists(field=field)
    return value


def connector_faults(given: Sequence[ConnectorDetails], power_w: int, faults: Faults) -> list[ConnectorDetails]:
    """The connectors with their power; numbers are 1 to 20 and each occurs once."""
    if len(given) > MOST_CONNECTORS:
        faults.add(TooMany(maximum=MOST_CONNECTORS, field=("connectors",)))
        return []
    for place, each in enumerate(given):
        with faults.at("connectors", place):
            validation.integer(each.number, 1, MOST_CONNECTORS, "number")
            if each.max_power_w is not None:
                _power(each.max_power_w, "max_power_w")
            if each.number in [other.number for other in given[:place]]:
                raise Duplicate(field=("number",))
    return [ConnectorDetails(each.number, each.type, each.max_power_w or power_w) for each in given]


def _power(value: int, *field: str | int) -> int:
    return validation.integer(value, 1, MOST_POWER_W, *field)


def _line(value: str, *field: str | int) -> str:
    return validation.name(value, *field, minimum=0)


def _serial(value: str | None, *field: str | int) -> str | None:
    return None if value is None else validation.name(value, *field, maximum=MAX_SERIAL)


_CHECKS: dict[str, Any] = {
    "vendor": validation.name,
    "model": _line,
    "serial_number": _serial,
    "name": _line,
    "max_power_w": _power,
}


def _checked(values: Mapping[str, Any], faults: Faults) -> dict[str, Any]:
    return {name: faults.take(_CHECKS[name], value, name) for name, value in values.items()}


def _place(given: Location) -> dict[str, Any]:
    with Faults() as faults:
        place = {
            "street": faults.take(_line, given.street, "street"),
            "postal_code": faults.take(_line, given.postal_code, "postal_code"),
            "city": faults.take(_line, given.city, "city"),
            "country": faults.take(validation.country, given.country, "country"),
        }
        with faults.at():
            _coordinates(given)
    return place | {"latitude": given.latitude, "longitude": given.longitude}


def _coordinates(given: Location) -> None:
    if (given.latitude is None) != (given.longitude is None):
        raise Required(field=("longitude" if given.longitude is None else "latitude",))
    for name, value, most in (("latitude", given.latitude, 90), ("longitude", given.longitude, 180)):
        if value is not None and not -most <= value <= most:
            raise OutOfRange(minimum=-most, maximum=most, field=(name,))


async def _owner(session: AsyncSession, owner_contact_id: UUID | None) -> Contact | None:
    if owner_contact_id is None:
        return None
    owner = await find(session, Contact, owner_contact_id, field=("owner_id",))
    return await find(session, Contact, owner.merged_into_id) if owner.merged_into_id else owner


def _channel(owner: Contact | None) -> list[UUID]:
    """An organization's chain; a person's is that of the organization it belongs to, if any."""
    if owner is None or owner.contact_type != ContactType.ORGANIZATION:
        return []
    return list(owner.chain_organization_ids) or [owner.id]


async def _add_connectors(session: AsyncSession, charger: Charger, given: Sequence[ConnectorDetails]) -> None:
    for each in given:
        session.add(
            Connector(
                charger_id=charger.id,
                entity_id=charger.entity_id,
                number=each.number,
                type=each.type.value,
                max_power_w=each.max_power_w,
            )
        )
    await session.flush()


# --- changes ------------------------------------------------------------------------------------------------------


async def update(session: AsyncSession, charger_id: UUID, values: Mapping[str, Any]) -> Charger:
    """Change what is given of: name, vendor, model, serial_number, max_power_w, access, owner_contact_id (None: no
    owner), location, connectors. A new owner brings its own channel. For staff. Raises: NotFound, the input's faults.
    """
    charger = await find(session, Charger, charger_id, lock=True)
    plain = {name: value for name, value in values.items() if name in _CHECKS}
    with Faults() as faults:
        checked = _checked(plain, faults)
        if values.get("location"):
            checked |= faults.take(_place, values["location"], "location") or {}
        power = checked.get("max_power_w") or charger.max_power_w
        connectors = connector_faults(values.get("connectors") or [], power, faults)
    async with refusing_taken(session, **_TAKEN):
        for name, value in checked.items():
            setattr(charger, name, value)
        await _own(session, charger, values)
        changes = changes_of(charger)
    changed = await _change_connectors(session, charger, connectors)
    if changes or changed:
        fields = sorted(set(changes) | ({"connectors"} if changed else set()))
        await _tell(session, charger, ChargerUpdated(charger.identity, fields), changes)
    return charger


async def _own(session: AsyncSession, charger: Charger, values: Mapping[str, Any]) -> None:
    if "access" in values:
        charger.access = ChargerAccess(values["access"]).value
    if "owner_contact_id" in values:
        owner = await _owner(session, values["owner_contact_id"])
        if (owner.id if owner else None) != charger.owner_contact_id:
            charger.owner_contact_id = owner.id if owner else None
            charger.channel_organization_ids = _channel(owner)


async def _change_connectors(session: AsyncSession, charger: Charger, given: Sequence[ConnectorDetails]) -> bool:
    """Whether any was added or changed; one that is left out stays, since it may have a history."""
    query = select(Connector).where(Connector.charger_id == charger.id).with_for_update()
    have = {row.number: row for row in (await session.execute(query)).scalars()}
    await _add_connectors(session, charger, [each for each in given if each.number not in have])
    changed = any(each.number not in have for each in given)
    for each in given:
        row = have.get(each.number)
        if row is not None and (row.type, row.max_power_w) != (each.type.value, each.max_power_w):
            row.type, row.max_power_w = each.type.value, each.max_power_w or charger.max_power_w
            changed = True
    await session.flush()
    return changed


# --- states -------------------------------------------------------------------------------------------------------


async def suspend(session: AsyncSession, charger_id: UUID, reason: str) -> Charger:
    """Nothing is charged at it until it is resumed; it stays connected and is heard. Again: nothing happens."""
    charger = await find(session, Charger, charger_id, lock=True)
    if charger.state == ChargerState.RETIRED:
        raise ChargerRetired(field=("id",))
    if charger.state == ChargerState.REGISTERED:
        raise InvalidState(current=charger.state, wanted=ChargerState.SUSPENDED.value, field=("id",))
    if charger.state != ChargerState.SUSPENDED:
        await _move(session, charger, ChargerState.SUSPENDED, reason, ChargerSuspended(charger.identity))
    return charger


async def retire(session: AsyncSession, charger_id: UUID, reason: str) -> Charger:
    """It was taken down: its credentials are refused and its connection is closed. Again: nothing happens."""
    charger = await find(session, Charger, charger_id, lock=True)
    if charger.state != ChargerState.RETIRED:
        await _move(session, charger, ChargerState.RETIRED, reason, RetiredEvent(charger.identity))
        await _changed_hands(session, charger)
    return charger


async def resume(session: AsyncSession, charger_id: UUID) -> Charger:
    """Undo a suspension or retirement: it is what it was before, with the credentials it had. Raises: NothingToUndo."""
    charger = await find(session, Charger, charger_id, lock=True)
    if charger.state not in (ChargerState.SUSPENDED, ChargerState.RETIRED):
        raise NothingToUndo(field=("id",))
    retired = charger.state == ChargerState.RETIRED
    charger.state = charger.state_before or ChargerState.REGISTERED.value
    charger.state_before = charger.state_reason = None
    if charger.state == ChargerState.SUSPENDED:  # it was when it was retired
        charger.state_before = (ChargerState.IN_SERVICE if charger.booted_at else ChargerState.ENROLLED).value
    await _tell(session, charger, ChargerResumed(charger.identity, charger.state), changes_of(charger))
    if retired:
        await _changed_hands(session, charger)
    return charger


async def _move(
    session: AsyncSession, charger: Charger, state: ChargerState, reason: str, happened: ChargerEvent
) -> None:
    charger.state_reason = validation.text(reason, "reason", maximum=1000)
    charger.state_before = charger.state
    charger.state = state.value
    await _tell(session, charger, happened, changes_of(charger))


async def _changed_hands(session: AsyncSession, charger: Charger) -> None:
    await credentials_changed(session, charger.id)
    await dismiss(session, charger.id)


async def _tell(
    session: AsyncSession, charger: Charger, happened: ChargerEvent, changes: dict[str, list[Any]] | None = None
) -> None:
    whom = about(charger)
    if not changes:
        return await record_all(session, [(happened, whom)])
    await record(
        session,
        happened,
        entity_id=charger.entity_id,
        subject_id=charger.id,
        organization_ids=whom.organization_ids,
        channel=whom.channel,
        contact_ids=whom.contact_ids,
        changes=changes,
    )
