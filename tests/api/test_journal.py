"""Downloading the journal: whole, in order, harmless to open, of one's own entities, and told of."""

import csv
import io
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from api.app import create_app
from api.rest import ledger
from domain.events.models import Event
from domain.ledger import export
from domain.ledger.posting import today
from tenants.actor import SYSTEM, Actor, anonymous
from tenants.engine import Database
from tenants.permissions import Role
from tenants.settings import Settings
from tests import factories
from tests.asking import SCHEMA, gid
from tests.domain.ledger.books import entity_of, posted

SPAN = {"since": "2020-01-01", "until": "2199-01-01"}


@pytest.fixture
async def client(database: Database, settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(settings, SCHEMA)
    app.state.database = database
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as made:
        yield made
    await app.state.redis.flushdb()
    await app.state.redis.aclose()


def log_in(patch: pytest.MonkeyPatch, actor: Actor) -> None:
    async def asked(_request: Any) -> Actor:
        return actor

    patch.setattr(ledger, "actor_of", asked)


async def test_it_is_whole_and_in_order(
    client: httpx.AsyncClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    entity, other = await entity_of(database), await entity_of(database)
    async with database.session(SYSTEM) as session:
        for number in range(5):
            await posted(session, entity, f"k{number}", text="=1+1")
        await posted(session, other)
    monkeypatch.setattr(export, "_PAGE", 2)
    log_in(monkeypatch, factories.actor(Role.FINANCE, entity))
    answer = await client.get("/ledger/journal", params={"entityId": gid("BusinessEntity", entity), **SPAN})
    assert answer.status_code == 200
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [(row["number"][-5:], row["line"]) for row in rows] == [
        (f"0000{n}", str(p)) for n in range(1, 6) for p in (1, 2, 3)
    ]
    assert [(row["account"], row["debit"], row["credit"]) for row in rows[:3]] == [
        ("1000", "121.00", "0.00"),
        ("8090", "0.00", "100.00"),
        ("1500", "0.00", "21.00"),
    ]
    assert {row["text"] for row in rows} == {"'=1+1"}
    assert {row["date"] for row in rows} == {today().isoformat()}
    async with database.session(SYSTEM) as session:
        told = select(Event.subject_id).where(Event.type == "ledger.journal_exported", Event.entity_id == entity)
        assert (await session.execute(told)).scalars().all() == [entity]


async def test_others_are_refused(
    client: httpx.AsyncClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    entity, other = await entity_of(database), await entity_of(database)
    wanted = {"entityId": gid("BusinessEntity", entity), **SPAN}
    for actor, status in (
        (anonymous(entity), 401),
        (factories.actor(Role.OPERATIONS, entity), 403),
        (factories.actor(Role.FINANCE, other), 404),
    ):
        log_in(monkeypatch, actor)
        assert (await client.get("/ledger/journal", params=wanted)).status_code == status
    log_in(monkeypatch, factories.actor(Role.FINANCE, entity))
    for bad in ({"since": "yesterday"}, {"what": "1"}, {"entityId": "x"}):
        answer = await client.get("/ledger/journal", params=wanted | bad)
        assert answer.status_code == 400
        assert next(iter(bad)) in answer.text
