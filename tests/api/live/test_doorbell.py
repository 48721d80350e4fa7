"""The stream is believed where it connects, PostgreSQL where it does not; without Redis nothing is lost."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis

from api.live import tail
from api.live.tail import STREAM, Doorbell, Rung, connected
from domain.events.addressed import Addressed
from domain.events.positions import Positioned
from domain.orders import service as orders
from tenants.engine import Database
from tenants.settings import Settings
from tests.api.live.serving import login, served
from tests.quoting import Market

NOTES = 'subscription { events(types: ["order.noted"]) { event { payload } } }'


def rung(position: int, previous: int) -> Rung:
    at = Positioned(position, uuid4(), datetime.now(UTC), uuid4(), "order.noted", "Order", uuid4())
    return Rung(Addressed(at, frozenset()), previous)


@given(
    st.lists(st.integers(1, 60), unique=True, min_size=1, max_size=20).map(sorted),
    st.integers(0, 60),
    st.sets(st.integers(0, 19)),
)
def test_what_does_not_connect_is_not_believed(positions: list[int], known: int, lost: set[int]) -> None:
    """Entries of a log, some of which were lost: either everything after `known` is there, or nothing is taken."""
    entries = [rung(position, previous) for previous, position in zip([0, *positions], positions, strict=False)]
    kept = [entry for number, entry in enumerate(entries) if number not in lost]
    found = connected(kept, known)
    wanted = [position for position in positions if position > known]
    until = max((entry.event.at.position for entry in kept), default=0)
    if found is None:
        missing = {positions[number] for number in lost if number < len(positions)}
        assert known not in (0, *positions) or any(known < position < until for position in missing)
    else:
        assert [event.at.position for event in found] == [position for position in wanted if position <= until]


async def _entry(redis: Redis, **fields: Any) -> None:
    position = fields["position"]
    await redis.xadd(STREAM, {"e": orjson.dumps(fields, default=str)}, id=f"{position}-0")


async def test_entries_are_read_as_the_relay_writes_them(redis_url: str) -> None:
    redis: Redis = Redis.from_url(redis_url)
    bell = Doorbell(redis_url)
    try:
        await redis.delete(STREAM)
        bell._last = "0"
        about = {"event_id": uuid4(), "entity_id": uuid4(), "subject_id": uuid4()}
        words: dict[str, Any] = {
            "type": "order.noted",
            "subject_type": "Order",
            "created_at": datetime.now(UTC),
            "keys": [uuid4()],
        }
        await _entry(redis, position=8, previous=7, **about, **words)
        (entry,) = await bell.rung()
        assert entry.previous == 7
        at = entry.event.at
        assert (at.position, at.event_id, at.created_at) == (8, about["event_id"], words["created_at"])
        assert entry.event.keys == frozenset(words["keys"])
        await redis.xadd(STREAM, {"x": "nonsense"})
        assert await bell.rung() == ()
    finally:
        await redis.delete(STREAM)
        await redis.aclose()
        await bell.close()


@pytest.mark.parametrize("url", ["redis://127.0.0.1:1/0", "redis://192.0.2.1:6379/0"])
async def test_without_redis_updates_come_from_postgresql(
    settings: Settings, database: Database, m: Market, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Refused at once, or never answered."""
    monkeypatch.setattr(tail, "_WITHOUT_SECONDS", 0.1)
    order_id = await m.ordered()
    who = await login(database, settings, m.actors["customer"])
    async with served(settings) as api:
        api.live.hub._doorbell = Doorbell(url)
        async with api.client(who) as client:
            id = await client.subscribe(NOTES)
            await client.live()
            for words in ("One", "Two"):
                async with database.session(m.actors["staff"]) as session:
                    await orders.note(session, order_id, words, internal=False)
                (update,) = await client.updates(id, 1)
                assert update["event"]["payload"]["note"] == words


async def test_updates_wait_for_a_database_that_is_away(
    settings: Settings, database: Database, m: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    order_id = await m.ordered()
    who = await login(database, settings, m.actors["customer"])
    async with served(settings) as api, api.client(who) as client:
        id = await client.subscribe(NOTES)
        await client.live()
        (group,) = api.live.hub.groups.values()
        runner, failures = group._runner, 6
        updates = runner.updates

        async def away(*given: Any) -> Any:
            nonlocal failures
            failures -= 1
            if failures > 0:
                raise ConnectionRefusedError
            return await updates(*given)

        monkeypatch.setattr(runner, "updates", away)
        async with database.session(m.actors["staff"]) as session:
            await orders.note(session, order_id, "Kept", internal=False)
        (update,) = await client.updates(id, 1)
        assert update["event"]["payload"]["note"] == "Kept"
        assert failures == 0


async def test_a_statement_that_fails_ends_the_subscription_with_a_word(
    settings: Settings, database: Database, m: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    order_id = await m.ordered()
    who = await login(database, settings, m.actors["customer"])
    async with served(settings) as api, api.client(who) as client:
        id = await client.subscribe(NOTES)
        await client.live()
        (group,) = api.live.hub.groups.values()

        async def broken(*_: Any) -> Any:
            raise RuntimeError("a bug of ours, jan@example.nl")

        monkeypatch.setattr(group._runner, "updates", broken)
        async with database.session(m.actors["staff"]) as session:
            await orders.note(session, order_id, "Never read", internal=False)
        message = await client.next(id)
        assert message["type"] == "error"
        assert message["payload"][0]["extensions"]["code"] == "INTERNAL"
        assert "jan@" not in str(message)
        assert not api.live.hub.groups
