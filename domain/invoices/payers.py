"""Who pays, as of now: the record that took a duplicate's place, its address, and how it is invoiced."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from domain.contacts.models import Address, Contact
from domain.errors import language_of
from domain.vat.models import BillingProfile
from domain.vat.parties import HOME, party_of
from domain.vat.rules import VatParty
from tenants.models import BusinessEntity


@dataclass(frozen=True, slots=True)
class Profile:
    """How a payer is invoiced; the defaults hold where nothing was said."""

    collective: bool = False
    invoice_email: str | None = None
    language: str | None = None
    purchase_order_required: bool = False
    payment_terms_days: int | None = None
    deposit_percent: Decimal = Decimal(0)
    progress_percents: tuple[Decimal, ...] = ()
    vat_treatment: str | None = None


@dataclass(frozen=True, slots=True)
class Payer:
    """A contact that is invoiced."""

    id: UUID
    contact_type: str
    name: str
    legal_name: str | None
    email: str | None
    phone: str | None
    language: str
    kvk_number: str | None
    vat_number: str | None
    iban: str | None
    partner_model: str | None
    payment_terms_days: int | None
    chain: tuple[UUID, ...]
    address: Mapping[str, str] = field(default_factory=dict)

    def party(self, profile: Profile) -> VatParty:
        """What counts of it for VAT."""
        country = self.address.get("country")
        return party_of(country, self.vat_number, self.contact_type, self.partner_model, profile.vat_treatment)

    def snapshot(self, profile: Profile, elsewhere: Mapping[str, str] | None = None) -> dict[str, Any]:
        """What its invoices say of it; `elsewhere` is the address of who gave none."""
        address = self.address or elsewhere or {}
        return {
            "contact_type": self.contact_type,
            "name": self.name,
            "legal_name": self.legal_name or self.name,
            **{name: address.get(name, "") for name in ADDRESS},
            "country": address.get("country", "") or self.party(profile).country,
            "kvk_number": self.kvk_number or "",
            "vat_number": self.vat_number or "",
            "email": profile.invoice_email or self.email or "",
            "phone": self.phone or "",
        }

    def speaks(self, profile: Profile) -> str:
        """The language of its documents, nl or en."""
        return language_of(profile.language or self.language)


ADDRESS = ("street", "house_number", "postal_code", "city", "country")
_SELLER = ("name", "legal_name", *ADDRESS, "kvk_number", "vat_number", "iban", "email", "phone")
_PROFILE = tuple(Profile.__dataclass_fields__)


def seller_of(entity: BusinessEntity) -> dict[str, Any]:
    """What invoices say of the business entity."""
    return {name: getattr(entity, name) for name in _SELLER}


def address_of(row: Any) -> dict[str, str]:
    """The columns of an address, the addition beside the number; empty for no address."""
    if row is None or row.postal_code is None:
        return {}
    number = f"{row.house_number} {row.house_number_addition}".strip()
    return {
        "street": row.street,
        "house_number": number,
        "postal_code": row.postal_code,
        "city": row.city,
        "country": row.country or HOME,
    }


async def payers_of(session: AsyncSession, contact_ids: Iterable[UUID]) -> dict[UUID, Payer]:
    """The payers by the ids that documents name, duplicates by the record that took their place."""
    named, kept, address = aliased(Contact), aliased(Contact), aliased(Address)
    query = (
        select(named.id.label("named"), *_columns(kept), *_address(address))
        .join(kept, kept.id == func.coalesce(named.merged_into_id, named.id))
        .outerjoin(address, address.id == kept.address_id)
        .where(named.id.in_(set(contact_ids)))
    )
    return {row.named: _payer(row) for row in (await session.execute(query)).all()}


async def profiles_of(session: AsyncSession, contact_ids: Iterable[UUID]) -> dict[tuple[UUID, UUID], Profile]:
    """The profiles there are, by entity and contact."""
    columns = [getattr(BillingProfile, name) for name in _PROFILE]
    query = select(BillingProfile.entity_id, BillingProfile.contact_id, *columns)
    query = query.where(BillingProfile.contact_id.in_(set(contact_ids)))
    return {(row[0], row[1]): _profile(row) for row in (await session.execute(query)).all()}


def _profile(row: Any) -> Profile:
    values = {name: getattr(row, name) for name in _PROFILE}
    return Profile(**(values | {"progress_percents": tuple(row.progress_percents)}))


_OWN = (
    "id",
    "contact_type",
    "name",
    "legal_name",
    "email",
    "phone",
    "language",
    "kvk_number",
    "vat_number",
    "iban",
    "partner_model",
    "payment_terms_days",
)


def _columns(contact: Any) -> list[Any]:
    return [getattr(contact, name) for name in (*_OWN, "chain_organization_ids")]


def _address(address: Any) -> list[Any]:
    return [getattr(address, name) for name in ("house_number_addition", *ADDRESS)]


def _payer(row: Any) -> Payer:
    values = {name: getattr(row, name) for name in _OWN}
    return Payer(**values, chain=tuple(row.chain_organization_ids), address=address_of(row))
