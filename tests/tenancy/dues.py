"""Commission of every entity and of some of its partners, one of them above another, with a dispute and terms."""

from datetime import UTC, date, datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.agreements.commission_terms import STANDARD, as_json
from domain.agreements.models import CommissionTerms
from domain.commissions.models import Commission, CommissionDispute
from tenants.models import BusinessEntity, Membership
from tenants.permissions import Role

_AT = datetime(2026, 1, 5, 9, tzinfo=UTC)


async def add_commissions(session: AsyncSession) -> None:
    """A record per partner of an entity, the first one disputed."""
    for entity_id in (await session.execute(select(BusinessEntity.id).order_by(BusinessEntity.id))).scalars():
        session.add(CommissionTerms(entity_id=entity_id, terms=as_json(STANDARD)))
        partners = select(Membership.organization_id).where(
            Membership.entity_id == entity_id, Membership.role == Role.PARTNER_ADMIN.value
        )
        ids = sorted({id for id in (await session.execute(partners)).scalars() if id})[:5]
        made = [_record(entity_id, id) for id in ids]
        session.add_all(made)
        await session.flush()
        for row in made[:2]:
            session.add(_dispute(row))
        await session.flush()


def _record(entity_id: object, partner_id: object) -> Commission:
    return Commission(
        entity_id=entity_id,
        beneficiary_contact_id=partner_id,
        kind="BONUS",
        cause="ACCRUED",
        rule="BONUS:0:2026-01-01:2026-02-01",
        base_cents=100_00,
        uncut_cents=5_00,
        amount_cents=5_00,
        currency="EUR",
        status="EARNED",
        period_month=date(2026, 1, 1),
        accrued_at=_AT,
        earned_at=_AT,
    )


def _dispute(row: Commission) -> CommissionDispute:
    return CommissionDispute(
        entity_id=row.entity_id,
        commission_id=row.id,
        beneficiary_contact_id=row.beneficiary_contact_id,
        reason="Too little",
    )
