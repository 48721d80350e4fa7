"""What goes wrong: the client's mistakes have a code and a place, ours have an id and say nothing."""

import asyncio
from typing import Any

import asyncpg
import pytest
from structlog.testing import capture_logs

from api.reading import global_id
from tests.api.reading.shop_api import ANONYMOUS, CUSTOMER, PARTNER, STAFF, ShopApi, key, on_every_connection

ORDERS = "query($f: OrderFilter) { orders(filter: $f) { totalCount } }"
BROKEN = "query($t: String!, $s: Float!) { broken(text: $t, seconds: $s) { sku total { cents } } me { name } }"


@pytest.mark.parametrize(
    ("filter_", "code", "argument"),
    [
        ({"number": {"eq": "a\0b"}}, "BAD_INPUT", "filter.number.eq"),
        ({"number": {"contains": "\ud800"}}, "BAD_INPUT", "filter.number.contains"),
        ({"number": {"eq": "x" * 1001}}, "TOO_LONG", "filter.number.eq"),
        ({"note": {"in": ["x"] * 251}}, "TOO_LONG", "filter.note.in"),
        ({"person": {"eq": "x"}}, "BAD_ID", "filter.person.eq"),
        ({"person": {"in": [global_id("Order", key("order 0"))]}}, "BAD_ID", "filter.person.in"),
        ({"tagged": ["\0"]}, "BAD_INPUT", "filter.tagged"),
    ],
)
async def test_input_that_cannot_be_used(shop: ShopApi, filter_: Any, code: str, argument: str) -> None:
    error = await shop.error(STAFF, ORDERS, f=filter_)
    assert error.extensions == {"code": code, "argument": argument}
    assert error.path == ["orders"]


async def test_scalars_refuse_what_postgresql_would(shop: ShopApi) -> None:
    for filter_ in (
        {"dearerThan": str(2**63)},
        {"dearerThan": "1e9"},
        {"createdAt": {"gt": "2026-01-01T00:00:00"}},
        {"createdAt": {"gt": "0001-01-01T00:00:00+14:00"}},
        {"createdAt": {"gt": "tomorrow"}},
        {"rank": {"eq": 2**31}},
    ):
        error = await shop.error(STAFF, ORDERS, f=filter_)
        assert "Variable '$f' has invalid value" in error.message


@pytest.mark.parametrize("text", ["x", "", "T3JkZXI6eA==", global_id("Person", key("person 0"))])
async def test_bad_id_of_a_nullable_field(shop: ShopApi, text: str) -> None:
    result = await shop.execute(STAFF, "query($id: ID!) { order(id: $id) { id } me { name } }", id=text)
    assert result.data == {"order": None, "me": None}
    assert result.errors is not None
    assert [(e.path, e.extensions) for e in result.errors] == [(["order"], {"code": "BAD_ID", "argument": "id"})]


async def test_invisible_and_missing_rows_look_the_same(shop: ShopApi) -> None:
    """The other tenant's order and no order at all: null, by the same statement."""
    theirs = next(row for row in shop.rows.orders if row["entity_id"] not in STAFF.entity_ids)
    text = "query($id: ID!) { order(id: $id) { id } node(id: $id) { id } nodes(ids: [$id]) { id } }"
    answers = [
        await shop.execute(STAFF, text, id=global_id("Order", row_id)) for row_id in (theirs["id"], key("nothing"))
    ]
    assert [answer.errors for answer in answers] == [None, None]
    assert answers[0].data == answers[1].data == {"order": None, "node": None, "nodes": [None]}


async def test_types_that_an_audience_does_not_read(shop: ShopApi) -> None:
    """Its role has no grant on the table, so nothing may be asked of it."""
    remark, line = global_id("Remark", key("remark 0")), global_id("Line", shop.rows.lines[0]["id"])
    text = """query($remark: ID!, $line: ID!) { node(id: $remark) { id } line(id: $line) { id }
      nodes(ids: [$remark, $line]) { id } remarks { id } lines { totalCount nodes { id } edges { cursor }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"""
    empty = {"hasNextPage": False, "hasPreviousPage": False, "startCursor": None, "endCursor": None}
    assert await shop.data(CUSTOMER, text, remark=remark, line=line) == {
        "node": None,
        "line": None,
        "nodes": [None, None],
        "remarks": [],
        "lines": {"totalCount": 0, "nodes": [], "edges": [], "pageInfo": empty},
    }


@pytest.mark.parametrize("given", [{}, {"id": global_id("Order", key("order 0")), "number": "CC-2026-00000"}])
async def test_exactly_one_of_several_keys(shop: ShopApi, given: dict[str, str]) -> None:
    text = "query($id: ID, $number: String) { orderBy(id: $id, number: $number) { number } }"
    assert (await shop.error(STAFF, text, **given)).extensions == {"code": "BAD_INPUT", "argument": "id"}
    found = await shop.data(STAFF, text, number="CC-2026-00000")
    assert found == {"orderBy": {"number": "CC-2026-00000"}}


async def test_too_many_ids(shop: ShopApi) -> None:
    ids = [global_id("Order", key("order 0"))] * 251
    error = await shop.error(STAFF, "query($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=ids)
    assert error.extensions == {"code": "TOO_LONG", "argument": "ids"}


async def test_fragments_that_grow_without_end(shop: ShopApi) -> None:
    """Ten short fragments, each used twice by the one before, select a thousand times what they say."""
    parts = [f"fragment F{n} on Order {{ a: twin {{ ...F{n + 1} }} b: twin {{ ...F{n + 1} }} }}" for n in range(12)]
    text = "{ orders { nodes { ...F0 } } } " + " ".join(parts) + " fragment F12 on Order { number }"
    error = await shop.error(STAFF, text)
    assert (error.extensions, error.path) == ({"code": "TOO_LARGE"}, ["orders"])


async def test_database_error_is_masked(shop: ShopApi) -> None:
    with capture_logs() as logs:
        result = await shop.execute(STAFF, BROKEN, t="", s=0.0)
    assert result.errors is not None
    (error,) = result.errors
    assert error.path == ["broken"]
    assert error.message == "Something went wrong on our side."
    assert error.extensions is not None
    assert error.extensions["code"] == "INTERNAL"
    (entry,) = [entry for entry in logs if entry["event"] == "read_failed"]
    assert entry["error_id"] == error.extensions["errorId"]
    assert "secret" not in str(error.formatted)


async def _running(connection: "asyncpg.Connection[asyncpg.Record]") -> int:
    text = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%pg_sleep(%' AND pid <> $1"
    return int(await connection.fetchval(text, connection.get_server_pid()))


async def test_cancelled_request_ends_its_statement(shop: ShopApi, shop_url: str) -> None:
    connection = await asyncpg.connect(shop_url)
    task = asyncio.create_task(shop.execute(STAFF, BROKEN, t="x", s=60.0))
    async with asyncio.timeout(20):
        while not await _running(connection):
            pass
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        while await _running(connection):
            pass
    assert (await shop.data(STAFF, "{ orders { totalCount } }"))["orders"]["totalCount"] == 30
    await connection.close()


async def test_statement_timeout(shop: ShopApi, shop_url: str) -> None:
    pool = await shop.pools.pool(PARTNER.audience)
    await on_every_connection(pool, "SET statement_timeout = 20")
    result = await shop.execute(PARTNER, BROKEN, t="x", s=60.0)
    assert result.errors is not None
    assert result.errors[0].extensions is not None
    assert result.errors[0].extensions["code"] == "TIMEOUT"
    await on_every_connection(pool, "RESET statement_timeout")


async def test_permission_is_checked_first(shop: ShopApi) -> None:
    text = '{ hidden(id: "no id at all") { id } }'
    error = await shop.error(CUSTOMER, text)
    assert error.extensions == {"code": "FORBIDDEN"}
    assert "ENTITIES_CREATE" in error.message
    assert (await shop.error(ANONYMOUS, text)).extensions == {"code": "UNAUTHENTICATED"}


async def test_python_resolvers_beside(shop: ShopApi) -> None:
    assert await shop.data(ANONYMOUS, "{ price { __typename cents amount currency } }") == {
        "price": {"__typename": "Money", "cents": "1234", "amount": "12.34", "currency": "EUR"}
    }
