"""The example of `docs/cost.md` holds."""

import re
from pathlib import Path

from tests.api.cost.asked import cost_of
from tests.asking import SCHEMA

TEXT = (Path(__file__).parents[3] / "docs" / "cost.md").read_text(encoding="utf-8")


def test_the_example_costs_what_is_written() -> None:
    [document] = re.findall(r"```graphql\n(.*?)```", TEXT, re.DOTALL)
    requested, actual = map(int, re.findall(r"\*\*(\d+)\*\*", TEXT))
    found = cost_of(SCHEMA, document)
    assert found.total == requested
    assert f"`{found.path}`" in TEXT
    per_line = cost_of(SCHEMA, document.replace("250", "249")).total
    lines = (requested - per_line - 1) // 100
    assert actual == 1 + 10 + 250 * (1 + 5 * lines)
    assert f'"requested": {requested}, "actual": {actual}, "available": {1_000_000 - actual}' in TEXT


def test_the_costs_of_fields_are_as_written() -> None:
    assert cost_of(SCHEMA, "{ orders(first: 0) { totalCount } }").total == 1 + 10
    assert cost_of(SCHEMA, '{ search(text: "x") { id } }').total == 1 + 20 + 50
    assert cost_of(SCHEMA, "{ leadStatistics { leads } }").total == 1 + 50 + 1
