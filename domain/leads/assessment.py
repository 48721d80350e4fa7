"""What is known of a lead, its score, and whether it can be qualified by itself (L3, L6). System sessions only."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Uuid, column, func, select, table, true
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from domain.contacts.models import Address, Exactness
from domain.geo.location import Point
from domain.leads.answers import share_answered
from domain.leads.events import LeadScored, tell
from domain.leads.models import Lead, Questionnaire
from domain.leads.questions import Question, questions_of
from domain.leads.scoring import CarPower, Facts, PartnerRecord, score
from domain.leads.settings import lead_settings
from tenants.models import BusinessEntity

# Quotes and orders build on leads, so their models are not imported here.
_QUOTE = table("quote", column("id"), column("channel_organization_ids", ARRAY(Uuid())), column("sent_at"))
_ORDER = table("order", column("quote_id"))


async def partner_record(session: AsyncSession, organization_id: UUID) -> PartnerRecord:
    """Quotes sent in the channel of a partner, in all entities, and how many of them became an order (Decision 5)."""
    sent = _QUOTE.c.channel_organization_ids.contains([organization_id])
    query = (
        select(func.count(), func.count(_ORDER.c.quote_id))
        .select_from(_QUOTE.outerjoin(_ORDER, _ORDER.c.quote_id == _QUOTE.c.id))
        .where(sent, _QUOTE.c.sent_at.is_not(None))
    )
    row = (await session.execute(query)).one()
    return PartnerRecord(sent=row[0], ordered=row[1])


@dataclass(frozen=True)
class Assessment:
    """A lead with everything its score and its qualification depend on."""

    lead: Lead
    entity: BusinessEntity
    address: Address | None
    questions: tuple[Question, ...]
    partner: PartnerRecord | None

    @property
    def located(self) -> bool:
        """Whether the address was found and nobody needs to look at it."""
        return self.address is not None and self.address.exactness != Exactness.NONE and not self.address.flagged

    @property
    def facts(self) -> Facts:
        said = {**self.lead.interests, **self.lead.answers}
        power, owner = said.get("car_power"), said.get("home_owner")
        return Facts(
            point=_point(self.address),
            partner=self.partner,
            has_phone=self.lead.phone is not None,
            has_address=self.address is not None,
            address_verified=self.located,
            is_business=self.lead.company_name is not None,
            home_owner=owner if isinstance(owner, bool) else None,
            car=CarPower(power) if power in tuple(CarPower) else None,
            has_category="product_category" in said,
            has_wish="product_wish" in said,
            intake=share_answered(self.questions, self.lead.answers),
        )

    @property
    def ready(self) -> bool:
        """Whether nothing stands in the way of qualifying it without a person."""
        partner = self.lead.partner_organization_id is not None or not self.entity.requires_partner
        complete = self.lead.intake_completed_at is not None or not self.questions
        return partner and complete and self.located and self.lead.score >= lead_settings(self.entity).qualify_at


async def assess(session: AsyncSession, lead: Lead) -> Assessment:
    """Read what the score of a lead depends on."""
    entity = await session.get_one(BusinessEntity, lead.entity_id)
    address = await session.get(Address, lead.address_id) if lead.address_id else None
    asked = await session.get(Questionnaire, lead.questionnaire_id) if lead.questionnaire_id else None
    partner = lead.partner_organization_id
    record = await partner_record(session, partner) if partner else None
    return Assessment(lead, entity, address, questions_of(asked.questions if asked else ()), record)


async def rescore(session: AsyncSession, assessment: Assessment) -> bool:
    """Give the lead the score of what is known now; whether that changed anything."""
    lead = assessment.lead
    found = score(assessment.facts, lead_settings(assessment.entity).weights)
    before: list[dict[str, Any]] = lead.score_explanation
    lead.score, lead.score_explanation = found.points, found.explanation
    if found.explanation == before:
        return False
    await tell(session, lead, LeadScored(score=found.points))
    return True


async def active_questionnaire(session: AsyncSession, entity_id: UUID) -> Questionnaire | None:
    """What the entity asks at present."""
    query = select(Questionnaire).where(Questionnaire.entity_id == entity_id, Questionnaire.active == true())
    return (await session.execute(query)).scalar_one_or_none()


def _point(address: Address | None) -> Point | None:
    if address is None or address.latitude is None or address.longitude is None:
        return None
    return Point(address.latitude, address.longitude)
