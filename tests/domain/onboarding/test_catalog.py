"""Article maps and prices: as a whole or not at all, taken back, following the standard list."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select

from domain.catalog import service as catalog
from domain.catalog.models import PartnerSku
from domain.contacts.models import Contact
from domain.errors import DomainErrors, NotFound
from domain.onboarding import errors, prices, pricing, sku_import, sku_map
from domain.onboarding.models import SkuMapImport
from tenants.actor import SYSTEM, Actor
from tenants.auth import clock
from tenants.permissions import Role
from tests import factories
from tests.asking import Asker, codes, gid
from tests.domain.onboarding.world import World


@pytest.fixture
async def partner(a_world: World) -> Contact:
    async with a_world.database.session(SYSTEM) as session:
        return await factories.organization(session, a_world.entity)


async def apply(
    world: World, partner: Contact, rows: Sequence[tuple[str, str, str]], by: Actor | None = None, **options: Any
) -> SkuMapImport | None:
    text = "partner_sku,sku,quantity\n" + "\n".join(",".join(row) for row in rows)
    async with world.database.session(SYSTEM) as session:
        planned = await sku_import.plan(
            session, by or world.admin, world.entity.id, partner.id, sku_map.read(text), **options
        )
        return await sku_import.apply(session, by or world.admin, planned)


async def mapped(world: World, partner: Contact) -> list[tuple[str, str, str]]:
    async with world.database.session(world.admin) as session:
        rows = await sku_import.exported(session, world.entity.id, partner.id)
    return [(number, sku, f"{quantity.normalize():f}") for number, sku, quantity in rows]


async def test_an_import_is_done_as_a_whole_and_taken_back_as_a_whole(a_world: World, partner: Contact) -> None:
    sku = a_world.article.sku
    await apply(a_world, partner, [("OLD", sku, "1"), ("SAME", sku, "2")])
    before = await mapped(a_world, partner)
    made = await apply(a_world, partner, [("NEW", sku.lower(), "3"), ("SAME", sku, "4")], replaces=True)
    assert made
    assert (made.added, made.changed, made.removed) == (1, 1, 1)
    assert await mapped(a_world, partner) == [("NEW", sku, "3"), ("SAME", sku, "4")]
    async with a_world.database.session(SYSTEM) as session:
        await sku_import.undo(session, a_world.admin, made.id)
    assert await mapped(a_world, partner) == before
    with pytest.raises(errors.ImportUndone):
        async with a_world.database.session(SYSTEM) as session:
            await sku_import.undo(session, a_world.admin, made.id)


async def test_one_faulty_row_keeps_all_others_out_and_each_fault_has_its_row(a_world: World, partner: Contact) -> None:
    with pytest.raises(DomainErrors) as refused:
        await apply(a_world, partner, [("A", a_world.article.sku, "1"), ("B", "NONE-1", "1"), ("C", "NONE-2", "x")])
    assert [(each.code, each.field) for each in refused.value.errors] == [
        ("UNKNOWN_ARTICLE", ("rows", 3, "sku")),
        ("WRONG_TYPE", ("rows", 4, "quantity")),
        ("UNKNOWN_ARTICLE", ("rows", 4, "sku")),
    ]
    assert await mapped(a_world, partner) == []


async def test_an_import_of_what_was_changed_since_is_not_taken_back(a_world: World, partner: Contact) -> None:
    made = await apply(a_world, partner, [("A", a_world.article.sku, "1")])
    assert made
    assert await apply(a_world, partner, [("A", a_world.article.sku, "2")])
    assert await apply(a_world, partner, [("A", a_world.article.sku, "2")]) is None
    with pytest.raises(errors.ImportUndone):
        async with a_world.database.session(SYSTEM) as session:
            await sku_import.undo(session, a_world.admin, made.id)


IMPORT = """mutation I($input: ImportSkuMapInput!) { importSkuMap(input: $input) {
  rows { line partnerSku change articleName errors { code field } } faulty imported { id added }
  userErrors { code field } } }"""


async def test_an_administrator_of_a_partner_checks_and_imports_its_own_map_only(
    a_world: World, partner: Contact, settings: Any
) -> None:
    async with a_world.database.session(SYSTEM) as session:
        admin = await factories.actor_with(session, Role.PARTNER_ADMIN, a_world.entity, organization=partner)
        other = await factories.organization(session, a_world.entity)
    ask = Asker(a_world.database, settings, admin)
    given = {
        "entityId": gid("BusinessEntity", a_world.entity.id),
        "organizationId": gid("Organization", partner.id),
        "csv": f"partner_sku;sku\nA;{a_world.article.sku}\nB;NONE\n",
    }
    checked = (await ask.ask(IMPORT, input=given | {"checkOnly": True}))["importSkuMap"]
    assert checked["userErrors"] == []
    assert checked["faulty"] == 1
    assert checked["imported"] is None
    assert [row["change"] for row in checked["rows"]] == ["ADDED", "FAULTY"]
    assert checked["rows"][1]["errors"] == [{"code": "UNKNOWN_ARTICLE", "field": ["rows", "3", "sku"]}]
    refused = (await ask.ask(IMPORT, input=given))["importSkuMap"]
    assert codes(refused) == [("UNKNOWN_ARTICLE", ["rows", "3", "sku"])]
    good = given | {"csv": f"partner_sku;sku\nA;{a_world.article.sku}\n"}
    assert (await ask.ask(IMPORT, input=good))["importSkuMap"]["imported"]["added"] == 1
    elsewhere = good | {"organizationId": gid("Organization", other.id)}
    assert codes((await ask.ask(IMPORT, input=elsewhere))["importSkuMap"]) == [("NOT_FOUND", ["organizationId"])]


async def test_more_rows_than_one_statement_takes_are_one_import(a_world: World, partner: Contact) -> None:
    many = sku_import.AT_ONCE + 1
    made = await apply(a_world, partner, [(f"P-{number}", a_world.article.sku, "1") for number in range(many)])
    assert made
    assert made.added == many
    async with a_world.database.session(SYSTEM) as session:
        query = select(func.count()).select_from(PartnerSku).filter_by(organization_id=partner.id)
        assert await session.scalar(query) == many


# --- prices ---------------------------------------------------------------------------------------------------------


async def price_of(world: World, partner: Contact, article_id: UUID) -> int:
    async with world.database.session(world.admin) as session:
        chain = partner.chain_organization_ids
        found = await catalog.prices_for(session, world.entity.id, chain, [article_id], clock.now())
    return found[article_id].unit_price_cents


async def save(world: World, partner: Contact, rules: Sequence[dict[str, Any]]) -> pricing.Outcome:
    async with world.database.session(SYSTEM) as session:
        return await pricing.save(session, world.admin, world.entity.id, partner.id, prices.parse(rules))


async def test_a_partners_list_follows_the_standard_one_by_its_rules(a_world: World, partner: Contact) -> None:
    article = a_world.article
    first = await save(a_world, partner, [{"percent": "-7.5"}])
    assert [(each.standard_cents, each.before_cents, each.cents) for each in first.prices] == [(100_00, None, 92_50)]
    assert await price_of(a_world, partner, article.id) == 92_50
    async with a_world.database.session(SYSTEM) as session:
        await factories.price(session, a_world.entity, article, 200_00)
        assert await pricing.reprice(session, a_world.entity.id, partner.id) == 1
        assert await pricing.reprice(session, a_world.entity.id, partner.id) == 0
    assert await price_of(a_world, partner, article.id) == 185_00
    await save(a_world, partner, [{"category": "MOUNTING_POLE", "percent": "5"}])
    assert await price_of(a_world, partner, article.id) == 200_00
    async with a_world.database.session(SYSTEM) as session:
        await pricing.restore(session, a_world.admin, first.kept.id)
    assert await price_of(a_world, partner, article.id) == 185_00


async def test_rules_are_of_articles_of_the_entity_and_of_its_partners(a_world: World, partner: Contact) -> None:
    async with a_world.database.session(SYSTEM) as session:
        entity = await factories.business_entity(session)
        foreign = await factories.article(session, entity)
        stranger = await factories.organization(session, entity)
    with pytest.raises(NotFound) as refused:
        await save(a_world, partner, [{"article": str(foreign.id), "fixed_cents": 1}])
    assert refused.value.field == ("rules", 0, "article_id")
    with pytest.raises(NotFound):
        await save(a_world, stranger, [{"percent": "1"}])
