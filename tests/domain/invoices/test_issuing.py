"""What of an order is invoiced to whom: once, under numbers without gaps, and never changed."""

import asyncio
import contextlib
from decimal import Decimal
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError
from stdnum import iso11649

from domain.contacts import merging
from domain.events.models import Event
from domain.invoices.issuing import issue_order, issue_orders
from domain.invoices.models import BillingPart, Invoice, InvoiceLine, InvoicePart
from domain.invoices.numbers import payment_reference
from domain.invoices.sealing import is_sealed
from domain.ledger.models import JournalEntry, JournalLine
from domain.ledger.posting import today
from domain.orders import placement
from domain.orders import service as orders
from domain.orders.completing import complete
from domain.orders.models import OrderStage
from tenants.actor import SYSTEM
from tenants.engine import Database
from tenants.permissions import Role
from tests import factories
from tests.invoicing import completed, invoiced, invoices_of, lines_of, parts_of, profile
from tests.quoting import Market, market


async def test_each_payer_gets_one_invoice_of_its_own_lines_as_they_were_signed(database: Database) -> None:
    m = await market(database, agreement={"payment_terms_days": 45}, invoice_prefix="TI1")
    other = await _other_payer(m)
    cable = m.line("cable", quantity=Decimal(3), discount_percent=Decimal("12.5"), payer_id=other)
    quote_id = await m.quote(
        m.line("station"),
        m.line("installation"),
        cable,
        partner_order_id="PO-9",
        partner_metadata={"purchase_order": "X1"},
    )
    *_, order_id = [await m.sign(name, quote_id) for name in ("dealer", "other", "customer")]
    assert order_id is not None
    async with database.session(SYSTEM) as session:
        await complete(session, order_id)
        made = await issue_order(session, order_id)
    by_payer = {invoice.payer_contact_id: invoice for invoice in made}
    assert set(by_payer) == {m.dealer.id, m.customer.id, other}
    dealer, customer = by_payer[m.dealer.id], by_payer[m.customer.id]
    assert (dealer.net_cents, dealer.vat_cents, dealer.gross_cents) == (899_95, 188_99, 1088_94)
    assert (customer.net_cents, customer.vat_cents) == (333_33, 70_00)
    assert (dealer.reference, customer.reference, dealer.payment_terms_days) == ("X1", "", 45)
    assert sorted(invoice.number for invoice in made) == [f"TI1-{today().year}-0000{n}" for n in (1, 2, 3)]
    assert all(iso11649.is_valid(invoice.payment_reference) for invoice in made)
    async with database.session(SYSTEM) as session:
        (line,) = await lines_of(session, by_payer[other].id)
        assert (line.quantity, line.net_cents, line.discount_cents) == (Decimal(3), 52_47, 7_50)
        assert is_sealed(by_payer[other], [line])
        line.description += "!"
        assert not is_sealed(by_payer[other], [line])
        session.expunge_all()


async def _other_payer(m: Market) -> UUID:
    async with m.database.session(SYSTEM) as session:
        other = await factories.organization(session, m.entity)
        m.actors["other"] = await factories.actor_with(session, Role.PARTNER_USER, m.entity, organization=other)
        return other.id


async def test_an_order_is_invoiced_once_whoever_asks_at_the_same_time(database: Database) -> None:
    m = await market(database, agreement={})
    order_id = await completed(m)

    async def ask() -> int:
        async with database.session(SYSTEM) as session:
            return len(await issue_order(session, order_id))

    assert sorted(await asyncio.gather(*(ask() for _ in range(4)))) == [0, 0, 0, 2]
    assert len(await invoices_of(m)) == 2


async def test_numbers_have_no_gap_where_many_invoice_at_once_and_some_give_up(database: Database) -> None:
    m = await market(database, invoice_prefix="TI2")
    ids = [await completed(m, m.line("cable"), partner=False) for _ in range(6)]

    async def ask(position: int) -> None:
        with pytest.raises(ZeroDivisionError) if position % 3 == 1 else contextlib.nullcontext():
            async with database.session(SYSTEM) as session:
                await issue_order(session, ids[position])
                if position % 3 == 1:
                    raise ZeroDivisionError

    await asyncio.gather(*(ask(position) for position in range(6)))
    numbers = sorted(invoice.number for invoice in await invoices_of(m))
    assert numbers == [f"TI2-{today().year}-0000{n}" for n in range(1, 5)]


async def test_an_issued_invoice_cannot_be_changed_by_anybody(database: Database, owner: asyncpg.Connection) -> None:
    m = await market(database)
    (invoice,) = await invoiced(m, m.line("cable"), partner=False)
    for statement in (
        update(Invoice).where(Invoice.id == invoice.id).values(net_cents=1, gross_cents=1 + invoice.vat_cents),
        update(Invoice).where(Invoice.id == invoice.id).values(number="X"),
        update(InvoiceLine).where(InvoiceLine.invoice_id == invoice.id).values(description="Other"),
        update(BillingPart).where(BillingPart.invoice_id == invoice.id).values(payer_contact_id=m.dealer.id),
    ):
        with pytest.raises(DBAPIError, match="append-only"):
            async with database.session(SYSTEM) as session:
                await session.execute(statement)
    for table in ("invoice_line", "billing_part", "invoice"):
        with pytest.raises(Exception, match=r"append-only|violates foreign key"):
            await owner.execute(f"DELETE FROM {table} WHERE entity_id = $1", m.entity.id)
    with pytest.raises(DBAPIError, match="ck_invoice"):
        async with database.session(SYSTEM) as session:
            await session.execute(update(Invoice).where(Invoice.id == invoice.id).values(credited_cents=10**9))


async def test_what_is_not_completed_held_or_cancelled_is_not_invoiced(database: Database) -> None:
    m = await market(database)
    order_id = await m.ordered(m.line("cable"), partner=False)
    async with database.session(SYSTEM) as session:
        assert [o.skipped for o in await issue_orders(session, [order_id, m.entity.id])] == [
            ["NOT_COMPLETED"],
            ["NOT_FOUND"],
        ]
        await orders.hold(session, order_id, "Wait")
        assert (await issue_orders(session, [order_id]))[0].skipped == ["ON_HOLD"]
        await orders.resume(session, order_id)
        await orders.cancel(session, order_id, "No")
        assert (await issue_orders(session, [order_id]))[0].skipped == ["CANCELLED"]


async def test_rework_neither_doubles_nor_loses(database: Database) -> None:
    m = await market(database)
    order_id = await completed(m, m.line("cable"), partner=False)
    async with database.session(SYSTEM) as session:
        await orders.move(session, order_id, OrderStage.IN_PROGRESS)
        assert (await issue_orders(session, [order_id]))[0].skipped == ["NOT_COMPLETED"]
        await orders.move(session, order_id, OrderStage.COMPLETED)
        assert len(await issue_order(session, order_id)) == 1
        await orders.move(session, order_id, OrderStage.IN_PROGRESS)
        await orders.move(session, order_id, OrderStage.COMPLETED)
        assert (await issue_orders(session, [order_id]))[0].skipped == ["ALREADY_INVOICED"]


async def test_deposit_and_progress_add_up_to_the_order_and_are_revenue_when_it_is_completed(
    database: Database,
) -> None:
    m = await market(database)
    await profile(m, m.customer.id, deposit_percent=Decimal("33.33"), progress_percents=[Decimal("66.66")])
    order_id = await m.ordered(m.line("station"), m.line("cable"), partner=False)
    async with database.session(SYSTEM) as session:
        for part, step in ((InvoicePart.DEPOSIT, 0), (InvoicePart.PROGRESS, 1), (InvoicePart.PROGRESS, 1)):
            await issue_orders(session, [order_id], part, step=step)
    first = await invoices_of(m)
    assert [invoice.part for invoice in first] == ["DEPOSIT", "PROGRESS"]
    assert [invoice.net_cents for invoice in first] == [29995 + 666, 29996 + 667]
    assert await _balances(m) == {"DEFERRED_REVENUE": -sum(invoice.net_cents for invoice in first)}
    async with database.session(SYSTEM) as session:
        await orders.move(session, order_id, OrderStage.COMPLETED)
        (final,) = await issue_order(session, order_id)
    everything = [*first, final]
    assert sum(invoice.net_cents for invoice in everything) == 899_95 + 19_99
    assert sum(invoice.vat_cents for invoice in everything) == 188_99 + 4_20
    assert await _balances(m) == {"REVENUE_CHARGING_STATION": -899_95, "REVENUE_CABLE_ACCESSORY": -19_99}


async def _balances(m: Market) -> dict[str, int]:
    """Deferred and earned revenue by role, debit positive."""
    async with m.database.session(SYSTEM) as session:
        rows = await session.execute(
            text(
                "SELECT a.role, sum(l.debit_cents - l.credit_cents)::bigint FROM journal_line l "
                "JOIN ledger_account a ON a.id = l.account_id WHERE l.entity_id = :entity "
                "AND (a.role LIKE 'REVENUE%' OR a.role = 'DEFERRED_REVENUE') GROUP BY 1"
            ),
            {"entity": m.entity.id},
        )
        return {role: int(cents) for role, cents in rows if cents}


async def test_what_costs_nothing_makes_no_invoice_and_is_not_looked_at_again(database: Database) -> None:
    m = await market(database)
    order_id = await completed(m, m.line("cable", discount_percent=Decimal(100)), partner=False)
    async with database.session(SYSTEM) as session:
        assert (await issue_orders(session, [order_id]))[0].skipped == ["NOTHING_TO_INVOICE"]
        assert (await issue_orders(session, [order_id]))[0].skipped == ["ALREADY_INVOICED"]
    assert await parts_of(m, order_id) == [("FINAL", "NOTHING")]


async def test_a_line_that_costs_nothing_stands_beside_others(database: Database) -> None:
    m = await market(database)
    (invoice,) = await invoiced(m, m.line("cable"), m.line("survey", unit_price_cents=0), partner=False)
    async with database.session(SYSTEM) as session:
        assert [line.net_cents for line in await lines_of(session, invoice.id)] == [19_99, 0]


async def test_a_merged_payer_keeps_its_name_on_what_was_issued_and_the_other_pays_from_then_on(
    database: Database,
) -> None:
    m = await market(database)
    (before,) = await invoiced(m, m.line("cable"), partner=False)
    second = await completed(m, m.line("cable"), partner=False)
    async with database.session(SYSTEM) as session:
        winner = await factories.person(session, m.entity, name="Winner")
    async with database.session(SYSTEM) as session:
        await merging.merge(session, m.actors["staff"], winner.id, m.customer.id)
    async with database.session(SYSTEM) as session:
        (after,) = await issue_order(session, second)
        assert (after.payer_contact_id, after.payer["name"]) == (winner.id, "Winner")
        assert await issue_order(session, second) == []
        kept = (await session.execute(select(Invoice).where(Invoice.id == before.id))).scalar_one()
        assert (kept.payer_contact_id, kept.payer["name"]) == (m.customer.id, m.customer.name)


async def test_orders_that_repeat_one_another_are_invoiced_each(database: Database) -> None:
    m = await market(database)
    quote_id = await m.quote(m.line("cable"), end_customer_id=m.dealer.id, service_address_id=None)
    first = await m.sign("dealer", quote_id)
    async with database.session(m.actors["dealer"]) as session:
        second = await placement.repeat(session, quote_id)
    async with database.session(SYSTEM) as session:
        for order_id in (first, second):
            assert order_id is not None
            await orders.move(session, order_id, OrderStage.COMPLETED)
        outcomes = await issue_orders(session, [first, second])  # type: ignore[list-item]  # both are there
        assert [len(outcome.invoice_ids) for outcome in outcomes] == [1, 1]


async def test_a_purchase_order_that_is_asked_for_is_waited_for(database: Database) -> None:
    m = await market(database, agreement={})
    await profile(m, m.dealer.id, purchase_order_required=True)
    order_id = await completed(m)
    async with database.session(SYSTEM) as session:
        (outcome,) = await issue_orders(session, [order_id])
    assert (len(outcome.invoice_ids), outcome.skipped) == (1, ["PURCHASE_ORDER_MISSING"])
    async with database.session(SYSTEM) as session:
        await session.execute(
            text("""UPDATE "order" SET partner_metadata = '{"purchase_order": "7"}' WHERE id = :id"""), {"id": order_id}
        )
        (invoice,) = await issue_order(session, order_id)
    assert invoice.reference == "7"


async def test_an_invoice_is_seen_by_its_payer_and_those_above_it(database: Database) -> None:
    m = await market(database, agreement={})
    made = {invoice.payer_contact_id: invoice.id for invoice in await invoiced(m)}
    expected = {
        "staff": set(made.values()),
        "dealer": {made[m.dealer.id]},
        "master": {made[m.dealer.id]},
        "customer": {made[m.customer.id]},
    }
    for name, ids in expected.items():
        async with database.session(m.actors[name]) as session:
            assert (
                set((await session.execute(select(Invoice.id).where(Invoice.id.in_(made.values())))).scalars()) == ids
            )
            lines = await session.execute(select(InvoiceLine.invoice_id))
            assert set(lines.scalars()) >= ids if name == "staff" else True


async def test_what_is_issued_is_told_and_posted(database: Database) -> None:
    m = await market(database)
    (invoice,) = await invoiced(m, m.line("cable"), partner=False)
    async with database.session(SYSTEM) as session:
        event = (await session.execute(select(Event).where(Event.subject_id == invoice.id))).scalar_one()
        assert (event.type, event.payload["number"], event.contact_ids) == (
            "invoice.issued",
            invoice.number,
            [m.customer.id],
        )
        query = select(JournalLine.debit_cents, JournalLine.credit_cents).join(JournalEntry)
        posted = await session.execute(
            query.where(JournalEntry.key == f"invoice:{invoice.id}").order_by(JournalLine.position)
        )
        assert [tuple(row) for row in posted] == [(24_19, 0), (0, 19_99), (0, 4_20)]


def test_payment_references_carry_check_digits() -> None:
    assert payment_reference("CC-2026-00123") == "RF10CC202600123"
    assert iso11649.is_valid(payment_reference("LONGPREFIX-SB-2026-1234567"))
