"""The cost of a document before it runs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphql import OperationDefinitionNode
from strawberry import Schema

from api.cost.compile import Compiler
from api.cost.formula import Heaviest, Sum, Variables
from api.documents import Document
from api.reading.execute import Reading


@dataclass(frozen=True, slots=True)
class Requested:
    """The most that an operation can cost with its variables."""

    total: int
    base: int
    """Spent whatever PostgreSQL answers; the rest is measured."""
    formula: Sum
    variables: Variables

    @property
    def path(self) -> str:
        """The field that costs most, such as `orders(first: 250).lines`."""
        return Heaviest(self.variables).below(self.formula)[1]


def requested(
    schema: Schema, document: Document, operation: OperationDefinitionNode, variables: Mapping[str, Any]
) -> Requested:
    """The cost of an operation of a valid document with its coerced variables.

    Raises: GraphQLError TOO_LARGE for a document that has too many fields once its fragments are applied.
    """
    key = "cost", id(operation)  # of a node that the document holds
    if (formulas := document.memo.get(key)) is None:
        reading: Reading = schema._schema.extensions["reading"]
        formulas = document.memo[key] = Compiler(reading.registry, document.fragments).operation(operation)
    whole, base = formulas
    return Requested(whole.value(variables, {}), base.value(variables, {}), whole, variables)
