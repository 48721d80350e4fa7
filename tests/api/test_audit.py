"""Downloading the audit trail: whole, in order, harmless to open, for administrators alone, and told of."""

import csv
import io
import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import func, select

from api.app import create_app
from api.rest import audit
from domain.audit import trail
from domain.events.models import Event
from domain.orders import service as orders
from tenants.actor import Actor, anonymous
from tenants.engine import Database
from tenants.permissions import Role
from tenants.settings import Settings
from tests import factories
from tests.asking import SCHEMA, gid
from tests.domain.events.telling import told
from tests.quoting import Market, market
from tests.trading import trader

As = Callable[[Actor], None]
ORDERS: dict[UUID, UUID] = {}
"""The order of each market, by business entity."""


@pytest.fixture
async def m(database: Database) -> Market:
    made = await market(database)
    ORDERS[made.entity.id] = await made.ordered()
    made.actors["admin"] = factories.actor(Role.TENANT_ADMIN, made.entity.id)
    return made


@pytest.fixture
async def client(database: Database, settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(settings, SCHEMA)
    app.state.database = database
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as made:
        yield made
    await app.state.redis.flushdb()
    await app.state.redis.aclose()


@pytest.fixture
def logged_in(monkeypatch: pytest.MonkeyPatch) -> As:
    def become(actor: Actor) -> None:
        async def asked(_request: Any) -> Actor:
            return actor

        monkeypatch.setattr(audit, "actor_of", asked)

    return become


async def lines(client: httpx.AsyncClient, **parameters: str) -> list[dict[str, Any]]:
    answer = await client.get("/audit/events", params={"format": "jsonl", **parameters})
    assert answer.status_code == 200, answer.text
    return [json.loads(line) for line in answer.text.splitlines()]


async def count(m: Market) -> int:
    async with m.database.session(m.actors["admin"]) as session:
        return int((await session.execute(select(func.count()).select_from(Event))).scalar_one())


async def test_the_whole_trail_in_order_page_by_page(
    client: httpx.AsyncClient, m: Market, logged_in: As, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trail, "_PAGE", 4)
    logged_in(m.actors["admin"])
    found = await lines(client)
    assert len(found) == await count(m) > 8
    assert [line["time"] for line in found] == sorted(line["time"] for line in found)
    assert len({json.dumps(line, sort_keys=True) for line in found}) == len(found)
    assert {line["entity"] for line in found} == {m.entity.code}


async def test_it_says_who_changed_what_from_what_to_what(client: httpx.AsyncClient, m: Market, logged_in: As) -> None:
    async with m.database.session(m.actors["staff"]) as session:
        await orders.hold(session, ORDERS[m.entity.id], "Wacht op klant")
    logged_in(m.actors["admin"])
    [line] = await lines(client, type="order.held", subjectId=gid("Order", ORDERS[m.entity.id]))
    assert line["changes"]["hold_reason"] == [None, "Wacht op klant"]
    assert line["actor_role"] == Role.OPERATIONS.value


async def test_it_is_narrowed(client: httpx.AsyncClient, m: Market, logged_in: As) -> None:
    logged_in(m.actors["admin"])
    moment = (datetime.now(UTC) + timedelta(seconds=1)).isoformat()
    assert {line["type"] for line in await lines(client, type="order.received")} == {"order.received"}
    assert {line["subject_type"] for line in await lines(client, subjectType="Quote")} == {"Quote"}
    assert await lines(client, since=moment) == []
    assert len(await lines(client, until=moment, type="order.received")) == 1
    staff = gid("User", m.actors["staff"].user_id)  # type: ignore[arg-type]  # it has one
    assert {line["actor_id"] for line in await lines(client, actorId=staff)} <= {staff}


async def test_a_table_is_harmless_to_open(client: httpx.AsyncClient, m: Market, logged_in: As) -> None:
    await told(m.database, m.entity.id, "=1+1", subject_id=m.customer.id)
    logged_in(m.actors["admin"])
    answer = await client.get("/audit/events")
    assert answer.headers["content-type"].startswith("text/csv")
    assert 'attachment; filename="audit-' in answer.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert len(rows) == await count(m)
    assert not [cell for row in rows for cell in row.values() if cell.startswith(("=", "+", "-", "@"))]


async def test_it_is_told_of(client: httpx.AsyncClient, m: Market, logged_in: As) -> None:
    logged_in(m.actors["admin"])
    assert (await lines(client, type="audit.exported"))[0]["payload"] == {
        "filters": {"type": "audit.exported"},
        "format": "jsonl",
    }


@pytest.mark.parametrize("name", ["staff", "dealer", "customer"])
async def test_others_are_refused(client: httpx.AsyncClient, m: Market, logged_in: As, name: str) -> None:
    logged_in(m.actors[name])
    assert (await client.get("/audit/events")).status_code == 403


async def test_nobody_is_asked_to_log_in(client: httpx.AsyncClient, m: Market, logged_in: As) -> None:
    logged_in(anonymous(m.entity.id))
    assert (await client.get("/audit/events")).status_code == 401


@pytest.mark.parametrize(
    "query", ["format=xml", "since=yesterday", "since=2026-01-01T00:00:00", "subjectId=x", "actorId=x", "what=1"]
)
async def test_bad_input_is_named(client: httpx.AsyncClient, m: Market, logged_in: As, query: str) -> None:
    logged_in(m.actors["admin"])
    answer = await client.get(f"/audit/events?{query}")
    assert answer.status_code == 400
    assert query.partition("=")[0] in answer.text


async def test_events_are_found_by_who_did_it_and_to_what(m: Market, settings: Settings) -> None:
    ask = "query E($f: EventFilter) { events(first: 100, filter: $f) { nodes { actorRole subjectType } } }"
    staff = trader(m, settings, "staff")
    orders = (await staff.ask(ask, f={"subjectType": {"eq": "Order"}}))["events"]["nodes"]
    assert {event["subjectType"] for event in orders} == {"Order"}
    mine = await staff.ask(ask, f={"actorId": gid("User", m.actors["staff"].user_id)})  # type: ignore[arg-type]  # it has one
    assert {event["actorRole"] for event in mine["events"]["nodes"]} <= {Role.OPERATIONS.value}


async def test_no_party_reads_changes(m: Market, settings: Settings) -> None:
    asked = "{ events(first: 1) { nodes { ... on PartyEvent { changes } } } }"
    assert "changes" in await trader(m, settings, "dealer").error(asked)
