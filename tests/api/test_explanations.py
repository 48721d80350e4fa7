"""`explanation` of amounts: the inputs give the very cents, in both lanes, for each audience as it may read."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import orjson
import pytest

import domain.explanations.formulas  # noqa: F401  # declares them
from api.context import Context, RequestFacts
from api.lane import Lane
from domain.explanations.registry import evaluate, versions
from tenants.engine import Database
from tenants.settings import Settings
from tests.asking import SCHEMA, gid
from tests.both_lanes import in_both
from tests.quoting import market

EXPLAINED = """{ cents explanation { formula version text inputs { name value unit sourceId } vatRule roundingRemainder
  commissionBase result } }"""
QUOTE = """query Q($id: ID!) { quote(id: $id) { net %s vat %s gross %s
  ... on StaffQuote { cost %s margin %s }
  lines { sku ... on PricedLineItem { unitPrice %s unitPriceIncludingVat %s net %s vat %s gross %s }
    ... on StaffLineItem { unitCost %s margin %s } }
  parties { net %s vat %s gross %s vatShares { net %s vat %s gross %s } } } }""".replace("%s", EXPLAINED)


def amounts(value: Any) -> Iterator[Any]:
    """All explained amounts in an answer."""
    if isinstance(value, dict):
        if "explanation" in value:
            yield value
        for item in value.values():
            yield from amounts(item)
    elif isinstance(value, list):
        for item in value:
            yield from amounts(item)


def check(amount: Any) -> None:
    """The inputs of an amount give its cents and its remainder."""
    told = amount["explanation"]
    formula = versions(told["formula"])[told["version"] - 1]
    outcome = evaluate(formula, [(given["name"], Decimal(given["value"])) for given in told["inputs"]])
    assert (outcome.cents, outcome.cents) == (int(amount["cents"]), int(told["result"])), told
    assert outcome.remainder == Decimal(told["roundingRemainder"]), told
    assert told["text"] in (formula.nl, formula.en)
    assert {given["name"] for given in told["inputs"]} <= set(formula.inputs)
    assert all(given["unit"] == formula.inputs[given["name"]] for given in told["inputs"])


@pytest.mark.parametrize("who", ["staff", "dealer", "customer"])
async def test_amounts_of_a_quote_follow_from_their_inputs(who: str, database: Database, settings: Settings) -> None:
    m = await market(database, agreement={})
    quote_id = await m.quote(
        m.line("station", quantity=Decimal("1.333"), discount_percent=Decimal("7.5")),
        m.line("installation"),
        m.line("cable", quantity=Decimal("12.5"), discount_percent=Decimal("0.01")),
    )

    def context() -> Context:
        return Context(m.actors[who], database, settings, RequestFacts("explained"))

    lane = Lane(SCHEMA)
    fast, slow = await in_both(lane, SCHEMA, context, QUOTE, {"id": gid("Quote", quote_id)})
    assert (fast.reason, fast.errors, slow.errors) == (None, [], [])
    assert fast.data is not None
    assert slow.data is not None
    assert orjson.loads(fast.data) == orjson.loads(slow.data)
    found = list(amounts(orjson.loads(fast.data)))
    assert len(found) >= {"staff": 38, "dealer": 14, "customer": 14}[who]
    for amount in found:
        check(amount)
