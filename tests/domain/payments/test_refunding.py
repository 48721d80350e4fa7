"""Giving money back: never more than came in, whoever asks at the same moment; put back where it did not leave."""

import asyncio
from typing import Any
from uuid import UUID

import pytest

from domain.errors import InvalidState
from domain.invoices.models import InvoiceStatus
from domain.ledger.models import AccountRole
from domain.ledger.posting import today
from domain.money import CurrencyMismatch, Money
from domain.payments import refunding, registering
from domain.payments.errors import RefundTooHigh
from domain.payments.models import Destination, Payment, PaymentKind, PaymentMethod, PaymentStatus, Provider
from domain.payments.receiving import receive
from domain.rows import find
from domain.wallets.errors import WalletTooLow
from tenants.actor import SYSTEM
from tenants.engine import Database
from tests.factories import unique
from tests.paying import Shop, shop


async def paid(s: Shop, cents: int, *invoices: UUID, **values: Any) -> UUID:
    """A payment over Mollie."""
    given = {"method": PaymentMethod.IDEAL, "provider": Provider.MOLLIE, "provider_id": unique("tr_")} | values
    async with s.database.session(SYSTEM) as session:
        payment = await receive(
            session,
            entity_id=s.entity.id,
            amount=Money(cents),
            received_on=today(),
            invoice_ids=invoices,
            contact_id=s.customer.id,
            **given,
        )
        return payment.id


async def refund(s: Shop, id: UUID, cents: int, to: Destination = Destination.SOURCE, **values: Any) -> Payment:
    async with s.database.session(s.actors["finance"]) as session:
        return await refunding.refund(session, id, Money(cents), to, "Sent back", **values)


async def row(s: Shop, id: UUID) -> Payment:
    async with s.database.session(SYSTEM) as session:
        return await find(session, Payment, id)


async def test_a_refund_is_owed_when_it_is_asked_for_and_paid_when_the_provider_says_so(database: Database) -> None:
    s = await shop(database)
    invoice = await s.invoice(100_00)
    payment = await paid(s, 100_00, invoice)
    out = await refund(s, payment, 40_00)
    assert (out.status, out.refunds_payment_id, out.method) == (PaymentStatus.PENDING, payment, PaymentMethod.IDEAL)
    assert (await s.invoice_row(invoice)).open_cents == 40_00
    assert await s.booked(AccountRole.PAYABLE) == -40_00
    for _ in range(2):
        async with database.session(SYSTEM) as session:
            await refunding.succeed(session, out.id, provider_id=unique("re_"))
    assert (await row(s, payment)).status == PaymentStatus.PARTIALLY_REFUNDED
    assert (await s.booked(AccountRole.PAYABLE), await s.booked(AccountRole.PROVIDER_CLEARING)) == (0, 60_00)
    await s.require_sound_books()


async def test_of_many_refunds_at_once_no_more_than_was_received_goes_out(database: Database) -> None:
    s = await shop(database)
    payment = await paid(s, 100_00, await s.invoice(100_00))
    done = await asyncio.gather(*[refund(s, payment, 40_00) for _ in range(5)], return_exceptions=True)
    assert sum(isinstance(each, Payment) for each in done) == 2
    assert sum(isinstance(each, RefundTooHigh) for each in done) == 3
    assert (await row(s, payment)).refunded_cents == 80_00
    await s.require_sound_books()


async def test_what_a_credit_note_leaves_over_is_refunded_and_nothing_is_opened_again(database: Database) -> None:
    s = await shop(database)
    credited, other = await s.invoice(60_00, due_in=1), await s.invoice(40_00, due_in=30)
    payment = await paid(s, 100_00, credited, other)
    await s.credit(credited, 25_00)
    await refund(s, payment, 25_00)
    assert [(await s.invoice_row(id)).open_cents for id in (credited, other)] == [0, 0]
    await s.require_sound_books()


async def test_one_invoice_is_refunded_to_the_wallet(database: Database) -> None:
    s = await shop(database)
    one, two = await s.invoice(60_00), await s.invoice(40_00)
    payment = await paid(s, 100_00, one, two)
    out = await refund(s, payment, 40_00, Destination.WALLET, invoice_id=two)
    assert out.status == PaymentStatus.SUCCEEDED
    assert (await s.balance(), (await s.invoice_row(two)).status) == (40_00, InvoiceStatus.ISSUED)
    with pytest.raises(RefundTooHigh):
        await refund(s, payment, 1, Destination.WALLET, invoice_id=two)
    await s.require_sound_books()


async def test_a_failed_refund_is_put_back_also_where_the_money_had_left(database: Database) -> None:
    s = await shop(database)
    invoice = await s.invoice(60_00)
    payment = await paid(s, 100_00, invoice)  # 40.00 into the wallet
    for left in (False, True):
        out = await refund(s, payment, 70_00)
        assert (await s.balance(), (await s.invoice_row(invoice)).open_cents) == (0, 30_00)
        async with database.session(SYSTEM) as session:
            if left:
                await refunding.succeed(session, out.id, provider_id=unique("re_"))
        for _ in range(2):
            async with database.session(SYSTEM) as session:
                assert (await refunding.fail(session, out.id, "account closed")).status == PaymentStatus.FAILED
        assert (await s.balance(), (await s.invoice_row(invoice)).open_cents) == (40_00, 0)
        assert (await row(s, payment)).status == PaymentStatus.SUCCEEDED
        await s.require_sound_books()
    with pytest.raises(InvalidState):
        async with database.session(SYSTEM) as session:
            await refunding.succeed(session, out.id)


async def test_a_failed_refund_of_an_invoice_that_was_paid_meanwhile_goes_to_the_wallet(database: Database) -> None:
    s = await shop(database)
    invoice = await s.invoice(60_00)
    payment = await paid(s, 60_00, invoice)
    out = await refund(s, payment, 60_00)
    await paid(s, 60_00, invoice)
    async with database.session(SYSTEM) as session:
        await refunding.fail(session, out.id, "account closed")
    assert await s.balance() == 60_00
    await s.require_sound_books()


async def test_what_the_payer_spent_from_the_wallet_is_not_refunded(database: Database) -> None:
    s = await shop(database)
    payment = await paid(s, 50_00)
    async with database.session(SYSTEM) as session:
        spent = await registering.pay_from_wallet(session, owner_id=s.customer.id, invoice_id=await s.invoice(30_00))
    with pytest.raises(WalletTooLow):
        await refund(s, payment, 20_01)
    await refund(s, payment, 20_00)
    back = await refund(s, spent.id, 30_00)
    assert (back.refund_to, await s.balance()) == (Destination.WALLET, 30_00)
    await s.require_sound_books()


async def test_cash_is_handed_back_at_once(database: Database) -> None:
    s = await shop(database)
    payment = await paid(
        s, 50_00, await s.invoice(50_00), provider=Provider.MANUAL, provider_id=None, method=PaymentMethod.CASH
    )
    assert (await refund(s, payment, 50_00)).status == PaymentStatus.SUCCEEDED
    assert ((await row(s, payment)).status, await s.booked(AccountRole.CASH)) == (PaymentStatus.REFUNDED, 0)
    with pytest.raises(InvalidState):
        await refund(s, payment, 1)


async def test_a_chargeback_takes_what_is_there_and_the_rest_is_claimed(database: Database) -> None:
    s = await shop(database)
    invoice = await s.invoice(60_00)
    payment, chargeback = await paid(s, 100_00, invoice), unique("chb_")
    async with database.session(SYSTEM) as session:
        await registering.pay_from_wallet(session, owner_id=s.customer.id, invoice_id=await s.invoice(30_00))
    for _ in range(2):
        async with database.session(SYSTEM) as session:
            back = await refunding.charge_back(
                session,
                payment,
                Money(100_00),
                provider_id=chargeback,
                on=today(),
                kind=PaymentKind.CHARGEBACK,
            )
    assert (back.missing_cents, back.wallet_cents) == (30_00, 10_00)
    assert (await s.invoice_row(invoice)).open_cents == 60_00
    assert (await s.booked(AccountRole.SUSPENSE), await s.booked(AccountRole.PROVIDER_CLEARING)) == (30_00, 0)
    await s.require_sound_books()
    async with database.session(SYSTEM) as session:
        await refunding.fail(session, back.id, "withdrawn")
    assert (await s.balance(), (await s.invoice_row(invoice)).open_cents) == (10_00, 0)
    assert (await s.booked(AccountRole.SUSPENSE), await s.booked(AccountRole.PROVIDER_CLEARING)) == (0, 100_00)
    await s.require_sound_books()


async def test_a_refund_is_in_the_payments_own_money_and_of_a_receipt(database: Database) -> None:
    s = await shop(database)
    payment = await paid(s, 50_00, await s.invoice(50_00))
    with pytest.raises(CurrencyMismatch):
        async with database.session(s.actors["finance"]) as session:
            await refunding.refund(session, payment, Money(1, "USD"), Destination.SOURCE, "Sent back")
    out = await refund(s, payment, 50_00)
    with pytest.raises(InvalidState):
        await refund(s, out.id, 1)
