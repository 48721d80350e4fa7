"""Applications, steps, documents, tasks, signatures, price rules and imports of partners of every entity."""

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.agreements.models import Agreement
from domain.catalog.models import PriceList
from domain.contacts.models import Contact
from domain.onboarding import criteria
from domain.onboarding.models import (
    AgreementSignature,
    OnboardingStep,
    PartnerDocument,
    PartnerOnboarding,
    PartnerTask,
    PriceRules,
    SkuMapImport,
)
from tenants.models import BusinessEntity, Membership
from tests.factories import unique

_AT = datetime(2026, 5, 4, 9, tzinfo=UTC)


async def add_onboarding(session: AsyncSession) -> None:
    """As the system."""
    for entity in (await session.execute(select(BusinessEntity).order_by(BusinessEntity.code))).scalars():
        await _application(session, entity, None)
        named = select(Membership.organization_id).where(Membership.entity_id == entity.id).distinct()
        query = select(Contact).where(Contact.id.in_(named), Contact.merged_into_id.is_(None)).order_by(Contact.id)
        for organization in (await session.execute(query)).scalars():
            await _of_partner(session, entity, organization)


async def _application(session: AsyncSession, entity: BusinessEntity, organization: Contact | None) -> dict[str, Any]:
    of = {"entity_id": entity.id, "organization_id": organization.id if organization else None}
    made = PartnerOnboarding(
        **of,
        number=unique(f"{entity.code}-P-"),
        category="ENERGY",
        definition=criteria.as_json(criteria.DEFAULTS["ENERGY"]),
        state="DOCUMENTS" if organization else "APPLIED",
        way_in="API",
        company_name=unique("Zonnig "),
        contact_name=unique("Ans "),
        email=f"{unique('ans')}@example.nl".lower(),
        confirmed_at=_AT,
    )
    session.add(made)
    await session.flush()
    step = {"stage": "DOCUMENTS", "code": "AGREEMENT", "owner": "STAFF"}
    session.add(OnboardingStep(**of, **step, onboarding_id=made.id, position=0))
    for owner in ("STAFF", "PARTNER"):
        titles = {"title_nl": unique("Doen "), "title_en": unique("Do ")}
        task = {"owner": owner, "kind": "OTHER", "key": unique("OTHER:"), "due_on": date(2099, 3, 2)}
        session.add(PartnerTask(**of, **titles, **task, onboarding_id=made.id, note=unique("Notitie ")))
    await session.flush()
    return of


async def _of_partner(session: AsyncSession, entity: BusinessEntity, organization: Contact) -> None:
    of = await _application(session, entity, organization)
    session.add(PartnerDocument(**of, kind="COMPANY_EXTRACT", number=1, reference=unique("R-")))
    session.add(SkuMapImport(**of, added=1, changed=0, removed=0, before=[], after=[]))
    whose = {"entity_id": entity.id, "organization_id": organization.id}
    agreement = (await session.scalars(select(Agreement).filter_by(**whose).limit(1))).one_or_none()
    if agreement is None:
        agreement = Agreement(**whose)
        session.add(agreement)
        await session.flush()
    signed = {"text_sha256": "0" * 64, "text": unique("Tekst "), "processing_agreement_version": "1"}
    signer = {"signed_by_user_id": entity.id, "signer_name": unique("Ans "), "signer_job_title": "CEO"}
    session.add(AgreementSignature(**of, **signed, **signer, agreement_id=agreement.id))
    prices = await session.scalar(select(PriceList.id).where(PriceList.entity_id == entity.id).limit(1))
    if prices is not None:
        session.add(PriceRules(**of, number=1, rules=[{"percent": "-1"}], price_list_id=prices))
    await session.flush()
