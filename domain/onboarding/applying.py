"""Applying for a partnership: by a visitor, whose mail proves the address, by a partner for one below it, by staff.

A visitor gets the same answer whatever is known already: what differs happens in a mail to the address given.
"""

from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain import validation
from domain.contacts import details, tree
from domain.contacts.addresses import AddressDetails
from domain.contacts.models import Contact, ContactType
from domain.errors import Faults, NotFound, PermissionDenied, Required
from domain.numbering.service import next_number
from domain.onboarding import advancing, criteria, errors, events, letters
from domain.onboarding.criteria import Register
from domain.onboarding.models import CLOSED, OnboardingState, PartnerOnboarding, WayIn
from domain.rows import find
from tenants.acting import acting_as
from tenants.actor import Actor
from tenants.audience import Audience
from tenants.auth import clock
from tenants.auth.sealing import fingerprint, random_secret
from tenants.models import BusinessEntity
from tenants.permissions import Permission

CONFIRM_DAYS = 7
MAILS_PER_DAY = 3
"""To one address of an entity: our mail goes to an address that anybody can type."""
MOST_ORDERS = 1_000_000


@dataclass(frozen=True, slots=True)
class Application:
    """What an applicant says, as it was given."""

    category: str
    way_in: WayIn
    company_name: str
    contact_name: str
    email: str
    phone: str | None = None
    job_title: str | None = None
    legal_name: str | None = None
    kvk_number: str | None = None
    vat_number: str | None = None
    website: str | None = None
    orders_per_month: int | None = None
    language: str | None = None
    message: str = ""


@dataclass(frozen=True, slots=True)
class Where:
    """At which entity, under which brand, for which organization that is known already, below which other."""

    entity_id: UUID
    host: str = ""
    organization_id: UUID | None = None
    parent_id: UUID | None = None


def checked(given: Application, language: str) -> dict[str, Any]:
    """The columns in their normal form. Raises all faults at once, each under its field."""
    company = {"name": given.company_name, "legal_name": given.legal_name, "kvk_number": given.kvk_number}
    company |= {"vat_number": given.vat_number, "website": given.website}
    person = {"name": given.contact_name, "email": given.email, "phone": given.phone, "job_title": given.job_title}
    with Faults() as faults:
        with faults.at():
            values = details.parse(ContactType.ORGANIZATION, company, new=True)
        with faults.at():
            reached = details.parse(ContactType.PERSON, {**person, "language": given.language or language}, new=True)
            if not reached.get("email"):
                raise Required(field=("email",))
        message = faults.take(_message, given.message, "message")
        orders = faults.take(_orders, given.orders_per_month, "orders_per_month")
    values |= {"company_name": values.pop("name"), "contact_name": reached.pop("name"), **reached}
    return {**values, "way_in": given.way_in.value, "message": message or "", "orders_per_month": orders}


async def apply(
    session: AsyncSession,
    by: Actor,
    where: Where,
    category: str,
    values: dict[str, Any],
    address: AddressDetails | None = None,
) -> PartnerOnboarding | None:
    """Take in an application that was checked; None where a visitor's is one too many. A session of the system.

    Raises: PermissionDenied, NotFound, Required, OnboardingUnderWay; of these a visitor meets only what has nothing to
    do with what is known.
    """
    where = await _allowed(session, by, where)
    definition = await criteria.of(session, where.entity_id, category)
    if Register.KVK in definition.registers and not values.get("kvk_number"):
        raise Required(field=("kvk_number",))
    await _one_at_a_time(session, where, values["email"])
    if not by.signed_in:
        if await _too_many(session, where, values["email"]):
            return None
    else:
        await _refuse_under_way(session, where)
    row = PartnerOnboarding(
        entity_id=where.entity_id,
        organization_id=where.organization_id,
        parent_organization_id=where.parent_id,
        number=await next_number(session, where.entity_id, "partnership", infix="P"),
        category=category,
        definition=criteria.as_json(definition),
        state=OnboardingState.APPLIED.value,
        address=asdict(address) if address else {},
        applied_by_user_id=by.user_id,
        host=where.host,
        confirmed_at=clock.now() if by.signed_in else None,
        **values,
    )
    return await _begin(session, row)


async def _begin(session: AsyncSession, row: PartnerOnboarding) -> PartnerOnboarding:
    secret = random_secret()
    if row.confirmed_at is None:
        row.confirmation_hash, row.confirm_by = fingerprint(secret), clock.now() + timedelta(days=CONFIRM_DAYS)
    session.add(row)
    await session.flush()
    await advancing.lay_out(session, row)
    await events.tell(session, row, events.PartnershipApplied(row.number, row.category, row.way_in))
    if row.confirmed_at is None:
        await letters.ask_to_confirm(session, row, secret, CONFIRM_DAYS)
    return row


async def confirm(session: AsyncSession, entity_id: UUID, secret: str) -> PartnerOnboarding:
    """The mail arrived: whoever holds its link has the address. Raises: ConfirmationInvalid. For the system."""
    query = select(PartnerOnboarding).filter_by(entity_id=entity_id, confirmation_hash=fingerprint(secret))
    row = (await session.execute(query.with_for_update())).scalar_one_or_none()
    if row is None or row.confirm_by is None or row.confirm_by <= clock.now() or row.state in CLOSED:
        raise errors.ConfirmationInvalid(field=("token",))
    row.confirmation_hash, row.confirmed_at = None, clock.now()
    await session.flush()
    await events.tell(session, row, events.PartnershipConfirmed(row.number))
    return row


async def forget_unconfirmed(session: AsyncSession) -> int:
    """Delete applications whose address nobody has proved in time; how many. For the system."""
    query = select(PartnerOnboarding).where(
        PartnerOnboarding.confirmed_at.is_(None), PartnerOnboarding.confirm_by < clock.now()
    )
    rows = (await session.scalars(query.limit(1_000).with_for_update(skip_locked=True))).all()
    for row in rows:
        await events.tell(session, row, events.PartnershipForgotten(row.number))
        for step in await advancing.steps_of(session, row):
            await session.delete(step)
        await session.flush()
        await session.delete(row)
    return len(rows)


# --- who may --------------------------------------------------------------------------------------------------------


async def _allowed(session: AsyncSession, by: Actor, where: Where) -> Where:
    """Where it may be applied for by this actor: organizations that are named are its to see."""
    if not by.may(Permission.PARTNERSHIP_APPLY):
        raise PermissionDenied()
    await tree.lock(session)
    async with acting_as(session, by):
        await find(session, BusinessEntity, where.entity_id, field=("entity_id",))
    if by.audience is Audience.CUSTOMER:
        if where.organization_id or where.parent_id:
            raise PermissionDenied(field=("organization_id" if where.organization_id else "parent_id",))
        return where
    parent_id = where.parent_id
    if by.audience is Audience.PARTNER and where.organization_id is None:
        parent_id = parent_id or by.organization_id
    for id, name in ((where.organization_id, "organization_id"), (parent_id, "parent_id")):
        if id is not None:
            await _organization(session, by, where.entity_id, id, name)
    return Where(where.entity_id, where.host, where.organization_id, parent_id)


async def _organization(session: AsyncSession, by: Actor, entity_id: UUID, id: UUID, name: str) -> Contact:
    async with acting_as(session, by):
        found = await tree.organization(session, id, field=(name,))
    beyond = by.audience is Audience.PARTNER and by.organization_id not in found.chain_organization_ids
    if beyond or entity_id not in found.entity_ids:
        raise NotFound(field=(name,))
    return found


async def _one_at_a_time(session: AsyncSession, where: Where, email: str) -> None:
    key = func.hashtextextended(f"partnership {where.entity_id} {where.organization_id or email}", 0)
    await session.execute(select(func.pg_advisory_xact_lock(key)))


async def _too_many(session: AsyncSession, where: Where, email: str) -> bool:
    query = select(func.count()).where(
        PartnerOnboarding.entity_id == where.entity_id,
        PartnerOnboarding.email == email,
        PartnerOnboarding.created_at > clock.now() - timedelta(days=1),
    )
    return (await session.execute(query)).scalar_one() >= MAILS_PER_DAY


async def _refuse_under_way(session: AsyncSession, where: Where) -> None:
    if where.organization_id is None:
        return
    query = select(PartnerOnboarding.id).filter_by(entity_id=where.entity_id, organization_id=where.organization_id)
    if (await session.execute(query.where(PartnerOnboarding.state.not_in([*CLOSED])))).first():
        raise errors.OnboardingUnderWay(field=("organization_id",))


def _message(value: str) -> str:
    return validation.text(value, minimum=0, maximum=2_000)


def _orders(value: int | None) -> int | None:
    return None if value is None else validation.integer(value, 0, MOST_ORDERS)
