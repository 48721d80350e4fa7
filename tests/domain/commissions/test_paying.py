"""Commission of a month on self-billing invoices, what is set off, and statements that follow one another."""

from datetime import date, datetime, timedelta

import pytest

from domain.commissions import paying, statements
from domain.commissions.models import CommissionStatus
from domain.commissions.months import bounds, month_of
from domain.invoices.crediting import credit
from domain.ledger.errors import PeriodNotOver
from tenants.actor import SYSTEM
from tenants.auth import clock
from tenants.engine import Database
from tests.commissioning import Channel, channel, statuses
from tests.invoicing import lines_of

FIVE, THREE, TWO = 61_66, 37_00, 24_67
"""Of 1,233.28."""


@pytest.fixture
async def c(database: Database) -> Channel:
    return await channel(database)


@pytest.fixture
def month() -> date:
    return month_of(clock.now())


def following(month: date) -> date:
    return month_of(bounds(month)[1])


def at(patch: pytest.MonkeyPatch, month: date) -> None:
    """It is the second day of a month, noon."""
    moment: datetime = bounds(month)[0] + timedelta(days=1, hours=12)
    patch.setattr(clock, "now", lambda: moment)


async def settled(c: Channel, invoice_id: object) -> None:
    async with c.database.session(SYSTEM) as session:
        await paying.follow_invoice(session, invoice_id)  # type: ignore[arg-type]


async def test_a_month_is_billed_once_per_beneficiary(c: Channel, month: date, monkeypatch: pytest.MonkeyPatch) -> None:
    await c.paid("dealer")
    await c.paid("dealer")
    await c.paid("direct")
    await c.ordered("regional")  # not paid, so not due
    with pytest.raises(PeriodNotOver):
        await c.pay(month)
    at(monkeypatch, following(month))
    made = {invoice.payer_contact_id: invoice for invoice in await c.pay(month)}
    names = ("master", "regional", "dealer", "direct")
    assert [made[c.id(name)].net_cents for name in names] == [2 * FIVE, 2 * THREE, 2 * TWO, FIVE]
    assert {invoice.kind for invoice in made.values()} == {"SELF_BILLING"}
    assert {invoice.period_month for invoice in made.values()} == {month}
    assert [made[c.id("dealer")].payer_chain_ids] == [[c.id("dealer")]]
    async with c.database.session(SYSTEM) as session:
        (line,) = await lines_of(session, made[c.id("regional")].id)
    assert line.description == "Provisie 3%"
    billed = [row for row in await c.rows() if row.self_billing_invoice_id]
    assert statuses(billed) == {CommissionStatus.PAYABLE}
    assert await c.pay(month) == []
    assert await c.books_agree()


async def test_what_is_taken_back_after_payment_is_set_off(
    c: Channel, month: date, monkeypatch: pytest.MonkeyPatch
) -> None:
    order_id, (invoice,) = await c.paid("direct")
    at(monkeypatch, following(month))
    (bill,) = await c.pay(month)
    await c.settle(bill, bill.gross_cents)
    await settled(c, bill.id)
    assert statuses(await c.rows()) == {CommissionStatus.PAID}
    async with c.database.session(SYSTEM) as session:
        await credit(session, invoice.id, None, "All of it")
    await c.follow(order_id)
    assert [(row.amount_cents, row.status) for row in await c.rows()] == [(FIVE, "PAID"), (-FIVE, "EARNED")]
    at(monkeypatch, following(following(month)))
    assert await c.pay(following(month)) == []  # nothing is owed: it waits
    again = following(following(month))
    for _ in range(2):
        await c.paid("direct")
    at(monkeypatch, following(again))
    assert [invoice.net_cents for invoice in await c.pay(again)] == [2 * FIVE - FIVE]
    assert await c.books_agree()


async def test_a_payment_that_comes_back_is_owed_again(
    c: Channel, month: date, monkeypatch: pytest.MonkeyPatch
) -> None:
    await c.paid("direct")
    at(monkeypatch, following(month))
    (bill,) = await c.pay(month)
    await c.settle(bill, bill.gross_cents)
    await settled(c, bill.id)
    await c.settle(bill, -bill.gross_cents)
    await settled(c, bill.id)
    assert {(row.status, row.paid_at) for row in await c.rows()} == {(CommissionStatus.PAYABLE, None)}


async def test_statements_follow_one_another(c: Channel, month: date, monkeypatch: pytest.MonkeyPatch) -> None:
    _, (invoice,) = await c.paid("dealer")
    await c.ordered("dealer")
    second = following(month)
    at(monkeypatch, second)
    bill = next(one for one in await c.pay(month) if one.payer_contact_id == c.id("master"))
    await c.settle(bill, bill.gross_cents)
    await settled(c, bill.id)
    async with c.database.session(SYSTEM) as session:
        await credit(session, invoice.id, None, "All of it")
        order_id = invoice.order_id
    assert order_id is not None
    await c.follow(order_id)
    async with c.database.session(c.admins["master"]) as session:
        one = await statements.statement(session, c.entity_id, c.id("master"), month)
        two = await statements.statement(session, c.entity_id, c.id("master"), second)
        listed = await statements.as_csv(session, c.entity_id, c.id("master"), month)
    assert _cents(one) == {"opening": 0, "accrued": 2 * FIVE, "changed": 0, "earned": FIVE, "paid": 0, "due": FIVE}
    assert one.closing == two.opening
    assert _cents(two) == {
        "opening": 2 * FIVE,
        "accrued": 0,
        "changed": -FIVE,
        "earned": -FIVE,
        "paid": FIVE,
        "due": -FIVE,
    }
    assert two.closing.cents == 0
    head, *rows = listed.splitlines()
    assert head.startswith("accrued_at,kind,cause,order,level,rate_percent,base,amount")
    assert [row.split(",")[4:8] for row in rows] == [["1", "5", "1233.28", "61.66"]] * 2
    assert all(row.split(",")[3].startswith(c.market.entity.code) for row in rows)


def _cents(made: statements.Statement) -> dict[str, int]:
    names = ("opening", "accrued", "changed", "earned", "paid", "due")
    return {name: getattr(made, name).cents for name in names}
