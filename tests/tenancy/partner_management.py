"""Figures, breaches, announced maintenance and tickets of partners of every entity."""

from datetime import UTC, date, datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.contacts.models import Contact
from domain.partner_management.models import (
    MaintenanceWindow,
    PartnerScorecard,
    PartnerTicket,
    PartnerTicketMessage,
    ServiceBreach,
)
from tenants.models import BusinessEntity, Membership
from tests.factories import unique

_AT = datetime(2026, 5, 4, 9, tzinfo=UTC)
_MISSED = {"target": Decimal(500), "worst": Decimal(900), "latest": Decimal(800), "opened_at": _AT, "seen_at": _AT}


async def add_partner_management(session: AsyncSession) -> None:
    """As the system."""
    for entity in (await session.execute(select(BusinessEntity).order_by(BusinessEntity.code))).scalars():
        of = {"entity_id": entity.id}
        session.add(ServiceBreach(**of, **_MISSED, metric="STATUS", partners=9))
        session.add(
            MaintenanceWindow(**of, starts_at=datetime(2099, 3, 2, 22, tzinfo=UTC), ends_at=_END, reason="New disks")
        )
        named = select(Membership.organization_id).where(Membership.entity_id == entity.id).distinct()
        query = select(Contact).where(Contact.id.in_(named), Contact.merged_into_id.is_(None)).order_by(Contact.id)
        for organization in (await session.execute(query)).scalars():
            await _of_partner(session, entity, organization)


_END = datetime(2099, 3, 3, 2, tzinfo=UTC)


async def _of_partner(session: AsyncSession, entity: BusinessEntity, organization: Contact) -> None:
    owner = {"entity_id": entity.id, "organization_id": organization.id}
    session.add(
        PartnerScorecard(
            **owner,
            period="MONTH",
            starts_on=date(2020, 4, 1),
            ends_on=date(2020, 5, 1),
            orders=7,
            rating_sum=Decimal(9),
            ratings=2,
            response_p95_ms=120,
            score=80,
            rank=1,
        )
    )
    session.add(ServiceBreach(**owner, **_MISSED, metric="RESPONSE"))
    ticket = PartnerTicket(
        **owner,
        channel_organization_ids=list(organization.chain_organization_ids),
        number=unique(f"{entity.code}-T-"),
        subject=unique("Waar is "),
        topic="ORDER",
        opened_by="Jan",
        due_at=datetime(2099, 3, 2, 9, tzinfo=UTC),
    )
    session.add(ticket)
    await session.flush()
    of = {"entity_id": entity.id, "ticket_id": ticket.id, "author": "Jan"}
    session.add(PartnerTicketMessage(**of, side="PARTNER", body=unique("Vraag ")))
    session.add(PartnerTicketMessage(**of, side="STAFF", body=unique("Notitie "), internal=True))
    await session.flush()
