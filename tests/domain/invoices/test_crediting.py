"""Credits, payments and losses change what is open, and the books agree."""

import asyncio
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, text

from domain.errors import DomainError, DomainErrors
from domain.events.models import Event
from domain.invoices import settling
from domain.invoices.crediting import CreditLine, credit
from domain.invoices.issuing import SelfBilledLine, issue_order, issue_orders, issue_self_billing
from domain.invoices.models import Invoice, InvoicePart
from domain.invoices.withdrawing import credit_deposits
from domain.ledger.posting import today
from domain.ledger.subledgers import SUBLEDGERS
from domain.orders import service as orders
from domain.orders.models import OrderStage
from tenants.actor import SYSTEM
from tenants.engine import Database
from tests import factories
from tests.invoicing import completed, invoiced, invoices_of, lines_of, parts_of, profile
from tests.quoting import Market, market


async def _agrees(m: Market) -> bool:
    """Whether accounts hold what their rows say, for the sub-ledgers of this area."""
    async with m.database.session(SYSTEM) as session:
        for name in ("receivables", "deferred revenue", "self-billing"):
            kept = SUBLEDGERS[name]
            rows = f"SELECT coalesce(sum(cents), 0) FROM ({kept.rows}) r WHERE entity_id = :entity"
            held = (
                "SELECT coalesce(sum(l.debit_cents - l.credit_cents), 0) FROM journal_line l "
                "JOIN ledger_account a ON a.id = l.account_id WHERE l.entity_id = :entity AND a.role = ANY (:roles)"
            )
            values = {"entity": m.entity.id, "roles": [role.value for role in kept.roles]}
            one = (await session.execute(text(rows), {"entity": m.entity.id})).scalar_one()
            assert one == (await session.execute(text(held), values)).scalar_one(), name
    return True


async def _read(m: Market, id: UUID) -> Invoice:
    async with m.database.session(SYSTEM) as session:
        return (await session.execute(select(Invoice).where(Invoice.id == id))).scalar_one()


async def _credit(m: Market, id: UUID, lines: Any = None, **values: Any) -> Invoice:
    async with m.database.session(m.actors["staff"]) as session:
        return await credit(session, id, lines, "Returned", **values)


async def _line_id(m: Market, id: UUID, position: int = 0) -> UUID:
    async with m.database.session(SYSTEM) as session:
        return (await lines_of(session, id))[position].id


async def test_one_of_three_is_credited_and_names_its_line(database: Database) -> None:
    m = await market(database, invoice_prefix="TC1")
    (invoice,) = await invoiced(m, m.line("cable", quantity=Decimal(3), unit_price_cents=33_34), partner=False)
    line_id = await _line_id(m, invoice.id)
    note = await _credit(m, invoice.id, [CreditLine(line_id, Decimal(1))])
    assert (note.kind, note.number, note.net_cents, note.gross_cents) == (
        "CREDIT_NOTE",
        f"TC1-{today().year}-00002",
        -33_34,
        -40_34,
    )
    assert (note.credits_invoice_id, note.open_cents, note.payer) == (invoice.id, 0, invoice.payer)
    async with database.session(SYSTEM) as session:
        (taken,) = await lines_of(session, note.id)
        assert (taken.credits_line_id, taken.quantity) == (line_id, Decimal(-1))
    now = await _read(m, invoice.id)
    assert (now.credited_cents, now.status, now.open_cents) == (40_34, "ISSUED", now.gross_cents - 40_34)
    assert await _agrees(m)


async def test_credits_never_exceed_what_was_billed(database: Database) -> None:
    m = await market(database)
    (invoice,) = await invoiced(m, m.line("cable"), m.line("survey"), partner=False)
    first, second = [await _line_id(m, invoice.id, n) for n in (0, 1)]
    await _credit(m, invoice.id, [CreditLine(first, net_cents=10_00)])
    for lines, code in (
        ([CreditLine(first, net_cents=10_00)], "MORE_THAN_BILLED"),
        ([CreditLine(first, Decimal(2))], "MORE_THAN_BILLED"),
        ([CreditLine(first, Decimal("NaN"))], "OUT_OF_RANGE"),
        ([CreditLine(first, Decimal(1), 5)], "QUANTITY_OR_AMOUNT"),
        ([CreditLine(uuid4())], "NOT_FOUND"),
        ([CreditLine(second), CreditLine(second)], "DUPLICATE_VALUE"),
        ([], "OUT_OF_RANGE"),
    ):
        with pytest.raises((DomainError, DomainErrors)) as refused:
            await _credit(m, invoice.id, lines)
        assert refused.value.errors[0].code == code, lines
    await _credit(m, invoice.id)
    now = await _read(m, invoice.id)
    assert (now.status, now.credited_cents, now.open_cents) == ("CREDITED", now.gross_cents, 0)
    with pytest.raises(DomainError, match="NOTHING_TO_CREDIT"):
        await _credit(m, invoice.id)
    with pytest.raises(DomainError, match="NOT_CREDITABLE"):
        await _credit(m, next(note.id for note in await invoices_of(m) if note.kind == "CREDIT_NOTE"))
    assert await _agrees(m)


async def test_an_amount_is_credited_over_all_lines(database: Database) -> None:
    m = await market(database)
    (invoice,) = await invoiced(m, m.line("cable"), m.line("survey"), partner=False)
    note = await _credit(m, invoice.id, net_cents=50_00)
    assert (note.net_cents, await _agrees(m)) == (-50_00, True)


async def test_what_was_credited_as_a_whole_is_not_billed_again_unasked(database: Database) -> None:
    m = await market(database)
    order_id = await completed(m, m.line("cable"), partner=False)
    async with database.session(SYSTEM) as session:
        (invoice,) = await issue_order(session, order_id)
    await _credit(m, invoice.id)
    async with database.session(SYSTEM) as session:
        assert (await issue_orders(session, [order_id]))[0].skipped == ["ALREADY_INVOICED"]


async def test_billing_again_after_a_whole_credit(database: Database) -> None:
    m = await market(database)
    order_id = await completed(m, m.line("cable"), partner=False)
    async with database.session(SYSTEM) as session:
        (first,) = await issue_order(session, order_id)
    line_id = await _line_id(m, first.id)
    with pytest.raises(DomainError, match="BILL_AGAIN_WHOLE"):
        await _credit(m, first.id, [CreditLine(line_id, net_cents=5)], bill_again=True)
    await _credit(m, first.id, bill_again=True)
    async with database.session(SYSTEM) as session:
        (second,) = await issue_order(session, order_id)
        assert second.net_cents == first.net_cents
    assert await parts_of(m, order_id) == [("FINAL", "RELEASED"), ("FINAL", "INVOICED")]
    assert await _agrees(m)


async def test_a_deposit_goes_back_when_its_order_is_cancelled_and_comes_again_when_it_is_reopened(
    database: Database,
) -> None:
    m = await market(database)
    await profile(m, m.customer.id, deposit_percent=Decimal(30))
    order_id = await m.ordered(m.line("station"), partner=False)
    async with database.session(SYSTEM) as session:
        await issue_orders(session, [order_id], InvoicePart.DEPOSIT)
        assert await credit_deposits(session, order_id) == []
        await orders.cancel(session, order_id, "No")
        (note,) = await credit_deposits(session, order_id)
        assert note.net_cents == -269_99
        assert await credit_deposits(session, order_id) == []
        await orders.reopen(session, order_id, "Yes")
        assert len((await issue_orders(session, [order_id], InvoicePart.DEPOSIT))[0].invoice_ids) == 1
    assert await _agrees(m)


async def test_crediting_deposits_while_their_orders_are_invoiced_leaves_the_books_right(
    database: Database,
) -> None:
    m = await market(database)
    await profile(m, m.customer.id, deposit_percent=Decimal(30))
    order_ids = [await m.ordered(m.line("station"), partner=False) for _ in range(3)]
    async with database.session(SYSTEM) as session:
        await issue_orders(session, order_ids, InvoicePart.DEPOSIT)
        for order_id in order_ids:
            await orders.move(session, order_id, OrderStage.COMPLETED)
    deposits = [invoice.id for invoice in await invoices_of(m)]

    async def bill(order_id: UUID) -> None:
        async with database.session(SYSTEM) as session:
            await issue_orders(session, [order_id])

    await asyncio.gather(*(bill(id) for id in order_ids), *(_credit(m, id) for id in deposits))
    await asyncio.gather(*(bill(id) for id in order_ids))
    whole = sum(invoice.net_cents for invoice in await invoices_of(m))
    kept = 3 * 899_95
    finals = [parts.count(("FINAL", "INVOICED")) for parts in [await parts_of(m, id) for id in order_ids]]
    assert finals == [1, 1, 1]
    assert kept - 3 * 269_99 <= whole <= kept
    assert await _agrees(m)


async def test_payments_change_what_is_open_within_its_bounds(database: Database) -> None:
    m = await market(database)
    (invoice,) = await invoiced(m, m.line("cable"), partner=False)
    source = ("Payment", uuid4())

    async def settle(cents: int) -> Invoice:
        async with database.session(SYSTEM) as session:
            return await settling.settle(session, invoice.id, cents, source=source, paid_at=today())

    assert (await settle(10_00)).status == "PARTIALLY_PAID"
    assert (await settle(14_19)).status == "PAID"
    for cents, code in ((1, "MORE_THAN_OPEN"), (-30_00, "MORE_THAN_PAID")):
        with pytest.raises(DomainError, match=code):
            await settle(cents)
    note = await _credit(m, invoice.id)
    assert note.open_cents == 0
    assert (await _read(m, invoice.id)).open_cents == -24_19
    assert (await settle(-24_19)).open_cents == 0
    async with database.session(SYSTEM) as session:
        query = select(Event.type).where(Event.subject_id == invoice.id).order_by(Event.id)
        told = list((await session.execute(query)).scalars())
    changed = "invoice.payment_changed"
    assert told == ["invoice.issued", changed, changed, "invoice.paid", "invoice.credited", changed]


async def test_a_loss_is_booked_undone_and_ends_when_somebody_pays(database: Database) -> None:
    m = await market(database)
    (invoice,) = await invoiced(m, m.line("cable"), partner=False)
    async with database.session(m.actors["staff"]) as session:
        lost = await settling.write_off(session, invoice.id, "Bankrupt")
        assert (lost.status, lost.open_cents) == ("WRITTEN_OFF", 0)
    assert await _agrees(m)
    async with database.session(m.actors["staff"]) as session:
        with pytest.raises(DomainError, match="NOTHING_OPEN"):
            await settling.write_off(session, invoice.id, "Again")
        back = await settling.undo_write_off(session, invoice.id)
        assert (back.status, back.open_cents) == ("ISSUED", 24_19)
        await settling.write_off(session, invoice.id, "Bankrupt after all")
    async with database.session(SYSTEM) as session:
        paid = await settling.settle(session, invoice.id, 24_19, source=("Payment", uuid4()), paid_at=today())
        assert (paid.status, paid.written_off_cents) == ("PAID", 0)
    async with database.session(SYSTEM) as session:
        await settling.settle(session, invoice.id, -24_19, source=("Payment", uuid4()), paid_at=today())
    assert await _agrees(m)


@pytest.mark.parametrize(("number", "vat"), [("NL004495445B01", 21_00), ("DE136695976", 0), (None, 0)])
async def test_commission_is_invoiced_in_the_partners_name(database: Database, number: str | None, vat: int) -> None:
    m = await market(database, invoice_prefix=factories.letters(5), vat_number="NL004495445B01")
    async with database.session(SYSTEM) as session:
        partner = await factories.organization(session, m.entity, m.master, vat_number=number)
        invoice = await issue_self_billing(
            session,
            entity_id=m.entity.id,
            beneficiary_id=partner.id,
            lines=[SelfBilledLine("Provisie", 150_00), SelfBilledLine("Terug", -50_00)],
            period_month=today(),
            language="nl",
        )
    assert (invoice.net_cents, invoice.vat_cents, invoice.open_cents) == (100_00, vat, 100_00 + vat)
    assert invoice.number == f"{m.entity.invoice_prefix}-SB-{today().year}-00001"
    assert (invoice.seller["name"], invoice.payer["name"]) == (partner.name, m.entity.name)
    assert await _agrees(m)
    async with database.session(m.actors["master"]) as session:
        assert (await session.execute(select(Invoice.id).where(Invoice.id == invoice.id))).first() is None
