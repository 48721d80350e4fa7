"""Polling the event log: every event once and in order, for those alone who may see it."""

from typing import Any

import asyncpg
import pytest
from sqlalchemy import text

from domain.event_types import event_types
from domain.events.cursor import cursor_of
from domain.events.positions import newest
from tenants.actor import SYSTEM
from tenants.engine import Database, role_password
from tenants.settings import Settings
from tests.asking import gid
from tests.domain.events.telling import told
from tests.quoting import Market, market
from tests.trading import trader

AFTER = """query A($after: Cursor, $types: [String!], $subject: ID, $first: Int! = 100) {
  eventsAfter(after: $after, types: $types, subjectId: $subject, first: $first) {
    cursor hasMore events { id type subjectType } } }"""
TYPES = "{ eventTypes { type version subjectType internal description payloadSchema } }"
Seen = list[dict[str, Any]]


async def read(m: Market, settings: Settings, name: str, after: str | None = None, **what: Any) -> Any:
    return (await trader(m, settings, name).ask(AFTER, after=after, **what))["eventsAfter"]


async def cursor(m: Market, settings: Settings, name: str) -> str:
    found: str = (await trader(m, settings, name).ask("{ eventCursor }"))["eventCursor"]
    return found


async def everything(m: Market, settings: Settings, name: str, first: int) -> Seen:
    """All events of a reader, page by page."""
    seen: Seen = []
    page: Any = {"hasMore": True, "cursor": None}
    while page["hasMore"]:
        page = await read(m, settings, name, page["cursor"], first=first)
        seen += page["events"]
    return seen


async def test_pages_are_whole_and_in_order(database: Database, settings: Settings) -> None:
    m = await market(database)
    await m.ordered()
    whole = await everything(m, settings, "staff", 250)
    assert await everything(m, settings, "staff", 3) == whole
    assert "order.received" in [event["type"] for event in whole][-4:]
    assert len({event["id"] for event in whole}) == len(whole) > 5


@pytest.mark.parametrize("name", ["staff", "dealer", "customer"])
async def test_polling_shows_what_the_list_shows(database: Database, settings: Settings, name: str) -> None:
    m = await market(database)
    await m.ordered()
    listed = await trader(m, settings, name).ask("{ events(first: 250) { nodes { id } } }")
    polled = await everything(m, settings, name, 50)
    assert {event["id"] for event in polled} == {event["id"] for event in listed["events"]["nodes"]}
    assert polled


async def test_who_comes_back_gets_what_it_missed(database: Database, settings: Settings) -> None:
    m = await market(database)
    begin = await cursor(m, settings, "dealer")
    nothing = await read(m, settings, "dealer", begin)
    assert (nothing["events"], nothing["hasMore"]) == ([], False)
    mine = [await told(database, m.entity.id, channel=[m.dealer.id]) for _ in range(3)]
    await told(database, m.entity.id)
    page = await read(m, settings, "dealer", nothing["cursor"], first=2)
    rest = await read(m, settings, "dealer", page["cursor"], first=2)
    assert (len(page["events"]), page["hasMore"], len(rest["events"]), rest["hasMore"]) == (2, True, 1, False)
    last = await read(m, settings, "dealer", rest["cursor"], subject=gid("Lead", mine[0]))
    assert last["events"] == []
    one = await read(m, settings, "dealer", begin, subject=gid("Lead", mine[1]))
    assert len(one["events"]) == 1


async def test_only_some_types(database: Database, settings: Settings) -> None:
    m = await market(database)
    await m.ordered()
    page = await read(m, settings, "staff", types=["order.received", "quote.sent"])
    assert [event["type"] for event in page["events"]] == ["quote.sent", "order.received"]


async def test_a_cursor_is_ours_or_an_error(database: Database, settings: Settings) -> None:
    m = await market(database)
    staff = trader(m, settings, "staff")
    for bad in ("", "x", "AAAAAAAAAAAAAAAAAAAAAA", cursor_of(7)[::-1]):
        assert await staff.error(AFTER, after=bad) == "BAD_CURSOR"
    assert await staff.error(AFTER, first=251) == "BAD_INPUT"
    assert await staff.error(AFTER, first=-1) == "BAD_INPUT"
    assert await staff.error(AFTER, types=["order.recieved"]) == "BAD_INPUT"
    assert await trader(m, settings, "dealer").error(AFTER, types=["quote.created"]) == "BAD_INPUT"


async def test_what_is_no_longer_kept_is_said(fresh_database: Any, settings: Settings) -> None:
    url = await fresh_database()
    database = Database(url, role_password(settings))
    try:
        m = await market(database)
        owner = await asyncpg.connect(url)
        async with database.session(SYSTEM) as session:
            last = await newest(session)
        await owner.execute("DELETE FROM event_position WHERE position < $1", last)
        await owner.close()
        staff = trader(m, settings, "staff")
        assert await staff.error(AFTER, after=cursor_of(last - 2)) == "CURSOR_EXPIRED"
        assert (await staff.ask(AFTER, after=cursor_of(last - 1)))["eventsAfter"]["events"]
        assert (await staff.ask(AFTER, after=None))["eventsAfter"]["events"]
    finally:
        await database.close()


async def test_the_types_and_their_payloads_are_told(database: Database, settings: Settings) -> None:
    m = await market(database)
    await m.ordered()
    staff = (await trader(m, settings, "staff").ask(TYPES))["eventTypes"]
    dealer = (await trader(m, settings, "dealer").ask(TYPES))["eventTypes"]
    assert [kind["type"] for kind in staff] == [kind.type for kind in event_types(internal=True)]
    assert [kind["type"] for kind in dealer] == [kind["type"] for kind in staff if not kind["internal"]]
    schemas = {kind["type"]: kind["payloadSchema"] for kind in staff}
    async with database.session(SYSTEM) as session:
        query = text("SELECT type, payload FROM event WHERE entity_id = :id")
        rows = (await session.execute(query, {"id": m.entity.id})).all()
    for kind, payload in rows:
        assert set(payload) == set(schemas[kind]["required"]) == set(schemas[kind]["properties"]), kind
