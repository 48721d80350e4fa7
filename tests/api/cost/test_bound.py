"""What PostgreSQL measures is never more than what was requested."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from api.reading.specs import ListSpec
from tests.api.cost.asked import Costed, cost_of
from tests.api.reading.documents import documents
from tests.api.reading.shop_api import CUSTOMER, PARTNER, STAFF, STAFF_OF_BOTH, ShopApi, ShopContext
from tests.api.reading.shop_schema import schema

ACTORS = {"staff": STAFF, "staff of both": STAFF_OF_BOTH, "partner": PARTNER, "customer": CUSTOMER}


async def measured(shop: ShopApi, who: Any, text: str, variables: dict[str, Any]) -> int:
    """What the document cost when it ran."""
    context = ShopContext(who, shop.pools)
    await schema.execute(text, variable_values=variables, context_value=context)
    return context.spent + Costed(schema, text).requested(variables).base


@pytest.mark.parametrize("who", ACTORS)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(drawn=documents())
async def test_requested_bounds_actual(shop: ShopApi, who: str, drawn: tuple[str, dict[str, Any]]) -> None:
    text, variables = drawn
    requested = Costed(schema, text).requested(variables).total
    assert await measured(shop, ACTORS[who], text, variables) <= requested


@pytest.mark.parametrize(
    "text",
    [
        "{ orders(first: 4) { nodes { number } } }",
        "{ orders(first: 4) { edges { node { person { name } delivery { dueOn } } } totalCount } }",
        "{ orders(first: 2) { edges { node { id } } nodes { id } } }",
        '{ nodes(ids: ["x"]) { id } }',
    ],
)
async def test_full_pages_cost_what_was_requested(shop: ShopApi, text: str) -> None:
    orders = await shop.data(STAFF, "{ orders(first: 1) { nodes { id } } }")
    text = text.replace('"x"', f'"{orders["orders"]["nodes"][0]["id"]}"')
    assert await measured(shop, STAFF, text, {}) == cost_of(schema, text).total


async def test_a_list_stops_at_its_limit(shop: ShopApi, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = schema._schema.type_map["Order"].fields["lines"].extensions["strawberry-definition"].metadata["reading"]  # type: ignore[attr-defined]  # an object type
    assert isinstance(spec, ListSpec)
    document = "{ orders(first: 50) { nodes { lines { sku } } } }"
    assert max(len(o["lines"]) for o in (await shop.data(STAFF, document))["orders"]["nodes"]) > 1
    monkeypatch.setitem(spec.__dict__, "limit", 1)
    fresh = document.replace("50", "49")  # a document that has no statement yet
    found = (await shop.data(STAFF, fresh))["orders"]["nodes"]
    assert max(len(order["lines"]) for order in found) == 1
