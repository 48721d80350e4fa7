"""What a document is said to cost."""

from typing import Any

from graphql import GraphQLSchema, parse, validate
from graphql.execution.values import get_variable_values

from api.cost import Requested, requested
from api.documents import Document
from api.reading.schema import Schema


def cost_of(schema: Schema, text: str, /, **variables: Any) -> Requested:
    """The cost of the only operation of a valid document."""
    return Costed(schema, text).requested(variables)


class Costed:
    """A document that is asked for its cost with several variables."""

    def __init__(self, schema: Schema, text: str) -> None:
        self._schema = schema
        graphql: GraphQLSchema = schema._schema
        self.document = Document(text, parse(text))
        assert validate(graphql, self.document.node) == []

    def requested(self, variables: dict[str, Any]) -> Requested:
        (operation,) = self.document.operations.values()
        values = get_variable_values(self._schema._schema, operation.variable_definitions or (), variables)
        assert not isinstance(values, list), values
        return requested(self._schema, self.document, operation, values.coerced)
