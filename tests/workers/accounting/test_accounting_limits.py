"""Limits of accounting packages, their refusals and their silence; what is tried again."""

import pytest
from sqlalchemy import select, update

from domain.accounting import collecting, records
from domain.accounting.models import (
    AccountingConnection,
    AccountingPackage,
    ConnectionState,
    RecordState,
)
from domain.events.models import Event
from tenants.actor import SYSTEM
from tenants.settings import Settings
from tests.domain.accounting.books import Books, Sold
from tests.domain.accounting.servers import Fault, MoneybirdServer, SnelstartServer
from tests.workers.accounting.talking import MAPPING, SNELSTART_MAPPING, all_told, connected, drained, states
from workers.accounting import drain


async def test_the_package_is_left_alone_for_as_long_as_it_asks(mine: Books, moneybird: MoneybirdServer) -> None:
    id = await connected(mine, AccountingPackage.MONEYBIRD, MAPPING)
    await mine.invoice(Sold(100_00))
    moneybird.faults = [Fault.TOO_MANY]
    await all_told(mine)
    assert len(moneybird.asked) == 1
    resting = await mine.connection()
    assert resting.resume_at is not None
    assert await drain(mine.database, mine.settings, id) is None
    assert len(moneybird.asked) == 1
    assert {state for _, state in await states(mine)} == {"PENDING"}
    await drained(mine)
    assert len(moneybird.sales) == 1


async def test_processes_share_one_limit(
    mine: Books, moneybird: MoneybirdServer, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "moneybird_requests_per_5_minutes", 3)
    moneybird.token = f"a token {mine.entity.id}"
    id = await mine.connect(AccountingPackage.MONEYBIRD, credentials={"token": moneybird.token})
    async with mine.database.session(SYSTEM) as session:
        await session.execute(update(AccountingConnection).values(mapping=MAPPING).where(AccountingConnection.id == id))
    for _ in range(6):
        await mine.invoice(Sold(100_00))
    await all_told(mine)
    assert len(moneybird.asked) == 3
    wait = await drained(mine)
    assert wait is not None
    assert len(moneybird.asked) == 3


async def test_credentials_that_are_refused_stop_everything_until_a_test(
    mine: Books, moneybird: MoneybirdServer
) -> None:
    await connected(mine, AccountingPackage.MONEYBIRD, MAPPING)
    moneybird.token = "another"
    await mine.invoice(Sold(100_00))
    await all_told(mine)
    refused = await mine.connection()
    assert (refused.state, refused.error) == (ConnectionState.REFUSED, "HTTP 401")
    assert {state for _, state in await states(mine)} == {"PENDING"}
    async with mine.database.session(SYSTEM) as session:
        told = await session.scalars(select(Event.type).where(Event.subject_id == refused.id))
        assert "accounting_connection.refused" in list(told)


async def test_an_unknown_coupling_key_is_no_fault_of_a_record(mine: Books, snelstart: SnelstartServer) -> None:
    await connected(mine, AccountingPackage.SNELSTART, SNELSTART_MAPPING)
    snelstart.client_key = "another"
    await mine.invoice(Sold(100_00))
    await all_told(mine)
    assert (await mine.connection()).state == ConnectionState.REFUSED
    assert {state for _, state in await states(mine)} == {"PENDING"}


async def test_a_number_that_is_taken_there_is_ours_only_with_our_amount(
    mine: Books, snelstart: SnelstartServer
) -> None:
    await connected(mine, AccountingPackage.SNELSTART, SNELSTART_MAPPING)
    number = f"{mine.entity.invoice_prefix}-2026-00001"
    there = {"id": "b", "factuurnummer": number, "factuurdatum": "2026-03-10", "factuurbedrag": "1.00", "klant": {}}
    snelstart.bookings["b"] = there
    await mine.invoice(Sold(100_00))
    await all_told(mine)
    [_, row] = await mine.records()
    assert (row.state, row.code, row.external_id) == ("FAILED", "AMOUNT_DIFFERS", "b")
    there["factuurbedrag"] = "121.00"
    async with mine.database.session(SYSTEM) as session:
        await records.retry(session, row.id)
    await drained(mine)
    assert {state for _, state in await states(mine)} == {"DONE"}
    assert len(snelstart.bookings) == 1


async def test_a_record_that_never_gets_an_answer_fails_in_the_end_and_others_go_on(
    mine: Books, moneybird: MoneybirdServer
) -> None:
    await connected(mine, AccountingPackage.MONEYBIRD, MAPPING)
    await mine.invoice(Sold(100_00))
    await all_told(mine)
    bad = await mine.invoice(Sold(200_00))
    async with mine.database.session(SYSTEM) as session:
        await collecting.collect(session, await session.get_one(AccountingConnection, mine.connection_id))
    for attempt in range(records.MOST_UNCERTAIN):
        # From the second attempt on it is looked for, without fault, before it is sent.
        moneybird.faults = [Fault.FAILS] if attempt == 0 else [Fault.NONE, Fault.FAILS]
        await drained(mine)
    [row] = [row for row in await mine.records() if row.subject_id == bad]
    assert (row.state, row.code, row.uncertain) == (RecordState.FAILED, "NO_ANSWER", True)
    await mine.invoice(Sold(300_00))
    await all_told(mine)
    assert {each["total_price_incl_tax"] for each in moneybird.sales.values()} == {"121.00", "363.00"}
    async with mine.database.session(SYSTEM) as session:
        await records.retry(session, row.id)
    await drained(mine)
    assert len(moneybird.sales) == 3


async def test_a_failure_is_tried_again_on_demand_and_only_then(mine: Books, moneybird: MoneybirdServer) -> None:
    id = await connected(mine, AccountingPackage.MONEYBIRD, MAPPING | {"vat": {}})
    await mine.invoice(Sold(100_00))
    await all_told(mine)
    await all_told(mine)
    [_, row] = await mine.records()
    assert (row.state, row.code, row.attempts) == ("FAILED", "UNMAPPED_VAT", 1)
    async with mine.database.session(SYSTEM) as session:
        await session.execute(update(AccountingConnection).values(mapping=MAPPING).where(AccountingConnection.id == id))
        await records.retry(session, row.id)
    await drained(mine)
    assert {state for _, state in await states(mine)} == {"DONE"}
