"""Downloading invoices: what the caller sees, harmless to open, told of."""

import csv
import io
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from api.app import create_app
from api.rest import invoices
from domain.events.models import Event
from domain.invoices import export
from domain.ledger.posting import today
from tenants.actor import SYSTEM, Actor, anonymous
from tenants.engine import Database
from tenants.settings import Settings
from tests.asking import SCHEMA, gid
from tests.invoicing import invoiced
from tests.quoting import market


@pytest.fixture
async def client(database: Database, settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(settings, SCHEMA)
    app.state.database = database
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as made:
        yield made
    await app.state.redis.flushdb()
    await app.state.redis.aclose()


async def test_each_downloads_what_it_sees(
    database: Database, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "_PAGE", 1)
    m = await market(database, agreement={}, invoice_prefix="EXP")
    made = await invoiced(m, partner_order_id="=1+1")
    who: list[Actor] = []

    async def asked(_request: Any) -> Actor:
        return who[-1]

    monkeypatch.setattr(invoices, "actor_of", asked)
    days = {"since": today().isoformat(), "until": (today() + timedelta(days=1)).isoformat()}
    wanted = {"entityId": gid("BusinessEntity", m.entity.id), **days}
    for name, payers in (("staff", {m.dealer.id, m.customer.id}), ("master", {m.dealer.id})):
        who.append(m.actors[name])
        answer = await client.get("/invoices", params=wanted)
        rows = list(csv.DictReader(io.StringIO(answer.text)))
        seen = {invoice.number: invoice for invoice in made if invoice.payer_contact_id in payers}
        assert {row["number"] for row in rows} == set(seen)
        for row in rows:
            assert int(row["gross"].replace(".", "")) == seen[row["number"]].gross_cents
            assert row["order"]
    assert "'=1+1" in {row["reference"] for row in rows}
    for change, status in (
        ({"since": "yesterday"}, 400),
        ({"more": "1"}, 400),
        ({"entityId": gid("BusinessEntity", m.dealer.id)}, 404),
    ):
        assert (await client.get("/invoices", params=wanted | change)).status_code == status
    who.append(anonymous(None))
    assert (await client.get("/invoices", params=wanted)).status_code == 401
    async with database.session(SYSTEM) as session:
        query = select(Event.type).where(Event.subject_id == m.entity.id, Event.type == "invoices.exported")
        assert len((await session.execute(query)).all()) == 2
