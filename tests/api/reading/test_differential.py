"""Generated documents answer as the naive resolvers do, for each audience."""

from collections.abc import Iterator
from typing import Any

import pytest
from graphql import parse, validate
from hypothesis import HealthCheck, Phase, assume, given, settings

from tests.api.reading.documents import documents
from tests.api.reading.naive import SDL, Naive
from tests.api.reading.shop_api import CUSTOMER, PARTNER, STAFF, STAFF_OF_BOTH, ShopApi

PHASES = (Phase.explicit, Phase.reuse, Phase.generate)
ACTORS = {"staff": STAFF, "staff of both": STAFF_OF_BOTH, "partner": PARTNER, "customer": CUSTOMER}


def differences(found: Any, expected: Any, path: str = "") -> Iterator[str]:
    """Where two answers differ, shortly."""
    if isinstance(found, dict) and isinstance(expected, dict) and list(found) == list(expected):
        for name in found:
            yield from differences(found[name], expected[name], f"{path}.{name}")
    elif isinstance(found, list) and isinstance(expected, list) and len(found) == len(expected):
        for number, pair in enumerate(zip(found, expected, strict=True)):
            yield from differences(*pair, f"{path}[{number}]")
    elif found != expected or type(found) is not type(expected):
        yield f"{path}: {found!r} instead of {expected!r}"


@pytest.mark.parametrize("who", ACTORS)
@settings(max_examples=30, deadline=None, phases=PHASES, suppress_health_check=list(HealthCheck))
@given(drawn=documents())
async def test_same_answer(shop: ShopApi, who: str, drawn: tuple[str, dict[str, Any]]) -> None:
    document, variables = drawn
    assume(not validate(SDL, parse(document)))
    actor = ACTORS[who]
    expected = Naive(shop.rows, actor).execute(document, variables)
    result = await shop.execute(actor, document, **variables)
    assert result.errors is None, (result.errors, document, variables)
    assert not list(differences(result.data, expected)), document
