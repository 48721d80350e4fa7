"""The request log as a partner meets it: what its key asked, redacted, behind the answer; and playing it again."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import httpx
import pytest
from sqlalchemy import func, select, text

from api import recording
from api.app import create_app
from api.recording import Recorder
from domain.partner_orders.models import PartnerOrder
from domain.request_log import partitions
from domain.request_log.histogram import CLASSES
from domain.request_log.models import RequestHour, RequestLog
from domain.request_log.writing import Seen
from domain.sandbox import credentials, making
from domain.sandbox.checks import CHECKS
from domain.users import api_keys
from tenants.actor import SYSTEM, Actor, actor
from tenants.engine import Database
from tenants.permissions import Role
from tenants.settings import Settings
from tests.asking import SCHEMA, Asker, gid
from tests.domain.partner_orders.trade import Trade, trade
from workers.request_log import keep_request_log

LOG = """query Log { requestLog(filter: {failed: true}) { nodes {
  id method route status codes sandbox replayable requestBody responseBody client { id } } } }"""
REPLAY = "mutation Again($id: ID!) { replayRequest(id: $id) { replayed { status body madeUp } userErrors { code } } }"


class Office:
    """A dealer with a key, its app, and a sandbox with a key."""

    def __init__(self, trading: Trade, client: httpx.AsyncClient, recorder: Recorder, settings: Settings) -> None:
        self.trading, self.client, self.recorder, self.settings = trading, client, recorder, settings
        self.admin: Actor = actor(
            Role.PARTNER_ADMIN, trading.market.entity.id, organization_id=trading.market.dealer.id
        )

    async def key(self) -> str:
        async with self.trading.market.database.session(SYSTEM) as session:
            wanted = api_keys.Wanted(
                "Key",
                ("partner-orders:submit", "orders:read"),
                self.trading.market.entity.id,
                self.trading.market.dealer.id,
            )
            return (await api_keys.create(session, SYSTEM, wanted)).shown_once

    async def sandbox_key(self) -> tuple[str, str]:
        """Key, and the partner's name in paths."""
        market = self.trading.market
        async with market.database.session(SYSTEM) as session:
            made = await making.create(session, self.admin, market.entity.id, market.dealer.id)
            key = await credentials.make_key(session, self.admin, made, "Sandbox")
            return key.shown_once, await making.code_of(session, made) or ""

    async def post(self, partner: object, key: str, document: dict[str, Any]) -> httpx.Response:
        headers = {"Authorization": f"Bearer {key}"}
        return await self.client.post(f"/partners/{partner}/orders", json=document, headers=headers)

    async def rows(self, model: Any, *conditions: Any) -> list[Any]:
        await self.recorder.flush()
        mine = model.organization_id == self.trading.market.dealer.id
        async with self.trading.market.database.session(SYSTEM) as session:
            return list(await session.scalars(select(model).where(mine, *conditions).order_by(model.created_at)))

    async def ask(self, document: str, **variables: Any) -> Any:
        return await Asker(self.trading.market.database, self.settings, self.admin).ask(document, **variables)

    async def replay(self, request: RequestLog) -> Any:
        answer = (await self.ask(REPLAY, id=gid("LoggedRequest", request.id)))["replayRequest"]
        assert answer["userErrors"] == []
        return answer["replayed"]


@pytest.fixture
async def office(database: Database, settings: Settings) -> AsyncIterator[Office]:
    app = create_app(settings, SCHEMA)
    app.state.database = database
    app.state.requests = Recorder(database)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        yield Office(await trade(database), client, app.state.requests, settings)
    await app.state.requests.close()
    await app.state.redis.aclose()


async def test_what_a_key_asked_is_there_behind_the_answer(office: Office) -> None:
    key, dealer = await office.key(), office.trading.market.dealer
    answers = [
        await office.post(dealer.id, key, office.trading.document("GRO-1")),
        await office.post(dealer.id, key, {"partner_order_id": "GRO-2"}),
    ]
    await office.client.get("/orders/GRO-1/status", headers={"Authorization": f"Bearer {key}"})
    taken, refused, polled = await office.rows(RequestLog)
    assert [taken.status, refused.status, polled.status] == [201, 422, 200]
    assert taken.request_id == answers[0].headers["x-request-id"]
    assert (taken.route, taken.path) == ("/partners/{partner_id}/orders", f"/partners/{dealer.id}/orders")
    assert "REQUIRED" in refused.codes
    assert polled.route == "/orders/{partner_order_id}/status"
    assert "sanne" not in taken.request_body.lower()
    assert key not in str([vars(row) for row in (taken, refused, polled)])
    hours = await office.rows(RequestHour)
    assert sum(hour.requests for hour in hours) == 3
    assert sum(hour.refused for hour in hours) == 1
    assert all(len(hour.histogram) == CLASSES for hour in hours)


async def test_nobody_else_reads_it_and_people_are_not_followed(office: Office) -> None:
    key = await office.key()
    await office.post(office.trading.market.dealer.id, key, {"partner_order_id": "GRO-2"})
    await office.client.post("/graphql", json={"query": "{ __typename }"})
    assert len(await office.rows(RequestLog)) == 1
    [row] = (await office.ask(LOG))["requestLog"]["nodes"]
    assert (row["status"], row["sandbox"], row["replayable"]) == (422, False, True)
    office.admin = actor(
        Role.PARTNER_ADMIN, office.trading.market.entity.id, organization_id=office.trading.market.customer.id
    )
    assert (await office.ask(LOG))["requestLog"]["nodes"] == []


async def test_a_request_is_played_again_in_the_sandbox(office: Office) -> None:
    sandbox_key, code = await office.sandbox_key()
    tried = await office.post(code, sandbox_key, office.trading.document("GRO-3", {"partner_sku": "UNKNOWN"}))
    await office.post(office.trading.market.dealer.id, await office.key(), {"partner_order_id": "GRO-2"})
    first, second = await office.rows(RequestLog)
    assert (tried.status_code, first.sandbox, second.sandbox) == (201, True, False)
    again = await office.replay(first)
    assert (again["status"], again["body"]["repeated"], again["body"]["partner_order_id"]) == (200, True, "GRO-3")
    assert "$.customer.email" in again["madeUp"]
    refused = await office.replay(second)
    assert refused["status"] == 422
    assert "$.customer.email" in {fault["field"] for fault in refused["body"]["errors"]}
    async with office.trading.market.database.session(SYSTEM) as session:
        live = select(func.count()).where(PartnerOrder.entity_id == office.trading.market.entity.id)
        assert (await session.execute(live)).scalar_one() == 0


async def test_a_key_of_the_sandbox_opens_nothing_outside(office: Office) -> None:
    sandbox_key, code = await office.sandbox_key()
    market = office.trading.market
    assert (await office.post(market.dealer.id, sandbox_key, office.trading.document())).status_code == 404
    assert (await office.post(code, await office.key(), office.trading.document())).status_code == 404


async def test_a_flood_costs_entries_and_no_counts(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "MOST_WAITING", 2)
    for _ in range(5):
        office.recorder.take(_seen(office))
    assert len(await office.rows(RequestLog)) == 2
    [hour] = await office.rows(RequestHour)
    assert (hour.requests, hour.unlogged, hour.slowest) == (5, 3, 7)


async def test_a_day_that_was_not_made_is_made(office: Office, owner: "asyncpg.Connection[Any]") -> None:
    office.recorder.take(_seen(office))
    assert len(await office.rows(RequestLog)) == 1
    name = f"request_log_{datetime.now(UTC):%Y_%m_%d}"
    await owner.execute(f"ALTER TABLE request_log DETACH PARTITION {name}; DROP TABLE {name}")
    office.recorder.take(_seen(office))
    assert len(await office.rows(RequestLog)) == 1


async def test_days_whose_time_is_over_are_dropped(database: Database) -> None:
    old = datetime.now(UTC).date() - timedelta(days=partitions.KEPT_DAYS + 1)
    async with database.session(SYSTEM) as session:
        make = text("SELECT make_request_log_days(:first, :last)")
        await session.execute(make, {"first": old, "last": old + timedelta(days=1)})
    gone = await keep_request_log(database)
    assert f"request_log_{old:%Y_%m_%d}" in gone
    assert f"request_log_{old + timedelta(days=1):%Y_%m_%d}" not in gone


def _seen(office: Office) -> Seen:
    market = office.trading.market
    return Seen(
        at=datetime.now(UTC),
        entity_id=market.entity.id,
        organization_id=market.dealer.id,
        client_kind="ApiKey",
        client_id=market.dealer.id,
        user_id=None,
        request_id="r",
        method="GET",
        route="/orders/{partner_order_id}/status",
        path="/orders/GRO-1/status",
        ip_address="192.0.2.1",
        headers={},
        request_body=b"",
        request_bytes=0,
        response_body=b"{}",
        response_bytes=2,
        status=200,
        milliseconds=7,
    )


RUN = """mutation Run($id: ID!) { runSandboxChecks(sandboxId: $id) { sandboxRun {
  state passed checkCount passedCount checks { code title hint required state evidence } } } }"""
CLOCK = "mutation Set($input: SetSandboxClockInput!) { setSandboxClock(input: $input) { partnerSandbox { clock } } }"


async def test_a_sandbox_tells_its_time_and_how_its_checks_go(office: Office) -> None:
    await office.sandbox_key()
    [made] = (await office.ask("query Own { partnerSandboxes { nodes { id clock } } }"))["partnerSandboxes"]["nodes"]
    run = (await office.ask(RUN, id=made["id"]))["runSandboxChecks"]["sandboxRun"]
    assert (run["state"], run["passed"], run["checkCount"]) == ("RUNNING", False, len(CHECKS))
    assert all(check["title"] and check["hint"] for check in run["checks"])
    assert datetime.fromisoformat(made["clock"]) <= datetime.now(UTC)
    at = (datetime.now(UTC) + timedelta(days=3)).replace(microsecond=0)
    given = {"sandboxId": made["id"], "at": at.isoformat(), "frozen": True}
    shown = (await office.ask(CLOCK, input=given))["setSandboxClock"]["partnerSandbox"]["clock"]
    assert datetime.fromisoformat(shown) == at
