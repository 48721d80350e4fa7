"""Variables of plain scalars, which most are, taken as they come: graphql-core would coerce them to themselves."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from graphql import GraphQLError, GraphQLNonNull, GraphQLSchema, OperationDefinitionNode
from graphql.execution.get_variable_signature import GraphQLVariableSignature, get_variable_signature
from graphql.execution.values import VariableValues, VariableValueSource

from api.documents import Document

_PLAIN: Mapping[str, type] = {"ID": str, "String": str, "Int": int, "Boolean": bool}
_INT = 2**31

Declared = Sequence[tuple[str, GraphQLVariableSignature, type | None]]
"""Name and signature of each variable; the Python type whose values are taken as they are, None where there is none."""


def plainly_coerced(
    schema: GraphQLSchema, document: Document, operation: OperationDefinitionNode, given: Mapping[str, Any] | None
) -> VariableValues | None:
    """The values where every variable is there and of a plain scalar, else None."""
    if not operation.variable_definitions:
        return VariableValues({}, {})
    sources: dict[str, VariableValueSource] = {}
    values: dict[str, Any] = {}
    for name, signature, plain in _declared(schema, document, operation):
        value: Any = given.get(name) if given else None
        if plain is None or type(value) is not plain:
            return None
        if isinstance(value, int) and not -_INT <= value < _INT:
            return None
        sources[name] = VariableValueSource(signature, value)
        values[name] = value
    return VariableValues(sources, values)


def _declared(schema: GraphQLSchema, document: Document, operation: OperationDefinitionNode) -> Declared:
    key = ("variables", operation.name.value if operation.name else "")
    known: Declared | None = document.memo.get(key)
    if known is None:
        known = [*_signatures(schema, operation)]
        document.memo[key] = known
    return known


def _signatures(
    schema: GraphQLSchema, operation: OperationDefinitionNode
) -> Iterator[tuple[str, GraphQLVariableSignature, type | None]]:
    for node in operation.variable_definitions or ():
        signature = get_variable_signature(schema, node)
        if isinstance(signature, GraphQLError):
            raise signature
        yield signature.name, signature, _plain(signature)


def _plain(signature: GraphQLVariableSignature) -> type | None:
    nullable: Any = signature.type.of_type if isinstance(signature.type, GraphQLNonNull) else signature.type
    return _PLAIN.get(getattr(nullable, "name", ""))
