"""A partner's own price list, made from the standard one by its rules, and made anew when either changes."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.catalog import service as catalog
from domain.catalog.models import Article, Price, PriceList
from domain.contacts import tree
from domain.contacts.models import Contact
from domain.errors import NotFound, TooMany
from domain.events.record import record
from domain.onboarding import errors, flow, prices
from domain.onboarding.events import PriceRulesSaved, channel_of
from domain.onboarding.models import PriceRules
from domain.onboarding.prices import Priced, Rule
from domain.rows import find
from tenants.acting import acting_as
from tenants.actor import Actor
from tenants.audience import Audience
from tenants.auth import clock
from tenants.models import BusinessEntity

MOST_PRICES = 5_000
REPRICE_JOB = "onboarding.reprice"


@dataclass(frozen=True, slots=True)
class Repriced:
    """An article with its standard price, what the partner paid by its own list, and what it pays now; cents."""

    article_id: UUID
    sku: str
    standard_cents: int
    before_cents: int | None
    cents: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """The rules as they are kept, and the prices that they gave."""

    kept: PriceRules
    prices: list[Repriced]


async def save(
    session: AsyncSession, actor: Actor, entity_id: UUID, organization_id: UUID, rules: Sequence[Rule]
) -> Outcome:
    """Let a partner's list follow these rules from now on; prices that no rule makes end. `session` is the platform's.

    Raises: NotFound, NoStandardPrices, NegativePrice.
    """
    partner = await _partner(session, actor, entity_id, organization_id)
    await _check_articles(session, entity_id, rules)
    before = await _current(session, entity_id, partner.id)
    price_list = await catalog.save_price_list(session, entity_id, partner.id, partner.name[:100])
    made = await _prices(session, entity_id, price_list, rules)
    kept = await _keep(session, actor, before, price_list, rules)
    await _tell(session, partner, kept, len(made))
    await flow.proceed_all(session, entity_id, [partner.id])
    return Outcome(kept, made)


async def restore(session: AsyncSession, actor: Actor, id: UUID) -> Outcome:
    """Go back to an earlier version of the rules, as a new one. Raises: NotFound."""
    async with acting_as(session, actor):
        earlier = await find(session, PriceRules, id)
    return await save(session, actor, earlier.entity_id, earlier.organization_id, prices.parse(earlier.rules))


async def reprice(session: AsyncSession, entity_id: UUID, organization_id: UUID) -> int:
    """The standard list has changed: the partner's prices follow. How many did. For the system."""
    rules = await _current(session, entity_id, organization_id)
    if rules is None:
        return 0
    price_list = await session.get_one(PriceList, rules.price_list_id)
    made = await _prices(session, entity_id, price_list, prices.parse(rules.rules))
    return sum(each.cents != each.before_cents for each in made)


async def followers(session: AsyncSession, entity_id: UUID, after: UUID | None, most: int) -> list[UUID]:
    """The next partners whose prices follow the standard list by rules."""
    query = select(PriceRules.organization_id).where(
        PriceRules.entity_id == entity_id, PriceRules.replaced_at.is_(None)
    )
    if after is not None:
        query = query.where(PriceRules.organization_id > after)
    return list((await session.scalars(query.order_by(PriceRules.organization_id).limit(most))).all())


async def _partner(session: AsyncSession, actor: Actor, entity_id: UUID, organization_id: UUID) -> Contact:
    async with acting_as(session, actor):
        await find(session, BusinessEntity, entity_id, field=("entity_id",))
        found = await tree.organization(session, organization_id, field=("organization_id",))
    here = actor.audience is Audience.SYSTEM or entity_id in actor.entity_ids
    if not here or found.partner_model is None or entity_id not in found.entity_ids:
        raise NotFound(field=("organization_id",))
    return await find(session, Contact, found.id, lock=True)  # one at a time


async def _check_articles(session: AsyncSession, entity_id: UUID, rules: Sequence[Rule]) -> None:
    named = {rule.article for rule in rules if rule.article}
    query = select(Article.id).where(Article.id.in_(named), Article.entity_id == entity_id)
    known = set(await session.scalars(query))
    for place, rule in enumerate(rules):
        if rule.article and rule.article not in known:
            raise NotFound(field=("rules", place, "article_id"))


async def _prices(
    session: AsyncSession, entity_id: UUID, price_list: PriceList, rules: Sequence[Rule]
) -> list[Repriced]:
    """Write what differs; the catalog tells of each price."""
    articles = await _standard(session, entity_id)
    wanted = prices.priced(rules, articles)
    present = await _present(session, price_list.id)
    for article_id, cents in wanted.items():
        if present.get(article_id) != cents:
            await catalog.set_price(session, price_list.id, article_id, cents, None)
    await _end(session, price_list.id, present.keys() - wanted.keys())
    return [
        Repriced(each.article_id, each.sku, each.standard_cents, present.get(each.article_id), wanted[each.article_id])
        for each in articles
        if each.article_id in wanted
    ]


async def _standard(session: AsyncSession, entity_id: UUID) -> list[Priced]:
    query = (
        select(Article.id, Article.sku, Article.category, Price.unit_price_cents)
        .join(Price, Price.article_id == Article.id)
        .join(PriceList, PriceList.id == Price.price_list_id)
        .where(PriceList.entity_id == entity_id, PriceList.partner_organization_id.is_(None))
        .where(Article.entity_id == entity_id, Article.active, Price.valid.op("@>")(func.clock_timestamp()))
        .order_by(Article.sku)
    )
    rows = (await session.execute(query.limit(MOST_PRICES + 1))).all()
    if not rows:
        raise errors.NoStandardPrices(field=("entity_id",))
    if len(rows) > MOST_PRICES:
        raise TooMany(maximum=MOST_PRICES, field=("entity_id",))
    return [Priced(row[0], row[1], row[2], row[3]) for row in rows]


async def _present(session: AsyncSession, price_list_id: UUID) -> dict[UUID, int]:
    query = select(Price.article_id, Price.unit_price_cents).where(
        Price.price_list_id == price_list_id, Price.valid.op("@>")(func.clock_timestamp())
    )
    return {row[0]: row[1] for row in (await session.execute(query)).all()}


async def _end(session: AsyncSession, price_list_id: UUID, article_ids: set[UUID]) -> None:
    """The standard price holds for these from now on."""
    for article_id in sorted(article_ids):
        await catalog.end_price(session, price_list_id, article_id)


async def _current(session: AsyncSession, entity_id: UUID, organization_id: UUID) -> PriceRules | None:
    query = select(PriceRules).filter_by(entity_id=entity_id, organization_id=organization_id)
    return (await session.execute(query.where(PriceRules.replaced_at.is_(None)))).scalar_one_or_none()


async def _keep(
    session: AsyncSession, actor: Actor, before: PriceRules | None, price_list: PriceList, rules: Sequence[Rule]
) -> PriceRules:
    if before is not None:
        before.replaced_at = clock.now()
        await session.flush()
    made = PriceRules(
        entity_id=price_list.entity_id,
        organization_id=price_list.partner_organization_id,
        number=before.number + 1 if before else 1,
        rules=prices.as_json(rules),
        price_list_id=price_list.id,
        made_by_user_id=actor.user_id,
    )
    session.add(made)
    await session.flush()
    return made


async def _tell(session: AsyncSession, partner: Contact, kept: PriceRules, many: int) -> None:
    await record(
        session,
        PriceRulesSaved(kept.number, many),
        entity_id=kept.entity_id,
        subject_id=partner.id,
        organization_ids=[partner.id],
        channel=await channel_of(session, partner.id),
    )
