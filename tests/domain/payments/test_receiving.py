"""Money that comes in: shared out once, whatever comes twice; the rest in the wallet, or in suspense."""

import asyncio
from typing import Any
from uuid import UUID

import pytest

from domain.errors import NotFound, OutOfRange
from domain.invoices.models import InvoiceStatus
from domain.ledger.models import AccountRole
from domain.ledger.posting import today
from domain.money import CurrencyMismatch, Money
from domain.payments import refunding, registering
from domain.payments.errors import AllocatedTooMuch, NotInSuspense, NotPayable, NotUndone, PaymentInUse
from domain.payments.models import Destination, Payment, PaymentMethod, PaymentStatus, Provider, Suspense
from domain.payments.receiving import receive
from domain.rows import find
from domain.wallets import service as wallets
from domain.wallets.errors import WalletTooLow
from tenants.actor import SYSTEM
from tenants.engine import Database
from tests.factories import unique
from tests.paying import Shop, shop


async def bank(s: Shop, cents: int, id: str | None = None, **values: Any) -> Payment:
    given = {"method": PaymentMethod.BANK_TRANSFER, "provider": Provider.BANK, "received_on": today()} | values
    async with s.database.session(SYSTEM) as session:
        return await receive(
            session, entity_id=s.entity.id, amount=Money(cents), provider_id=id or unique("line"), **given
        )


async def register(s: Shop, cents: int, **values: Any) -> Payment:
    given = {"method": PaymentMethod.CASH, "received_on": today()} | values
    async with s.database.session(s.actors["finance"]) as session:
        return await registering.register(session, entity_id=s.entity.id, amount=Money(cents), **given)


async def test_a_transfer_pays_what_is_due_first_and_the_rest_is_the_payers(database: Database) -> None:
    s = await shop(database)
    late, soon = await s.invoice(100_00, due_in=30), await s.invoice(50_00, due_in=7)
    first = await bank(s, 70_00, invoice_ids=[late, soon])
    assert await s.allocated(first.id) == {soon: 50_00, late: 20_00}
    second = await bank(s, 100_00, reference=(await s.invoice_row(late)).payment_reference.lower())
    assert await s.allocated(second.id) == {late: 80_00}
    assert (await s.invoice_row(late)).status == InvoiceStatus.PAID
    assert await s.balance() == second.wallet_cents == 20_00
    assert (first.number, second.number) == tuple(f"{s.entity.code}-P-{today().year}-0000{n}" for n in (1, 2))
    assert await s.booked(AccountRole.BANK) == 170_00
    await s.require_sound_books()


async def test_the_same_payment_at_once_is_received_once(database: Database) -> None:
    s = await shop(database)
    invoice = await s.invoice(100_00)
    payments = await asyncio.gather(*[bank(s, 100_00, "same" + s.entity.code, invoice_ids=[invoice]) for _ in range(4)])
    assert len({payment.id for payment in payments}) == 1
    assert (await s.invoice_row(invoice)).paid_cents == 100_00
    assert await s.balance() == 0
    await s.require_sound_books()


async def test_what_nobody_is_known_to_have_paid_stands_in_suspense_until_it_is_allocated(database: Database) -> None:
    s = await shop(database)
    invoice = await s.invoice(60_00)
    lost = await bank(s, 100_00, reference="thank you")
    assert (lost.suspense, lost.contact_id) == (Suspense.UNKNOWN_PAYER, None)
    assert await s.booked(AccountRole.SUSPENSE) == -100_00
    async with database.session(s.actors["finance"]) as session:
        found = await registering.allocate(session, lost.id, invoice_ids=[invoice])
        assert (found.contact_id, found.suspense, found.suspense_cents) == (s.customer.id, None, 0)
    assert await s.allocated(lost.id) == {invoice: 60_00}
    assert await s.balance() == 40_00
    assert await s.booked(AccountRole.SUSPENSE) == 0
    await s.require_sound_books()
    with pytest.raises(NotInSuspense):
        async with database.session(s.actors["finance"]) as session:
            await registering.allocate(session, lost.id, invoice_ids=[invoice])


async def test_the_same_amount_is_allocated_and_posted_again_after_a_refund_was_put_back(database: Database) -> None:
    s = await shop(database)
    lost = await bank(s, 100_00, reference="thank you")
    async with database.session(s.actors["finance"]) as session:
        out = await refunding.refund(session, lost.id, Money(50_00), Destination.SOURCE, "Sent back")
        await registering.allocate(session, lost.id, invoice_ids=[await s.invoice(50_00)])
    async with database.session(s.actors["finance"]) as session:
        await refunding.cancel(session, out.id, "Not sent")
        await registering.allocate(session, lost.id, invoice_ids=[await s.invoice(50_00)])
    assert await s.booked(AccountRole.SUSPENSE) == 0
    await s.require_sound_books()


async def test_a_colleague_says_what_is_paid(database: Database) -> None:
    s = await shop(database)
    one, two = await s.invoice(50_00), await s.invoice(50_00, s.partner)
    payment = await register(s, 80_00, shares={one: 20_00, two: 50_00}, contact_id=s.partner.id)
    assert await s.allocated(payment.id) == {one: 20_00, two: 50_00}
    assert (await s.balance(s.partner), await s.balance()) == (10_00, 0)
    assert await s.booked(AccountRole.CASH) == 80_00
    await s.require_sound_books()


@pytest.mark.parametrize(
    ("shares", "cents", "error"),
    [
        ((50_01, None), 60_00, AllocatedTooMuch),
        ((0, None), 60_00, AllocatedTooMuch),
        ((50_00, 20_00), 60_00, AllocatedTooMuch),
    ],
)
async def test_no_more_is_allocated_than_there_is(
    database: Database, shares: tuple[int, int | None], cents: int, error: type[Exception]
) -> None:
    s = await shop(database)
    ids = [await s.invoice(50_00), await s.invoice(50_00)]
    with pytest.raises(error):
        await register(s, cents, shares={id: share for id, share in zip(ids, shares, strict=True) if share is not None})
    assert await s.payments() == []


async def test_other_money_other_documents_and_other_days_are_refused(database: Database) -> None:
    s, other = await shop(database), await shop(database)
    credit = await s.invoice(0, kind="SELF_BILLING")
    with pytest.raises(NotPayable):
        await register(s, 10_00, invoice_ids=[credit])
    with pytest.raises(NotFound):
        await register(s, 10_00, invoice_ids=[await other.invoice()])
    with pytest.raises(OutOfRange):
        await register(s, 10_00, received_on=today().replace(year=today().year + 1))
    with pytest.raises(OutOfRange):
        await register(s, 0)
    foreign = await s.invoice(10_00, currency="USD")
    with pytest.raises(CurrencyMismatch):
        await register(s, 10_00, invoice_ids=[foreign])
    assert await s.payments() == []


async def test_a_mistake_is_undone_whole_and_once(database: Database) -> None:
    s = await shop(database)
    invoice = await s.invoice(50_00)
    payment = await register(s, 70_00, invoice_ids=[invoice])
    for _ in range(2):
        async with database.session(s.actors["finance"]) as session:
            undone = await registering.reverse(session, payment.id, "Typed twice")
            assert undone.status == PaymentStatus.REVERSED
    assert (await s.invoice_row(invoice)).status == InvoiceStatus.ISSUED
    assert (await s.balance(), await s.booked(AccountRole.CASH)) == (0, 0)
    await s.require_sound_books()


async def test_what_was_spent_or_lies_with_a_provider_is_not_undone(database: Database) -> None:
    s = await shop(database)
    payment = await register(s, 30_00, contact_id=s.customer.id)
    async with database.session(SYSTEM) as session:
        await registering.pay_from_wallet(session, owner_id=s.customer.id, invoice_id=await s.invoice(10_00))
    online = await bank(s, 5_00, provider=Provider.MOLLIE, contact_id=s.customer.id)
    for id, error in ((payment.id, PaymentInUse), (online.id, NotUndone)):
        with pytest.raises(error):
            async with database.session(s.actors["finance"]) as session:
                await registering.reverse(session, id, "Mistake")
    await s.require_sound_books()


async def test_a_wallet_pays_once_however_many_spend_it_at_the_same_moment(database: Database) -> None:
    s = await shop(database)
    await register(s, 50_00, contact_id=s.customer.id)
    invoices = [await s.invoice(40_00) for _ in range(4)]

    async def spend(invoice_id: UUID) -> Payment:
        async with database.session(SYSTEM) as session:
            return await registering.pay_from_wallet(
                session, owner_id=s.customer.id, invoice_id=invoice_id, amount=Money(40_00)
            )

    done = await asyncio.gather(*map(spend, invoices), return_exceptions=True)
    assert sum(isinstance(each, Payment) for each in done) == 1
    assert sum(isinstance(each, WalletTooLow) for each in done) == 3
    assert await s.balance() == 10_00
    await s.require_sound_books()
    (paid,) = [each for each in done if isinstance(each, Payment)]
    async with database.session(s.actors["finance"]) as session:
        await registering.reverse(session, paid.id, "Wrong invoice")
    assert await s.balance() == 50_00
    await s.require_sound_books()


async def test_a_wallet_is_corrected_with_a_reason_and_never_below_zero(database: Database) -> None:
    s = await shop(database)
    async with database.session(s.actors["finance"]) as session:
        wallet = await wallets.open_wallet(session, entity_id=s.entity.id, contact_id=s.customer.id)
        await wallets.correct(session, wallet.id, Money(5_00), "Goodwill", "one")
    with pytest.raises(WalletTooLow):
        async with database.session(s.actors["finance"]) as session:
            await wallets.correct(session, wallet.id, Money(-5_01), "Mistake", "two")
    assert await s.balance() == 5_00
    await s.require_sound_books()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE wallet SET balance_cents = 1 WHERE id = :wallet",
        "UPDATE wallet_movement SET amount_cents = 1 WHERE wallet_id = :wallet",
        "DELETE FROM wallet_movement WHERE wallet_id = :wallet",
        "UPDATE payment SET amount_cents = amount_cents + 1 WHERE id = :payment",
        "UPDATE payment SET wallet_cents = wallet_cents - 1 WHERE id = :payment",
        "UPDATE payment_allocation SET amount_cents = 1 WHERE payment_id = :payment",
        "DELETE FROM payment WHERE id = :payment",
    ],
)
async def test_no_statement_makes_a_balance_or_a_payment_wrong(database: Database, owner: Any, statement: str) -> None:
    s = await shop(database)
    payment = await register(s, 50_00, contact_id=s.customer.id, invoice_ids=[await s.invoice(20_00)])
    async with database.session(SYSTEM) as session:
        wallet = await wallets.wallet_of(session, entity_id=s.entity.id, contact_id=s.customer.id)
    assert wallet is not None
    ids = statement.replace(":wallet", f"'{wallet.id}'").replace(":payment", f"'{payment.id}'")
    with pytest.raises(Exception, match=r"(append-only|movements only|shared out)"):
        await owner.execute(ids)
    async with database.session(SYSTEM) as session:
        assert (await find(session, Payment, payment.id)).wallet_cents == 30_00
