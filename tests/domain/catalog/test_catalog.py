"""Articles, prices by list and time, partner SKUs, agreements: as staff, and as those who may not see them."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import pytest

from domain.agreements import service as agreements
from domain.catalog import service as catalog
from domain.catalog.errors import NoPrice, SkuTaken, UnknownArticle
from domain.catalog.models import Article, ArticleCategory
from domain.catalog.values import parse_article
from domain.errors import DomainErrors, NotAChoice, NotFound, OutOfRange
from domain.rows import find
from tenants.actor import SYSTEM, actor
from tenants.engine import Database
from tenants.permissions import Role
from tests import factories

CABLE = {"sku": "CAB-1", "name": "Laadkabel", "category": ArticleCategory.CABLE_ACCESSORY, "unit_cost_cents": 100}


class Shop:
    """An entity with an article, its standard list, and a partner with a dealer below it."""

    entity_id: UUID
    article_id: UUID
    standard_id: UUID
    partner_id: UUID
    dealer_id: UUID

    @property
    def chain(self) -> list[UUID]:
        return [self.partner_id, self.dealer_id]


@pytest.fixture(scope="module")
async def shop(database: Database) -> Shop:
    made = Shop()
    async with database.session(SYSTEM) as session:
        entity = await factories.business_entity(session)
        partner = await factories.organization(session, entity)
        dealer = await factories.organization(session, entity, partner)
        made.entity_id, made.partner_id, made.dealer_id = entity.id, partner.id, dealer.id
        made.article_id = (await catalog.save_article(session, entity.id, CABLE)).id
        made.standard_id = (await catalog.save_price_list(session, entity.id, None, "Standaard")).id
        await catalog.set_price(session, made.standard_id, made.article_id, 1_000, None)
    return made


def now() -> datetime:
    return datetime.now(UTC)


async def price(database: Database, shop: Shop, at: datetime | None = None) -> int:
    async with database.session(actor(Role.OPERATIONS, shop.entity_id)) as session:
        found = await catalog.prices_for(session, shop.entity_id, shop.chain, [shop.article_id], at or now())
    return found[shop.article_id].unit_price_cents


async def test_the_nearest_list_of_the_chain_gives_the_price(database: Database, shop: Shop) -> None:
    assert await price(database, shop) == 1_000
    for organization_id, cents in ((shop.partner_id, 900), (shop.dealer_id, 800)):
        async with database.session(actor(Role.FINANCE, shop.entity_id)) as session:
            own = await catalog.save_price_list(session, shop.entity_id, organization_id, "Eigen")
            await catalog.set_price(session, own.id, shop.article_id, cents, None)
        assert await price(database, shop) == cents


async def test_a_price_holds_from_its_first_moment_and_the_past_stays(database: Database, shop: Shop) -> None:
    next_month = now() + timedelta(days=30)
    async with database.session(SYSTEM) as session:
        values = CABLE | {"sku": factories.unique("CAB-")}
        article = await catalog.save_article(session, shop.entity_id, values)
        await catalog.set_price(session, shop.standard_id, article.id, 500, None)
    async with database.session(SYSTEM) as session:
        await catalog.set_price(session, shop.standard_id, article.id, 550, next_month)
        await catalog.set_price(session, shop.standard_id, article.id, 600, next_month)
    async with database.session(SYSTEM) as session:
        at = {
            moment: (await catalog.prices_for(session, shop.entity_id, [], [article.id], moment))[article.id]
            for moment in (now(), next_month - timedelta(microseconds=1), next_month)
        }
    assert [found.unit_price_cents for found in at.values()] == [500, 500, 600]


async def test_a_price_cannot_begin_in_the_past(database: Database, shop: Shop) -> None:
    with pytest.raises(OutOfRange):
        async with database.session(SYSTEM) as session:
            await catalog.set_price(session, shop.standard_id, shop.article_id, 1, now() - timedelta(hours=1))


async def test_an_article_without_a_price_is_named(database: Database, shop: Shop) -> None:
    async with database.session(SYSTEM) as session:
        sku = factories.unique("FREE-").upper()
        article = await catalog.save_article(session, shop.entity_id, CABLE | {"sku": sku})
        with pytest.raises(NoPrice) as refused:
            await catalog.prices_for(session, shop.entity_id, [], [shop.article_id, article.id], now())
    assert sku in refused.value.message("en")
    assert refused.value.field[:2] == ("lines", 1)


async def test_a_sku_is_given_once_per_entity(database: Database, shop: Shop) -> None:
    with pytest.raises(SkuTaken):
        async with database.session(actor(Role.TENANT_ADMIN, shop.entity_id)) as session:
            await catalog.save_article(session, shop.entity_id, CABLE)


async def test_an_inactive_article_cannot_be_ordered(database: Database, shop: Shop) -> None:
    async with database.session(SYSTEM) as session:
        sku = factories.unique("OLD-").upper()
        await catalog.save_article(session, shop.entity_id, CABLE | {"sku": sku, "active": False})
        with pytest.raises(UnknownArticle):
            await catalog.article_by_sku(session, shop.entity_id, sku)


async def test_a_charging_station_always_has_a_serial(database: Database, shop: Shop) -> None:
    values = CABLE | {"sku": factories.unique("ST-"), "category": ArticleCategory.CHARGING_STATION}
    async with database.session(SYSTEM) as session:
        assert (await catalog.save_article(session, shop.entity_id, values)).serial_required


async def test_staff_of_another_entity_cannot_touch_the_catalog(database: Database, shop: Shop) -> None:
    stranger = actor(Role.TENANT_ADMIN, uuid4())
    with pytest.raises(NotFound):
        async with database.session(stranger) as session:
            await catalog.save_article(session, None, {"name": "Mijn"}, article_id=shop.article_id)
    with pytest.raises(NotFound):
        async with database.session(stranger) as session:
            await catalog.save_article(session, shop.entity_id, CABLE | {"sku": "X"})
    with pytest.raises(NotFound):
        async with database.session(stranger) as session:
            await catalog.set_price(session, shop.standard_id, shop.article_id, 1, None)


async def test_a_partner_reads_an_article_without_its_cost(database: Database, shop: Shop) -> None:
    async with database.session(actor(Role.PARTNER_USER, shop.entity_id, organization_id=shop.partner_id)) as session:
        article = await find(session, Article, shop.article_id)
        assert article.sku == "CAB-1"
        with pytest.raises(Exception, match="unit_cost_cents"):
            _ = article.unit_cost_cents


async def test_a_partner_sku_stands_for_the_nearest_mapping(database: Database, shop: Shop) -> None:
    async with database.session(actor(Role.OPERATIONS, shop.entity_id)) as session:
        await catalog.map_partner_sku(session, shop.entity_id, shop.partner_id, "P-1", shop.article_id, Decimal(2))
        found = await catalog.mapped_article(session, shop.entity_id, shop.chain, "P-1")
        assert found is not None
        assert (found[0].id, found[1]) == (shop.article_id, Decimal(2))
        assert await catalog.mapped_article(session, shop.entity_id, shop.chain, "P-2") is None
        await catalog.map_partner_sku(session, shop.entity_id, shop.partner_id, "P-1", None)
        assert await catalog.mapped_article(session, shop.entity_id, shop.chain, "P-1") is None


def test_all_faults_of_an_article_are_told_at_once() -> None:
    with pytest.raises(DomainErrors) as refused:
        parse_article({"sku": " ", "unit_cost_cents": -1, "install_minutes": 9_999}, new=True)
    assert {error.field[0] for error in refused.value.errors} == {
        "sku",
        "unit_cost_cents",
        "install_minutes",
        "name",
        "category",
    }


async def test_agreements_propose_payers_and_keep_their_history(database: Database, shop: Shop) -> None:
    customer, terms = uuid4(), {"payer_by_category": {"CHARGING_STATION": "PARTNER"}, "default_payer": "CUSTOMER"}
    async with database.session(actor(Role.TENANT_ADMIN, shop.entity_id)) as session:
        await agreements.save_agreement(session, shop.entity_id, shop.partner_id, terms)
    between = now()
    async with database.session(actor(Role.TENANT_ADMIN, shop.entity_id)) as session:
        await agreements.save_agreement(session, shop.entity_id, shop.partner_id, {"default_payer": "PARTNER"})
        before = await agreements.agreement_for(session, shop.entity_id, shop.chain, between)
        after = await agreements.agreement_for(session, shop.entity_id, shop.chain, now())
    assert before is not None
    assert agreements.propose_payer(before, "CHARGING_STATION", customer, shop.dealer_id) == shop.dealer_id
    assert agreements.propose_payer(before, "INSTALLATION_SERVICE", customer, shop.dealer_id) == customer
    assert agreements.propose_payer(after, "INSTALLATION_SERVICE", customer, shop.dealer_id) == shop.dealer_id
    assert agreements.propose_payer(None, "CHARGING_STATION", customer, shop.dealer_id) == customer


@pytest.mark.parametrize(
    "terms",
    [
        {"default_payer": "ORGANIZATION"},
        {"payer_by_category": {"PIZZA": "PARTNER"}},
    ],
)
async def test_an_agreement_with_impossible_payers_is_refused(
    database: Database, shop: Shop, terms: dict[str, object]
) -> None:
    with pytest.raises(NotAChoice):
        async with database.session(SYSTEM) as session:
            await agreements.save_agreement(session, shop.entity_id, shop.dealer_id, terms)
