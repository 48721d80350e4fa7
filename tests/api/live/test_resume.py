"""Whoever was away gets what it missed: in order, nothing twice, nothing left out, whoever else writes meanwhile."""

import asyncio
import random
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as property_test
from hypothesis import strategies as st

from api.live import replay
from domain.events.cursor import cursor_of
from domain.orders import service as orders
from tenants.actor import Actor
from tenants.engine import Database
from tenants.settings import Settings
from tests.api.live.serving import Client, Login, Served, emptied, login, served, until
from tests.asking import Asker
from tests.quoting import Market, market

NOTES = """subscription($after: Cursor) {
  events(after: $after, types: ["order.noted", "order.noted_internally"]) { cursor event { id payload } } }"""
UPDATES = "subscription($after: Cursor) { orderUpdated(after: $after) { cursor event { id payload } order { id } } }"
ALL = '{ events(first: 250, filter: { type: { in: ["order.noted", "order.noted_internally"] } }) { nodes { id } } }'


class Writers:
    """Several that write notes at once, some of them slowly, so that commits do not come in the order of their work."""

    def __init__(self, m: Market, order_id: UUID, count: int) -> None:
        self._m = m
        self._order_id = order_id
        self.tasks = [asyncio.create_task(self._write(number)) for number in range(count)]

    async def _write(self, number: int) -> None:
        random_ = random.Random(number)
        for step in range(4):
            async with self._m.database.session(self._m.actors["staff"]) as session:
                await orders.note(session, self._order_id, f"{number}.{step}", internal=bool(random_.getrandbits(1)))
                await asyncio.sleep(random_.choice([0, 0, 0.02]))

    @property
    def done(self) -> bool:
        return all(task.done() for task in self.tasks)


@pytest.fixture(scope="module")
async def story(database: Database) -> tuple[Market, UUID]:
    made = await market(database, agreement={})
    return made, await made.ordered()


async def read(database: Database, settings: Settings, actor: Actor) -> list[str]:
    """The ids of all notes that an actor may read."""
    found = await Asker(database, settings, actor).ask(ALL)
    return [node["id"] for node in found["events"]["nodes"]]


class Follower:
    """A client that is cut off again and again."""

    def __init__(self, api: Served, who: Login, query: str, cuts: list[int]) -> None:
        self._api = api
        self._who = who
        self._query = query
        self._cuts = cuts
        self.cursor: str | None = None
        self.seen: list[str] = []

    async def follow(self, wanted: int) -> None:
        """Until so many updates have come, cut off after each number in `cuts`."""
        for cut in [*self._cuts, 10_000]:
            async with self._api.client(self._who) as client:
                self.cursor = self.cursor or client.cursor
                await self._take(client, min(cut, wanted - len(self.seen)))
                client.opened.transport.abort()
            if len(self.seen) >= wanted:
                return

    async def _take(self, client: Client, count: int) -> None:
        id = await client.subscribe(self._query, {"after": self.cursor})
        for _ in range(count):
            (update,) = await client.updates(id, 1)
            self.seen.append(update["event"]["id"])
            self.cursor = update["cursor"]


@property_test(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.integers(0, 5), max_size=8), name=st.sampled_from(["staff", "dealer", "customer"]))
async def test_a_client_that_is_cut_off_at_any_point_misses_nothing(
    api: Served,
    database: Database,
    settings: Settings,
    story: tuple[Market, UUID],
    cuts: list[int],
    name: str,
) -> None:
    m, order_id = story
    who = await login(database, settings, m.actors[name])
    before = await read(database, settings, who.actor)
    follower = Follower(api, who, UPDATES, cuts)
    async with api.client(who) as client:
        follower.cursor = client.cursor
    writers = Writers(m, order_id, 3)
    public = sum(1 for number in range(3) for internal in _internal(number) if name == "staff" or not internal)
    await asyncio.wait_for(follower.follow(public), 60)
    await asyncio.gather(*writers.tasks)
    after = await read(database, settings, who.actor)
    assert sorted(follower.seen) == sorted(set(after) - set(before))
    assert len(follower.seen) == len(set(follower.seen))


def _internal(number: int) -> list[bool]:
    """What `Writers` draws."""
    random_, drawn = random.Random(number), []
    for _ in range(4):
        drawn.append(bool(random_.getrandbits(1)))
        random_.choice([0, 0, 0.02])
    return drawn


async def test_the_order_is_that_of_the_log(
    api: Served, database: Database, settings: Settings, story: tuple[Market, UUID], owner: Any
) -> None:
    """Live and resumed alike: both are compared with the positions."""
    m, order_id = story
    who = await login(database, settings, m.actors["staff"])
    async with api.client(who) as client:
        start = client.cursor
        id = await client.subscribe(NOTES)
        await client.live()
        await asyncio.gather(*Writers(m, order_id, 4).tasks)
        live = await client.updates(id, 16)
        again = await client.updates(await client.subscribe(NOTES, {"after": start}), 16)
        middle = await client.updates(await client.subscribe(NOTES, {"after": live[7]["cursor"]}), 8)
    assert live == again
    assert middle == live[8:]
    types = "('order.noted', 'order.noted_internally')"
    positions = await owner.fetch(
        f"SELECT position FROM event_position WHERE subject_id = $1 AND type IN {types} ORDER BY 1", order_id
    )
    assert [update["cursor"] for update in live] == [cursor_of(row["position"]) for row in positions[-16:]]


async def test_small_pages_and_slow_catching_up_change_nothing(
    settings: Settings,
    database: Database,
    story: tuple[Market, UUID],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Catching up goes on while others write, page by page."""
    m, order_id = story
    monkeypatch.setattr(replay, "_PAGE", 3)
    monkeypatch.setattr(replay, "_STATEMENT", 2)
    who = await login(database, settings, m.actors["dealer"])
    async with served(settings) as api:
        async with api.client(who) as client:
            start = client.cursor
        before = await read(database, settings, who.actor)
        await asyncio.gather(*Writers(m, order_id, 2).tasks)
        writers = Writers(m, order_id, 3)
        async with api.client(who) as client:
            ids = [await client.subscribe(NOTES, {"after": start}) for _ in range(3)]
            await until(lambda: writers.done)
            await client.live()
            expected = set(await read(database, settings, who.actor)) - set(before)
            for id in ids:
                found = [update["event"]["id"] for update in await client.updates(id, len(expected))]
                assert sorted(found) == sorted(expected)
        await emptied(api.live)


async def test_a_cursor_from_before_the_log_begins_is_refused(
    api: Served, database: Database, settings: Settings, story: tuple[Market, UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    m, _ = story

    async def later(*_: object) -> int:
        return 1_000_000

    monkeypatch.setattr(replay, "oldest", later)
    async with api.client(await login(database, settings, m.actors["staff"])) as client:
        message = await client.next(await client.subscribe(NOTES, {"after": cursor_of(5)}))
        assert message["type"] == "error"
        assert message["payload"][0]["extensions"] == {"code": "CURSOR_EXPIRED", "argument": "after"}


async def test_two_servers_tell_the_same_and_one_takes_over_from_the_other(
    settings: Settings, database: Database, story: tuple[Market, UUID]
) -> None:
    m, order_id = story
    who = await login(database, settings, m.actors["customer"])
    async with served(settings) as one, served(settings) as two:
        async with one.client(who) as first, two.client(who) as second:
            ids = [await client.subscribe(NOTES) for client in (first, second)]
            for client in (first, second):
                await client.live()
            async with database.session(m.actors["staff"]) as session:
                await orders.note(session, order_id, "For both", internal=False)
            heard = [(await client.updates(id, 1))[0] for client, id in zip((first, second), ids, strict=True)]
            assert heard[0] == heard[1]
        async with database.session(m.actors["staff"]) as session:
            await orders.note(session, order_id, "While it was away", internal=False)
        async with two.client(who) as taken_over:
            id = await taken_over.subscribe(NOTES, {"after": heard[0]["cursor"]})
            (missed,) = await taken_over.updates(id, 1)
            assert missed["event"]["payload"]["note"] == "While it was away"
