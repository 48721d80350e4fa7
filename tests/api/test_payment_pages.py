"""The pages of a link: what is asked, the provider's page, coming back; our own page where there is no provider."""

import re
from uuid import UUID, uuid4

import httpx
import pytest

from domain.payments import links
from domain.payments.models import AttemptStatus, PaymentMethod, Provider
from domain.payments.tokens import LINK, token
from tenants.actor import SYSTEM
from tenants.engine import Database
from tenants.settings import Settings
from tests.api.test_payment_webhooks import asking
from tests.paying import shop
from tests.paying_online import Counter, with_mollie
from tests.payment_providers import MOLLIE_KEY, mollie


@pytest.fixture
async def counter(database: Database, settings: Settings) -> Counter:
    return Counter(await shop(database), settings)


def path_of(url: str) -> str:
    return str(httpx.URL(url).raw_path.decode())


async def to_test_page(http: httpx.AsyncClient, counter: Counter, invoice: UUID) -> tuple[str, str]:
    """Paths of the link's page and of the local provider's."""
    page = counter.path(await counter.link(invoice))
    answer = await http.post(page)
    assert answer.status_code == 303
    return page, path_of(answer.headers["location"])


async def test_without_a_provider_our_own_page_plays_one_from_the_link_to_the_books(counter: Counter) -> None:
    s = counter.shop
    invoice = await s.invoice(121_00)
    async with asking(counter.settings) as http:
        page, test = await to_test_page(http, counter, invoice)
        shown = await http.get(page)
        assert shown.status_code == 200
        for text in (s.entity.legal_name, (await s.invoice_row(invoice)).number, "€\xa0121,00", "TESTOMGEVING"):
            assert text in shown.text
        again = await http.post(page)
        assert path_of(again.headers["location"]) == test  # a double click
        choices = await http.get(test)
        assert "iDEAL" in choices.text
        assert "TESTOMGEVING" in choices.text
        done = await http.post(test, data={"method": "IDEAL", "outcome": "PAID"})
        back = await http.get(path_of(done.headers["location"]))
        assert path_of(back.headers["location"]) == page
        assert "er staat niets meer open" in (await http.get(page)).text
        assert (await http.post(test, data={"outcome": "PAID"})).status_code == 303
    await counter.work()  # what the page told as a webhook would
    [payment] = await s.payments()
    assert (payment.provider, payment.method, payment.amount_cents) == (Provider.LOCAL, PaymentMethod.IDEAL, 121_00)
    assert (await s.invoice_row(invoice)).open_cents == 0
    await s.require_sound_books()


@pytest.mark.parametrize("outcome", ["FAILED", "CANCELLED"])
async def test_what_came_to_nothing_can_be_tried_again(counter: Counter, outcome: str) -> None:
    invoice = await counter.shop.invoice()
    async with asking(counter.settings) as http:
        page, test = await to_test_page(http, counter, invoice)
        done = await http.post(test, data={"method": "CARD", "outcome": outcome})
        await http.get(path_of(done.headers["location"]))
        assert "niet gelukt" in (await http.get(page)).text
        _, another = await to_test_page(http, counter, invoice)
        assert another != test
    assert [each.status for each in await counter.attempts()] == [outcome, AttemptStatus.OPEN]
    assert await counter.shop.payments() == []


async def test_our_own_page_is_closed_to_an_entity_that_has_an_account(counter: Counter) -> None:
    invoice = await counter.shop.invoice()
    async with asking(counter.settings) as http:
        _, test = await to_test_page(http, counter, invoice)
        await counter.account(Provider.MOLLIE, MOLLIE_KEY)
        assert (await http.get(test)).status_code == 404
        assert (await http.post(test, data={"outcome": "PAID"})).status_code == 404
    assert await counter.shop.payments() == []


async def test_our_own_page_is_closed_in_production_unless_the_setting_says_otherwise(counter: Counter) -> None:
    invoice = await counter.shop.invoice()
    link = counter.path(await counter.link(invoice))
    async with asking(counter.settings) as http:
        _, test = await to_test_page(http, counter, invoice)
    production = counter.settings.model_copy(update={"environment": "production"})
    for local, status in ((False, 404), (True, 200)):
        async with asking(counter.settings, as_if=production.model_copy(update={"local_payments": local})) as http:
            assert (await http.get(test)).status_code == status
            page = await http.get(link)
            assert page.status_code == (200 if local else 503)
            assert ("TESTOMGEVING" in page.text) == local


async def test_coming_back_from_mollie_asks_it_at_once(database: Database, settings: Settings) -> None:
    async with mollie() as server:
        counter = await with_mollie(await shop(database), settings, server)
        page = counter.path(await counter.link(await counter.shop.invoice()))
        async with asking(counter.settings) as http:
            to = await http.post(page)
            assert to.headers["location"].startswith(f"{server.url}/checkout/tr_")
            assert server.url in (await http.get(page)).headers["content-security-policy"]
            waiting = await http.get(f"{page}/return")
            assert "verwerkt" in waiting.text
            [attempt] = await counter.attempts()
            server.pay(attempt.provider_id or "")
            async with database.session(SYSTEM) as session:
                (await session.get_one(type(attempt), attempt.id)).checked_at = attempt.created_at
            assert (await http.get(f"{page}/return")).status_code == 303
            assert "TESTOMGEVING" not in (await http.get(page)).text
        assert len(await counter.shop.payments()) == 1


async def test_a_provider_that_is_down_is_said_politely(database: Database, settings: Settings) -> None:
    async with mollie() as server:
        counter = await with_mollie(await shop(database), settings, server)
        server.key = "another"
        page = counter.path(await counter.link(await counter.shop.invoice()))
        async with asking(counter.settings) as http:
            answer = await http.post(page)
        assert answer.status_code == 503
        assert "niet" in answer.text


async def test_no_page_loads_or_runs_anything_from_elsewhere(counter: Counter) -> None:
    async with counter.shop.database.session(SYSTEM) as session:
        brand = await session.get_one(type(counter.shop.brand), counter.shop.brand.id)
        brand.name, brand.logo_url = "<script>alert(1)</script>", "https://elsewhere.example/x.png"
        brand.theme = {"colorPrimary": "red;} body {background: url(https://elsewhere.example)"}
    async with asking(counter.settings) as http:
        page, test = await to_test_page(http, counter, await counter.shop.invoice())
        for answer in (await http.get(page), await http.get(test), await http.get("/pay/nothing")):
            policy = answer.headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "form-action 'self';" in policy
            assert "frame-ancestors 'none'" in policy
            assert "elsewhere.example" not in answer.text
            assert "<script" not in answer.text
            assert not re.search(r'(src|href)="http', answer.text)
            assert answer.headers["cache-control"] == "no-store"


async def test_links_that_are_none_of_ours_or_over_show_nothing(counter: Counter) -> None:
    s = counter.shop
    link = await counter.link(await s.invoice())
    page = counter.path(link)
    async with asking(counter.settings) as http:
        for path in (page[:-1], page[:-1] + "g", f"/pay/{token(counter.settings, LINK, uuid4())}", "/pay/x"):
            for answer in (await http.get(path), await http.post(path), await http.get(f"{path}/return")):
                assert answer.status_code == 404
                assert s.entity.legal_name not in answer.text
        async with s.database.session(s.actors["finance"]) as session:
            await links.cancel(session, link.id)
        assert (await http.get(page)).status_code == 410
        assert (await http.post(page)).status_code == 303
    assert await counter.attempts() == []
