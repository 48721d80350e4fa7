"""Downloading sessions: of one's own entities, page by page, and told of."""

import csv
import io
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from api.app import create_app
from api.rest import charging_sessions
from domain.events.models import Event
from domain.sessions import export
from domain.sessions.models import ReportKind
from tenants.actor import SYSTEM, Actor
from tenants.engine import Database
from tenants.permissions import Role
from tenants.settings import Settings
from tests import factories
from tests.asking import SCHEMA, gid
from tests.charging import AT, charging_yard

PATH = "/charging/sessions"
SPAN = {"since": (AT - timedelta(days=1)).date().isoformat(), "until": (AT + timedelta(days=2)).date().isoformat()}


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

    patch.setattr(charging_sessions, "actor_of", asked)


async def test_staff_download_the_sessions_of_an_entity(
    client: httpx.AsyncClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with database.session(SYSTEM) as session:
        yard = await charging_yard(session)
        for place in range(3):
            begun = await yard.report(session, ReportKind.STARTED, place * 60, meter_wh=0, id_token=yard.token.token)
            over = {"transaction_id": begun.transaction_id, "meter_wh": 1_234, "reason": "=1+1"}
            await yard.report(session, ReportKind.ENDED, place * 60 + 30, **over)
        stranger = await factories.business_entity(session)
    monkeypatch.setattr(export, "_PAGE", 2)
    asked = {"entityId": gid("BusinessEntity", yard.entity.id), **SPAN}
    log_in(monkeypatch, factories.actor(Role.OPERATIONS, yard.entity.id))
    answer = await client.get(PATH, params=asked)
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [(row["charger"], row["kwh"], row["driver"]) for row in rows] == [
        (yard.charger.identity, "1.234", yard.driver.name)
    ] * 3
    assert not rows[0]["stop_reason"].startswith("=")
    async with database.session(SYSTEM) as session:
        query = select(Event.type).where(Event.subject_id == yard.entity.id)
        assert "charging.sessions_exported" in (await session.execute(query)).scalars().all()
    for role, entity, status in ((Role.OPERATIONS, stranger.id, 404), (Role.EV_DRIVER, yard.entity.id, 403)):
        log_in(monkeypatch, factories.actor(role, entity))
        assert (await client.get(PATH, params=asked)).status_code == status
