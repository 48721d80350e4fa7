"""What the byte lane leaves to graphql-core, and what it says when time runs out."""

from typing import Any

import orjson
import pytest

from api.lane import Ordinary
from tests.api.reading.shop_api import CUSTOMER, PARTNER, STAFF, ShopApi, on_every_connection
from tests.api.reading.shop_lane import answered
from tests.api.reading.test_errors import BROKEN

ORDERS = "{ orders { nodes { id } } }"
MANY = "{ " + " ".join(f"a{n}: orders {{ nodes {{ id number }} }}" for n in range(1_000)) + " }"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('mutation { rename(id: "018fdb2e-5d80-7958-9f11-67197e09a049", name: "x") { done } }', "mutation"),
        ("{ __schema { queryType { name } } }", "introspection"),
        ('{ orders { nodes { id } } __type(name: "Order") { name } }', "introspection"),
        ("{ orders { nodes { id ... @defer { number } } } }", "incremental"),
        ("{ orders { nodes @stream { id } } }", "incremental"),
        ("{ orders { nodes { headline } } }", "derived"),
        ('{ hidden(id: "x") { id } }', "refused"),
        ('{ order(id: "x") { id } }', "refused"),
        ("{ orders(first: 251) { totalCount } }", "refused"),
        ("{ orderBy { id } }", "refused"),
        (MANY, "large"),
    ],
)
async def test_left_to_graphql_core(shop: ShopApi, text: str, reason: str) -> None:
    with pytest.raises(Ordinary) as left:
        await answered(shop, CUSTOMER if reason == "refused" else STAFF, text)
    assert left.value.reason == reason


async def test_a_failing_statement_is_tried_field_by_field(shop: ShopApi) -> None:
    with pytest.raises(Ordinary) as left:
        await answered(shop, STAFF, BROKEN, {"t": "", "s": 0.0})
    assert left.value.reason == "failed"


@pytest.mark.parametrize(
    ("text", "paths", "data"),
    [
        ('{ slow: broken(text: "x", seconds: 60) { sku } }', [["slow"]], None),
        ('{ me { name } slow: broken(text: "x", seconds: 60) { sku } }', [["me"], ["slow"]], None),
        ('{ price { cents } slow: broken(text: "x", seconds: 60) { sku } }', [["slow"]], None),
    ],
)
async def test_a_statement_that_takes_too_long_is_not_tried_again(
    shop: ShopApi, text: str, paths: list[list[str]], data: Any
) -> None:
    pool = await shop.pools.pool(PARTNER.audience)
    await on_every_connection(pool, "SET statement_timeout = 20")
    written, _ = await answered(shop, PARTNER, text)
    await on_every_connection(pool, "RESET statement_timeout")
    assert written.data is not None
    assert orjson.loads(written.data) == data
    assert [error.path for error in written.errors] == paths
    assert {error.extensions["code"] for error in written.errors if error.extensions} == {"TIMEOUT"}
    assert len({error.extensions["errorId"] for error in written.errors if error.extensions}) == 1


async def test_keys_stand_in_the_order_of_the_document(shop: ShopApi) -> None:
    text = """{ b: __typename price { currency cents } a: me { name } ...F }
    fragment F on Query { z: price { cents } c: __typename }"""
    written, _ = await answered(shop, CUSTOMER, text)
    assert written.data is not None
    assert list(orjson.loads(written.data)) == ["b", "price", "a", "z", "c"]
    assert written.data.replace(b"\n", b"") == orjson.dumps(await shop.data(CUSTOMER, text))


@pytest.mark.parametrize("skip", [True, False])
async def test_nothing_may_be_asked(shop: ShopApi, skip: bool) -> None:
    text = "query($skip: Boolean!) { orders @skip(if: $skip) { totalCount } }"
    written, _ = await answered(shop, STAFF, text, {"skip": skip})
    assert written.data is not None
    assert orjson.loads(written.data) == ({} if skip else {"orders": {"totalCount": 30}})
