"""Commission of orders: the worked example of the channel, and what payment, credit and cancellation make of it."""

import asyncio
from decimal import Decimal

import pytest
from sqlalchemy import text

from domain.commissions import reactions
from domain.commissions.computing import due
from domain.commissions.models import CommissionStatus
from domain.invoices import settling
from domain.invoices.crediting import credit
from domain.invoices.issuing import issue_order
from domain.money import Money
from domain.orders import service as orders
from domain.orders.completing import complete
from tenants.actor import SYSTEM
from tenants.engine import Database
from tests.commissioning import Channel, channel, statuses

NET = 1233_28
FIVE, THREE, TWO = 61_66, 37_00, 24_67
"""5, 3 and 2 percent of 1,233.28: 61.664, 36.9984 and 24.6656."""


@pytest.fixture
async def c(database: Database) -> Channel:
    return await channel(database)


async def test_worked_example_of_the_channel(c: Channel) -> None:
    order_id = await c.ordered("dealer")
    rows = await c.rows(order_id)
    assert [(row.beneficiary_contact_id, row.commission_level, row.commission_rate) for row in rows] == [
        (c.id("master"), 1, Decimal(5)),
        (c.id("regional"), 2, Decimal(3)),
        (c.id("dealer"), 3, Decimal(2)),
    ]
    assert [row.amount_cents for row in rows] == [FIVE, THREE, TWO]
    assert {row.base_cents for row in rows} == {NET}
    assert statuses(rows) == {CommissionStatus.ACCRUED}


async def test_it_depends_on_where_the_order_comes_in(c: Channel) -> None:
    assert await c.sums(await c.ordered("regional")) == {"master": FIVE, "regional": THREE}
    assert await c.sums(await c.ordered("direct")) == {"direct": FIVE}
    agent = await c.ordered("agent")
    assert await c.sums(agent) == {"master": FIVE, "regional": THREE, "dealer": TWO, "agent": 0}
    fourth = (await c.rows(agent))[-1]
    assert (fourth.commission_level, fourth.commission_rate, fourth.amount_cents) == (4, Decimal(0), 0)


async def test_it_is_earned_when_all_of_the_order_is_paid(c: Channel) -> None:
    order_id, (invoice,) = await c.billed("dealer")
    await c.settle(invoice, invoice.gross_cents - 1)
    await c.follow(order_id)
    assert statuses(await c.rows()) == {CommissionStatus.ACCRUED}
    await c.settle(invoice, 1)
    await c.follow(order_id)
    rows = await c.rows()
    assert statuses(rows) == {CommissionStatus.EARNED}
    assert all(row.earned_at for row in rows)
    await c.settle(invoice, -1)  # a payment that was taken back
    await c.follow(order_id)
    assert {(row.status, row.earned_at) for row in await c.rows()} == {(CommissionStatus.ACCRUED, None)}
    assert await c.booked() | {"COMMISSION_EXPENSE": FIVE + THREE + TWO} == await c.booked()
    assert await c.books_agree()


async def test_a_credit_takes_its_share_back(c: Channel) -> None:
    order_id, (invoice,) = await c.paid("dealer")
    async with c.database.session(SYSTEM) as session:
        await credit(session, invoice.id, None, "Half price", net_cents=NET // 2)
    await c.follow(order_id)
    assert await c.sums() == {"master": 30_83, "regional": 18_50, "dealer": 12_34}  # of 616.64: half of each, half up
    back = [row for row in await c.rows() if row.reverses_id]
    assert {(row.cause, row.status) for row in back} == {("CREDITED", CommissionStatus.EARNED)}
    async with c.database.session(SYSTEM) as session:
        await credit(session, invoice.id, None, "All of it")
    await c.follow(order_id)
    rows = await c.rows()
    assert statuses(rows) == {CommissionStatus.REVERSED}
    assert set((await c.sums()).values()) == {0}
    booked = await c.booked()
    assert booked["COMMISSION_EXPENSE"] == booked["COMMISSION_ACCRUED"] == 0
    assert await c.books_agree()


async def test_what_is_written_off_is_lost_to_the_partner_as_well(c: Channel) -> None:
    order_id, (invoice,) = await c.billed("direct")
    await c.settle(invoice, invoice.gross_cents // 2)
    async with c.database.session(SYSTEM) as session:
        await settling.write_off(session, invoice.id, "Bankrupt")
    await c.follow(order_id)
    assert await c.sums() == {"direct": 30_83}
    assert statuses(await c.rows()) == {CommissionStatus.EARNED}
    async with c.database.session(SYSTEM) as session:
        await settling.undo_write_off(session, invoice.id)
    await c.follow(order_id)
    assert await c.sums() == {"direct": FIVE}
    assert statuses(await c.rows()) == {CommissionStatus.ACCRUED}
    assert await c.books_agree()


async def test_a_cancelled_order_earns_nothing_until_it_is_reopened(c: Channel) -> None:
    order_id = await c.ordered("dealer")
    async with c.database.session(SYSTEM) as session:
        await orders.cancel(session, order_id, "Changed their mind")
    await c.follow(order_id)
    assert set((await c.sums()).values()) == {0}
    assert statuses(await c.rows()) == {CommissionStatus.REVERSED}
    async with c.database.session(SYSTEM) as session:
        await orders.reopen(session, order_id, "Changed it back")
    await c.follow(order_id)
    assert await c.sums() == {"master": FIVE, "regional": THREE, "dealer": TWO}
    assert statuses(await c.rows()) == {CommissionStatus.ACCRUED}
    assert await c.books_agree()


@pytest.mark.parametrize("seed", [None, 1, 2, 3])
async def test_any_order_of_events_ends_in_the_same_cents(c: Channel, seed: int | None) -> None:
    """Whatever reactions come first, and if each comes twice."""
    order_id = await c.order("dealer")
    cancelled = await c.order("regional")
    async with c.database.session(SYSTEM) as session:
        await complete(session, order_id)
        (invoice,) = await issue_order(session, order_id)
        await orders.cancel(session, cancelled, "No")
    await c.settle(invoice, 100_00)
    async with c.database.session(SYSTEM) as session:
        await credit(session, invoice.id, None, "A scratch", net_cents=333_33)
    await c.settle(invoice, invoice.gross_cents - 100_00 - 403_33)
    await c.react(shuffle=seed, times=2)
    remaining = NET - 333_33
    assert await c.sums(order_id) == {
        "master": due(Money(FIVE), remaining, NET).cents,
        "regional": due(Money(THREE), remaining, NET).cents,
        "dealer": due(Money(TWO), remaining, NET).cents,
    }
    assert statuses(await c.rows(order_id)) == {CommissionStatus.EARNED}
    assert set((await c.sums(cancelled)).values()) <= {0}
    assert await c.books_agree()


async def test_billing_again_what_was_credited_restores_it(c: Channel) -> None:
    order_id, (invoice,) = await c.billed("direct")
    async with c.database.session(SYSTEM) as session:
        await credit(session, invoice.id, None, "Wrong address", bill_again=True)
    await c.follow(order_id)
    assert await c.sums() == {"direct": 0}
    async with c.database.session(SYSTEM) as session:
        (again,) = await issue_order(session, order_id)
    await c.settle(again, again.gross_cents)
    await c.follow(order_id)
    assert await c.sums() == {"direct": FIVE}
    assert statuses(await c.rows()) == {CommissionStatus.EARNED}
    assert await c.books_agree()


async def test_who_comes_second_sees_what_the_first_has_taken_back(c: Channel) -> None:
    """A run and a reaction at once: the one that waits for the other takes nothing back a second time."""
    order_id, (invoice,) = await c.paid("dealer")
    async with c.database.session(SYSTEM) as session:
        await credit(session, invoice.id, None, "Half price", net_cents=NET // 2)
    async with c.database.session(SYSTEM) as session:
        await reactions.follow_orders(session, c.entity_id, [order_id])
        second = asyncio.create_task(c.follow(order_id))
        while not (await session.execute(_WAITING)).scalar():
            continue
    await second
    assert await c.sums() == {"master": 30_83, "regional": 18_50, "dealer": 12_34}
    assert await c.books_agree()


_WAITING = text("SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))")
