"""One record per customer across entities (T3): whether a person is known already, and which records look alike.

Nobody may learn from making a contact that an e-mail address is known elsewhere, so what a partner brings is linked to
records that the partner sees already and to no other; what staff or a portal takes in is linked across all entities.
"""

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.contacts import events, service, tree
from domain.contacts.addresses import AddressDetails, add
from domain.contacts.models import Address, Contact, ContactType
from domain.contacts.relations import record_about, relate
from domain.rows import actor_of
from tenants.acting import acting_as
from tenants.actor import Actor
from tenants.audience import Audience
from tenants.sandboxes import sandbox_ids


@dataclass(frozen=True, slots=True)
class Found:
    """The record of a person, whether it is new, and the address that was given with it."""

    contact: Contact
    created: bool
    address: Address | None = None


async def find_or_create(
    session: AsyncSession,
    values: Mapping[str, Any],
    *,
    entity_id: UUID,
    source: str,
    partner_id: UUID | None = None,
    address: AddressDetails | None = None,
    maker: Actor | None = None,
) -> Found:
    """The record of the person that `values` (see details.parse) describe, made where there is none, and related.

    Equal e-mail address and equal telephone number, or equal e-mail address, name and postcode, is the same person.
    A record that is found keeps what it holds; the address that came along is added to it. `partner_id` is the
    organization that brings the person: with it, or in a partner's session, only records that it sees are found. In a
    session of the system actor, a new record is made as `maker` where one is given.
    """
    actor = actor_of(session)
    if actor.audience is Audience.PARTNER:
        partner_id = partner_id or actor.organization_id
    await _one_at_a_time(session, values.get("email"))
    known = await _known(session, values, address, partner_id, entity_id)
    if known is None:
        async with acting_as(session, maker) if maker else nullcontext():
            made = await service.create_person(
                session, values, entity_id=entity_id, partner_id=partner_id, address=address, source=source
            )
        return Found(made, True, await _address_of(session, made))
    kept = await add(session, known.id, address) if address else None
    await _link(session, known, entity_id, source, partner_id, maker)
    if kept and known.address_id is None:
        known.address_id = kept.id
    await session.flush()
    return Found(known, False, kept)


async def _link(
    session: AsyncSession, known: Contact, entity_id: UUID, source: str, partner_id: UUID | None, maker: Actor | None
) -> None:
    chain = await tree.chain_of(session, partner_id, field=("partner_id",)) if partner_id else []
    if await relate(session, known, entity_id, source=source, partner_id=partner_id, chain=chain):
        async with acting_as(session, maker) if maker else nullcontext():
            await record_about(session, events.ContactRelated(source), known, entity_id=entity_id)


async def _one_at_a_time(session: AsyncSession, email: str | None) -> None:
    """Two intakes of one person at the same moment make one record."""
    if email:
        await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"contact {email}", 0))))


async def _known(
    session: AsyncSession,
    values: Mapping[str, Any],
    address: AddressDetails | None,
    partner_id: UUID | None,
    entity_id: UUID,
) -> Contact | None:
    """The oldest record of the person, locked."""
    same = _same_person(values, address)
    if same is None:
        return None
    query = (
        select(Contact)
        .where(same, Contact.contact_type == ContactType.PERSON)
        .where(Contact.merged_into_id.is_(None), Contact.erased_at.is_(None))
        .order_by(Contact.id)
        .limit(1)
        .with_for_update()
    )
    query = query.where(*await _same_side(session, entity_id))
    if partner_id and actor_of(session).audience is not Audience.PARTNER:
        query = query.where(Contact.channel_organization_ids.contains([partner_id]))
    return (await session.execute(query)).scalar_one_or_none()


async def _same_side(session: AsyncSession, entity_id: UUID) -> list[ColumnElement[bool]]:
    """People of a sandbox are nobody's customers, and no customer is found in a sandbox."""
    sandboxes = await sandbox_ids(session)
    if entity_id in sandboxes:
        return [Contact.entity_ids.contains([entity_id])]
    return [~Contact.entity_ids.overlap(sorted(sandboxes))] if sandboxes else []


def _same_person(values: Mapping[str, Any], address: AddressDetails | None) -> ColumnElement[bool] | None:
    email, phone, name = values.get("email"), values.get("phone"), values.get("name")
    proofs: list[ColumnElement[bool]] = []
    if phone:
        proofs.append(Contact.phone == phone)
    if address and address.postal_code and name:
        at_postcode = select(Address.id).where(Address.contact_id == Contact.id)
        lives_there = exists(at_postcode.where(Address.postal_code == address.postal_code))
        proofs.append(and_(func.lower(Contact.name) == func.lower(name), lives_there))
    return and_(Contact.email == email, or_(*proofs)) if email and proofs else None


async def _address_of(session: AsyncSession, contact: Contact) -> Address | None:
    return await session.get(Address, contact.address_id) if contact.address_id else None
