"""One order per number of a partner, whatever way it comes; what is wrong with it is kept, told and queued."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from domain.agreements.enforcing import TermsLimitReached
from domain.contacts.models import Address, Contact
from domain.errors import DomainErrors, NotFound, PermissionDenied
from domain.events.models import Event
from domain.geo.location import AddressFlag
from domain.orders.models import Order
from domain.partner_orders.errors import NotAnOrderingPartner
from domain.partner_orders.models import ExceptionKind, PartnerOrder, PartnerOrderException
from domain.quotes.models import LineItem, Quote, QuoteParty
from tenants.actor import SYSTEM
from tenants.base import Base
from tenants.engine import Database
from tests import factories
from tests.domain.partner_orders.trade import Trade, trade

ORDERS = {
    "payer_by_category": {},
    "default_payer": "PARTNER",
    "partner_signs": False,
    "terms": {"creates": "ORDER"},
}


@pytest.fixture
async def trading(database: Database) -> Trade:
    return await trade(database)


async def rows(trading: Trade, model: type[Base], *conditions: Any) -> list[Any]:
    async with trading.market.database.session(SYSTEM) as session:
        query = select(model).where(model.entity_id == trading.market.entity.id, *conditions)  # type: ignore[attr-defined]  # of each model asked for
        return list((await session.execute(query)).scalars())


async def test_an_order_becomes_a_quote_that_waits_for_its_signers(trading: Trade) -> None:
    receipt = await trading.send()
    assert (receipt.order_id, receipt.status, receipt.repeated, receipt.issues) == (None, "received", False, [])
    (order,) = await rows(trading, PartnerOrder)
    (quote,) = await rows(trading, Quote)
    assert receipt.quote_number == quote.number
    assert quote.id == order.quote_id
    assert quote.partner_order_id == "GRO-1"
    assert (quote.status, sorted(quote.pending_parties)) == ("SENT", ["CUSTOMER", "PARTNER"])
    assert quote.account_chain_ids == [trading.market.master.id, trading.market.dealer.id]
    assert quote.partner_metadata == {"purchase_order": "PO-7"}
    contact = (await rows_of_contact(trading, order)).phone
    assert contact == "+31612345678"
    types = [event.type for event in await rows(trading, Event, Event.subject_type == "PartnerOrder")]
    assert types == ["partner_order.received"]


async def rows_of_contact(trading: Trade, order: PartnerOrder) -> Contact:
    async with trading.market.database.session(SYSTEM) as session:
        return await session.get_one(Contact, order.contact_id)


async def test_an_agreement_that_waives_signatures_makes_the_order_at_once(database: Database) -> None:
    trading = await trade(database, agreement=ORDERS)
    receipt = await trading.send()
    (order,) = await rows(trading, Order)
    assert receipt.order_id == order.number
    assert order.partner_order_id == "GRO-1"
    parties = await rows(trading, QuoteParty)
    assert {party.requirement for party in parties} == {"WAIVED"}
    assert all("(agreement " in party.requirement_reason for party in parties)


async def test_a_customer_who_pays_signs_whatever_the_partner_agreed(database: Database) -> None:
    trading = await trade(database, agreement=ORDERS | {"default_payer": "CUSTOMER"})
    assert (await trading.send()).order_id is None
    (quote,) = await rows(trading, Quote)
    assert quote.pending_parties == ["CUSTOMER"]


async def test_one_number_at_the_same_moment_is_one_order(trading: Trade) -> None:
    receipts = await asyncio.gather(*(trading.send() for _ in range(4)))
    assert sorted(receipt.repeated for receipt in receipts) == [False, True, True, True]
    assert len({receipt.quote_number for receipt in receipts}) == 1
    (order,) = await rows(trading, PartnerOrder)
    assert order.repeated == 3
    assert len(await rows(trading, Quote)) == 1


async def test_other_content_under_the_same_number_is_asked_about(trading: Trade) -> None:
    first = await trading.send()
    again = await trading.send(trading.document("GRO-1", {"partner_sku": "GRO-STATION", "quantity": 2}))
    assert (again.repeated, again.quote_number) == (True, first.quote_number)
    (asked,) = await rows(trading, PartnerOrderException)
    assert asked.kind == ExceptionKind.DUPLICATE
    assert [each["path"] for each in asked.detail["differences"]] == ["$.products[0].quantity", "$.products[1]"]


async def test_an_unknown_product_is_noted_and_the_rest_goes_on(trading: Trade) -> None:
    products = ({"partner_sku": "GRO-STATION"}, {"partner_sku": "GRO-NEW", "quantity": 2, "description": "Paal"})
    receipt = await trading.send(trading.document("GRO-2", *products))
    assert [(issue["code"], issue["path"]) for issue in receipt.issues] == [
        ("UNMAPPED_SKU", "$.products[1].partner_sku")
    ]
    (quote,) = await rows(trading, Quote)
    assert quote.partner_metadata["note"] == "Nog niet gekoppeld aan een artikel: 2 × GRO-NEW (Paal)"
    (asked,) = await rows(trading, PartnerOrderException)
    assert (asked.kind, asked.state, asked.detail["partner_sku"]) == ("UNMAPPED_SKU", "OPEN", "GRO-NEW")


async def test_an_address_that_fails_is_kept_as_given_flagged_and_told(trading: Trade) -> None:
    given = trading.document()
    given["customer"]["address"]["postal_code"] = "99 ??"
    receipt = await trading.send(given, flag=AddressFlag.POSTCODE_INVALID)
    assert [issue["code"] for issue in receipt.issues] == ["ADDRESS_FLAGGED"]
    (order,) = await rows(trading, PartnerOrder)
    async with trading.market.database.session(SYSTEM) as session:
        address = await session.get_one(Address, order.address_id)
    assert address.original["postal_code"] == "99 ??"
    types = [event.type for event in await rows(trading, Event, Event.subject_type == "PartnerOrder")]
    assert types == ["partner_order.address_flagged", "partner_order.received"]


async def test_lines_carry_the_quantity_of_the_map(trading: Trade) -> None:
    await trading.send(trading.document("GRO-3", {"partner_sku": "GRO-CABLES", "quantity": 2}))
    (line,) = await rows(trading, LineItem)
    assert line.quantity == 6


async def test_what_staff_recorded_by_hand_is_the_first_order(trading: Trade) -> None:
    quote_id = await trading.market.quote(partner_order_id="GRO-1")
    receipt = await trading.send()
    (quote,) = await rows(trading, Quote)
    assert (quote.id, receipt.quote_number) == (quote_id, quote.number)
    (asked,) = await rows(trading, PartnerOrderException)
    assert (asked.kind, asked.field) == ("DUPLICATE", "$.partner_order_id")


async def test_the_terms_of_the_agreement_are_enforced(database: Database) -> None:
    terms = {"required_fields": ["$.partner_references.purchase_order"], "most_lines": 1, "orders_per_day": 1}
    trading = await trade(database, agreement={"terms": terms})
    with pytest.raises(DomainErrors) as refused:
        await trading.send(trading.document(partner_references=None))
    assert [(error.code, error.field) for error in refused.value.errors] == [
        ("TERMS_FIELD_REQUIRED", ("partner_references", "purchase_order")),
        ("TERMS_TOO_MANY_LINES", ("products",)),
    ]
    one = trading.document("GRO-1", {"partner_sku": "GRO-STATION"})
    assert not (await trading.send(one)).repeated
    assert (await trading.send(one)).repeated
    with pytest.raises(TermsLimitReached):
        await trading.send(trading.document("GRO-2", {"partner_sku": "GRO-STATION"}))
    assert len(await rows(trading, PartnerOrder)) == 1


async def test_nobody_orders_for_another_or_elsewhere(trading: Trade, database: Database) -> None:
    other = (await trade(database)).market
    made = trading.market
    with pytest.raises(NotFound):
        await trading.send(by=other.actors["dealer"])
    with pytest.raises(NotFound):
        await trading.send(entity_id=other.entity.id)
    with pytest.raises(NotFound):
        await trading.send(organization_id=other.dealer.id)
    with pytest.raises(NotFound):
        await trading.send(organization_id=made.master.id)
    with pytest.raises(PermissionDenied):
        await trading.send(by=made.actors["customer"])
    with pytest.raises(NotAnOrderingPartner):
        await trading.send(organization_id=await _no_partner(trading), by=made.actors["staff"])


async def _no_partner(trading: Trade) -> UUID:
    async with trading.market.database.session(SYSTEM) as session:
        return (await factories.organization(session, trading.market.entity, partner_model=None)).id
