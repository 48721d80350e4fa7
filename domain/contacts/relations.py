"""What a contact is to each business entity: lifecycle, source, who brought it, preferences (T3, T16)."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.contacts import events
from domain.contacts.models import Contact, ContactRelation, ContactType, Lifecycle
from domain.contacts.preferences import parse_preferences
from domain.errors import FieldPath, NotFound, PermissionDenied, Required
from domain.events.record import record
from domain.rows import actor_of, find, granted_columns
from tenants.audience import Audience
from tenants.models import BusinessEntity
from tenants.permissions import Permission

_FORWARD = (Lifecycle.LEAD, Lifecycle.PROSPECT, Lifecycle.CUSTOMER)


async def entity_of(session: AsyncSession, entity_id: UUID | None, *, field: FieldPath = ("entity_id",)) -> UUID:
    """The business entity to work for: the one given, where the actor works for it, else the actor's only one."""
    actor = actor_of(session)
    if entity_id is not None:
        return (await find(session, BusinessEntity, entity_id, field=field)).id
    if len(actor.entity_ids) != 1:
        raise Required(field=field)
    return actor.entity_ids[0]


def entity_for(session: AsyncSession, contact: Contact) -> UUID:
    """The entity in whose log a change of a contact is kept: one that the actor and the contact share."""
    shared = [id for id in contact.entity_ids if id in actor_of(session).entity_ids]
    return (shared or contact.entity_ids)[0]


async def relate(
    session: AsyncSession,
    contact: Contact,
    entity_id: UUID,
    *,
    source: str,
    partner_id: UUID | None = None,
    chain: Sequence[UUID] = (),
) -> bool:
    """Note that a contact came to an entity, through the partner at the end of `chain`; whether that was new.

    The contact is locked. A relation keeps its first source and partner; further partners are added to its channel.
    """
    known = await _relation(session, contact.id, entity_id)
    if known is None:
        values = {"source": source, "partner_organization_id": partner_id, "channel_organization_ids": list(chain)}
        statement = insert(ContactRelation).inline().values(contact_id=contact.id, entity_id=entity_id, **values)
        await session.flush()
        await session.execute(statement)
    elif missing := _missing(known.channel_organization_ids, chain):
        known.channel_organization_ids = [*known.channel_organization_ids, *missing]
    contact.entity_ids = [*contact.entity_ids, *_missing(contact.entity_ids, [entity_id])]
    contact.channel_organization_ids = [
        *contact.channel_organization_ids,
        *_missing(contact.channel_organization_ids, chain),
    ]
    return known is None


def _missing(present: Sequence[UUID], wanted: Sequence[UUID]) -> list[UUID]:
    return [id for id in wanted if id not in present]


async def set_lifecycle(session: AsyncSession, contact_id: UUID, entity_id: UUID, lifecycle: Lifecycle) -> None:
    """Say what a contact is to an entity; setting what is already so changes nothing."""
    contact = await find(session, Contact, contact_id, lock=True)
    relation = await _relation(session, contact.id, entity_id)
    if relation is None:
        raise NotFound(field=("entity_id",))
    await _change_lifecycle(session, contact, relation, lifecycle)


async def advance(session: AsyncSession, contact_id: UUID, entity_id: UUID, lifecycle: Lifecycle) -> None:
    """Move a contact forward from lead over prospect to customer, never back; an inactive one becomes active again.

    For the areas in which that happens: a quote was sent, an order was placed. Does nothing where there is no relation.
    """
    contact = await find(session, Contact, contact_id, field=("contact_id",))
    relation = await _relation(session, contact.id, entity_id)
    if relation is None:
        return
    present = Lifecycle(relation.lifecycle)
    if present is Lifecycle.INACTIVE or _FORWARD.index(lifecycle) > _FORWARD.index(present):
        await _change_lifecycle(session, contact, relation, lifecycle)


async def _change_lifecycle(
    session: AsyncSession, contact: Contact, relation: ContactRelation, lifecycle: Lifecycle
) -> None:
    before = relation.lifecycle
    if before == lifecycle:
        return
    relation.lifecycle = lifecycle.value
    await record_about(
        session,
        events.LifecycleChanged(before, lifecycle.value),
        contact,
        entity_id=relation.entity_id,
        changes={"lifecycle": [before, lifecycle.value]},
    )


async def set_preferences(session: AsyncSession, contact_id: UUID, entity_id: UUID, given: Mapping[str, Any]) -> None:
    """Keep preferences per kind (`communication`, `scheduling`, `service`); a kind that is left out stays as it is.

    A contact sets its own; for others it takes the right to change contacts.
    """
    actor = actor_of(session)
    if actor.contact_id != contact_id and not actor.may(Permission.CONTACTS_WRITE):
        raise PermissionDenied()
    values = parse_preferences(given)
    contact = await find(session, Contact, contact_id)
    relation = await _relation(session, contact.id, entity_id)
    if relation is None:
        raise NotFound(field=("entity_id",))
    changes = {f"{kind}_preferences": value for kind, value in values.items()}
    if actor.audience is Audience.PARTNER and "service_preferences" in changes:
        raise PermissionDenied(field=("preferences", "service"))
    before = {column: getattr(relation, column) for column in changes}
    for column, value in changes.items():
        setattr(relation, column, value)
    await record_about(
        session,
        events.PreferencesSet(sorted(values)),
        contact,
        entity_id=entity_id,
        changes={column: [before[column], value] for column, value in changes.items()},
    )


async def record_about(
    session: AsyncSession,
    payload: Any,
    contact: Contact,
    *,
    entity_id: UUID | None = None,
    changes: dict[str, list[Any]] | None = None,
) -> None:
    """Record an event on the timeline of a contact and of the organization it is or belongs to."""
    is_organization = contact.contact_type == ContactType.ORGANIZATION
    await record(
        session,
        payload,
        entity_id=entity_id or entity_for(session, contact),
        subject_id=contact.id,
        organization_ids=[contact.id if is_organization else contact.parent_organization_id],
        channel=contact.channel_organization_ids,
        contact_ids=[contact.id],
        changes=changes,
    )


async def _relation(session: AsyncSession, contact_id: UUID, entity_id: UUID) -> ContactRelation | None:
    query = select(ContactRelation).filter_by(contact_id=contact_id, entity_id=entity_id)
    return (await session.execute(query.options(*granted_columns(session, ContactRelation)))).scalar_one_or_none()
