"""Orders over HTTP: who may send them, signed how, how often; every fault at once; nothing made of what is refused."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import orjson
import pytest
from sqlalchemy import func, select

from api.app import create_app
from domain.contacts.models import Contact
from domain.events.models import Event
from domain.partner_orders import integration, signing
from domain.partner_orders.models import IntegrationStatus, PartnerOrder
from domain.users import api_keys
from domain.users.api_keys import Wanted
from tenants.actor import SYSTEM
from tenants.auth import clock
from tenants.engine import Database
from tenants.settings import Settings
from tests import factories
from tests.asking import SCHEMA
from tests.domain.partner_orders.trade import Trade, trade


@pytest.fixture
async def client(database: Database, settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(settings, SCHEMA)
    app.state.database = database
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as made:
        yield made
    await app.state.redis.aclose()


@pytest.fixture
async def trading(database: Database) -> Trade:
    return await trade(database)


async def key(trading: Trade, organization: Contact, *scopes: str) -> dict[str, str]:
    async with trading.market.database.session(SYSTEM) as session:
        wanted = Wanted("Key", scopes or ("partner-orders:submit",), trading.market.entity.id, organization.id)
        made = await api_keys.create(session, SYSTEM, wanted)
    return {"Authorization": f"Bearer {made.shown_once}", "Content-Type": "application/json"}


async def secret(trading: Trade, settings: Settings, organization: Contact, **changes: Any) -> str:
    """A signing secret of an organization's integration, changed as said."""
    async with trading.market.database.session(SYSTEM) as session:
        kept = await integration.of(session, trading.market.entity.id, organization.id)
        for name, value in changes.items():
            setattr(kept, name, value)
        return (await signing.rotate(session, settings, kept)).secret


async def count(trading: Trade, *models: Any) -> list[int]:
    async with trading.market.database.session(SYSTEM) as session:
        found = []
        for model in models:
            mine = Contact.entity_ids.contains([trading.market.entity.id])
            where = mine if model is Contact else model.entity_id == trading.market.entity.id
            found.append((await session.execute(select(func.count()).where(where))).scalar_one())
        return found


def path(trading: Trade) -> str:
    return f"/partners/{trading.market.dealer.id}/orders"


def codes(answer: httpx.Response) -> list[tuple[str, str]]:
    return [(fault["code"], fault["field"]) for fault in answer.json()["errors"]]


async def test_an_order_is_answered_with_its_receipt_and_again_with_the_same(
    client: httpx.AsyncClient, trading: Trade
) -> None:
    headers = await key(trading, trading.market.dealer)
    first = await client.post(path(trading), json=trading.document("A/1"), headers=headers)
    again = await client.post(path(trading), json=trading.document("A/1"), headers=headers)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == {
        "order_id": None,
        "quote_id": first.json()["quote_id"],
        "partner_order_id": "A/1",
        "status": "received",
        "estimated_processing_minutes": trading.market.entity.processing_minutes,
        "repeated": False,
        "issues": [],
    }
    assert again.json() == first.json() | {"repeated": True}
    left = [int(answer.headers["ratelimit-remaining"]) for answer in (first, again)]
    assert first.headers["ratelimit-limit"] == "600"
    assert left[0] - left[1] in (1, 0, 2)


async def test_every_fault_is_named_by_its_path_and_nothing_is_made(client: httpx.AsyncClient, trading: Trade) -> None:
    headers = await key(trading, trading.market.dealer)
    before = await count(trading, Contact, Event, PartnerOrder)
    given = {
        "customer": {"name": "", "email": "no", "phone": "12", "address": {"city": 7}},
        "products": [{"quantity": "two", "partner_sku": "X"}, {"quantity": 0}, "paal"],
        "installation_preferences": {"preferred_date": "20-07-2026"},
        "partner_references": [],
    }
    answer = await client.post(path(trading), json=given, headers=headers)
    assert answer.status_code == 422
    assert sorted(codes(answer)) == sorted(
        [
            ("REQUIRED", "$.partner_order_id"),
            ("REQUIRED", "$.customer.name"),
            ("INVALID_EMAIL", "$.customer.email"),
            ("INVALID_PHONE", "$.customer.phone"),
            ("WRONG_TYPE", "$.customer.address.city"),
            ("REQUIRED", "$.customer.address.postal_code"),
            ("WRONG_TYPE", "$.products[0].quantity"),
            ("REQUIRED", "$.products[1].partner_sku"),
            ("OUT_OF_RANGE", "$.products[1].quantity"),
            ("WRONG_TYPE", "$.products[2]"),
            ("INVALID_DATE", "$.installation_preferences.preferred_date"),
            ("WRONG_TYPE", "$.partner_references"),
        ]
    )
    assert answer.json()["request_id"]
    assert await count(trading, Contact, Event, PartnerOrder) == before


async def test_what_is_no_order_is_refused_as_what_it_is(client: httpx.AsyncClient, trading: Trade) -> None:
    headers = await key(trading, trading.market.dealer)
    broken = await client.post(path(trading), content=b"{", headers=headers)
    assert (broken.status_code, codes(broken)) == (400, [("INVALID_JSON", "$")])
    large = await client.post(path(trading), content=b'"' + b"x" * 70_000 + b'"', headers=headers)
    assert (large.status_code, codes(large)) == (413, [("ORDER_TOO_LARGE", "$")])
    text = await client.post(path(trading), content=b"{}", headers=headers | {"Content-Type": "text/plain"})
    assert text.status_code == 415


async def test_a_key_orders_for_its_own_branch_only(client: httpx.AsyncClient, trading: Trade) -> None:
    made = trading.market
    async with made.database.session(SYSTEM) as session:
        other = await factories.organization(session, made.entity)
    document = trading.document()
    above = await client.post(path(trading), json=document, headers=await key(trading, made.master))
    assert above.status_code == 201
    beside = await client.post(path(trading), json=document, headers=await key(trading, other))
    assert (beside.status_code, codes(beside)) == (404, [("NOT_FOUND", "$.partner_id")])
    for named in ("%00", "groendus", "%ff", "..", "x" * 300):
        unknown = await client.post(f"/partners/{named}/orders", json=document, headers=await key(trading, made.dealer))
        assert unknown.status_code == 404, named
    unscoped = await client.post(path(trading), json=document, headers=await key(trading, made.dealer, "orders:read"))
    assert (unscoped.status_code, codes(unscoped)) == (403, [("FORBIDDEN", "$")])
    nobody = await client.post(path(trading), json=document, headers={"Content-Type": "application/json"})
    assert (nobody.status_code, codes(nobody)) == (401, [("UNAUTHENTICATED", "$")])


async def test_an_integration_that_is_not_live_takes_nothing(client: httpx.AsyncClient, database: Database) -> None:
    trading = await trade(database, live=False)
    headers = await key(trading, trading.market.dealer)
    refused = await client.post(path(trading), json=trading.document(), headers=headers)
    assert (refused.status_code, codes(refused)) == (403, [("INTEGRATION_NOT_LIVE", "$")])


async def test_requests_from_outside_the_allow_list_are_refused(
    client: httpx.AsyncClient, trading: Trade, settings: Settings
) -> None:
    made = trading.market
    headers = await key(trading, made.dealer)
    await secret(trading, settings, made.master, allowed_addresses=["192.0.2.0/24", "2001:db8::/32"])
    refused = await client.post(path(trading), json=trading.document(), headers=headers)
    assert (refused.status_code, codes(refused)) == (403, [("ADDRESS_NOT_ALLOWED", "$")])
    await secret(trading, settings, made.master, allowed_addresses=["192.0.2.0/24", "127.0.0.0/8"])
    assert (await client.post(path(trading), json=trading.document(), headers=headers)).status_code == 201


async def test_a_key_has_its_own_limit_and_is_told_what_is_left(
    client: httpx.AsyncClient, trading: Trade, settings: Settings
) -> None:
    made = trading.market
    await secret(trading, settings, made.master, requests_per_minute=2)
    headers = await key(trading, made.dealer)
    answers = [await client.post(path(trading), json={}, headers=headers) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [422, 422, 429]
    assert [answer.headers["ratelimit-remaining"] for answer in answers] == ["1", "0", "0"]
    assert codes(answers[2]) == [("RATE_LIMITED", "$")]
    assert answers[2].headers["retry-after"] == answers[2].headers["ratelimit-reset"]
    other = await client.post(path(trading), json={}, headers=await key(trading, made.dealer))
    assert other.status_code == 422


async def test_an_order_that_waits_can_be_asked_for_and_taken_back(client: httpx.AsyncClient, trading: Trade) -> None:
    headers = await key(trading, trading.market.dealer, "partner-orders:submit", "orders:read")
    waits = trading.document("W/1", {"partner_sku": "GRO-NEW"})
    sent = await client.post(path(trading), json=waits, headers=headers)
    assert (sent.status_code, sent.json()["quote_id"]) == (201, None)
    status = await client.get("/orders/W/1/status", headers=headers)
    assert (status.status_code, status.json()["status"]) == (200, "received")
    nothing = await client.post(f"{path(trading)}/W/1/cancel", json={}, headers=headers)
    assert (nothing.status_code, codes(nothing)) == (422, [("REQUIRED", "$.reason")])
    cancel = {"reason": "Dubbel besteld"}
    done = await client.post(f"{path(trading)}/W/1/cancel", json=cancel, headers=headers)
    assert (done.status_code, done.json()["status"]) == (200, "cancelled")
    again = await client.post(f"{path(trading)}/W/1/cancel", json=cancel, headers=headers)
    assert (again.status_code, codes(again)) == (409, [("PARTNER_ORDER_CANCELLED", "$.id")])
    odd = await client.post(f"{path(trading)}/W%00/cancel", json=cancel, headers=headers)
    assert odd.status_code == 404
    unknown = await client.post(f"{path(trading)}/W/2/cancel", json=cancel, headers=headers)
    assert (unknown.status_code, codes(unknown)) == (404, [("NOT_FOUND", "$.partner_order_id")])


# --- signatures -------------------------------------------------------------------------------------------------------


async def send_signed(
    client: httpx.AsyncClient, trading: Trade, headers: dict[str, str], body: bytes, signed: dict[str, str]
) -> httpx.Response:
    return await client.post(path(trading), content=body, headers=headers | signed)


async def test_signatures(client: httpx.AsyncClient, trading: Trade, settings: Settings) -> None:
    made = trading.market
    headers = await key(trading, made.dealer)
    right = await secret(trading, settings, made.master, signature_required=True)
    async with made.database.session(SYSTEM) as session:
        stranger = await factories.organization(session, made.entity)
    others = await secret(trading, settings, stranger, status=IntegrationStatus.LIVE.value)
    body, now = orjson.dumps(trading.document("S-1")), clock.now()
    good = signing.sign(right, now, body)
    v1 = good["chargecars-signature"]

    async def code(signed: dict[str, str], content: bytes = body) -> str:
        answer = await send_signed(client, trading, headers, content, signed)
        assert answer.status_code == 401, answer.text
        return codes(answer)[0][0]

    before = await count(trading, Contact, Event, PartnerOrder)
    assert await code({}) == "SIGNATURE_REQUIRED"
    assert await code({"chargecars-timestamp": good["chargecars-timestamp"]}) == "SIGNATURE_REQUIRED"
    assert await code(signing.sign("ccsig_wrong", now, body)) == "SIGNATURE_INVALID"
    assert await code(signing.sign(others, now, body)) == "SIGNATURE_INVALID"
    assert await code(signing.sign(right, now - timedelta(minutes=6), body)) == "SIGNATURE_EXPIRED"
    assert await code(signing.sign(right, now + timedelta(minutes=6), body)) == "SIGNATURE_EXPIRED"
    assert await code(good, body + b" ") == "SIGNATURE_INVALID"
    assert (
        await code(good | {"chargecars-timestamp": str(int(good["chargecars-timestamp"]) + 1)}) == "SIGNATURE_INVALID"
    )
    for malformed in ("v1", "v1=abc", v1.upper(), v1[:-1], f"{v1},{v1}", "v2=" + v1[3:], "v1=" + "g" * 64):
        assert await code(good | {"chargecars-signature": malformed}) == "SIGNATURE_MALFORMED", malformed
    for malformed in ("soon", "-1", "1e9", "9" * 12, "1 2"):
        signed = {"chargecars-timestamp": malformed, "chargecars-signature": v1}
        assert await code(signed) == "SIGNATURE_MALFORMED", malformed
    assert await count(trading, Contact, Event, PartnerOrder) == before
    accepted = await send_signed(client, trading, headers, body, good)
    replayed = await send_signed(client, trading, headers, body, good)
    assert (accepted.status_code, replayed.status_code) == (201, 200)
    assert replayed.json()["repeated"] is True


async def test_while_secrets_rotate_either_signs(client: httpx.AsyncClient, trading: Trade, settings: Settings) -> None:
    made = trading.market
    headers = await key(trading, made.dealer)
    old = await secret(trading, settings, made.master, signature_required=True)
    new = await secret(trading, settings, made.master)
    body, now = orjson.dumps(trading.document("S-2")), clock.now()
    for each in (old, new):
        answer = await send_signed(client, trading, headers, body, signing.sign(each, now, body))
        assert answer.status_code in (200, 201)
    both = [signing.sign(each, now, body)["chargecars-signature"] for each in ("ccsig_other", new)]
    signed = signing.sign(new, now, body) | {"chargecars-signature": " ".join(both)}
    assert (await send_signed(client, trading, headers, body, signed)).status_code == 200
    async with made.database.session(SYSTEM) as session:
        kept = await integration.of(session, made.entity.id, made.master.id)
        await signing.rotate(session, settings, kept, clock.now())
    refused = await send_signed(client, trading, headers, body, signing.sign(old, now, body))
    assert codes(refused) == [("SIGNATURE_INVALID", "$")]


async def test_a_signature_that_is_not_asked_for_is_checked_all_the_same(
    client: httpx.AsyncClient, trading: Trade
) -> None:
    headers = await key(trading, trading.market.dealer)
    body = orjson.dumps(trading.document("S-3"))
    refused = await send_signed(client, trading, headers, body, signing.sign("ccsig_x", clock.now(), body))
    assert codes(refused) == [("SIGNATURE_INVALID", "$")]
