"""Making quotes: prices, payers, parties, visits and leads follow from what is wanted and agreed."""

import asyncio
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.catalog.errors import NoPrice, UnknownArticle
from domain.errors import DomainErrors, NotFound, OutOfRange, TooFew, TooLong, TooMany
from domain.events.models import Event
from domain.leads.models import Lead, LeadStatus
from domain.quotes import leads, service, versions
from domain.quotes.draft import LineRequest
from domain.quotes.errors import (
    AddressOfAnother,
    ArticleOrSku,
    ContactReplaced,
    LeadNotQualified,
    LeadOfAnother,
    NotAPartner,
    PartnerAccountRequired,
    PartnerOrderTaken,
    PayerNotPossible,
    ServiceAddressRequired,
    TooManyVisits,
)
from domain.quotes.models import LineItem, Quote, QuoteParty, QuoteVersion, QuoteVisit
from tenants.actor import SYSTEM
from tenants.engine import Database
from tests import factories
from tests.quoting import Market, lead_of, market


async def parties(session: AsyncSession, quote_id: UUID) -> dict[str, QuoteParty]:
    query = select(QuoteParty).join(QuoteVersion, QuoteVersion.id == QuoteParty.quote_version_id)
    query = query.where(QuoteParty.quote_id == quote_id).order_by(QuoteVersion.number)
    return {party.role: party for party in (await session.execute(query)).scalars()}


# --- drafting -----------------------------------------------------------------------------------------------------


async def test_the_agreement_proposes_payers_and_every_party_knows_its_total(database: Database) -> None:
    m = await market(database, agreement={"quote_valid_days": 10, "payment_terms_days": 60})
    quote_id = await m.quote()
    async with database.session(m.actors["staff"]) as session:
        found = await parties(session, quote_id)
        partner, customer = found["PARTNER"], found["CUSTOMER"]
        assert (partner.net_cents, partner.vat_cents, partner.gross_cents) == (899_95, 188_99, 1088_94)
        assert (customer.net_cents, customer.vat_cents, customer.gross_cents) == (333_33, 70_00, 403_33)
        assert (partner.requirement, customer.requirement) == ("SIGN", "SIGN")
        assert partner.payer_chain_ids == [m.master.id, m.dealer.id]
        quote = await session.get_one(Quote, quote_id)
        version = await versions.in_force(session, quote)
        assert (version.valid_days, version.payment_terms_days) == (10, 60)
        assert quote.expires_at == versions.expiry(version.sent_at or version.created_at, 10)
        assert quote.account_chain_ids == [m.master.id, m.dealer.id]
        assert quote.pending_parties == ["CUSTOMER", "PARTNER"]
        assert quote.number.startswith(f"{m.entity.code}-Q-")
        visit = (
            await session.execute(select(QuoteVisit).where(QuoteVisit.quote_version_id == version.id))
        ).scalar_one()
        assert (visit.kind, visit.minutes, visit.skills) == ("INSTALLATION", 150, ["EV", "NEN1010"])


async def test_without_an_agreement_the_customer_pays_and_the_partner_acknowledges(database: Database) -> None:
    m = await market(database)
    quote_id = await m.quote()
    async with database.session(m.actors["staff"]) as session:
        found = await parties(session, quote_id)
        assert (found["CUSTOMER"].requirement, found["PARTNER"].requirement) == ("SIGN", "ACKNOWLEDGE")
        assert found["PARTNER"].gross_cents == 0


async def test_a_waived_partner_is_recorded_with_its_policy(database: Database) -> None:
    m = await market(database, agreement={"payer_by_category": {}, "partner_without_lines": "WAIVE"})
    quote_id = await m.quote()
    async with database.session(m.actors["staff"]) as session:
        partner = (await parties(session, quote_id))["PARTNER"]
        assert (partner.requirement, partner.state) == ("WAIVED", "WAIVED")
        assert "agreement" in partner.requirement_reason
        assert (await session.get_one(Quote, quote_id)).pending_parties == ["CUSTOMER"]


async def test_prices_come_from_the_nearest_list_unless_set_by_hand(database: Database) -> None:
    m = await market(database)
    async with database.session(SYSTEM) as session:
        await factories.price(session, m.entity, m.articles["cable"], 15_00, m.master)
    by_hand = m.line("cable", unit_price_cents=12_34)
    quote_id = await m.quote(m.line("cable"), by_hand, LineRequest(sku=m.articles["cable"].sku.lower()))
    async with database.session(m.actors["staff"]) as session:
        query = select(LineItem.unit_price_cents).where(LineItem.quote_id == quote_id).order_by(LineItem.position)
        assert (await session.execute(query)).scalars().all() == [15_00, 12_34, 15_00]
        kept = select(Event.changes).where(Event.subject_id == quote_id, Event.type == "quote.created")
        assert (await session.execute(kept)).scalar_one() == {"unit_prices_by_hand": [None, {"2": 1234}]}


async def test_a_line_may_be_paid_by_any_organization(database: Database) -> None:
    m = await market(database)
    async with database.session(SYSTEM) as session:
        lessor = await factories.organization(session, m.entity, partner_model=None)
    quote_id = await m.quote(m.line("station", payer_id=lessor.id), m.line("installation"))
    async with database.session(m.actors["staff"]) as session:
        found = await parties(session, quote_id)
        assert (found["PAYER"].contact_id, found["PAYER"].net_cents) == (lessor.id, 899_95)
        assert lessor.id in (await session.get_one(Quote, quote_id)).channel_organization_ids


async def refused(m: Market, error: type[Exception], *lines: LineRequest, **values: Any) -> Any:
    with pytest.raises(error) as caught:
        await m.quote(*lines, **values)
    return caught.value


async def test_faulty_lines_are_named_all_at_once(database: Database) -> None:
    m = await market(database)
    wrong = (
        m.line("station"),
        LineRequest(article_id=uuid4()),
        m.line("cable", sku="BOTH"),
        m.line("cable", quantity=Decimal(0), discount_percent=Decimal(101), unit_price_cents=-1),
    )
    found = await refused(m, DomainErrors, *wrong)
    assert [(type(error), error.field) for error in found.errors] == [
        (UnknownArticle, ("lines", 1, "article_id")),
        (ArticleOrSku, ("lines", 2, "article_id")),
        (OutOfRange, ("lines", 3, "quantity")),
        (OutOfRange, ("lines", 3, "discount_percent")),
        (OutOfRange, ("lines", 3, "unit_price_cents")),
    ]


async def test_number_of_lines_is_bounded(database: Database) -> None:
    m = await market(database)
    await refused(m, TooMany, *[m.line("cable")] * 101)
    with pytest.raises(TooFew):
        async with database.session(m.actors["staff"]) as session:
            await service.create(session, m.request(lines=()))


async def test_an_article_without_a_price_is_named_at_its_line(database: Database) -> None:
    m = await market(database)
    async with database.session(SYSTEM) as session:
        await session.execute(text("DELETE FROM price WHERE article_id = :id"), {"id": m.articles["cable"].id})
    found = await refused(m, NoPrice, m.line("station", unit_price_cents=1), m.line("survey"), m.line("cable"))
    assert found.field == ("lines", 2, "article_id")


async def test_articles_of_another_entity_do_not_exist(database: Database) -> None:
    m, other = await market(database), await market(database)
    await refused(m, UnknownArticle, other.line("station"))


async def test_three_kinds_of_visits_are_refused(database: Database) -> None:
    m = await market(database)
    await refused(m, TooManyVisits, m.line("station"), m.line("survey"), m.line("meter"))


async def test_an_entity_that_works_through_partners_needs_one(database: Database) -> None:
    m = await market(database, requires_partner=True)
    assert (await refused(m, PartnerAccountRequired, partner=False)).field == ("account_id",)
    await m.quote()


async def test_who_takes_part_is_checked(database: Database) -> None:
    m, other = await market(database), await market(database)
    async with database.session(SYSTEM) as session:
        gone = await factories.person(session, m.entity, merged_into_id=m.customer.id)
        stranger = await factories.person(session, m.entity)
        strange_address = await factories.address(session, stranger)
        employer = await factories.organization(session, m.entity, partner_model=None)
    await refused(m, NotFound, end_customer_id=other.customer.id)
    await refused(m, NotFound, account_id=other.dealer.id)
    await refused(m, NotFound, entity_id=other.entity.id)
    await refused(m, NotFound, end_customer_id=None)
    await refused(m, ContactReplaced, end_customer_id=gone.id)
    await refused(m, NotAPartner, account_id=employer.id)
    await refused(m, AddressOfAnother, service_address_id=strange_address.id)
    await refused(m, PayerNotPossible, m.line("cable", payer_id=stranger.id))
    await refused(m, NotFound, m.line("cable", payer_id=other.dealer.id))
    await refused(m, TooLong, partner_metadata={"x": "y" * 20_000})


async def test_a_visit_needs_an_address(database: Database) -> None:
    m = await market(database)
    async with database.session(SYSTEM) as session:
        homeless = await factories.person(session, m.entity)
    nowhere = {"end_customer_id": homeless.id, "service_address_id": None}
    await refused(m, ServiceAddressRequired, **nowhere)
    await m.quote(m.line("cable"), **nowhere)


async def test_a_partner_order_id_is_taken_once(database: Database) -> None:
    m = await market(database)
    await m.quote(partner_order_id=" PO-7 ")
    assert (await refused(m, PartnerOrderTaken, partner_order_id="PO-7")).field == ("partner_order_id",)
    both = await asyncio.gather(*(m.quote(partner_order_id="PO-8") for _ in range(2)), return_exceptions=True)
    assert sorted(type(each).__name__ for each in both) == ["PartnerOrderTaken", "UUID"]


async def test_a_preview_writes_nothing(database: Database) -> None:
    m = await market(database, agreement={})
    async with database.session(m.actors["staff"]) as session:
        offer = await service.preview(session, m.request())
        assert [party.gross_cents for party in offer.parties] == [403_33, 1088_94]
        count = select(func.count()).select_from(Quote).where(Quote.entity_id == m.entity.id)
        assert (await session.execute(count)).scalar() == 0


# --- leads --------------------------------------------------------------------------------------------------------


async def status_of(m: Market, lead: Lead) -> str:
    async with m.database.session(SYSTEM) as session:
        return (await session.execute(select(Lead.status).where(Lead.id == lead.id))).scalar_one()


async def test_a_quote_takes_customer_and_address_from_its_lead(database: Database) -> None:
    m = await market(database)
    lead = await lead_of(m, address_id=m.address.id, partner_organization_id=m.dealer.id)
    quote_id = await m.quote(lead_id=lead.id, end_customer_id=None, account_id=None, service_address_id=None)
    async with database.session(m.actors["staff"]) as session:
        quote = await session.get_one(Quote, quote_id)
        assert (quote.end_customer_contact_id, quote.account_contact_id) == (m.customer.id, m.dealer.id)
        assert quote.service_address_id == m.address.id
    assert await status_of(m, lead) == LeadStatus.QUOTED


async def test_a_lead_has_to_be_qualified_and_the_customers(database: Database) -> None:
    m = await market(database)
    new, qualified = await lead_of(m, LeadStatus.NEW), await lead_of(m)
    await refused(m, LeadNotQualified, lead_id=new.id)
    async with database.session(SYSTEM) as session:
        other = await factories.person(session, m.entity)
    await refused(m, LeadOfAnother, lead_id=qualified.id, end_customer_id=other.id)


async def test_a_lead_follows_its_quotes(database: Database) -> None:
    m = await market(database)
    lead = await lead_of(m)
    first = await m.quote(lead_id=lead.id, partner=False)
    second = await m.quote(lead_id=lead.id, partner=False)
    async with database.session(m.actors["staff"]) as session:
        await service.withdraw(session, first, "Twice")
    assert await status_of(m, lead) == LeadStatus.QUOTED
    async with database.session(m.actors["staff"]) as session:
        await service.withdraw(session, second, "Wrong")
    assert await status_of(m, lead) == LeadStatus.QUALIFIED
    await m.revised(second)
    assert await status_of(m, lead) == LeadStatus.QUOTED
    await m.sign("customer", second)
    assert await status_of(m, lead) == LeadStatus.CONVERTED


async def test_a_lead_that_the_last_signer_does_not_see_is_caught_up(database: Database) -> None:
    m = await market(database)
    lead = await lead_of(m)
    await m.sign("customer", await m.quote(lead_id=lead.id, partner=False))
    async with database.session(SYSTEM) as session:
        await session.execute(update(Lead).where(Lead.id == lead.id).values(status=LeadStatus.QUOTED.value))
    async with database.session(SYSTEM) as session:
        assert await leads.catch_up(session) >= 1
    assert await status_of(m, lead) == LeadStatus.CONVERTED
