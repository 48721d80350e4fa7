"""Making of an accepted application what the platform works with: record, place in the tree, contact, invitation."""

import re
import unicodedata
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.contacts import events, relations, service, tree
from domain.contacts.addresses import AddressDetails, add
from domain.contacts.models import Contact
from domain.onboarding import criteria
from domain.onboarding.models import OnboardingStep, PartnerOnboarding, PartnerTask
from domain.partner_orders import integration
from domain.users import invitations
from domain.users.errors import AlreadyMember
from domain.users.invitations import Invitee
from tenants.actor import SYSTEM
from tenants.permissions import Role
from tenants.secrets import with_secrets
from tenants.settings import settings

_COMPANY = ("legal_name", "kvk_number", "vat_number", "website", "language")
SOURCE = "PARTNERSHIP"


async def welcome(session: AsyncSession, row: PartnerOnboarding) -> Contact:
    """The organization of an accepted application, with what it needs; what is there already stays. For the system."""
    model = criteria.parse(row.definition).partner_model
    if row.organization_id is None:
        organization = await _make(session, row, model.value)
        row.organization_id = organization.id
        await _point(session, row)
    else:
        organization = await tree.organization(session, row.organization_id, for_update=True)
        await _complete(session, row, organization, model.value)
    person = await _person(session, row, organization)
    row.contact_id = person.id
    await integration.of(session, row.entity_id, organization.id)
    await _invite(session, row, organization)
    await session.flush()
    return organization


async def _make(session: AsyncSession, row: PartnerOnboarding, model: str) -> Contact:
    values: dict[str, Any] = {name: getattr(row, name) for name in _COMPANY if getattr(row, name)}
    values |= {"name": row.company_name, "email": row.email, "phone": row.phone, "partner_model": model}
    values["partner_code"] = await _code(session, row.company_name)
    address = AddressDetails(**row.address) if row.address else None
    return await service.create_organization(
        session, values, entity_id=row.entity_id, parent_id=row.parent_organization_id, address=address, source=SOURCE
    )


async def _complete(session: AsyncSession, row: PartnerOnboarding, organization: Contact, model: str) -> None:
    """Fill in what the record lacks; nothing that it has is overwritten by what an applicant says."""
    for name in _COMPANY:
        if getattr(organization, name) is None and getattr(row, name):
            setattr(organization, name, getattr(row, name))
    organization.partner_model = organization.partner_model or model
    organization.partner_code = organization.partner_code or await _code(session, organization.name)
    if organization.address_id is None and row.address:
        organization.address_id = (await add(session, organization.id, AddressDetails(**row.address))).id
    await session.flush()
    await relations.relate(session, organization, row.entity_id, source=SOURCE)
    changed = events.OrganizationUpdated(["partner_model"])
    await relations.record_about(session, changed, organization, entity_id=row.entity_id)


async def _person(session: AsyncSession, row: PartnerOnboarding, organization: Contact) -> Contact:
    """Whom it is arranged with: the organization's person of that address, new where there is none."""
    query = select(Contact).where(
        Contact.parent_organization_id == organization.id,
        Contact.contact_type == "PERSON",
        Contact.email == row.email,
        Contact.merged_into_id.is_(None),
        Contact.erased_at.is_(None),
    )
    if known := (await session.execute(query.order_by(Contact.id).limit(1))).scalar_one_or_none():
        return known
    values = {"name": row.contact_name, "email": row.email, "phone": row.phone, "job_title": row.job_title}
    return await service.create_person(
        session,
        {**values, "language": row.language},
        entity_id=row.entity_id,
        organization_id=organization.id,
        source=SOURCE,
    )


async def _invite(session: AsyncSession, row: PartnerOnboarding, organization: Contact) -> None:
    invitee = Invitee(
        email=row.email,
        name=row.contact_name,
        role=Role.PARTNER_ADMIN,
        entity_id=row.entity_id,
        organization_id=organization.id,
        language=row.language,
    )
    try:
        await invitations.invite(session, with_secrets(settings()), SYSTEM, invitee, row.host)
    except AlreadyMember:
        return


async def _point(session: AsyncSession, row: PartnerOnboarding) -> None:
    """What was written down before there was an organization is its."""
    await session.flush()
    for each in await session.scalars(select(OnboardingStep).filter_by(onboarding_id=row.id)):
        each.organization_id = row.organization_id
    for task in await session.scalars(select(PartnerTask).filter_by(onboarding_id=row.id)):
        task.organization_id = row.organization_id
    await session.flush()


async def _code(session: AsyncSession, name: str) -> str:
    """A short name for web addresses that nobody has: `groendus`, `groendus-2`."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    base = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:32].strip("-") or "partner"
    taken = set(await session.scalars(select(Contact.partner_code).where(Contact.partner_code.startswith(base))))
    return next(code for number in range(1, len(taken) + 2) if (code := _numbered(base, number)) not in taken)


def _numbered(base: str, number: int) -> str:
    return base if number == 1 else f"{base}-{number}"
