"""graphql-core on an admitted request, and a mutation's payload completed before its transaction commits.

The payload is completed that early so that the answer can be kept beside the work.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson
from graphql import (
    ExecutionResult,
    ExperimentalIncrementalExecutionResults,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLOutputType,
    Node,
    OperationType,
    default_field_resolver,
    default_type_resolver,
    print_ast,
)
from graphql.execution.collect_fields import FieldDetails
from graphql.execution.values import get_argument_values
from graphql.language import FragmentSpreadNode, VariableNode, Visitor, visit
from strawberry import Schema
from strawberry.execution import optimized_is_awaitable
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from api.admission import Admitted
from api.context import Context


@dataclass(frozen=True, slots=True)
class Completed:
    """The response data of a mutation field, as it goes out."""

    data: Any


class Executor(StrawberryGraphQLCoreExecutionContext):
    """`execution_context_class` of the schema: lets a mutation complete its own payload, or answer with a kept one."""

    only: frozenset[str] | None = None
    """The response keys to execute, where not all."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.operation.operation is OperationType.MUTATION:
            self.context_value.executor = self
            vars(self)["complete_value"] = self._complete_unless_completed  # queries keep the plain one

    def take_completed(self, only: frozenset[str]) -> None:
        """Execute these response keys alone; their resolvers may give data that is complete (`api.flat`)."""
        self.only = only
        self.context_value.executor = self
        vars(self)["complete_value"] = self._complete_unless_completed

    def execute_collected_root_fields(
        self, root_type: Any, root_value: Any, grouped_field_set: Any, serially: bool, new_defer_usages: Any
    ) -> Any:
        if self.only is not None:
            grouped_field_set = {key: details for key, details in grouped_field_set.items() if key in self.only}
        return super().execute_collected_root_fields(
            root_type, root_value, grouped_field_set, serially, new_defer_usages
        )

    async def completed(self, info: Any, payload: object) -> Completed:
        """The data of a root field for the payload. Raises: the first error met while completing it."""
        errors = self.collected_errors.errors
        before = len(errors)
        details = [FieldDetails(node, None) for node in info.field_nodes]
        data = super().complete_value(info.return_type, details, info, info.path, payload, None)
        if self.is_awaitable(data):
            data = await data
        if len(errors) > before:
            first = errors[before]
            del errors[before:]
            raise first
        return Completed(data)

    def normal_form(self, info: Any) -> bytes:
        """The request for a root field: its coerced arguments, its selection and the variables used in that."""
        node: FieldNode = info.field_nodes[0]
        field = info.parent_type.fields[info.field_name]
        arguments = get_argument_values(field, node, self.variable_values)
        selected = [*_selected(info.field_nodes, self.fragment_definitions)]
        variables = {name: self.variable_values.coerced.get(name) for name in _variables(selected)}
        texts = [print_ast(part) for part in selected]
        return orjson.dumps([arguments, texts, variables], default=str, option=orjson.OPT_SORT_KEYS)

    def _complete_unless_completed(
        self, return_type: GraphQLOutputType, details: Any, info: Any, path: Any, result: Any, position: Any
    ) -> Any:
        if isinstance(result, Completed):
            return result.data
        return super().complete_value(return_type, details, info, path, result, position)


async def execute(
    schema: Schema, admitted: Admitted, context: Context, only: frozenset[str] | None = None
) -> ExecutionResult:
    """The result of an admitted query or mutation: the ordinary lane; of `only` these response keys where given."""
    result = await execute_in_parts(schema, admitted, context, only)
    assert isinstance(result, ExecutionResult)
    return result


async def execute_in_parts(
    schema: Schema, admitted: Admitted, context: Context, only: frozenset[str] | None = None
) -> ExecutionResult | ExperimentalIncrementalExecutionResults:
    """The same, in parts where the document defers or streams."""
    executor = Executor(
        schema._schema,
        dict(admitted.fragments),
        admitted.document.details,
        None,
        context,
        admitted.operation,
        admitted.variables,
        default_field_resolver,
        default_type_resolver,
        default_field_resolver,
        is_awaitable=optimized_is_awaitable,
    )
    if only is not None:
        executor.take_completed(only)
    result: Any = executor.execute_operation()
    if optimized_is_awaitable(result):
        result = await result
    assert isinstance(result, ExecutionResult | ExperimentalIncrementalExecutionResults)
    return result


def _selected(nodes: list[FieldNode], fragments: dict[str, FragmentDefinitionNode]) -> Iterator[Node]:
    """The selections of the nodes and every fragment they reach."""
    waiting: list[Node] = [node.selection_set for node in nodes if node.selection_set]
    seen: set[str] = set()
    while waiting:
        node = waiting.pop(0)
        yield node
        for name in _names(node, FragmentSpreadNode):
            if name not in seen and name in fragments:
                seen.add(name)
                waiting.append(fragments[name])


def _variables(nodes: list[Node]) -> list[str]:
    return sorted({name for node in nodes for name in _names(node, VariableNode)})


def _names(root: Node, kind: type[FragmentSpreadNode | VariableNode]) -> list[str]:
    found: list[str] = []

    class Collector(Visitor):
        def enter(self, node: Node, *_: Any) -> None:
            if isinstance(node, kind):
                found.append(node.name.value)

    visit(root, Collector())
    return found
