"""Polling an order's status: the document's JSON, once a minute per order and key, for who may see the order."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import httpx
import pytest

from api.app import create_app
from api.rest import orders as polling
from domain.contacts.models import Contact
from domain.orders import service as orders
from domain.users import api_keys
from domain.users.api_keys import Wanted
from tenants.actor import SYSTEM
from tenants.engine import Database
from tenants.settings import Settings
from tests import factories
from tests.asking import SCHEMA
from tests.quoting import Market, market


@asynccontextmanager
async def http(database: Database, settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(settings, SCHEMA)
    app.state.database = database
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        yield client
    await app.state.redis.aclose()


@pytest.fixture
async def client(database: Database, settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    async with http(database, settings) as made:
        yield made


@pytest.fixture
async def m(database: Database) -> Market:
    return await market(database, agreement={})


async def key(m: Market, organization: Contact | None, *scopes: str) -> dict[str, str]:
    """The header with a new key."""
    async with m.database.session(SYSTEM) as session:
        wanted = Wanted("Key", scopes or ("orders:read",), m.entity.id, organization.id if organization else None)
        made = await api_keys.create(session, SYSTEM, wanted)
    return {"Authorization": f"Bearer {made.shown_once}"}


def path(number: str) -> str:
    return f"/orders/{number}/status"


def error_of(answer: httpx.Response) -> Any:
    return answer.json()["error"]["code"]


async def test_the_json_of_the_document(client: httpx.AsyncClient, m: Market) -> None:
    number = f"GRO-{uuid4().hex[:6]}"
    order_id = await m.ordered(partner_order_id=number)
    answer = await client.get(path(number), headers=await key(m, m.dealer))
    async with m.database.session(SYSTEM) as session:
        order = await orders.hold(session, order_id, "Wacht")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {
        "event": "status_update",
        "order_id": order.number,
        "partner_order_id": number,
        "status": "received",
        "scheduled_date": None,
        "installer": None,
    }
    later = await client.get(path(number), headers=await key(m, m.dealer))
    assert later.json()["status"] == "on_hold"


async def test_before_there_is_an_order(client: httpx.AsyncClient, m: Market) -> None:
    number = f"GRO-{uuid4().hex[:6]}"
    draft = await m.quote(partner_order_id=f"{number}-draft", send=False)
    quote_id = await m.quote(partner_order_id=number)
    assert draft != quote_id
    first = await client.get(path(number), headers=await key(m, m.dealer))
    assert (first.json()["status"], first.json()["order_id"]) == ("quote_sent", None)
    await m.sign("dealer", quote_id)
    second = await client.get(path(number), headers=await key(m, m.dealer))
    assert second.json()["status"] == "partner_approved"
    hidden = await client.get(path(f"{number}-draft"), headers=await key(m, m.dealer))
    assert hidden.status_code == 404


async def test_once_a_minute_per_order_and_key(client: httpx.AsyncClient, m: Market) -> None:
    numbers = [f"GRO-{uuid4().hex[:6]}" for _ in range(2)]
    for number in numbers:
        await m.ordered(partner_order_id=number)
    own, other = await key(m, m.dealer), await key(m, m.dealer)
    first = await client.get(path(numbers[0]), headers=own)
    assert first.status_code == 200
    assert first.headers["ratelimit-limit"] == "1"
    assert first.headers["ratelimit-remaining"] == "0"
    assert first.headers["ratelimit-reset"] == "60"
    refused = await client.get(path(numbers[0]), headers=own)
    assert (refused.status_code, error_of(refused)) == (429, "RATE_LIMITED")
    assert 0 < int(refused.headers["retry-after"]) <= 60
    assert refused.headers["ratelimit-reset"] == refused.headers["retry-after"]
    assert (await client.get(path(numbers[1]), headers=own)).status_code == 200, "another order"
    assert (await client.get(path(numbers[0]), headers=other)).status_code == 200, "another key"


async def test_after_a_minute_it_may_be_asked_again(
    client: httpx.AsyncClient, m: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A minute of a hundredth of a second."""
    monkeypatch.setattr(polling, "_TOLERANCE_MS", polling.PER_SECONDS * 1000 - 1)
    number = f"GRO-{uuid4().hex[:6]}"
    await m.ordered(partner_order_id=number)
    own = await key(m, m.dealer)
    assert (await client.get(path(number), headers=own)).status_code == 200
    assert (await client.get(path(number), headers=own)).status_code == 200


async def test_nothing_has_changed(client: httpx.AsyncClient, m: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polling, "_TOLERANCE_MS", polling.PER_SECONDS * 1000 - 1)
    number = f"GRO-{uuid4().hex[:6]}"
    order_id = await m.ordered(partner_order_id=number)
    own = await key(m, m.dealer)
    tag = (await client.get(path(number), headers=own)).headers["etag"]
    for given in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        same = await client.get(path(number), headers=own | {"If-None-Match": given})
        assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", tag)
    async with m.database.session(SYSTEM) as session:
        await orders.hold(session, order_id, "Wacht")
    changed = await client.get(path(number), headers=own | {"If-None-Match": tag})
    assert changed.status_code == 200
    assert changed.headers["etag"] != tag


async def test_what_is_not_theirs_does_not_exist(client: httpx.AsyncClient, m: Market) -> None:
    number = f"GRO-{uuid4().hex[:6]}"
    await m.ordered(partner_order_id=number)
    async with m.database.session(SYSTEM) as session:
        stranger = await factories.organization(session, m.entity)
        elsewhere = await market(m.database)
    unknown = await client.get(path("no-such-order"), headers=await key(m, m.dealer))
    for headers in (await key(m, stranger), await key(elsewhere, elsewhere.dealer), await key(elsewhere, None)):
        answer = await client.get(path(number), headers=headers)
        assert (answer.status_code, answer.json()) == (404, unknown.json())
    for headers in (await key(m, m.master), await key(m, None)):
        assert (await client.get(path(number), headers=headers)).status_code == 200, "above it, and the entity itself"


async def test_who_only_pays_a_line_does_not_know_the_number(client: httpx.AsyncClient, m: Market) -> None:
    """The payer's organization sees the quote, and not by the number that is the account's."""
    async with m.database.session(SYSTEM) as session:
        payer = await factories.organization(session, m.entity)
        m.actors["payer"] = await factories.actor_with(session, m.actors["dealer"].role, m.entity, organization=payer)
    number = f"GRO-{uuid4().hex[:6]}"
    lines = (m.line("station"), m.line("installation", payer_id=payer.id))
    await m.quote(*lines, partner_order_id=number)
    assert (await client.get(path(number), headers=await key(m, payer))).status_code == 404
    assert (await client.get(path(number), headers=await key(m, m.dealer))).status_code == 200


async def test_two_partners_with_the_same_number(client: httpx.AsyncClient, m: Market) -> None:
    """One's own comes first; who is neither is told that there are two."""
    number = f"GRO-{uuid4().hex[:6]}"
    await m.ordered(partner_order_id=number)
    async with m.database.session(SYSTEM) as session:
        sibling = await factories.organization(session, m.entity, m.master)
        m.actors["dealer"] = await factories.actor_with(
            session, m.actors["dealer"].role, m.entity, organization=sibling
        )
    await m.ordered(partner_order_id=number, account_id=sibling.id)
    for organization in (m.dealer, sibling):
        assert (await client.get(path(number), headers=await key(m, organization))).status_code == 200
    for headers in (await key(m, m.master), await key(m, None)):
        answer = await client.get(path(number), headers=headers)
        assert (answer.status_code, error_of(answer)) == (409, "PARTNER_ORDER_AMBIGUOUS")


async def test_without_a_key_or_its_scope(client: httpx.AsyncClient, m: Market) -> None:
    nobody = await client.get(path("X"))
    assert (nobody.status_code, error_of(nobody)) == (401, "UNAUTHENTICATED")
    assert nobody.headers["www-authenticate"] == "Bearer"
    wrong = await client.get(path("X"), headers={"Authorization": "Bearer cck_nonsense"})
    assert wrong.status_code == 401
    without = await client.get(path("X"), headers=await key(m, m.dealer, "leads:read"))
    assert (without.status_code, error_of(without)) == (403, "FORBIDDEN")


@pytest.mark.parametrize("number", ["a/b c", "é€", "%00", "x" * 5000, "' OR 1=1 --", "%2e%2e%2f"])
async def test_any_text_is_a_number_that_nobody_has(client: httpx.AsyncClient, m: Market, number: str) -> None:
    answer = await client.get(path(number), headers=await key(m, m.dealer))
    assert answer.status_code == 404


async def test_a_number_with_a_slash(client: httpx.AsyncClient, m: Market) -> None:
    number = f"2026/{uuid4().hex[:6]}"
    await m.ordered(partner_order_id=number)
    for form in (number, number.replace("/", "%2F")):
        answer = await client.get(path(form), headers=await key(m, m.dealer))
        assert answer.json()["partner_order_id"] == number
