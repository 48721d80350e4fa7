"""Making and changing contacts. Values come in their normal form (details.py), addresses located (addresses.py)."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.contacts import events, tree
from domain.contacts.addresses import AddressDetails, add
from domain.contacts.details import full_name
from domain.contacts.errors import (
    ContactConfirmed,
    ContactErased,
    ContactMergedAway,
    NotAnOrganization,
    NotAPerson,
    SetByStaff,
)
from domain.contacts.models import Contact, ContactRelation, ContactType, Lifecycle
from domain.contacts.relations import record_about, relate
from domain.errors import Faults, Stale
from domain.events.record import changes_of
from domain.rows import actor_of, find
from domain.unique import refusing_taken
from tenants.audience import Audience

STAFF_SETS = ("partner_model", "partner_code", "payment_terms_days")
"""Columns of an organization that a partner does not set."""


async def create_organization(
    session: AsyncSession,
    values: Mapping[str, Any],
    *,
    entity_id: UUID,
    parent_id: UUID | None = None,
    address: AddressDetails | None = None,
    source: str = "STAFF",
) -> Contact:
    """A new organization of an entity. A partner makes them below its own organization, with its partner model."""
    actor = actor_of(session)
    by_partner = actor.audience is Audience.PARTNER
    if by_partner:
        _refuse_staff_columns(column for column, value in values.items() if value is not None)
        parent_id = parent_id or actor.organization_id
    await tree.lock(session)
    parent = await tree.organization(session, parent_id, field=("parent_id",)) if parent_id else None
    if by_partner and parent:
        values = {**values, "partner_model": parent.partner_model}
    made = await _insert(session, ContactType.ORGANIZATION, values, parent, entity_id, address)
    await relate(session, made, entity_id, source=source)
    if parent:
        await tree.place(session, made, parent)
    await record_about(session, events.OrganizationCreated(source), made, entity_id=entity_id)
    return made


async def create_person(
    session: AsyncSession,
    values: Mapping[str, Any],
    *,
    entity_id: UUID,
    organization_id: UUID | None = None,
    partner_id: UUID | None = None,
    address: AddressDetails | None = None,
    source: str = "STAFF",
) -> Contact:
    """A new person of an entity: of an organization, and brought by a partner where `partner_id` is given.

    What a partner makes outside its organizations is brought by it. Whether the person is known already is the question
    of matching.find_or_create.
    """
    await tree.lock(session)
    if not organization_id and actor_of(session).audience is Audience.PARTNER:
        partner_id = partner_id or actor_of(session).organization_id
    organization = None
    if organization_id:
        organization = await tree.organization(session, organization_id, field=("organization_id",))
    chain = await tree.chain_of(session, partner_id, field=("partner_id",)) if partner_id else []
    made = await _insert(session, ContactType.PERSON, values, organization, entity_id, address, chain)
    await relate(session, made, entity_id, source=source, partner_id=partner_id, chain=chain)
    await record_about(session, events.ContactCreated(source), made, entity_id=entity_id)
    return made


async def update(
    session: AsyncSession,
    id: UUID,
    kind: ContactType,
    values: Mapping[str, Any],
    *,
    version: int | None = None,
    address: AddressDetails | None = None,
) -> Contact:
    """Change the given columns of a contact; Stale where `version` is given and not the present one."""
    contact = await _changeable(session, id, kind, version)
    await _refuse_for_partner(session, contact, values)
    if address:
        values = {**values, "address_id": (await add(session, contact.id, address)).id}
    async with refusing_taken(session, uq_contact_partner_code=("partner_code",)):
        _apply(contact, values)
        changes = changes_of(contact)
    if changes:
        happened = events.OrganizationUpdated if kind is ContactType.ORGANIZATION else events.ContactUpdated
        await record_about(session, happened(sorted(changes)), contact, changes=changes)
    return contact


def _apply(contact: Contact, values: Mapping[str, Any]) -> None:
    for column, value in values.items():
        setattr(contact, column, value)
    if "name" not in values and {"first_name", "last_name"} & values.keys():
        contact.name = full_name(contact.first_name, contact.last_name) or contact.name


async def _changeable(session: AsyncSession, id: UUID, kind: ContactType, version: int | None) -> Contact:
    contact = await find(session, Contact, id, lock=True)
    if contact.contact_type != kind:
        raise NotAnOrganization(field=("id",)) if kind is ContactType.ORGANIZATION else NotAPerson(field=("id",))
    if contact.merged_into_id is not None:
        raise ContactMergedAway(field=("id",))
    if contact.erased_at is not None:
        raise ContactErased(field=("id",))
    if version is not None and version != contact.version:
        raise Stale(field=("version",))
    return contact


async def _refuse_for_partner(session: AsyncSession, contact: Contact, values: Mapping[str, Any]) -> None:
    """A partner changes its own people freely, and how a customer is reached only until the customer has dealt with us.

    Otherwise it could have the codes that a customer signs with sent to itself.
    """
    if actor_of(session).audience is not Audience.PARTNER:
        return
    changed = [column for column, value in values.items() if value != getattr(contact, column)]
    _refuse_staff_columns(changed)
    reached = [column for column in changed if column in ("email", "phone")]
    if reached and contact.contact_type == ContactType.PERSON and await _has_dealt_with_us(session, contact):
        raise ContactConfirmed(field=(reached[0],))


async def _has_dealt_with_us(session: AsyncSession, contact: Contact) -> bool:
    beyond = ContactRelation.lifecycle.in_([Lifecycle.PROSPECT, Lifecycle.CUSTOMER, Lifecycle.INACTIVE])
    query = select(ContactRelation.id).where(ContactRelation.contact_id == contact.id, beyond).limit(1)
    return (await session.execute(query)).first() is not None


def _refuse_staff_columns(columns: Iterable[str]) -> None:
    with Faults() as faults:
        faults.add(*(SetByStaff(field=(column,)) for column in columns if column in STAFF_SETS))


async def _insert(
    session: AsyncSession,
    kind: ContactType,
    values: Mapping[str, Any],
    parent: Contact | None,
    entity_id: UUID,
    address: AddressDetails | None,
    brought_by: list[UUID] | None = None,
) -> Contact:
    """Insert a contact that is visible to its maker from the first moment, then its address."""
    id, address_id = (await session.execute(select(func.uuidv7(), func.uuidv7()))).one()
    above = list(parent.chain_organization_ids) if parent else []
    chain = [*above, id] if kind is ContactType.ORGANIZATION else []
    base = chain or above
    made = Contact(
        id=id,
        contact_type=kind.value,
        **values,
        parent_organization_id=parent.id if parent else None,
        address_id=address_id if address else None,
        entity_ids=[entity_id],
        chain_organization_ids=chain,
        channel_organization_ids=[*base, *(each for each in brought_by or () if each not in base)],
    )
    async with refusing_taken(session, uq_contact_partner_code=("partner_code",)):
        session.add(made)
    if address:
        await add(session, id, address, id=address_id)
    return made
