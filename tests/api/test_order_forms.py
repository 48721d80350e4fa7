"""Hosted forms: who may fill them in, that faults stand beside the fields, that one page is one order."""

import re
from collections.abc import AsyncIterator
from html.parser import HTMLParser
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from domain.ways_in.tickets import TicketInvalid, new_ticket, open_ticket
from tenants.actor import SYSTEM
from tenants.engine import Database
from tenants.models import BrandCobranding, Membership
from tenants.settings import Settings
from tests.asking import codes
from tests.ways_in import Scene, scene

TYPED = {
    "customer.name": "Sanne de Vries",
    "customer.email": "sanne@example.nl",
    "customer.phone": "0612345678",
    "customer.address.street": "Dorpsstraat",
    "customer.address.house_number": "12",
    "customer.address.postal_code": "3511 AB",
    "installation_preferences.notes": 'Let op: "hond" <script>alert(1)</script>',
    "quantity.0": "1",
    "quantity.1": "1",
}


class Page(HTMLParser):
    """What a reader of the page finds: inputs with their attributes, labels, and everything that would be loaded."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.inputs: dict[str, dict[str, str | None]] = {}
        self.labels: set[str | None] = set()
        self.ids: set[str | None] = set()
        self.tags: set[str] = set()
        self.loads: list[str | None] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.add(tag)
        self.ids.add(found.get("id"))
        if tag in ("input", "select", "textarea") and found.get("name"):
            self.inputs[str(found["name"])] = found
        if tag == "label":
            self.labels.add(found.get("for"))
        self.loads += [found[name] for name in ("src",) if name in found]


@pytest.fixture
async def made(database: Database, settings: Settings) -> AsyncIterator[Scene]:
    async with scene(database, settings) as found:
        yield found


def path(url: str) -> str:
    return url.partition("//")[2].partition("/")[2].join(("/", ""))


async def opened(made: Scene, url: str) -> tuple[httpx.Response, str]:
    answer = await made.http.get(path(url))
    found = re.search(r'name="ticket" value="([^"]+)"', answer.text)
    return answer, found[1] if found else ""


async def sent(made: Scene, url: str, ticket: str, **changed: Any) -> httpx.Response:
    return await made.http.post(path(url), data=TYPED | {"ticket": ticket} | changed)


async def test_a_form_is_filled_in_once_however_often_it_is_clicked(made: Scene) -> None:
    form = await made.form(notifyEmails=["orders@dealer.example.nl"])
    url = form["secretUrl"]
    _, ticket = await opened(made, url)
    first, again = await sent(made, url, ticket), await sent(made, url, ticket)
    assert (first.status_code, again.status_code) == (303, 303)
    [order] = await made.orders()
    assert (order.way, order.repeated, len(order.partner_order_id)) == ("FORM", 1, 12)
    shown = await made.http.get(first.headers["location"])
    assert order.partner_order_id in shown.text
    assert "geen tweede gemaakt" in (await made.http.get(again.headers["location"])).text
    assert order.document["products"][0] == {"partner_sku": "GRO-STATION", "quantity": 1, "description": "Laadpaal"}
    [mail] = await made.mails("orders@dealer.example.nl")
    assert order.partner_order_id in mail.subject
    assert "sanne" not in mail.body.lower()
    _, another = await opened(made, url)
    assert (await sent(made, url, another)).status_code == 303
    assert len(await made.orders()) == 2


async def test_faults_are_beside_their_fields_and_what_was_typed_is_kept(made: Scene) -> None:
    url = (await made.form())["secretUrl"]
    _, ticket = await opened(made, url)
    wrong = {"customer.email": "geen", "customer.name": " ", "quantity.0": "9", "quantity.1": "x"}
    answer = await sent(made, url, ticket, **wrong)
    assert answer.status_code == 422
    page = Page(answer.text)
    for name in wrong:
        assert page.inputs[name]["aria-invalid"] == "true"
        assert page.inputs[name]["aria-describedby"] == f"{name}-fault"
        assert f"{name}-fault" in page.ids
        assert f'href="#{name}"' in answer.text
    assert "aria-invalid" not in page.inputs["customer.phone"]
    assert page.inputs["customer.address.street"]["value"] == "Dorpsstraat"
    assert "<script>" not in answer.text
    assert "&lt;script&gt;" in answer.text
    assert await made.orders() == []
    assert (await sent(made, url, ticket)).status_code == 303  # the same page, mended


async def test_a_page_needs_no_script_and_loads_nothing(made: Scene) -> None:
    url = (await made.form())["secretUrl"]
    answer, _ = await opened(made, url)
    page = Page(answer.text)
    assert answer.status_code == 200
    assert not page.tags & {"script", "link", "iframe"}
    assert page.loads == []
    assert set(page.inputs) - {"ticket"} <= page.labels
    assert "set-cookie" not in answer.headers
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert 'lang="nl"' in answer.text
    assert "Order number" not in answer.text
    english = await made.http.get(f"{path(url)}&lang=en")
    assert "Your order number" in english.text


async def test_the_looks_are_the_brands_with_the_partners_over_them(made: Scene) -> None:
    url = (await made.form())["secretUrl"]
    m = made.trading.market
    async with m.database.session(SYSTEM) as session:
        from sqlalchemy import select

        from tenants.models import Brand

        brand = (await session.execute(select(Brand).where(Brand.host == made.host))).scalar_one()
        brand.theme = {"colorPrimary": "#111111", "colorText": "#222222"}
        looks = {"colorPrimary": "#fe3300", "radius": "</style>"}
        owner = {"entity_id": m.entity.id, "brand_id": brand.id, "organization_id": m.dealer.id}
        session.add(
            BrandCobranding(**owner, slug="dealer", name="Dealer & Zn", theme=looks, logo_url="https://x.nl/a.png")
        )
    text = (await opened(made, url))[0].text
    assert "#fe3300" in text
    assert "#222222" in text
    assert "#111111" not in text
    assert text.count("</style>") == 1
    assert "Dealer &amp; Zn" in text
    assert "https://x.nl" not in text


async def test_only_its_address_opens_a_form(made: Scene) -> None:
    form = await made.form()
    url = form["secretUrl"]
    assert form["orderForm"]["url"] == f"https://{made.host}/forms/bestellen"
    for wrong in ("/forms/bestellen", "/forms/bestellen?t=x", "/forms/anders?t=x", "/forms/%00?t=%27"):
        assert (await made.http.get(wrong)).status_code == 404
    elsewhere = await made.http.get(path(url), headers={"Host": "localhost"})
    assert elsewhere.status_code == 404
    _, ticket = await opened(made, url)
    assert (await made.http.post("/forms/bestellen", data=TYPED | {"ticket": ticket})).status_code == 404
    cross = await made.http.post(path(url), data=TYPED | {"ticket": ticket}, headers={"Sec-Fetch-Site": "cross-site"})
    assert cross.status_code == 403
    replace = "mutation R($id: ID!) { replaceOrderFormLink(id: $id) { secretUrl userErrors { code } } }"
    again = (await made.as_("dealer_admin").ask(replace, id=form["orderForm"]["id"]))["replaceOrderFormLink"]
    assert (await made.http.get(path(url))).status_code == 404
    assert (await made.http.get(path(again["secretUrl"]))).status_code == 200
    assert await made.orders() == []


async def test_a_page_without_a_ticket_of_ours_sends_nothing(made: Scene, settings: Settings) -> None:
    form = await made.form()
    url = form["secretUrl"]
    for ticket in ("", "x", "a" * 200):
        answer = await sent(made, url, ticket)
        assert answer.status_code == 422
        assert 'value="Sanne de Vries"' in answer.text
    _, ticket = await opened(made, url)
    assert (await sent(made, url, ticket, website="https://spam.example")).status_code == 422
    assert await made.orders() == []
    own = new_ticket(settings, made.dealer_id)
    assert open_ticket(settings, made.dealer_id, own)
    with pytest.raises(TicketInvalid):
        open_ticket(settings, made.trading.market.entity.id, own)


async def test_users_fill_it_in_as_themselves_by_a_link_of_an_hour(made: Scene) -> None:
    form = await made.form(access="LOGIN")
    assert form["secretUrl"] is None
    link = "mutation L($id: ID!) { createOrderFormLink(id: $id) { secretUrl userErrors { code } } }"
    asked = await made.as_("dealer").ask(link, id=form["orderForm"]["id"])
    url = asked["createOrderFormLink"]["secretUrl"]
    _, ticket = await opened(made, url)
    assert (await sent(made, url, ticket)).status_code == 303
    [order] = await made.orders()
    dealer = made.trading.market.actors["dealer"]
    assert order.submitted_by_user_id == dealer.user_id
    other = await made.as_("other_admin").ask(link, id=form["orderForm"]["id"])
    assert codes(
        other["createOrderFormLink"]
        | {"userErrors": [e | {"field": []} for e in other["createOrderFormLink"]["userErrors"]]}
    ) == [("NOT_FOUND", [])]
    async with made.trading.market.database.session(SYSTEM) as session:
        mine = Membership.user_id == dealer.user_id
        await session.execute(update(Membership).where(mine).values(status="REVOKED"))
    assert (await made.http.get(path(url))).status_code == 404


async def test_what_a_form_may_ask(made: Scene) -> None:
    base = [{"path": f"$.customer.{name}"} for name in ("name", "email", "phone", "address.postal_code")]
    fixed = {"path": "$.partner_references.customer_account", "kind": "FIXED", "value": "K-7"}
    choice = {
        "path": "$.partner_references.dealer_group_id",
        "kind": "CHOICE",
        "choices": [{"value": "N"}, {"value": "Z"}],
    }
    url = (await made.form(fields=[*base, fixed, choice]))["secretUrl"]
    _, ticket = await opened(made, url)
    wrong = await sent(made, url, ticket, **{"partner_references.dealer_group_id": "X"})
    assert wrong.status_code == 422
    tampered = {"partner_references.dealer_group_id": "Z", "partner_references.customer_account": "K-8"}
    assert (await sent(made, url, ticket, **tampered)).status_code == 303
    [order] = await made.orders()
    assert order.document["partner_references"] == {"customer_account": "K-7", "dealer_group_id": "Z"}
    refused = await made.form(slug="A b", fields=[*base[1:], {"path": "$.price"}], products=[{"most": 0}])
    assert {(error["code"], ".".join(error["field"])) for error in refused["userErrors"]} == {
        ("SLUG_INVALID", "slug"),
        ("NOT_A_CHOICE", "fields.3.path"),
        ("WRONG_TYPE", "products.0.partnerSku"),
        ("OUT_OF_RANGE", "products.0.most"),
    }
