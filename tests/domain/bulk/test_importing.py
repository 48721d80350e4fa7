"""Imports take in each line once, name every fault, keep the others, and can be taken back."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import func, select

from domain.bulk import files, importing, operations
from domain.bulk.errors import NothingToUndo, NotImportable, PartDiffers, PartMissing
from domain.bulk.models import BulkState, BulkSubject, PieceRole
from domain.bulk.subjects.imports import IMPORTS
from domain.catalog.models import PartnerSku, Price, PriceList
from domain.contacts.models import Contact
from domain.errors import PermissionDenied, Required
from domain.partner_orders.models import PartnerOrder
from tenants.actor import SYSTEM
from tenants.engine import Database
from tests import factories
from tests.domain.bulk.company import Company
from tests.domain.partner_orders.trade import trade


@pytest.fixture
async def company(database: Database) -> Company:
    return Company(await trade(database))


async def skus(company: Company) -> dict[str, tuple[Any, Decimal]]:
    async with company.database.session(SYSTEM) as session:
        rows = await session.scalars(select(PartnerSku).filter_by(organization_id=company.trade.market.master.id))
        return {row.partner_sku: (row.article_id, row.quantity) for row in rows}


async def test_each_line_is_mapped_or_named_with_its_faults_and_can_be_taken_back(company: Company) -> None:
    market, before = company.trade.market, await skus(company)
    admin, cable, meter = market.actors["master_admin"], market.articles["cable"].sku, market.articles["meter"].sku
    id = await company.import_(
        BulkSubject.PARTNER_SKUS,
        admin,
        {"partner_sku": "NEW-1", "sku": cable, "quantity": 2.5},
        b"",
        {"partner_sku": "GRO-STATION", "sku": meter},
        {"partner_sku": "", "sku": 7, "quantity": "many", "colour": "red"},
        b"{not json",
        {"partner_sku": "GRO-CABLES", "sku": None},
        {"partner_sku": "X", "sku": "NO-SUCH"},
        {"partner_sku": "GRO-INSTALL", "sku": market.articles["installation"].sku},
    )
    row = await company.row(id)
    assert (row.state, row.position, row.failed, row.total) == (BulkState.DONE, 7, 3, 7)
    outcomes = {line["line"]: line["outcome"] for line in await company.lines(id)}
    assert outcomes == {1: "created", 3: "updated", 6: "ended", 8: "unchanged"}
    refused = {line["line"]: line["errors"] for line in await company.lines(id, PieceRole.ERRORS)}
    faults = {(error["field"], error["code"]) for error in refused[4]}
    assert faults == {
        ("$.partner_sku", "REQUIRED"),
        ("$.sku", "WRONG_TYPE"),
        ("$.quantity", "WRONG_TYPE"),
        ("$.colour", "BULK_UNKNOWN_FIELD"),
    }
    assert [error["code"] for error in refused[5] + refused[7]] == ["BULK_LINE_NOT_JSON", "UNKNOWN_ARTICLE"]
    assert (await skus(company))["NEW-1"] == (market.articles["cable"].id, Decimal("2.500"))
    await company.undo(id, admin)
    assert await skus(company) == before
    assert ((await company.row(id)).state, (await company.row(id)).undone) == (BulkState.UNDONE, 3)


async def test_what_was_changed_since_stays_and_is_said(company: Company) -> None:
    market, admin = company.trade.market, company.trade.market.actors["master_admin"]
    line = {"partner_sku": "NEW-1", "sku": market.articles["cable"].sku}
    first = await company.import_(BulkSubject.PARTNER_SKUS, admin, line)
    await company.import_(BulkSubject.PARTNER_SKUS, admin, line | {"quantity": 4})
    await company.undo(first, admin)
    [told] = await company.lines(first, PieceRole.UNDO_RESULT)
    assert (told["outcome"], told["errors"][0]["code"]) == ("kept", "BULK_CHANGED_SINCE")
    assert (await skus(company))["NEW-1"][1] == 4


async def test_a_check_says_what_would_be_and_keeps_nothing(company: Company) -> None:
    before, admin = await skus(company), company.trade.market.actors["master_admin"]
    line = {"partner_sku": "NEW-1", "sku": company.trade.market.articles["cable"].sku}
    id = await company.import_(BulkSubject.PARTNER_SKUS, admin, line, {"partner_sku": "Y"}, b"[1]", check_only=True)
    assert [each["outcome"] for each in await company.lines(id)] == ["created", "unchanged"]
    assert await skus(company) == before
    assert (await company.row(id)).failed == 1
    with pytest.raises(NothingToUndo):
        await company.undo(id, admin)


async def test_orders_of_partners_come_in_once_per_number(company: Company) -> None:
    market = company.trade.market
    documents = [company.trade.document(f"FILE-{n}") for n in range(3)]
    broken = company.trade.document("FILE-X", customer={"name": "", "email": "no"})
    dealer = market.actors["dealer"]
    id = await company.import_(BulkSubject.PARTNER_ORDERS, dealer, *documents, documents[0], broken)
    outcomes = [line["outcome"] for line in await company.lines(id)]
    assert outcomes == ["created"] * 3 + ["repeated"]
    [refused] = await company.lines(id, PieceRole.ERRORS)
    assert {"$.customer.name", "$.customer.email", "$.customer.phone"} <= {e["field"] for e in refused["errors"]}
    async with company.database.session(SYSTEM) as session:
        query = select(PartnerOrder.status, PartnerOrder.way).filter_by(organization_id=market.dealer.id)
        assert (await session.execute(query)).all() == [("RECEIVED", "IMPORT")] * 3
    await company.undo(id, dealer)
    async with company.database.session(SYSTEM) as session:
        cancelled = select(func.count()).where(
            PartnerOrder.organization_id == market.dealer.id, PartnerOrder.status == "CANCELLED"
        )
        assert (await session.execute(cancelled)).scalar_one() == 3


async def test_persons_are_found_or_made_and_those_that_nobody_used_can_be_taken_back(company: Company) -> None:
    market = company.trade.market
    known = market.customer
    new = {
        "first_name": "Ada",
        "last_name": "Jansen",
        "email": f"{factories.unique('ada')}@example.nl".lower(),
        "phone": "0612345678",
        "address": {"postal_code": "3511AB", "house_number": "12"},
    }
    same = {"name": known.name, "email": known.email, "phone": known.phone}
    id = await company.import_(
        BulkSubject.CONTACTS, company.staff, new, new, same, {"name": "No way to reach", "type": "ORGANIZATION"}
    )
    made = await company.lines(id)
    assert [line["outcome"] for line in made][:2] == ["created", "found"]
    [refused] = await company.lines(id, PieceRole.ERRORS)
    assert {error["field"] for error in refused["errors"]} <= {"$.type", "$.email"}
    await company.undo(id, company.staff)
    async with company.database.session(SYSTEM) as session:
        person = await session.get_one(Contact, made[0]["contact_id"])
        assert person.erased_at is not None
        assert (await session.get_one(Contact, known.id)).erased_at is None


async def test_prices_go_into_a_list_and_back(company: Company) -> None:
    market = company.trade.market
    async with company.database.session(SYSTEM) as session:
        boss = await factories.actor_with(session, factories.Role.TENANT_ADMIN, market.entity)
        listing = (await session.scalars(select(PriceList).filter_by(entity_id=market.entity.id))).one()

    async def price() -> int:
        async with company.database.session(SYSTEM) as session:
            own = (Price.article_id == market.articles["cable"].id, func.upper_inf(Price.valid))
            return (await session.execute(select(Price.unit_price_cents).where(*own))).scalar_one()

    before, line = await price(), {"sku": market.articles["cable"].sku, "unit_price_cents": 12_34}
    bad = {"sku": market.articles["cable"].sku, "unit_price_cents": "12.34", "valid_from": "tomorrow"}
    id = await company.import_(BulkSubject.PRICES, boss, line, bad, price_list_id=listing.id)
    assert await price() == 12_34
    [refused] = await company.lines(id, PieceRole.ERRORS)
    assert {error["field"] for error in refused["errors"]} == {"$.unit_price_cents", "$.valid_from"}
    await company.undo(id, boss)
    assert await price() == before


async def test_a_crash_costs_one_piece_and_takes_in_nothing_twice(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    dealer, taken = company.trade.market.actors["dealer"], importing._taken
    monkeypatch.setattr(importing, "IMPORTS", {key: replace(each, piece=2) for key, each in IMPORTS.items()})
    documents = [company.trade.document(f"CRASH-{n}") for n in range(5)]
    id, calls = await company.begin(BulkSubject.PARTNER_ORDERS, dealer, *documents), 0

    async def dying(*given: Any) -> bool:
        nonlocal calls
        calls += 1
        done = await taken(*given)
        if calls == 2:
            raise ConnectionError("the worker died after its commit")
        return done

    monkeypatch.setattr(importing, "_taken", dying)
    with pytest.raises(ConnectionError):
        await company.work(id, dealer)
    await company.work(id, dealer)
    lines = await company.lines(id)
    assert [line["line"] for line in lines] == [1, 2, 3, 4, 5]
    assert {line["outcome"] for line in lines} == {"created"}


async def test_what_cannot_be_imported_is_refused_before_a_file_is_sent(company: Company) -> None:
    market, staff = company.trade.market, company.staff
    async with company.database.session(SYSTEM) as session:
        for error, actor, subject in (
            (NotImportable, staff, BulkSubject.INVOICES),
            (PermissionDenied, market.actors["dealer"], BulkSubject.PRICES),
            (PermissionDenied, market.actors["dealer"], BulkSubject.PARTNER_SKUS),
        ):
            with pytest.raises(error):
                await operations.begin_import(session, actor, company.wanted(subject))
        boss = await factories.actor_with(session, factories.Role.TENANT_ADMIN, market.entity)
        with pytest.raises(Required):
            await operations.begin_import(session, boss, company.wanted(BulkSubject.PRICES))


async def test_parts_are_taken_once_and_all_have_to_be_there(company: Company) -> None:
    admin = company.trade.market.actors["master_admin"]
    async with company.database.session(SYSTEM) as session:
        made = await operations.begin_import(session, admin, company.wanted(BulkSubject.PARTNER_SKUS))
        await operations.add_part(session, admin, made.id, 1, b"{}\n")
        await operations.add_part(session, admin, made.id, 1, b"{}\n")
        with pytest.raises(PartDiffers):
            await operations.add_part(session, admin, made.id, 1, b"{} \n")
        with pytest.raises(PartMissing) as missing:
            await operations.start_import(session, admin, made.id)
        assert missing.value.parameters == {"number": 0}


async def test_a_line_without_end_is_never_held(company: Company) -> None:
    cutter, found = files._Cutter(0), []
    for _ in range(40):
        found += list(cutter.cut(b"x" * 4_000))
        assert len(cutter._begun) <= files.LONGEST_LINE
    found += [*cutter.cut(b"\n{}\n"), *cutter.rest()]
    assert found == [(1, None), (2, b"{}")]
