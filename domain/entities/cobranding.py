"""A partner's own looks on a brand's portal (T13), and what a portal shows before login."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.contacts import tree
from domain.contacts.models import Contact
from domain.entities import events, theme
from domain.errors import NotFound
from domain.events.record import changes_of, record
from domain.rows import find
from domain.unique import refusing_taken
from tenants.hostnames import hostname
from tenants.models import Brand, BrandCobranding, BusinessEntity


@dataclass(frozen=True, slots=True)
class Portal:
    """What anybody may know of a portal; with a partner's looks over the brand's where it has some."""

    host: str
    name: str
    locale: str
    logo_url: str | None
    theme: dict[str, str]
    terms: str
    privacy_statement: str
    consent_text: str
    legal_name: str
    kvk_number: str
    vat_number: str
    email: str
    phone: str
    partner: "PortalPartner | None"


@dataclass(frozen=True, slots=True)
class PortalPartner:
    """The partner whose looks a portal has."""

    slug: str
    name: str
    logo_url: str | None


async def portal(session: AsyncSession, host: str, slug: str | None = None) -> Portal | None:
    """The public face of the brand at a host name; a partner that is not known there changes nothing.

    For a session of the system actor: it reads these public columns of whichever brand, and nothing else.
    """
    query = (
        select(Brand, BusinessEntity)
        .join(BusinessEntity, BusinessEntity.id == Brand.entity_id)
        .where(Brand.host == hostname(host))
    )
    row = (await session.execute(query)).one_or_none()
    if row is None:
        return None
    brand, entity = row
    looks = await _looks(session, brand.id, slug) if slug else None
    return Portal(
        host=brand.host,
        name=brand.name,
        locale=brand.locale,
        logo_url=brand.logo_url,
        theme=theme.safe(brand.theme) | (theme.safe(looks.theme) if looks else {}),
        terms=brand.terms,
        privacy_statement=brand.privacy_statement,
        consent_text=brand.consent_text,
        legal_name=entity.legal_name,
        kvk_number=entity.kvk_number,
        vat_number=entity.vat_number,
        email=entity.email,
        phone=entity.phone,
        partner=PortalPartner(looks.slug, looks.name, looks.logo_url) if looks else None,
    )


async def _looks(session: AsyncSession, brand_id: UUID, slug: str) -> BrandCobranding | None:
    query = (
        select(BrandCobranding)
        .join(Contact, Contact.id == BrandCobranding.organization_id)
        .where(BrandCobranding.brand_id == brand_id, BrandCobranding.slug == slug.lower())
        .where(Contact.merged_into_id.is_(None))
    )
    return (await session.execute(query)).scalar_one_or_none()


async def set_partner_branding(
    session: AsyncSession, brand_id: UUID, organization_id: UUID, values: Mapping[str, Any]
) -> BrandCobranding:
    """Give a partner its looks on a brand's portal, or change them."""
    brand = await find(session, Brand, brand_id, field=("brand_id",))
    partner = await tree.organization(session, organization_id, field=("organization_id",))
    if brand.entity_id not in partner.entity_ids:
        raise NotFound(field=("organization_id",))
    looks = await _present(session, brand.id, partner.id)
    if looks is None:
        id = (await session.execute(select(func.uuidv7()))).scalar_one()
        looks = BrandCobranding(id=id, entity_id=brand.entity_id, brand_id=brand.id, organization_id=partner.id)
    taken = {"brand_id_slug": ("slug",), "brand_id_organization_id": ("organization_id",)}
    async with refusing_taken(session, **{f"uq_brand_cobranding_{columns}": field for columns, field in taken.items()}):
        for column, value in values.items():
            setattr(looks, column, value)
        changes = changes_of(looks)
        session.add(looks)
    if changes:
        await _tell(session, looks, partner, changes=changes)
    return looks


async def remove_partner_branding(session: AsyncSession, brand_id: UUID, organization_id: UUID) -> Brand:
    """Take a partner's looks away; without any, nothing happens."""
    brand = await find(session, Brand, brand_id, field=("brand_id",))
    partner = await find(session, Contact, organization_id, field=("organization_id",))
    looks = await _present(session, brand.id, partner.id)
    if looks is not None:
        await session.delete(looks)
        await _tell(session, looks, partner, removed=True)
    return brand


async def _present(session: AsyncSession, brand_id: UUID, organization_id: UUID) -> BrandCobranding | None:
    query = select(BrandCobranding).filter_by(brand_id=brand_id, organization_id=organization_id).with_for_update()
    return (await session.execute(query)).scalar_one_or_none()


async def _tell(
    session: AsyncSession,
    looks: BrandCobranding,
    partner: Contact,
    *,
    removed: bool = False,
    changes: dict[str, list[Any]] | None = None,
) -> None:
    await record(
        session,
        events.PartnerBrandingSet(looks.slug, removed),
        entity_id=looks.entity_id,
        subject_id=looks.brand_id,
        organization_ids=[partner.id],
        channel=partner.channel_organization_ids,
        changes=changes,
    )
