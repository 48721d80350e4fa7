"""How PostgreSQL answers the first page of a root list: what it sorts, and what it reads to get there."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import asyncpg
import orjson
from graphql import FieldNode, OperationDefinitionNode, parse

from api.reading.execute import Document
from api.reading.plan import Scope
from api.reading.schema import Schema
from chargecars.bench.documents import PAGE, root_lists
from tenants.actor import Actor

SMALL_TABLE = 500
"""Rows up to which reading a whole table is no matter."""


@dataclass(frozen=True)
class Explained:
    """What a statement did, step by step."""

    steps: list[dict[str, Any]]

    def sorted_rows(self) -> float:
        """The most rows that went into one sort."""
        sorts = [step for step in self.steps if "Sort" in step["Node Type"]]
        return max((_made(child) for step in sorts for child in step["Plans"]), default=0.0)

    def rows_looked_at(self) -> float:
        """Rows that scans fetched, kept or not."""
        return sum(_fetched(step) for step in self.steps if "Scan" in step["Node Type"] and "Relation Name" in step)

    def tables_read_whole(self) -> set[str]:
        """Tables of more than `SMALL_TABLE` rows that were read from end to end."""
        whole = [step for step in self.steps if step["Node Type"] == "Seq Scan" and step["Actual Loops"]]
        return {step["Relation Name"] for step in whole if _fetched(step) > SMALL_TABLE}

    def is_a_walk(self) -> bool:
        """Whether nothing was read whole and no more was sorted than the page."""
        return not self.tables_read_whole() and self.sorted_rows() <= max(PAGE + 1, SMALL_TABLE)


async def explain(schema: Schema, actor: Actor, connection: "asyncpg.Connection[Any]", name: str) -> Explained:
    """Run the first page of a root list on a connection of the actor's audience."""
    operation = parse(f"{{ {name}(first: {PAGE}) {{ nodes {{ __typename }} }} }}").definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    (node,) = operation.selection_set.selections
    assert isinstance(node, FieldNode)
    field = root_lists(schema._schema)[name]
    plan, prepared = schema.reading.plan(field, [node], Document({}, {}), Scope.of(actor))
    text = await connection.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {plan.sql}", *plan.bind(prepared, actor))
    return explained(text)


def explained(text: str) -> Explained:
    """What EXPLAIN (ANALYZE, FORMAT JSON) says."""
    return Explained(list(_steps(orjson.loads(text)[0]["Plan"])))


def _steps(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", []):
        yield from _steps(child)


def _made(step: dict[str, Any]) -> float:
    return float(step["Actual Rows"] * step["Actual Loops"])


def _fetched(step: dict[str, Any]) -> float:
    removed = sum(value for key, value in step.items() if key.startswith("Rows Removed by"))
    return float((step["Actual Rows"] + removed) * step["Actual Loops"])
