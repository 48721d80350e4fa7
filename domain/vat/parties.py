"""What counts of payers, read from their records."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.contacts.models import Address, Contact
from domain.vat.models import BillingProfile, VatTreatment
from domain.vat.rules import VatParty, country_of, valid_vat_number

HOME = "NL"


async def parties_of(session: AsyncSession, entity_id: UUID, contact_ids: Iterable[UUID]) -> dict[UUID, VatParty]:
    """The VAT side of contacts that the actor sees, as an entity invoices them. For staff and the system."""
    profile = (BillingProfile.contact_id == Contact.id) & (BillingProfile.entity_id == entity_id)
    query = (
        select(
            Contact.id,
            Contact.contact_type,
            Contact.vat_number,
            Contact.partner_model,
            Address.country,
            BillingProfile.vat_treatment,
        )
        .outerjoin(Address, Address.id == Contact.address_id)
        .outerjoin(BillingProfile, profile)
        .where(Contact.id.in_(list(contact_ids)))
    )
    rows = (await session.execute(query)).all()
    return {
        row.id: party_of(row.country, row.vat_number, row.contact_type, row.partner_model, row.vat_treatment)
        for row in rows
    }


def party_of(
    country: str | None, vat_number: str | None, contact_type: str, partner_model: str | None, treatment: str | None
) -> VatParty:
    """A payer; who gave no address is where its VAT number is from, else at home."""
    where = country or (country_of(vat_number or "") if valid_vat_number(vat_number) else HOME)
    return VatParty(where, vat_number, contact_type, partner_model, treatment or VatTreatment.AUTOMATIC.value)
