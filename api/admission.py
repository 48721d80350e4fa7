"""What decides about every GraphQL request before anything runs, whatever its transport and whichever lane reads.

In this order, the cheapest refusal first: trusted, where the client is restricted to such documents → parsed →
operation chosen → its type allowed here → bounds → introspection allowed → validated → variables coerced → charged to
the budget of who asks. Of all this only a trusted document that was not used lately touches the database.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphql import FragmentDefinitionNode, GraphQLError, OperationDefinitionNode, OperationType
from graphql.execution.values import VariableValues, get_variable_values
from strawberry import Schema

from api.context import Context
from api.cost import charge, requested
from api.documents import Document, Documents
from api.limits import check
from api.requests import Operation, RequestError
from api.trusting import trusted
from api.variables import plainly_coerced
from api.versions import note_use

READS = frozenset({OperationType.QUERY})
READS_AND_WRITES = frozenset({OperationType.QUERY, OperationType.MUTATION})
EVERYTHING = frozenset(OperationType)

_MOST_COERCION_ERRORS = 50


class Refused(Exception):
    """A request that is not executed: `errors` are the request's and belong to no field."""

    def __init__(self, errors: list[GraphQLError]) -> None:
        super().__init__(errors)
        self.errors = errors


@dataclass(frozen=True, slots=True)
class Admitted:
    """A request that may be executed; `variables` are coerced."""

    document: Document
    operation: OperationDefinitionNode
    variables: VariableValues

    @property
    def operation_type(self) -> OperationType:
        return self.operation.operation

    @property
    def fragments(self) -> Mapping[str, FragmentDefinitionNode]:
        return self.document.fragments


async def admit(schema: Schema, operation: Operation, context: Context, allowed: frozenset[OperationType]) -> Admitted:
    """Decide about a request; it is charged as `context.charge`, which whoever answers it settles.

    Raises: RequestError where the operation is not there or not allowed over this transport; Refused for the rest.
    """
    try:
        operation = await trusted(operation, context)
        admitted = _admit(schema, operation, context, allowed)
        await _charge(schema, admitted, context)
        note_use(schema, admitted.document, admitted.operation, operation.variables, context)
        return admitted
    except (RequestError, Refused):
        raise
    except GraphQLError as error:
        raise Refused([error]) from None
    except Exception as error:
        raise Refused([GraphQLError(str(error), original_error=error)]) from error


def _admit(schema: Schema, operation: Operation, context: Context, allowed: frozenset[OperationType]) -> Admitted:
    document = documents_of(schema).document(operation.query, context.settings.max_tokens)
    chosen = _chosen(document, operation.name, allowed)
    context.operation = chosen.operation.value
    check(document.figures, operation.variables, context.settings)
    _check_introspection(document, context)
    if errors := document.errors(schema._schema):
        raise Refused([*errors])
    if not context.incremental or chosen.operation is not OperationType.QUERY:
        document = document.whole
        chosen = document.operation(operation.name) or chosen
    plain = plainly_coerced(schema._schema, document, chosen, operation.variables)
    return Admitted(document, chosen, plain or coerced(schema, chosen, operation.variables))


async def _charge(schema: Schema, admitted: Admitted, context: Context) -> None:
    """Raises: GraphQLError. A subscription costs at its start what one of its updates costs at most."""
    cost = requested(schema, admitted.document, admitted.operation, admitted.variables.coerced)
    context.charge = await charge(context, cost)
    if admitted.operation_type is OperationType.SUBSCRIPTION:
        context.charge.forfeit()


def documents_of(schema: Schema) -> Documents:
    """The documents that were sent to a schema."""
    known = schema._schema.extensions.get("documents")
    if not isinstance(known, Documents):
        known = schema._schema.extensions["documents"] = Documents()
    return known


def _chosen(document: Document, name: str | None, allowed: frozenset[OperationType]) -> OperationDefinitionNode:
    chosen = document.operation(name)
    if chosen is None:
        wanted = (
            f"no operation {name[:80]!r}" if name else "no operation, or several and `operationName` says not which"
        )
        raise RequestError(400, "UNKNOWN_OPERATION", f"The document has {wanted}.")
    if chosen.operation not in allowed:
        raise _not_allowed(chosen.operation, allowed)
    return chosen


def _not_allowed(wanted: OperationType, allowed: frozenset[OperationType]) -> RequestError:
    if wanted is OperationType.MUTATION and allowed == READS:
        refused = RequestError(405, "METHOD_NOT_ALLOWED", "Send mutations by POST.")
        refused.headers["Allow"] = "POST"
        return refused
    return RequestError(400, "UNSUPPORTED_OPERATION", f"A {wanted.value} cannot be sent this way.")


def _check_introspection(document: Document, context: Context) -> None:
    if document.figures.introspects and not context.may_introspect:
        message = "Log in as somebody who may read the schema."
        raise GraphQLError(message, extensions={"code": "INTROSPECTION_REFUSED"})


def coerced(schema: Schema, operation: OperationDefinitionNode, given: Mapping[str, Any] | None) -> VariableValues:
    """The values of an operation's variables. Raises: Refused."""
    definitions = operation.variable_definitions
    if not definitions:
        return VariableValues({}, {})
    values = get_variable_values(schema._schema, definitions, dict(given or {}), _MOST_COERCION_ERRORS)
    if isinstance(values, list):
        raise Refused(values)
    return values
