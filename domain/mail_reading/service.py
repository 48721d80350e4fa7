"""The templates of a partner: read, learned from corrections, stated, restored. Versions are only ever added."""

from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.catalog.models import Article, PartnerSku
from domain.contacts.models import Contact
from domain.geo.models import Pc4
from domain.mail_reading.fields import Known
from domain.mail_reading.models import MailTemplate, TemplateState
from domain.mail_reading.template import Template

NAME = "mail"
"""Of the template that corrections are learned into."""


async def templates_for(session: AsyncSession, entity_id: UUID, organization_id: UUID) -> list[Template]:
    """The active templates of a partner and, behind them, of the organizations above it."""
    chain = select(Contact.chain_organization_ids).where(Contact.id == organization_id).scalar_subquery()
    depth = func.array_position(chain, MailTemplate.organization_id)
    rows = await session.scalars(
        select(MailTemplate)
        .where(
            MailTemplate.entity_id == entity_id,
            MailTemplate.state == TemplateState.ACTIVE,
            MailTemplate.organization_id == func.any(chain),
        )
        .order_by(depth.desc(), MailTemplate.name)
        .limit(50)
    )
    return [template_of(row) for row in rows]


def template_of(row: MailTemplate) -> Template:
    """What a version says; what somebody stated goes before what was learned."""
    return Template.from_json(row.learned).stated(row.rules)


async def known_for(session: AsyncSession, entity_id: UUID, organization_id: UUID) -> Known:
    """The partner's article numbers, those of the organizations above it, and the postcodes that were imported."""
    chain = select(Contact.chain_organization_ids).where(Contact.id == organization_id).scalar_subquery()
    skus = await session.execute(
        select(PartnerSku.partner_sku, Article.name)
        .join(Article, Article.id == PartnerSku.article_id)
        .where(PartnerSku.entity_id == entity_id, PartnerSku.organization_id == func.any(chain))
    )
    places = await session.execute(select(Pc4.pc4, Pc4.place))
    return Known(dict(skus.tuples().all()), dict(places.tuples().all()))
