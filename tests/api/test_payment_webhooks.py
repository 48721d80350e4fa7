"""What providers tell over HTTP: what is not theirs to tell is refused with a code, and nothing is written."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, TypeAlias
from uuid import uuid4

import httpx
import pytest

from api.app import create_app
from domain.payments.carrying_out import webhook_url
from domain.payments.models import PaymentAttempt, PaymentProvider
from domain.payments.tokens import WEBHOOK, token
from tenants.actor import SYSTEM
from tenants.engine import Database
from tenants.settings import Settings
from tests.paying import shop
from tests.paying_online import Counter, with_mollie, with_stripe
from tests.payment_providers import STRIPE_SECRET, StripeServer, mollie, signed, stripe


@asynccontextmanager
async def asking(settings: Settings, *, as_if: Settings | None = None) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an application, from an address of its own; `as_if` are settings under which it would not start."""
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        app.state.settings = as_if or app.state.settings
        transport = httpx.ASGITransport(app, client=(uuid4().hex, 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            yield client


def code_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, str(answer.json()["error"]["code"])


async def test_mollie_tells_which_payment_and_nothing_else(database: Database, settings: Settings) -> None:
    async with mollie() as server:
        counter = await with_mollie(await shop(database), settings, server)
        attempt = await counter.begin(await counter.link(await counter.shop.invoice(121_00)))
        url = f"/payments/webhooks/mollie/{token(counter.settings, WEBHOOK, attempt.id)}"
        server.pay(attempt.provider_id or "")
        async with asking(counter.settings) as http:
            given = {"id": attempt.provider_id or "", "amount": "1.00"}
            answers = await asyncio.gather(*[http.post(url, data=given) for _ in range(3)])
        assert [answer.status_code for answer in answers] == [200] * 3
        jobs = await counter.jobs()
        await asyncio.gather(*[counter.do(job) for job in jobs])
        [payment] = await counter.shop.payments()
        assert (len(jobs), payment.amount_cents) == (3, 121_00)
        await counter.shop.require_sound_books()


async def test_a_payment_that_we_died_before_writing_down_is_found_by_its_webhook(
    database: Database, settings: Settings
) -> None:
    async with mollie() as server:
        counter = await with_mollie(await shop(database), settings, server)
        attempt = await counter.begin(await counter.link(await counter.shop.invoice()))
        id = attempt.provider_id or ""
        server.pay(id)
        async with database.session(SYSTEM) as session:
            row = await session.get_one(PaymentAttempt, attempt.id)
            row.provider_id, row.checkout_url, row.status = None, None, "CREATING"
        async with asking(counter.settings) as http:
            url = f"/payments/webhooks/mollie/{token(counter.settings, WEBHOOK, attempt.id)}"
            assert (await http.post(url, data={"id": id})).status_code == 200
        [job] = await counter.jobs()
        await counter.do(job)
        assert [each.provider_id for each in await counter.shop.payments()] == [id]


async def test_mollie_is_refused_what_is_not_the_payment_of_the_address(database: Database, settings: Settings) -> None:
    async with mollie() as server:
        counter = await with_mollie(await shop(database), settings, server)
        theirs = await with_mollie(await shop(database), settings, server)
        mine = await counter.begin(await counter.link(await counter.shop.invoice()))
        other = await theirs.begin(await theirs.link(await theirs.shop.invoice()))
        base = "/payments/webhooks/mollie/"
        address = base + token(counter.settings, WEBHOOK, mine.id)
        refused: list[tuple[str, dict[str, str], tuple[int, str]]] = [
            (address, {"id": other.provider_id or ""}, (404, "UNKNOWN_PAYMENT")),
            (address, {"id": "tr_unknown"}, (404, "UNKNOWN_PAYMENT")),
            (address, {"id": "../methods"}, (400, "BAD_REQUEST")),
            (address, {}, (400, "BAD_REQUEST")),
            (base + mine.id.hex + "0" * 32, {"id": mine.provider_id or ""}, (404, "UNKNOWN_PAYMENT")),
            (base + "nothing", {"id": mine.provider_id or ""}, (404, "UNKNOWN_PAYMENT")),
            (base + token(counter.settings, WEBHOOK, uuid4()), {"id": "tr_1"}, (404, "UNKNOWN_PAYMENT")),
        ]
        async with asking(counter.settings) as http:
            for url, given, wanted in refused:
                assert code_of(await http.post(url, data=given)) == wanted
        assert await counter.jobs() == await theirs.jobs() == []


@pytest.fixture
async def at_stripe(
    database: Database, settings: Settings
) -> AsyncIterator[tuple[Counter, PaymentProvider, StripeServer, PaymentAttempt]]:
    async with stripe() as server:
        counter, account = await with_stripe(await shop(database), settings, server)
        attempt = await counter.begin(await counter.link(await counter.shop.invoice(121_00)))
        yield counter, account, server, attempt


AtStripe: TypeAlias = tuple[Counter, PaymentProvider, StripeServer, PaymentAttempt]


async def test_events_of_stripe_in_any_order_and_twice_make_one_payment(at_stripe: AtStripe) -> None:
    counter, account, server, attempt = at_stripe
    id = attempt.provider_id or ""
    server.pay(id)
    about = {"id": id, "metadata": {}}
    events = [
        server.event("charge.updated", {"id": "ch_1", "payment_intent": f"pi_{id}"}, "evt_0"),
        server.event("checkout.session.completed", about, "evt_1"),
        server.event("checkout.session.completed", about, "evt_1"),
        server.event("checkout.session.expired", about, "evt_2"),
        server.event("charge.updated", {"id": "ch_1", "payment_intent": f"pi_{id}"}, "evt_3"),
        server.event("customer.created", {"id": "cus_1"}, "evt_4"),
    ]
    codes = []
    async with asking(counter.settings) as http:
        for body in events:
            headers = signed(body, "whsec_" + "o" * 32, STRIPE_SECRET)
            answer = await http.post(f"/payments/webhooks/stripe/{account.id.hex}", content=body, headers=headers)
            codes.append(answer.status_code)
            await counter.work()
    # The first names an intent that we learn of with the session.
    assert codes == [404, 200, 200, 200, 200, 204]
    assert len(counter.worked) == 3
    [payment] = await counter.shop.payments()
    assert (payment.amount_cents, payment.fee_cents) == (121_00, 29)
    await counter.shop.require_sound_books()


async def test_stripe_is_refused_without_a_signature_that_holds(at_stripe: AtStripe) -> None:
    counter, account, server, attempt = at_stripe
    body = server.event("checkout.session.completed", {"id": attempt.provider_id})
    good = signed(body, STRIPE_SECRET)
    address = f"/payments/webhooks/stripe/{account.id.hex}"
    forged = [
        (address, body, {}),
        (address, body + b" ", good),
        (address, body, signed(body, "whsec_" + "o" * 32)),
        (address, body, signed(body, STRIPE_SECRET, at=time.time() - 302)),
        (address, body, signed(body, STRIPE_SECRET, at=time.time() + 900)),
        (address, body, {"stripe-signature": "t=,v1="}),
        (address, body, {"stripe-signature": good["stripe-signature"].replace("t=", "t=1,t=")}),
    ]
    async with asking(counter.settings) as http:
        for url, content, headers in forged:
            assert code_of(await http.post(url, content=content, headers=headers)) == (401, "BAD_SIGNATURE")
        for unknown in (uuid4().hex, "nothing"):
            answer = await http.post(f"/payments/webhooks/stripe/{unknown}", content=body, headers=good)
            assert code_of(answer) == (404, "UNKNOWN_PAYMENT_PROVIDER")
    assert await counter.jobs() == []


async def test_stripe_is_refused_events_of_others_and_of_play_money(
    at_stripe: AtStripe, database: Database, settings: Settings
) -> None:
    counter, account, server, attempt = at_stripe
    theirs, their_account = await with_stripe(await shop(database), settings, server)
    about = {"id": attempt.provider_id, "metadata": {"attempt": str(attempt.id)}}
    told: list[tuple[Any, bytes, tuple[int, str]]] = [
        (their_account, server.event("checkout.session.completed", about), (404, "UNKNOWN_PAYMENT")),
        (account, server.event("refund.updated", {"id": "re_1", "payment_intent": "pi_x"}), (404, "UNKNOWN_PAYMENT")),
        (account, server.event("checkout.session.completed", about, live=False), (400, "WRONG_MODE")),
        (account, b"{", (400, "BAD_JSON")),
        (account, b"[]", (400, "BAD_REQUEST")),
        (account, b'{"id": 1, "type": "charge.refunded", "data": {"object": {}}}', (400, "BAD_REQUEST")),
    ]
    async with asking(counter.settings) as http:
        for told_to, body, wanted in told:
            url = f"/payments/webhooks/stripe/{told_to.id.hex}"
            assert code_of(await http.post(url, content=body, headers=signed(body, STRIPE_SECRET))) == wanted
    assert await counter.jobs() == await theirs.jobs() == []


def test_mollie_is_told_an_address_only_where_it_could_reach_it(settings: Settings) -> None:
    public = settings.model_copy(update={"public_scheme": "https", "port": 443})
    id = uuid4()
    told = webhook_url(public, "laderthuis.nl", id)
    assert told == f"https://laderthuis.nl/payments/webhooks/mollie/{token(public, WEBHOOK, id)}"
    assert webhook_url(public, "laderthuis.localhost", id) is None
    assert webhook_url(settings, "laderthuis.nl", id) is None
