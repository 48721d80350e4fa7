"""Payments over providers that listen on this machine: once, whatever is lost, doubled, late or killed."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy import select
from starlette.responses import JSONResponse, Response

from domain.jobs.models import Job
from domain.jobs.service import enqueue
from domain.ledger.models import AccountRole
from domain.money import Money
from domain.payments import attempts, refunding
from domain.payments.errors import KeyNotAccepted, KeyOfTestMode, LinkClosed, ProviderRefused, ProviderUnavailable
from domain.payments.models import (
    AttemptStatus,
    Destination,
    LinkStatus,
    Payment,
    PaymentKind,
    PaymentLink,
    PaymentMethod,
    PaymentStatus,
    Provider,
    Suspense,
)
from domain.payments.providers import calling
from domain.payments.providers.calling import Caller
from domain.payments.providers.port import PaymentState, ProviderRefusal, ProviderUnreachable
from domain.rows import find
from tenants.actor import SYSTEM
from tenants.engine import Database
from tenants.settings import Settings
from tests.factories import unique
from tests.paying import shop
from tests.paying_online import Counter, with_mollie, with_stripe
from tests.payment_providers import MOLLIE_KEY, STRIPE_KEY, MollieServer, mollie, stripe
from workers.jobs import GiveUp, Later
from workers.payments import tidy


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calling, "PAUSE_SECONDS", 0.001)


@pytest.fixture
async def server() -> AsyncIterator[MollieServer]:
    async with mollie() as made:
        yield made


@pytest.fixture
async def counter(database: Database, settings: Settings, server: MollieServer) -> Counter:
    return await with_mollie(await shop(database), settings, server)


async def refund(counter: Counter, payment: Payment, cents: int) -> Payment:
    async with counter.shop.database.session(counter.shop.actors["finance"]) as session:
        return await refunding.refund(session, payment.id, Money(cents), Destination.SOURCE, "Sent back")


async def test_an_invoice_is_paid_over_mollie_once_however_often_it_is_told(
    counter: Counter, server: MollieServer
) -> None:
    s = counter.shop
    invoice = await s.invoice(121_00)
    link = await counter.link(invoice)
    assert (await counter.link(invoice, s.actors["finance"])).id == link.id
    attempt = await counter.begin(link)
    assert (await counter.begin(link)).id == attempt.id  # a double click
    made = server.payments[attempt.provider_id or ""]
    assert made["amount"] == {"currency": "EUR", "value": "121.00"}
    assert made["description"] == (await s.invoice_row(invoice)).number
    server.pay(attempt.provider_id or "")
    await asyncio.gather(*[counter.refresh(attempt) for _ in range(3)])
    [payment] = await s.payments()
    assert (payment.method, payment.provider_id) == (PaymentMethod.IDEAL, attempt.provider_id)
    assert (await s.invoice_row(invoice)).open_cents == 0
    async with s.database.session(SYSTEM) as session:
        assert (await find(session, PaymentLink, link.id)).status == LinkStatus.PAID
    with pytest.raises(LinkClosed):
        await counter.begin(link)
    server.payments[attempt.provider_id or ""]["status"] = "expired"  # what comes late takes nothing back
    await counter.refresh(attempt)
    assert [each.status for each in await counter.attempts()] == [AttemptStatus.PAID]
    await s.require_sound_books()


async def test_one_payment_is_made_though_the_answer_was_lost_and_we_died_before_writing_it(
    counter: Counter, server: MollieServer
) -> None:
    link = await counter.link(await counter.shop.invoice())
    server.lost = 3
    with pytest.raises(ProviderUnavailable):
        await counter.begin(link)
    [attempt] = await counter.attempts()
    assert attempt.status == AttemptStatus.CREATING
    again = await counter.begin(link)
    assert (again.id, len(server.payments), server.posts()) == (attempt.id, 1, 4)
    keys = {headers["idempotency-key"] for method, _, headers in server.requests if method == "POST"}
    assert keys == {str(attempt.id)}


@pytest.mark.parametrize(
    ("value", "currency", "suspense"),
    [("1.21", "EUR", Suspense.WRONG_AMOUNT), ("121.00", "USD", Suspense.WRONG_CURRENCY)],
)
async def test_other_money_than_was_asked_never_pays_an_invoice(
    counter: Counter, server: MollieServer, value: str, currency: str, suspense: Suspense
) -> None:
    s = counter.shop
    invoice = await s.invoice(121_00)
    attempt = await counter.begin(await counter.link(invoice))
    server.pay(attempt.provider_id or "", value, currency)
    for _ in range(2):
        await counter.refresh(attempt)
    [payment] = await s.payments()
    assert (payment.suspense, payment.currency) == (suspense, currency)
    assert payment.suspense_cents == payment.amount_cents
    assert (await s.invoice_row(invoice)).open_cents == 121_00
    await s.require_sound_books()


async def test_a_payment_of_another_reference_or_of_play_money_is_refused(
    counter: Counter, server: MollieServer
) -> None:
    attempt = await counter.begin(await counter.link(await counter.shop.invoice()))
    server.pay(attempt.provider_id or "")
    payment = server.payments[attempt.provider_id or ""]
    for change in ({"metadata": {"attempt": str(counter.shop.entity.id)}}, {"mode": "test"}):
        before = dict(payment)
        payment |= change
        with pytest.raises(attempts.StrangePayment):
            await counter.refresh(attempt)
        payment |= before
    assert await counter.shop.payments() == []


async def test_a_refund_is_made_once_though_the_worker_dies_after_asking(
    counter: Counter, server: MollieServer
) -> None:
    s = counter.shop
    attempt = await counter.begin(await counter.link(await s.invoice(121_00)))
    server.pay(attempt.provider_id or "")
    await counter.refresh(attempt)
    [payment] = await s.payments()
    out = await refund(counter, payment, 21_00)
    server.lost = 3
    with pytest.raises(ProviderUnreachable):
        await counter.work()
    server.kept.clear()  # the key was kept for an hour, and the worker came back after two
    for job in counter.worked:
        async with s.database.session(SYSTEM) as session:
            await counter.do(await find(session, Job, job))
    [made] = server.refunds[attempt.provider_id or ""]
    assert (made["amount"]["value"], made["metadata"]) == ("21.00", {"refund": str(out.id)})
    made["status"] = "refunded"
    await counter.refresh(attempt)
    [receipt, back] = await s.payments()
    assert (back.status, back.provider_id) == (PaymentStatus.SUCCEEDED, made["id"])
    assert receipt.refunded_cents == 21_00
    await s.require_sound_books()


async def test_what_the_provider_refuses_to_refund_is_put_back(counter: Counter, server: MollieServer) -> None:
    s = counter.shop
    invoice = await s.invoice(121_00)
    attempt = await counter.begin(await counter.link(invoice))
    server.pay(attempt.provider_id or "")
    await counter.refresh(attempt)
    server.payments[attempt.provider_id or ""]["status"] = "pending"
    [payment] = await s.payments()
    await refund(counter, payment, 121_00)
    await counter.work()
    [_, back] = await s.payments()
    assert back.status == PaymentStatus.FAILED
    assert "cannot be refunded" in back.reason
    assert (await s.invoice_row(invoice)).open_cents == 0
    await s.require_sound_books()


@pytest.mark.parametrize("gone", [True, False])
async def test_a_refund_that_was_cancelled_at_the_provider_is_put_back(
    counter: Counter, server: MollieServer, gone: bool
) -> None:
    s = counter.shop
    invoice = await s.invoice(121_00)
    attempt = await counter.begin(await counter.link(invoice))
    id = attempt.provider_id or ""
    server.pay(id)
    await counter.refresh(attempt)
    [payment] = await s.payments()
    await refund(counter, payment, 21_00)
    await counter.work()
    await counter.refresh(attempt)
    assert (await s.payments())[1].status == PaymentStatus.PENDING
    server.payments[id]["amountRefunded"] = {"currency": "EUR", "value": "0.00"}
    server.refunds[id][0]["status"] = "canceled"
    if gone:
        server.refunds[id].clear()
    for _ in range(2):
        await counter.refresh(attempt)
    [receipt, back] = await s.payments()
    assert (back.status, receipt.refunded_cents) == (PaymentStatus.FAILED, 0)
    assert (await s.invoice_row(invoice)).open_cents == 0
    await s.require_sound_books()


async def test_a_refund_that_the_provider_has_since_it_was_asked_is_not_gone(
    counter: Counter, server: MollieServer
) -> None:
    s = counter.shop
    attempt = await counter.begin(await counter.link(await s.invoice(121_00)))
    server.pay(attempt.provider_id or "")
    await counter.refresh(attempt)
    [payment] = await s.payments()
    async with s.database.session(SYSTEM) as session:
        before = await attempts.refunds_under_way(session, attempt.id)
    answer = PaymentState(
        attempt.provider_id or "", attempt.id, AttemptStatus.PAID, Money(121_00), live=True, all_refunds=True
    )
    await refund(counter, payment, 21_00)
    await counter.work()
    async with s.database.session(SYSTEM) as session:
        await attempts.apply(session, attempt.id, answer, before)
    assert (await s.payments())[1].status == PaymentStatus.PENDING


async def test_chargebacks_and_refunds_of_the_providers_own_portal_are_booked_once(
    counter: Counter, server: MollieServer
) -> None:
    s = counter.shop
    invoice = await s.invoice(100_00)
    attempt = await counter.begin(await counter.link(invoice))
    id = attempt.provider_id or ""
    server.pay(id)
    server.payments[id]["amountRefunded"] = {"currency": "EUR", "value": "10.00"}
    server.refunds[id] = [{"id": unique("re_"), "status": "refunded", "amount": {"currency": "EUR", "value": "10.00"}}]
    server.charge_back(id, "90.00")
    for _ in range(2):
        await counter.refresh(attempt)
    kinds = [(each.kind, each.amount_cents) for each in await s.payments()]
    assert kinds == [
        (PaymentKind.RECEIPT, 100_00),
        (PaymentKind.REFUND, 10_00),
        (PaymentKind.CHARGEBACK, 90_00),
    ]
    assert (await s.invoice_row(invoice)).open_cents == 100_00
    assert await s.booked(AccountRole.PROVIDER_CLEARING) == 0
    server.chargebacks[id][0]["reversedAt"] = "2026-11-21T12:00:00+00:00"
    for _ in range(2):
        await counter.refresh(attempt)
    assert (await s.invoice_row(invoice)).open_cents == 10_00
    await s.require_sound_books()


async def test_stripe_is_paid_with_its_fee_and_refunds(database: Database, settings: Settings) -> None:
    async with stripe() as server:
        counter, _ = await with_stripe(await shop(database), settings, server)
        s = counter.shop
        attempt = await counter.begin(await counter.link(await s.invoice(121_00)))
        server.pay(attempt.provider_id or "", fee=55)
        for _ in range(2):
            await counter.refresh(attempt)
        [payment] = await s.payments()
        assert (payment.fee_cents, payment.method) == (55, PaymentMethod.CARD)
        assert await s.booked(AccountRole.PROVIDER_FEES) == 55
        headers = server.requests[0][2]
        assert headers["stripe-version"] == "2025-09-30.clover"
        assert headers["content-type"] == "application/x-www-form-urlencoded"
        await refund(counter, payment, 20_00)
        await counter.work()
        assert [each["amount"] for each in server.refunds] == [20_00]
        assert (await s.payments())[1].status == PaymentStatus.SUCCEEDED
        await s.require_sound_books()


async def test_disputes_of_stripe_take_the_money_back_and_give_it_again(database: Database, settings: Settings) -> None:
    async with stripe() as server:
        counter, _ = await with_stripe(await shop(database), settings, server)
        s = counter.shop
        invoice = await s.invoice(50_00)
        attempt = await counter.begin(await counter.link(invoice))
        id = attempt.provider_id or ""
        server.pay(id, fee=0)
        server.sessions[id]["payment_intent"]["latest_charge"]["disputed"] = True
        dispute = {"id": unique("dp_"), "payment_intent": f"pi_{id}", "amount": 50_00, "currency": "eur", "created": 1}
        server.disputes = [dispute | {"status": "warning_needs_response"}]
        await counter.refresh(attempt)
        assert (await s.invoice_row(invoice)).open_cents == 0
        server.disputes = [dispute | {"status": "needs_response"}]
        await counter.refresh(attempt)
        assert (await s.invoice_row(invoice)).open_cents == 50_00
        server.disputes = [dispute | {"status": "won"}]
        await counter.refresh(attempt)
        assert (await s.invoice_row(invoice)).open_cents == 0
        await s.require_sound_books()


async def test_what_no_webhook_spoke_of_is_asked_about(
    counter: Counter, server: MollieServer, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    attempt = await counter.begin(await counter.link(await counter.shop.invoice()))
    server.pay(attempt.provider_id or "")
    await tidy(counter.shop.database)
    assert await counter.jobs() == []
    await owner.execute(
        "UPDATE payment_attempt SET checked_at = now() - interval '11 minutes' WHERE id = $1", attempt.id
    )
    await tidy(counter.shop.database)
    for job in await _refreshes(counter, attempt.id):
        await counter.do(job)
    assert len(await counter.shop.payments()) == 1


async def _refreshes(counter: Counter, attempt_id: UUID) -> list[Job]:
    async with counter.shop.database.session(SYSTEM) as session:
        query = select(Job).where(Job.name == "payments.refresh", Job.arguments["attempt_id"].astext == str(attempt_id))
        return list((await session.execute(query)).scalars())


# --- HTTP ---------------------------------------------------------------------------------------------------------


async def test_a_provider_in_trouble_is_asked_again_with_the_same_key_and_no_more_than_three_times(
    server: MollieServer,
) -> None:
    caller = Caller(server.url, {"authorization": f"Bearer {MOLLIE_KEY}"})
    server.trouble = [Response(status_code=503), JSONResponse({}, 429, {"retry-after": "0"})]
    wanted = {"amount": {"currency": "EUR", "value": "1.00"}, "description": "", "metadata": {}, "redirectUrl": ""}
    await caller.post("/v2/payments", "one", json=wanted)
    assert [headers["idempotency-key"] for _, _, headers in server.requests] == ["one"] * 3
    server.trouble = [Response(status_code=429, headers={"retry-after": "60"})]
    with pytest.raises(ProviderUnreachable) as later:
        await caller.get("/v2/payments/tr_1")
    assert (later.value.after, len(server.requests)) == (60, 4)
    server.trouble = [Response(status_code=302, headers={"location": "http://169.254.169.254/"})]
    with pytest.raises(ProviderRefusal):
        await caller.get("/v2/payments/tr_1")
    server.trouble = [Response(b"x" * (1 << 21))] * 3
    with pytest.raises(ProviderUnreachable):
        await caller.get("/v2/payments/tr_1")
    await caller.close()


async def test_a_job_waits_as_long_as_the_provider_asks_and_gives_up_what_is_hopeless(
    counter: Counter, server: MollieServer
) -> None:
    attempt = await counter.begin(await counter.link(await counter.shop.invoice()))
    async with counter.shop.database.session(SYSTEM) as session:
        await enqueue(session, "payments.refresh", {"attempt_id": attempt.id}, entity_id=counter.shop.entity.id)
    [job] = await counter.jobs()
    server.trouble = [Response(status_code=429, headers={"retry-after": "60"})]
    with pytest.raises(Later) as later:
        await counter.do(job)
    assert later.value.seconds == 60
    server.payments.clear()
    with pytest.raises(GiveUp):
        await counter.do(job)


async def test_payers_are_sent_to_the_providers_own_page_only(counter: Counter, server: MollieServer) -> None:
    link = await counter.link(await counter.shop.invoice())
    server.url = "https://mollie.com.evil.example"
    with pytest.raises(ProviderRefused):
        await counter.begin(link)


@pytest.mark.parametrize(
    ("provider", "key", "production", "error"),
    [
        (Provider.MOLLIE, STRIPE_KEY, False, KeyNotAccepted),
        (Provider.STRIPE, "sk_live_short", False, KeyNotAccepted),
        (Provider.MOLLIE, MOLLIE_KEY + "\r\nx: y", False, KeyNotAccepted),
        (Provider.MOLLIE, "test_" + "k" * 30, True, KeyOfTestMode),
    ],
)
async def test_keys_that_cannot_be_or_move_no_money_are_refused(
    counter: Counter, provider: Provider, key: str, production: bool, error: type[Exception]
) -> None:
    counter.settings = counter.settings.model_copy(update={"environment": "production" if production else "test"})
    with pytest.raises(error):
        await counter.account(provider, key, "whsec_" + "x" * 32)


async def test_keys_are_sealed(counter: Counter, owner: "asyncpg.Connection[asyncpg.Record]") -> None:
    rows = await owner.fetch(
        "SELECT api_key, key_hint FROM payment_provider WHERE entity_id = $1", counter.shop.entity.id
    )
    assert MOLLIE_KEY.encode() not in rows[0]["api_key"]
    assert rows[0]["key_hint"] == "kkkk"


def test_providers_are_asked_over_tls_in_production() -> None:
    with pytest.raises(ValueError, match="https"):
        Settings(_env_file=None, environment="production", mollie_url="http://api.mollie.com")  # type: ignore[call-arg]  # pydantic's own argument
