"""Downloading chargers: whole, harmless to open, what one sees oneself, and told of."""

import csv
import io
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from api.app import create_app
from api.rest import chargers
from domain.chargers import export
from domain.events.models import Event
from tenants.actor import SYSTEM, Actor
from tenants.engine import Database
from tenants.settings import Settings
from tests.asking import SCHEMA, gid
from tests.parking import park


async def download(
    database: Database, settings: Settings, patch: pytest.MonkeyPatch, actor: Actor, **params: str
) -> httpx.Response:
    async def asked(_request: Any) -> Actor:
        return actor

    patch.setattr(chargers, "actor_of", asked)
    app = create_app(settings, SCHEMA)
    app.state.database = database
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        answer = await client.get("/chargers", params=params)
    await app.state.redis.flushdb()
    await app.state.redis.aclose()
    return answer


async def test_who_downloads_which_chargers(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    p = await park(database)
    made = [await p.charger(name="=1+1") for _ in range(3)]
    alone = await p.charger(owner_contact_id=None, channel=[])
    monkeypatch.setattr(export, "_PAGE", 2)
    id = gid("BusinessEntity", p.entity.id)
    for who, expected in (("staff", [*made, alone]), ("partner", made)):
        answer = await download(database, settings, monkeypatch, p.actors[who], entityId=id)
        rows = list(csv.DictReader(io.StringIO(answer.text)))
        assert [row["identity"] for row in rows] == [charger.identity for charger in expected]
        assert (rows[0]["name"], rows[0]["connectors"]) == ("'=1+1", "2")
    assert f'"chargers-{p.entity.code}-' in answer.headers["content-disposition"]
    assert rows[0]["owner"] == ("" if who == "partner" else p.owner.name)
    async with database.session(SYSTEM) as session:
        told = select(Event.type).where(Event.subject_id == p.entity.id, Event.type == "charger.exported")
        assert len((await session.execute(told)).all()) == 2


@pytest.mark.parametrize(("who", "status"), [("driver", 403), ("technician", 403), ("stranger", 404)])
async def test_who_does_not(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch, who: str, status: int
) -> None:
    p = await park(database)
    id = gid("BusinessEntity", p.entity.id)
    assert (await download(database, settings, monkeypatch, p.actors[who], entityId=id)).status_code == status


async def test_bad_parameters(database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    p = await park(database)
    for params in ({}, {"entityId": "x"}, {"entityId": gid("BusinessEntity", p.entity.id), "x": "1"}):
        assert (await download(database, settings, monkeypatch, p.actors["staff"], **params)).status_code == 400
