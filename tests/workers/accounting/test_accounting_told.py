"""What Moneybird and Snelstart are told, over real sockets; once, whatever answers are lost and whoever dies."""

import asyncio
from typing import Any

import pytest

from domain.accounting import collecting, connections, records
from domain.accounting.bookings import Settlement
from domain.accounting.mapping import AccountMapping
from domain.accounting.models import (
    AccountingConnection,
    AccountingPackage,
    RecordKind,
    RecordState,
)
from domain.accounting.packages import asking
from domain.accounting.packages.package import Catalogue
from domain.accounting.packages.snelstart import Snelstart
from domain.invoices.models import InvoiceKind
from domain.money import VatClass
from tenants.actor import SYSTEM
from tests.domain.accounting.books import DAY, Books, Sold
from tests.domain.accounting.servers import Fault, MoneybirdServer, SnelstartServer
from tests.workers.accounting.talking import (
    MAPPING,
    REDUCED,
    SNELSTART_MAPPING,
    all_told,
    connected,
    drained,
    one,
    states,
)
from workers.accounting import drain


async def test_moneybird_is_told_contacts_invoices_credits_purchases_and_payments(
    mine: Books, moneybird: MoneybirdServer
) -> None:
    await connected(mine, AccountingPackage.MONEYBIRD, MAPPING)
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
    await connected(mine, AccountingPackage.SNELSTART, SNELSTART_MAPPING)
    first = await mine.invoice(Sold(100_00), Sold(33_33, REDUCED), on=DAY)
    await mine.pay(first, 157_33)
    await mine.invoice(Sold(40_00, VatClass.REVERSE_CHARGE, category="INSTALLATION_SERVICE"))
    await mine.invoice(Sold(5_00, category="COMMISSION"), kind=InvoiceKind.SELF_BILLING)
    await all_told(mine)

    assert {(row.state, row.code, row.message) for row in await mine.records()} == {("DONE", None, None)}
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


async def test_payments_of_a_long_number_are_told_apart_in_snelstart(snelstart: SnelstartServer) -> None:
    async def free() -> None:
        pass

    catalogue, mapped = Catalogue("adm", "LaderThuis B.V."), AccountMapping.of(SNELSTART_MAPPING)
    key, gate = snelstart.subscription_key, free
    package = Snelstart(f"{snelstart.url}/v2", f"{snelstart.url}/b2b/token", key, "a key", catalogue, mapped, gate)
    number = "LADERTHUIS-2026-F-0000123"
    first, second = (
        Settlement(f"{number}/{end}", RecordKind.INVOICE, "a booking", number, DAY, 10_00, "EUR")
        for end in ("0a1b2c", "3d4e5f")
    )
    made = await package.create_settlement(first)
    assert await package.find_settlement(second) is None
    assert await package.find_settlement(first) == made
    await package.close()
    [received] = snelstart.bank.values()
    assert len(received["boekstuk"]) == 25


async def test_a_token_that_ran_out_is_bought_anew(mine: Books, snelstart: SnelstartServer) -> None:
    snelstart.token_uses = 2
    await connected(mine, AccountingPackage.SNELSTART, SNELSTART_MAPPING)
    for _ in range(3):
        await mine.invoice(Sold(100_00))
    await all_told(mine)
    assert len(snelstart.bookings) == 3
    assert len(snelstart.tokens) > 1


async def test_what_changed_nothing_is_not_told_again_and_a_new_name_is(
    mine: Books, moneybird: MoneybirdServer
) -> None:
    await connected(mine, AccountingPackage.MONEYBIRD, MAPPING)
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
    await connected(mine, AccountingPackage.MONEYBIRD, MAPPING | {"accounts": {"REVENUE_OTHER": "700"}})
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
    await connected(mine, package, MAPPING if sender else SNELSTART_MAPPING)
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


@pytest.mark.parametrize("package", list(AccountingPackage))
@pytest.mark.parametrize("fault", [Fault.FAILS_AFTER_WRITING, Fault.UNREADABLE])
async def test_a_refused_look_up_leaves_the_doubt_and_a_retry_doubles_nothing(
    mine: Books, moneybird: MoneybirdServer, snelstart: SnelstartServer, package: AccountingPackage, fault: Fault
) -> None:
    """A document is written without an answer that can be read, then looking for it is refused, then staff retries."""
    sender = package is AccountingPackage.MONEYBIRD
    server = moneybird if sender else snelstart
    await connected(mine, package, MAPPING if sender else SNELSTART_MAPPING)
    await mine.invoice(Sold(100_00))
    async with mine.database.session(SYSTEM) as session:
        await collecting.collect(session, await session.get_one(AccountingConnection, mine.connection_id))
    token = [] if sender else [Fault.NONE]
    await one(mine)
    for each in (fault, Fault.REFUSES):
        server.faults = [*token, each]
        await one(mine)
    [_, row] = await mine.records()
    assert (row.state, row.uncertain) == ("FAILED", True)
    async with mine.database.session(SYSTEM) as session:
        await records.retry(session, row.id)
    await drained(mine)
    assert {state for _, state in await states(mine)} == {"DONE"}
    assert len(moneybird.sales if sender else snelstart.bookings) == 1


async def test_a_worker_that_dies_after_sending_leaves_nothing_twice(
    mine: Books, moneybird: MoneybirdServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the answer and writing it down, at each record in turn; the next one finds what is there."""
    id = await connected(mine, AccountingPackage.MONEYBIRD, MAPPING)
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


async def test_two_workers_at_once_tell_everything_once(mine: Books, moneybird: MoneybirdServer) -> None:
    id = await connected(mine, AccountingPackage.MONEYBIRD, MAPPING)
    for _ in range(4):
        await mine.invoice(Sold(100_00))
    async with mine.database.session(SYSTEM) as session:
        await collecting.collect(session, await session.get_one(AccountingConnection, id))
    waits = await asyncio.gather(*(drain(mine.database, mine.settings, id) for _ in range(3)))
    assert waits == [None, None, None]
    assert len(moneybird.sales) == 4
    assert len(moneybird.writes) == 5
