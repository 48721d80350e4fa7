"""Events that are written down, connections that are looked into, months that are compared."""

from typing import Any

import pytest
from sqlalchemy import select, update

from domain.accounting import collecting, connections, reconciling
from domain.accounting.errors import AdministrationFixed
from domain.accounting.models import (
    AccountingConnection,
    AccountingPackage,
    AccountingReconciliation,
    ConnectionState,
)
from domain.events.models import Event
from domain.jobs.models import Job
from tenants.actor import SYSTEM
from tests.domain.accounting.books import DAY, Books, Sold
from tests.domain.accounting.servers import MoneybirdServer, SnelstartServer
from tests.workers.accounting.talking import MAPPING, SNELSTART_MAPPING, all_told, connected, states
from workers import accounting
from workers.accounting import reconcile
from workers.jobs import GiveUp


async def test_an_event_writes_down_what_it_tells_once_and_asks_for_a_job(mine: Books) -> None:
    await connected(mine, AccountingPackage.MONEYBIRD, MAPPING)
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


async def test_a_connection_stays_with_the_administration_that_it_told(mine: Books, moneybird: MoneybirdServer) -> None:
    id = await connected(mine, AccountingPackage.MONEYBIRD, MAPPING)
    await mine.invoice(Sold(100_00))
    await all_told(mine)
    moneybird.administration = "456"
    said = {"entity_id": mine.entity.id, "package": AccountingPackage.MONEYBIRD}
    async with mine.database.session(SYSTEM) as session:
        with pytest.raises(AdministrationFixed):
            await connections.save(session, mine.settings, **said, administration="456")
    with pytest.raises(GiveUp):
        await accounting.look(mine.database, mine.settings, id)
    assert (await mine.connection()).state == ConnectionState.REFUSED


async def test_a_contact_that_bears_our_reference_is_ours(mine: Books, moneybird: MoneybirdServer) -> None:
    await connected(mine, AccountingPackage.MONEYBIRD, MAPPING)
    moneybird.contacts["9"] = {"id": "9", "customer_id": mine.customer.id.hex, "lastname": "Oud"}
    await mine.invoice(Sold(100_00))
    await all_told(mine)
    assert {state for _, state in await states(mine)} == {"DONE"}
    assert [each["lastname"] for each in moneybird.contacts.values()] == ["de Vries"]


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
    id = await connected(mine, package, MAPPING if sender else SNELSTART_MAPPING)
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
