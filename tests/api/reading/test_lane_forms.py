"""The statements of the byte lane: the context is set before anything is read, and what they say is what is there.

On the tables of a small shop, whose answers are known without SQL.
"""

from contextlib import suppress
from dataclasses import replace
from typing import Any

import orjson
import pytest
from graphql import parse, validate
from hypothesis import HealthCheck, Phase, assume, given, settings

from api.lane import Ordinary
from api.lane.running import metered
from api.reading import global_id
from api.reading.plan import Plan
from tenants.actor import Actor, actor
from tenants.permissions import Role
from tests.api.reading.documents import documents
from tests.api.reading.naive import SDL, Naive
from tests.api.reading.shop_api import BRANDS, CUSTOMER, DEALERS, PARTNER, STAFF, STAFF_OF_BOTH, ShopApi
from tests.api.reading.shop_api import key as row_key
from tests.api.reading.shop_lane import answered, planned
from tests.api.reading.test_statements import named, parallel_connection

_ORDER = global_id("Order", row_key("order 0"))
FORMS = {
    "one": f'{{ order(id: "{_ORDER}") {{ number person {{ name }} lines {{ sku }} }} }}',
    "list": "{ people { id name } }",
    "items": "{ orders { nodes { id number lines { sku } person { name } } } }",
    "last items": "{ all: orders(last: 3) { __typename edges { cursor node { id } } also: __typename } }",
    "connection": "{ orders { totalCount nodes { id number linePage { totalCount nodes { sku } } } } }",
    "several": f'{{ orders {{ totalCount }} order(id: "{_ORDER}") {{ id }} people {{ name }} }}',
    "pieces": "{ __typename orders { totalCount } price { cents } people { name } again: __typename }",
    "search": '{ search(text: "jansen") { ... on Person { name orders { totalCount } } } }',
}
OTHERS = {
    "staff": (STAFF, actor(Role.OPERATIONS, BRANDS[1])),
    "partner": (PARTNER, replace(PARTNER, organization_id=DEALERS[1])),
}
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)


def read(plan: Plan, rows: list[Any]) -> Any:
    """The values in what a statement gave."""
    items = [row[0] for row in (reversed(rows) if plan.backwards else rows)]
    if plan.around:
        return orjson.loads(b"".join([plan.around[0], b",".join(items), plan.around[1]]))
    return [orjson.loads(piece) for piece in items[0].split(b"\x1e")]


@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("audience", OTHERS)
async def test_own_context_wins_over_what_was_there(shop: ShopApi, audience: str, form: str, mode: str) -> None:
    """The connection stands in another tenant's context, and would use parallel workers: read too early, it shows."""
    who, other = OTHERS[audience]
    plan, values = planned(who, FORMS[form])
    async with parallel_connection(shop, who) as connection:
        for name, value in other.settings().items():
            await connection.execute("SELECT set_config($1, $2, false)", name, value)
        await connection.execute(f"SET plan_cache_mode = {mode}")
        found = read(plan, await connection.fetch(plan.sql, *values))
    text = FORMS[form].replace("price { cents }", "")
    expected, theirs = (Naive(shop.rows, one).execute(text, {}) for one in (who, other))
    assert list(named(found)) == [value for value in named(expected) if value != "Query"]
    assert form != "items" or expected != theirs


@pytest.mark.parametrize("form", FORMS)
async def test_nothing_without_a_tenant(shop: ShopApi, form: str) -> None:
    plan, values = planned(actor(Role.OPERATIONS), FORMS[form])
    async with parallel_connection(shop, STAFF) as connection:
        found = read(plan, await connection.fetch(plan.sql, *values))
    seen = [value for value in named(found) if value not in (None, 0, False, "OrderConnection")]
    assert not seen


def test_a_statement_that_sets_its_context_has_no_parallel_plan() -> None:
    """`set_config` is parallel unsafe; a statement without it could be run by workers that read first."""
    assert {planned(STAFF, text)[0].sql.count("set_config(") for text in FORMS.values()} == {7}


def test_which_lists_leave_row_by_row() -> None:
    assert {form for form, text in FORMS.items() if planned(STAFF, text)[0].around} == {"items", "last items"}


async def said(shop: ShopApi, who: Actor, text: str, values: dict[str, Any] | None = None) -> tuple[bytes, int]:
    """What the lane writes, without its meter, and what that counts."""
    written, context = await answered(shop, who, text, values)
    assert not written.errors, written.errors
    assert written.data is not None
    assert context.spent == metered(written.data) or "price" in text
    return written.data.replace(b"\n", b""), context.spent


@pytest.mark.parametrize("who", [STAFF, STAFF_OF_BOTH, PARTNER, CUSTOMER], ids=["staff", "both", "partner", "customer"])
@pytest.mark.parametrize("form", FORMS)
async def test_bytes_are_those_of_the_ordinary_lane(shop: ShopApi, who: Actor, form: str) -> None:
    body, _ = await said(shop, who, FORMS[form])
    assert body == orjson.dumps(await shop.data(who, FORMS[form]))


@pytest.mark.parametrize("who", [STAFF, PARTNER, CUSTOMER], ids=["staff", "partner", "customer"])
@settings(max_examples=40, deadline=None, phases=PHASES, suppress_health_check=list(HealthCheck))
@given(drawn=documents())
async def test_generated_documents(shop: ShopApi, who: Actor, drawn: tuple[str, dict[str, Any]]) -> None:
    text, values = drawn
    assume(not validate(SDL, parse(text)))
    with suppress(Ordinary):  # a function of Python: the platform has none
        body, _ = await said(shop, who, text, values)
        expected = await shop.data(who, text, **values)
        if "ratio" in text or "extra" in text:  # PostgreSQL writes exponents and its JSON with other characters
            assert orjson.loads(body) == expected, text
        else:
            assert body == orjson.dumps(expected), text


async def test_the_meter_counts_objects(shop: ShopApi) -> None:
    body, spent = await said(shop, STAFF, "{ orders { nodes { id lines { sku } person { name } } } people { id } }")
    found = orjson.loads(body)
    orders = found["orders"]["nodes"]
    lines = sum(len(order["lines"]) for order in orders)
    assert spent == len(orders) + lines + sum(order["person"] is not None for order in orders) + len(found["people"])


@pytest.mark.parametrize(("text", "count"), [("", 0), ("\n", 1), ("a\nb", 1), ("\n\n{", 2), ("x" * 30_000, 0)])
@pytest.mark.parametrize("times", [1, 30_000])
def test_long_texts_are_counted_as_short_ones(text: str, count: int, times: int) -> None:
    assert metered((text * times).encode()) == count * times
