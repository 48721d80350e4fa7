"""How contacts are invoiced, as finance sets it."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain import validation
from domain.contacts.models import Contact, ContactType
from domain.errors import Faults, OutOfRange, Required
from domain.events.record import changes_of, record
from domain.invoices.errors import SharesNotRising, VatNumberRequired
from domain.invoices.events import BillingProfileSaved
from domain.money import discount
from domain.rows import find
from domain.vat.models import BillingProfile, VatTreatment
from domain.vat.rules import valid_vat_number
from tenants.models import BusinessEntity

MOST_SHARES = 10
LONGEST_TERMS = 365


async def save_profile(
    session: AsyncSession, entity_id: UUID, contact_id: UUID, values: Mapping[str, Any]
) -> BillingProfile:
    """Set the given columns of the profile of a contact with an entity; the others stay. For staff.

    Raises: NotFound, VatNumberRequired, SharesNotRising, Required and faults of single values.
    """
    await find(session, BusinessEntity, entity_id, field=("entity_id",))
    contact = await find(session, Contact, contact_id, field=("contact_id",))
    checked = _checked(values)
    profile = await _locked(session, entity_id, contact.merged_into_id or contact.id)
    for column, value in checked.items():
        setattr(profile, column, value)
    _refuse(profile, contact)
    changes = changes_of(profile)
    await session.flush()
    payload = BillingProfileSaved(profile.collective, profile.vat_treatment)
    await record(
        session,
        payload,
        entity_id=entity_id,
        subject_id=profile.id,
        organization_ids=[profile.contact_id],
        changes=changes,
    )
    return profile


def _checked(values: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(values)
    with Faults() as faults:
        if found.get("invoice_email") is not None:
            found["invoice_email"] = faults.take(validation.email, found["invoice_email"], "invoice_email")
        if found.get("payment_terms_days") is not None:
            with faults.at():
                validation.integer(found["payment_terms_days"], 0, LONGEST_TERMS, "payment_terms_days")
        if "deposit_percent" in found:
            faults.take(discount, found["deposit_percent"], "deposit_percent")
        if "progress_percents" in found:
            faults.take(_shares, found["progress_percents"], "progress_percents")
        if found.get("vat_reason"):
            with faults.at():
                found["vat_reason"] = validation.text(found["vat_reason"], "vat_reason", maximum=500)
        if found.get("language") is not None:
            with faults.at():
                validation.choice(found["language"], ("nl", "en"), "language")
    return found


def _shares(shares: Sequence[Decimal]) -> Sequence[Decimal]:
    if len(shares) > MOST_SHARES:
        raise OutOfRange(minimum=0, maximum=MOST_SHARES)
    with Faults() as faults:
        for position, share in enumerate(shares):
            faults.take(discount, share, position)
    return shares


def _refuse(profile: BillingProfile, contact: Contact) -> None:
    """What the values of a profile cannot be together."""
    shares = [profile.deposit_percent, *profile.progress_percents]
    rising = all(lower < higher for lower, higher in pairwise(shares))
    if not rising or (profile.progress_percents and shares[-1] >= 100):
        raise SharesNotRising(field=("progress_percents",))
    if profile.vat_treatment != VatTreatment.AUTOMATIC and not profile.vat_reason:
        raise Required(field=("vat_reason",))
    organization = contact.contact_type == ContactType.ORGANIZATION
    if profile.vat_treatment == VatTreatment.REVERSE_CHARGE and not (
        organization and valid_vat_number(contact.vat_number)
    ):
        raise VatNumberRequired(field=("vat_treatment",))


async def _locked(session: AsyncSession, entity_id: UUID, contact_id: UUID) -> BillingProfile:
    """The profile, made where there is none; of two who make it at once, one waits for the other."""
    made = insert(BillingProfile).values(entity_id=entity_id, contact_id=contact_id)
    await session.execute(made.on_conflict_do_nothing().inline())
    query = select(BillingProfile).where(BillingProfile.entity_id == entity_id, BillingProfile.contact_id == contact_id)
    return (await session.execute(query.with_for_update())).scalar_one()
