"""Keeping articles, prices and the partner SKU map."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import Range, distinct_on, insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.catalog.errors import NoPrice, SkuTaken, UnknownArticle
from domain.catalog.events import ArticleSaved, PartnerSkuMapped, PriceEnded, PriceSet
from domain.catalog.models import Article, ArticleCategory, PartnerSku, Price, PriceList
from domain.contacts.models import Contact
from domain.errors import FieldPath, OutOfRange, Required
from domain.events.record import changes_of, record
from domain.rows import find
from tenants.base import moment
from tenants.models import BusinessEntity


@dataclass(frozen=True)
class ArticlePrice:
    """What one unit costs and from which list the price comes; integer cents without VAT."""

    article_id: UUID
    unit_price_cents: int
    price_list_id: UUID


async def prices_for(
    session: AsyncSession, entity_id: UUID, partner_chain: Sequence[UUID], article_ids: Sequence[UUID], at: datetime
) -> dict[UUID, ArticlePrice]:
    """Unit prices at a time: from the list of the nearest organization in the chain (root first), else the standard.

    NoPrice where an article is in none of them.
    """
    nearness = func.coalesce(func.array_position(list(partner_chain), PriceList.partner_organization_id), 0)
    candidates = (
        select(Price.article_id, Price.unit_price_cents, Price.price_list_id)
        .join(PriceList, PriceList.id == Price.price_list_id)
        .where(
            PriceList.entity_id == entity_id,
            PriceList.partner_organization_id.is_(None) | PriceList.partner_organization_id.in_(partner_chain),
            Price.article_id.in_(article_ids),
            Price.valid.op("@>")(moment(at)),
        )
        .order_by(Price.article_id, nearness.desc())
        .ext(distinct_on(Price.article_id))
    )
    found = {row.article_id: ArticlePrice(*row) for row in (await session.execute(candidates)).all()}
    for position, article_id in enumerate(article_ids):
        if article_id not in found:
            article = await find(session, Article, article_id)
            raise NoPrice(sku=article.sku, field=("lines", position, "article_id"))
    return found


async def article_by_sku(session: AsyncSession, entity_id: UUID, sku: str, *, field: FieldPath = ("sku",)) -> Article:
    """The active article with this SKU; UnknownArticle where there is none."""
    query = select(Article).where(Article.entity_id == entity_id, Article.sku == sku.strip().upper(), Article.active)
    article = (await session.execute(query)).scalar_one_or_none()
    if article is None:
        raise UnknownArticle(article=sku, field=field)
    return article


async def save_article(
    session: AsyncSession, entity_id: UUID | None, values: dict[str, Any], *, article_id: UUID | None = None
) -> Article:
    """Add an article, or change the given columns of one. A charging station always asks for its serial number."""
    article = await (find(session, Article, article_id, lock=True) if article_id else _new_article(session, entity_id))
    for column, value in values.items():
        setattr(article, column, value)
    if article.category == ArticleCategory.CHARGING_STATION:
        article.serial_required = True
    await _refuse_taken_sku(session, article)
    changes = changes_of(article)
    session.add(article)
    await session.flush()
    payload = ArticleSaved(sku=article.sku, active=article.active is not False)
    await record(session, payload, entity_id=article.entity_id, subject_id=article.id, changes=changes)
    return article


async def set_price(
    session: AsyncSession, price_list_id: UUID, article_id: UUID, unit_price_cents: int, valid_from: datetime | None
) -> Price:
    """The price from a time on: the one in force ends there, what was planned later gives way, the past stays."""
    price_list = await find(session, PriceList, price_list_id, lock=True, field=("price_list_id",))
    article = await find(session, Article, article_id, field=("article_id",))
    now = datetime.now(UTC)
    start = valid_from or now
    if start < now.replace(microsecond=0) and valid_from:
        raise OutOfRange(minimum=now.isoformat(timespec="seconds"), maximum="∞", field=("valid_from",))
    await _end_prices(session, price_list.id, article.id, start)
    price = Price(
        price_list_id=price_list.id, article_id=article.id, unit_price_cents=unit_price_cents, valid=Range(start, None)
    )
    session.add(price)
    await session.flush()
    payload = PriceSet(article.sku, price_list.name, unit_price_cents, start.isoformat())
    await record(session, payload, entity_id=price_list.entity_id, subject_id=article.id)
    return price


async def end_price(session: AsyncSession, price_list_id: UUID, article_id: UUID) -> None:
    """The list says nothing of an article from now on: the next list that does holds; the past stays."""
    price_list = await find(session, PriceList, price_list_id, lock=True, field=("price_list_id",))
    article = await find(session, Article, article_id, field=("article_id",))
    await _end_prices(session, price_list.id, article.id, datetime.now(UTC))
    await record(
        session, PriceEnded(article.sku, price_list.name), entity_id=price_list.entity_id, subject_id=article.id
    )


async def save_price_list(
    session: AsyncSession, entity_id: UUID, partner_organization_id: UUID | None, name: str
) -> PriceList:
    """The entity's list for a partner (or its standard list), made or renamed."""
    await find(session, BusinessEntity, entity_id, field=("entity_id",))
    if partner_organization_id:
        await find(session, Contact, partner_organization_id, field=("partner_organization_id",))
    wanted = insert(PriceList).values(entity_id=entity_id, partner_organization_id=partner_organization_id, name=name)
    saved = wanted.on_conflict_do_update(
        index_elements=["entity_id", "partner_organization_id"], set_={"name": wanted.excluded.name}
    )
    id = (await session.execute(saved.returning(PriceList.id))).scalar_one()
    return await find(session, PriceList, id)


async def map_partner_sku(
    session: AsyncSession,
    entity_id: UUID,
    organization_id: UUID,
    partner_sku: str,
    article_id: UUID | None,
    quantity: Decimal = Decimal(1),
) -> PartnerSku | None:
    """Let a partner's article number stand for an article, or (with none) for nothing any more."""
    await find(session, BusinessEntity, entity_id, field=("entity_id",))
    organization = await find(session, Contact, organization_id, field=("organization_id",))
    article = await find(session, Article, article_id, field=("article_id",)) if article_id else None
    mapping = await _mapping(session, entity_id, organization_id, partner_sku)
    if article is None:
        if mapping:
            await session.delete(mapping)
        mapping = None
    else:
        mapping = mapping or PartnerSku(entity_id=entity_id, organization_id=organization_id, partner_sku=partner_sku)
        mapping.article_id, mapping.quantity = article.id, quantity
        session.add(mapping)
    await session.flush()
    await record(
        session,
        PartnerSkuMapped(partner_sku, article.sku if article else None),
        entity_id=entity_id,
        subject_id=organization_id,
        organization_ids=[organization_id],
        channel=organization.channel_organization_ids,
    )
    return mapping


async def mapped_article(
    session: AsyncSession, entity_id: UUID, chain: Sequence[UUID], partner_sku: str
) -> tuple[Article, Decimal] | None:
    """The article and quantity that a partner's number stands for, by the nearest organization of the chain."""
    nearness = func.array_position(list(chain), PartnerSku.organization_id)
    query = (
        select(Article, PartnerSku.quantity)
        .join(PartnerSku, PartnerSku.article_id == Article.id)
        .where(
            PartnerSku.entity_id == entity_id,
            PartnerSku.organization_id.in_(chain),
            PartnerSku.partner_sku == partner_sku,
        )
        .order_by(nearness.desc())
        .limit(1)
    )
    row = (await session.execute(query)).first()
    return (row[0], row[1]) if row else None


async def _mapping(
    session: AsyncSession, entity_id: UUID, organization_id: UUID, partner_sku: str
) -> PartnerSku | None:
    query = select(PartnerSku).filter_by(entity_id=entity_id, organization_id=organization_id, partner_sku=partner_sku)
    return (await session.execute(query.with_for_update())).scalar_one_or_none()


async def _new_article(session: AsyncSession, entity_id: UUID | None) -> Article:
    if entity_id is None:
        raise Required(field=("entity_id",))
    await find(session, BusinessEntity, entity_id, field=("entity_id",))
    return Article(entity_id=entity_id)


async def _refuse_taken_sku(session: AsyncSession, article: Article) -> None:
    with session.no_autoflush:
        query = select(Article.id).where(Article.entity_id == article.entity_id, Article.sku == article.sku)
        holder = (await session.execute(query)).scalar_one_or_none()
    if holder and holder != article.id:
        raise SkuTaken(sku=article.sku, field=("sku",))


async def _end_prices(session: AsyncSession, price_list_id: UUID, article_id: UUID, at: datetime) -> None:
    query = select(Price).where(
        Price.price_list_id == price_list_id,
        Price.article_id == article_id,
        func.upper(Price.valid).is_(None) | (func.upper(Price.valid) > at),
    )
    for price in (await session.execute(query.with_for_update())).scalars():
        if price.valid.lower and price.valid.lower < at:
            price.valid = Range(price.valid.lower, at)
        else:
            await session.delete(price)
    await session.flush()
