"""Telling Moneybird and Snelstart over real sockets: once, whatever answers are lost and whoever dies."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest
from pydantic import SecretStr
from sqlalchemy import func, select, update

from domain.accounting import collecting, connections, reconciling, records
from domain.accounting.models import (
    AccountingConnection,
    AccountingPackage,
    AccountingReconciliation,
    AccountingRecord,
    ConnectionState,
    RecordState,
)
from domain.accounting.packages import asking
from domain.events.models import Event
from domain.invoices.models import InvoiceKind
from domain.jobs.models import Job
from domain.money import VatClass
from tenants.actor import SYSTEM
from tenants.engine import Database
from tenants.settings import Settings
from tests.domain.accounting.books import DAY, Books, Sold, books
from tests.domain.accounting.servers import Fault, MoneybirdServer, SnelstartServer, listening
from workers import accounting
from workers.accounting import drain, reconcile

STANDARD, REDUCED = VatClass.STANDARD, VatClass.REDUCED
_MAPPING = {
    "accounts": {"*": "700", "COMMISSION_EXPENSE": "702"},
    "vat": {"S": "801", "R": "802", "AE": "803", "P:S": "811"},
    "payment_account": "900",
}
_SNELSTART = {"accounts": {"*": "g-8000"}, "vat": {}, "payment_account": "bank"}


@pytest.fixture
async def mine(database: Database, settings: Settings) -> Books:
    return await books(database, settings)


@pytest.fixture
async def moneybird(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[MoneybirdServer]:
    async with listening(MoneybirdServer()) as server:
        monkeypatch.setattr(settings, "moneybird_url", f"{server.url}/")
        assert isinstance(server, MoneybirdServer)
        yield server


@pytest.fixture
async def snelstart(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[SnelstartServer]:
    async with listening(SnelstartServer()) as server:
        monkeypatch.setattr(settings, "snelstart_url", f"{server.url}/v2")
        monkeypatch.setattr(settings, "snelstart_auth_url", f"{server.url}/b2b/token")
        monkeypatch.setattr(settings, "snelstart_subscription_key", SecretStr("a subscription"))
        assert isinstance(server, SnelstartServer)
        yield server


async def connected(mine: Books, package: AccountingPackage, mapping: dict[str, Any]) -> UUID:
    id = await mine.connect(package)
    async with mine.database.session(SYSTEM) as session:
        await session.execute(update(AccountingConnection).values(mapping=mapping).where(AccountingConnection.id == id))
    return id


async def all_told(mine: Books) -> None:
    """Collect and drain, as long as something can be done now."""
    async with mine.database.session(SYSTEM) as session:
        await collecting.collect(session, await session.get_one(AccountingConnection, mine.connection_id))
    await drained(mine)


async def drained(mine: Books) -> float | None:
    """One run, after whatever pause was asked for."""
    assert mine.connection_id is not None
    await at_once(mine)
    return await drain(mine.database, mine.settings, mine.connection_id)


async def at_once(mine: Books) -> None:
    """Pauses are over."""
    async with mine.database.session(SYSTEM) as session:
        await session.execute(
            update(AccountingConnection)
            .values(resume_at=None, leased_until=None)
            .where(AccountingConnection.id == mine.connection_id)
        )
        await session.execute(
            update(AccountingRecord)
            .values(next_attempt_at=func.now())
            .where(AccountingRecord.connection_id == mine.connection_id, AccountingRecord.state == "PENDING")
        )


async def states(mine: Books) -> list[tuple[str, str]]:
    return [(row.kind, row.state) for row in await mine.records()]


# --- what is told -----------------------------------------------------------------------------------------------------


async def test_moneybird_is_told_contacts_invoices_credits_purchases_and_payments(
    mine: Books, moneybird: MoneybirdServer
) -> None:
    await connected(mine, AccountingPackage.MONEYBIRD, _MAPPING)
    first = await mine.invoice(Sold(100_00), Sold(33_33, REDUCED, category="INSTALLATION_SERVICE"))
    await mine.pay(first, 50_00)
    await mine.invoice(Sold(10_00), kind=InvoiceKind.CREDIT_NOTE, credits=first)
    await mine.invoice(Sold(5_00, category="COMMISSION"), kind=InvoiceKind.SELF_BILLING)
    await all_told(mine)

    assert {state for _, state in await states(mine)} == {"DONE"}
    [contact] = moneybird.contacts.values()
    assert (contact["customer_id"], contact["lastname"]) == (mine.customer.id.hex, "de Vries")
    sale, credit = moneybird.sales.values()
    assert (sale["total_price_incl_tax"], credit["total_price_incl_tax"]) == ("157.33", "-12.10")
    details = [(each["price"], each["tax_rate_id"], each["ledger_account_id"]) for each in sale["details_attributes"]]
    assert details == [("121.00", "801", "700"), ("36.33", "802", "700")]
    [payment] = sale["payments"]
    assert (payment["price"], payment["financial_account_id"]) == ("50.00", "900")
    [purchase] = moneybird.purchases.values()
    assert purchase["details_attributes"][0]["ledger_account_id"] == "702"


async def test_snelstart_is_told_amounts_of_vat_as_we_computed_them(mine: Books, snelstart: SnelstartServer) -> None:
    await connected(mine, AccountingPackage.SNELSTART, _SNELSTART)
    first = await mine.invoice(Sold(100_00), Sold(33_33, REDUCED), on=DAY)
    await mine.pay(first, 157_33)
    await mine.invoice(Sold(40_00, VatClass.REVERSE_CHARGE, category="INSTALLATION_SERVICE"))
    await mine.invoice(Sold(5_00, category="COMMISSION"), kind=InvoiceKind.SELF_BILLING)
    await all_told(mine)

    assert {state for _, state in await states(mine)} == {"DONE"}
    sale, shifted, purchase = snelstart.bookings.values()
    assert sale["btw"] == [
        {"btwSoort": "VerkopenHoog", "btwBedrag": "21.00"},
        {"btwSoort": "VerkopenLaag", "btwBedrag": "3.00"},
    ]
    assert shifted["btw"] == [{"btwSoort": "VerkopenVerlegd", "btwBedrag": "0.00"}]
    assert purchase["leverancier"]
    assert purchase["btw"] == [{"btwSoort": "InkopenHoog", "btwBedrag": "1.05"}]
    [received] = snelstart.bank.values()
    assert (received["bedragOntvangen"], received["bedragUitgegeven"]) == ("157.33", "0.00")


async def test_a_token_that_ran_out_is_bought_anew(mine: Books, snelstart: SnelstartServer) -> None:
    snelstart.token_uses = 2
    await connected(mine, AccountingPackage.SNELSTART, _SNELSTART)
    for _ in range(3):
        await mine.invoice(Sold(100_00))
    await all_told(mine)
    assert len(snelstart.bookings) == 3
    assert len(snelstart.tokens) > 1


async def test_what_changed_nothing_is_not_told_again_and_a_new_name_is(
    mine: Books, moneybird: MoneybirdServer
) -> None:
    await connected(mine, AccountingPackage.MONEYBIRD, _MAPPING)
    await mine.invoice(Sold(100_00))
    await all_told(mine)
    await mine.invoice(Sold(100_00))
    await all_told(mine)
    assert [each.method for each in moneybird.writes] == ["POST", "POST", "POST"]
    await mine.invoice(Sold(100_00), name="Jan Jansen")
    await all_told(mine)
    assert [each.method for each in moneybird.writes][3:] == ["PATCH", "POST"]
    await all_told(mine)
    assert len(moneybird.writes) == 5


async def test_an_account_that_is_not_mapped_is_refused_before_anything_is_sent(
    mine: Books, moneybird: MoneybirdServer
) -> None:
    await connected(mine, AccountingPackage.MONEYBIRD, _MAPPING | {"accounts": {"REVENUE_OTHER": "700"}})
    await mine.invoice(Sold(100_00))
    await all_told(mine)
    [_, row] = await mine.records()
    assert (row.state, row.code) == ("FAILED", "UNMAPPED_ACCOUNT")
    assert "REVENUE_CHARGING_STATION" in (row.message or "")
    assert moneybird.sales == {}


# --- once, whatever happens -------------------------------------------------------------------------------------------

_LOST = [Fault.FAILS_AFTER_WRITING, Fault.SILENT_AFTER_WRITING, Fault.NO_JSON, Fault.HANGS]


@pytest.mark.parametrize("package", list(AccountingPackage))
@pytest.mark.parametrize("fault", _LOST)
async def test_an_answer_that_is_lost_doubles_nothing(
    mine: Books,
    moneybird: MoneybirdServer,
    snelstart: SnelstartServer,
    monkeypatch: pytest.MonkeyPatch,
    package: AccountingPackage,
    fault: Fault,
) -> None:
    """Each of the three writes: contact, document, payment."""
    monkeypatch.setattr(asking, "SECONDS", 0.3 if fault is Fault.HANGS else 5)
    sender = package is AccountingPackage.MONEYBIRD
    await connected(mine, package, _MAPPING if sender else _SNELSTART)
    server = moneybird if sender else snelstart
    id = await mine.invoice(Sold(100_00))
    await mine.pay(id, 121_00)
    async with mine.database.session(SYSTEM) as session:
        await collecting.collect(session, await session.get_one(AccountingConnection, mine.connection_id))
    for _ in range(4):
        token = [] if sender else [Fault.NONE]
        server.faults = [*token, fault]
        await drained(mine)
        server.faults = []
        await drained(mine)
    assert {state for _, state in await states(mine)} == {"DONE"}
    if sender:
        assert (len(moneybird.contacts), len(moneybird.sales)) == (1, 1)
        assert [len(each["payments"]) for each in moneybird.sales.values()] == [1]
    else:
        assert (len(snelstart.relations), len(snelstart.bookings), len(snelstart.bank)) == (1, 1, 1)


async def test_a_worker_that_dies_after_sending_leaves_nothing_twice(
    mine: Books, moneybird: MoneybirdServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the answer and writing it down, at each record in turn; the next one finds what is there."""
    id = await connected(mine, AccountingPackage.MONEYBIRD, _MAPPING)
    await mine.pay(await mine.invoice(Sold(100_00)), 121_00)
    async with mine.database.session(SYSTEM) as session:
        await collecting.collect(session, await session.get_one(AccountingConnection, id))
    keep, give_back, dying = records.done, connections.release, True

    async def die(*given: Any) -> None:
        if dying:
            raise asyncio.CancelledError
        await keep(*given)

    async def never_given_back(*given: Any, **values: Any) -> None:
        if not dying:
            await give_back(*given, **values)

    monkeypatch.setattr(records, "done", die)
    monkeypatch.setattr(connections, "release", never_given_back)
    for _ in range(3):
        dying = True
        with pytest.raises(asyncio.CancelledError):
            await drained(mine)
        before = len(moneybird.asked)
        assert await drain(mine.database, mine.settings, id) is None  # the dead worker's lease still runs
        assert len(moneybird.asked) == before
        [sending] = [row for row in await mine.records() if row.state == RecordState.SENDING]
        assert sending.external_id is None
        dying = False
        await one(mine)
    assert (len(moneybird.contacts), len(moneybird.sales)) == (1, 1)
    assert [len(each["payments"]) for each in moneybird.sales.values()] == [1]
    assert {state for _, state in await states(mine)} == {"DONE"}


async def one(mine: Books) -> None:
    """One record told."""
    await at_once(mine)
    assert mine.connection_id is not None
    await drain(mine.database, mine.settings, mine.connection_id, seconds=0)


async def test_two_workers_at_once_tell_everything_once(mine: Books, moneybird: MoneybirdServer) -> None:
    id = await connected(mine, AccountingPackage.MONEYBIRD, _MAPPING)
    for _ in range(4):
        await mine.invoice(Sold(100_00))
    async with mine.database.session(SYSTEM) as session:
        await collecting.collect(session, await session.get_one(AccountingConnection, id))
    waits = await asyncio.gather(*(drain(mine.database, mine.settings, id) for _ in range(3)))
    assert waits == [None, None, None]
    assert len(moneybird.sales) == 4
    assert len(moneybird.writes) == 5


# --- limits, refusals, silence ----------------------------------------------------------------------------------------


async def test_the_package_is_left_alone_for_as_long_as_it_asks(mine: Books, moneybird: MoneybirdServer) -> None:
    id = await connected(mine, AccountingPackage.MONEYBIRD, _MAPPING)
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
        await session.execute(
            update(AccountingConnection).values(mapping=_MAPPING).where(AccountingConnection.id == id)
        )
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
    await connected(mine, AccountingPackage.MONEYBIRD, _MAPPING)
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
    await connected(mine, AccountingPackage.SNELSTART, _SNELSTART)
    snelstart.client_key = "another"
    await mine.invoice(Sold(100_00))
    await all_told(mine)
    assert (await mine.connection()).state == ConnectionState.REFUSED
    assert {state for _, state in await states(mine)} == {"PENDING"}


async def test_a_number_that_is_taken_there_is_ours_only_with_our_amount(
    mine: Books, snelstart: SnelstartServer
) -> None:
    await connected(mine, AccountingPackage.SNELSTART, _SNELSTART)
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
    await connected(mine, AccountingPackage.MONEYBIRD, _MAPPING)
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
    id = await connected(mine, AccountingPackage.MONEYBIRD, _MAPPING | {"vat": {}})
    await mine.invoice(Sold(100_00))
    await all_told(mine)
    await all_told(mine)
    [_, row] = await mine.records()
    assert (row.state, row.code, row.attempts) == ("FAILED", "UNMAPPED_VAT", 1)
    async with mine.database.session(SYSTEM) as session:
        await session.execute(
            update(AccountingConnection).values(mapping=_MAPPING).where(AccountingConnection.id == id)
        )
        await records.retry(session, row.id)
    await drained(mine)
    assert {state for _, state in await states(mine)} == {"DONE"}


# --- reactions, tests of connections, reconciliation ------------------------------------------------------------------


async def test_an_event_writes_down_what_it_tells_once_and_asks_for_a_job(mine: Books) -> None:
    await connected(mine, AccountingPackage.MONEYBIRD, _MAPPING)
    id = await mine.invoice(Sold(100_00))
    await mine.pay(id, 21_00)
    async with mine.database.session(SYSTEM) as session:
        query = (
            select(Event).where(Event.subject_id == id, Event.type.in_(collecting.EVENTS)).order_by(Event.created_at)
        )
        told = list(await session.scalars(query))
        for event in [*told, *told]:
            await collecting.react(session, event)
        jobs = await session.scalars(
            select(Job).where(Job.name == connections.PUSH_JOB, Job.entity_id == mine.entity.id)
        )
        assert len(list(jobs)) == 1
    assert [row.kind for row in await mine.records()] == ["CONTACT", "INVOICE", "PAYMENT"]
    assert [row.gross_cents for row in await mine.records()] == [0, 121_00, 21_00]


async def test_a_connection_becomes_active_by_looking(mine: Books, moneybird: MoneybirdServer) -> None:
    id = await mine.connect(AccountingPackage.MONEYBIRD)
    async with mine.database.session(SYSTEM) as session:
        await session.execute(
            update(AccountingConnection).values(state="UNTESTED").where(AccountingConnection.id == id)
        )
    await accounting.look(mine.database, mine.settings, id)
    found = await mine.connection()
    assert (found.state, found.administration_name) == (ConnectionState.ACTIVE, "ChargeCars B.V.")
    assert found.mapping["vat"] == {"S": "801", "R": "802", "P:S": "811", "P:R": "812"}
    assert found.mapping["accounts"]["REVENUE_CHARGING_STATION"] == "700"


async def test_credentials_are_sealed_and_no_part_of_the_database(mine: Books, owner: Any) -> None:
    id = await mine.connect(AccountingPackage.MONEYBIRD)
    kept = await owner.fetchval("SELECT credentials FROM accounting_connection WHERE id = $1", id)
    assert b"a token" not in bytes(kept)
    assert await mine.credentials() == {"token": "a token"}


@pytest.mark.parametrize("package", list(AccountingPackage))
async def test_a_month_is_compared_by_count_sum_and_number(
    mine: Books, moneybird: MoneybirdServer, snelstart: SnelstartServer, package: AccountingPackage
) -> None:
    sender = package is AccountingPackage.MONEYBIRD
    id = await connected(mine, package, _MAPPING if sender else _SNELSTART)
    first = await mine.invoice(Sold(100_00))
    await mine.pay(first, 121_00)
    await mine.invoice(Sold(50_00))
    await all_told(mine)
    month = DAY.replace(day=1)
    assert await reconcile(mine.database, mine.settings, id, month)

    kept = moneybird.sales if sender else snelstart.bookings
    gone = next(reversed(kept))
    del kept[gone]
    assert not await reconcile(mine.database, mine.settings, id, month)
    async with mine.database.session(SYSTEM) as session:
        query = select(AccountingReconciliation).where(AccountingReconciliation.connection_id == id)
        sales = next(row for row in await session.scalars(query) if row.side == "SALES")
    assert (sales.count_here, sales.count_there, sales.agrees) == (2, 1, False)
    assert sales.missing == [f"{mine.entity.invoice_prefix}-2026-00002"]
    assert sales.gross_cents_here - sales.gross_cents_there == 60_50


def test_documents_of_the_bookkeeper_are_none_of_ours() -> None:
    here = [reconciling.Here("CC-2026-00001", 100, 0)]
    there = [reconciling.There("CC-2026-00001", 100, 0), reconciling.There("2026-77", 5, 0)]
    assert reconciling.compared(here, there, "CC-").agrees
    twice = reconciling.compared(here, [there[0], there[0]], "CC-")
    assert twice.different == ["CC-2026-00001"]
    other = reconciling.compared(here, [there[0], reconciling.There("CC-2026-00009", 1, 0)], "CC-")
    assert other.unknown == ["CC-2026-00009"]
