"""Persons from a file: name, e-mail address, telephone number, language and address, found or made."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.bulk.errors import ChangedSince
from domain.bulk.models import BulkOperation
from domain.bulk.subjects.importing import OBJECT, TEXT, Line, Made, refuse_unknown
from domain.contacts import details, matching, privacy
from domain.contacts.addresses import AddressDetails, Locates, located
from domain.contacts.models import Contact, ContactType
from domain.contacts.references import pointing, references
from domain.errors import Faults, NotAChoice, Required, WrongType
from tenants.acting import acting_as
from tenants.actor import Actor

SOURCE = "IMPORT"
_COLUMNS = tuple(details.PARSERS[ContactType.PERSON])
_ADDRESS = ("street", "house_number", "house_number_addition", "addition", "postal_code", "city", "country")
_EXPORTED = ("id", "lifecycle", "made_at", "changed_at")
"""Fields of an export that an import passes over."""
_ITS_OWN = frozenset({"address", "contact_relation", "contact", "search_row"})
"""Tables whose rows belong to a contact that nobody has used."""


@dataclass(frozen=True, slots=True)
class Ready:
    values: Mapping[str, Any]
    address: AddressDetails | None


async def prepared(locator: Locates, given: Mapping[str, Any]) -> Ready:
    """Raises every fault at once."""
    columns = {name: given[name] for name in _COLUMNS if name in given}
    with Faults() as faults:
        refuse_unknown(faults, given, (*_COLUMNS, *_EXPORTED, "type", "address"))
        if given.get("type", ContactType.PERSON) != ContactType.PERSON:
            faults.add(NotAChoice(choices=ContactType.PERSON.value, field=("type",)))
        _refuse_other_kinds(faults, columns, ())
        address = _address(faults, given.get("address"))
    with Faults() as faults:
        with faults.at():
            values = details.parse(ContactType.PERSON, columns, new=True)
        if not columns.get("email") and not columns.get("phone"):
            faults.add(Required(field=("email",)))
        with faults.at("address"):
            place = await located(locator, address) if address else None
    return Ready(values, place)


async def take(session: AsyncSession, operation: BulkOperation, actor: Actor, line: Line) -> Made:
    """The person, found by what proves that it is the same, else made."""
    ready: Ready = line.ready
    named = operation.options.get("organization_id")
    async with acting_as(session, actor):
        found = await matching.find_or_create(
            session,
            ready.values,
            entity_id=operation.entity_id,
            source=SOURCE,
            partner_id=UUID(named) if named else None,
            address=ready.address,
        )
    id = str(found.contact.id)
    undo = {"contact_id": id, "version": found.contact.version} if found.created else {}
    return Made({"outcome": "created" if found.created else "found", "contact_id": id}, undo)


async def take_back(session: AsyncSession, _operation: BulkOperation, actor: Actor, undo: Mapping[str, Any]) -> None:
    """Erase a person that nobody has changed or used. Raises: ChangedSince."""
    id = UUID(undo["contact_id"])
    contact = (await session.scalars(select(Contact).where(Contact.id == id).with_for_update())).one_or_none()
    if contact is None or contact.version != undo["version"] or contact.erased_at or contact.merged_into_id:
        raise ChangedSince(field=("contact_id",))
    for reference in await references(session):
        if reference.table not in _ITS_OWN and await pointing(session, reference, id):
            raise ChangedSince(field=("contact_id",))
    await privacy.erase(session, actor, id)


def _address(faults: Faults, given: Any) -> dict[str, Any] | None:
    if given is None:
        return None
    if not isinstance(given, Mapping):
        faults.add(WrongType(expected=OBJECT, field=("address",)))
        return None
    values = {name: value for name, value in given.items() if value is not None}
    with faults.at("address"), Faults() as own:
        refuse_unknown(own, values, _ADDRESS)
    _refuse_other_kinds(faults, values, ("address",))
    if "addition" in values:
        values["house_number_addition"] = values.pop("addition")
    return values


def _refuse_other_kinds(faults: Faults, values: Mapping[str, Any], at: tuple[str, ...]) -> None:
    for name, value in values.items():
        if value is not None and not isinstance(value, str):
            faults.add(WrongType(expected=TEXT, field=(*at, name[:64])))
