"""Two hundred clients want the last places of twenty slots at one moment, through two API processes."""

import asyncio
import os
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select

from chargecars.bench.installation import free_port
from chargecars.stack.child import Child
from domain.events.models import Event
from domain.slots.models import SlotHold
from domain.visits.models import Visit
from tenants.actor import SYSTEM
from tenants.engine import Database, role_password
from tenants.settings import Settings
from tests.api.live.serving import Login, login
from tests.api.test_slots import BOOK, HOLD, asked
from tests.asking import codes
from tests.visiting import NIJKERK, Work, monday, work

CLIENTS, SLOTS = 200, 20
_READY_SECONDS = 60.0
_PATIENCE = httpx.Timeout(60.0)
DAYS = [monday() + timedelta(days=week * 7 + day) for week in range(2) for day in range(5)]


@pytest.fixture(scope="module")
async def some(story_database: str, settings: Settings) -> AsyncIterator[Work]:
    database = Database(story_database, role_password(settings))
    yield await work(database)
    await database.close()


@pytest.fixture(scope="module")
def addresses(story_database: str, settings: Settings) -> Iterator[list[str]]:
    """Two API processes on one database."""
    with ExitStack() as running:
        children = [_started(story_database, settings, port) for port in (free_port(), free_port())]
        for child, _ in children:
            running.callback(child.stop)
        for child, address in children:
            child.wait_until(lambda at=address: _answers(at), _READY_SECONDS)
        yield [address for _, address in children]


def _started(database_url: str, settings: Settings, port: int) -> tuple[Child, str]:
    told = {
        "DATABASE_URL": database_url,
        "REDIS_URL": settings.redis_url,
        "SECRET_KEY": settings.secret_key.get_secret_value(),
        "DATA_DIR": str(settings.data_dir),
        "ENVIRONMENT": "test",
        "PUBLIC_SCHEME": "https",  # then tokens name no port, and both processes take them
        "SLOT_HORIZON_DAYS": "42",
        "DATABASE_POOL_SIZE": "8",
        "HOST": "127.0.0.1",
        "PORT": str(port),
    }
    log = settings.data_dir / f"api-{port}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "chargecars", "api"]
    return Child("API", command, log, environment={**os.environ, **told}), f"http://127.0.0.1:{port}"


def _answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}/readyz", timeout=1).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


@dataclass
class Client:
    """Somebody who wants one slot for one visit, and what was said."""

    visit: UUID
    day: date
    block: str
    holds_first: bool
    said: list[str] = field(default_factory=list)

    async def want(self, http: httpx.AsyncClient, address: str, who: Login) -> None:
        if self.holds_first:
            held = await self._ask(http, address, who, HOLD, "holdSlot")
            self.said += ["held"] if held["hold"] else [code for code, _ in codes(held)]
            if not held["hold"]:
                return
        booked = await self._ask(http, address, who, BOOK, "bookVisit")
        self.said += ["booked"] if booked["visit"] else [code for code, _ in codes(booked)]

    async def _ask(self, http: httpx.AsyncClient, address: str, who: Login, document: str, field_: str) -> Any:
        body = {"query": document, "variables": {"in": asked(self.visit, self.block, self.day)}}
        headers = {"Host": who.host, "Authorization": f"Bearer {who.bearer}"}
        answer = (await http.post(f"{address}/graphql", json=body, headers=headers)).json()
        assert "errors" not in answer, answer
        return answer["data"][field_]


async def test_never_one_too_many_and_nobody_is_told_two_things(
    some: Work, addresses: list[str], settings: Settings
) -> None:
    # One visit in the morning and one in the afternoon is all that fits: work of four hours and a minute.
    await some.team(max_jobs=2, max_minutes=600)
    visits = await some.visits(CLIENTS, minutes=241, places=[NIJKERK])
    slots = [(day, block) for day in DAYS for block in ("MORNING", "AFTERNOON")]
    clients = [Client(visit, *slots[n % SLOTS], n // SLOTS % 2 == 0) for n, visit in enumerate(visits)]
    who = await login(some.database, settings.model_copy(update={"public_scheme": "https"}), some.actor)
    limits = httpx.Limits(max_connections=CLIENTS)
    async with httpx.AsyncClient(timeout=_PATIENCE, limits=limits, trust_env=False) as http:
        await asyncio.gather(*(each.want(http, addresses[n % 2], who) for n, each in enumerate(clients)))
    outcomes = Counter(tuple(client.said) for client in clients)
    assert set(outcomes) <= {("held", "booked"), ("booked",), ("SLOT_FULL",)}, outcomes
    booked = [client for client in clients if client.said[-1] == "booked"]
    assert sorted((client.day, client.block) for client in booked) == sorted(slots)
    await _agrees(some, clients)


async def _agrees(some: Work, clients: list[Client]) -> None:
    """What everybody was told is what the database has, and what the log tells."""
    async with some.database.session(SYSTEM) as session:
        rows = {row.id: row for row in await session.scalars(select(Visit))}
        held = list(await session.scalars(select(SlotHold)))
        events = select(Event.subject_id).where(Event.type == "visit.booked")
        told = Counter(await session.scalars(events))
    assert held == []
    for client in clients:
        row = rows[client.visit]
        if client.said[-1] == "booked":
            assert (row.day, row.block, row.status) == (client.day, client.block, "PLANNED")
            assert row.promised_at is not None
            assert told[client.visit] == 1
        else:
            assert (row.day, row.promised_at, told[client.visit]) == (None, None, 0)
