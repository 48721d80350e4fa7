"""Subscriptions to what a resolver of Query answers: the same selection of its field, asked as the same actor."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from uuid import UUID, uuid4

import orjson
from graphql import (
    FieldNode,
    GraphQLField,
    NameNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    get_argument_values,
    print_ast,
)

from api.admission import Admitted
from api.context import Context, RequestFacts
from api.executor import execute
from api.inputs import key_of
from api.live.specs import AnswersSpec
from api.reading.arguments import camel_case
from api.reading.schema import Schema
from api.reading.selection import response_key
from domain.errors import language_of
from tenants.actor import Actor
from tenants.engine import Database
from tenants.settings import Settings

Answer = Callable[[], Awaitable[bytes | None]]


class Asked:
    """One field of Query as a subscription asks it, for one actor."""

    def __init__(self, spec: AnswersSpec, field: GraphQLField, nodes: Sequence[FieldNode], admitted: Admitted) -> None:
        self.admitted = as_query(admitted, nodes, spec.asks)
        self.key = response_key(nodes[0])
        given = get_argument_values(field, nodes[0], admitted.variables)
        about = camel_case(spec.about)
        self.about: UUID = key_of(spec.kind, given[about], about)
        """Whose events may change the answer."""

    def shared(self, actor: Actor) -> tuple[Any, ...]:
        """Equal for who gets the same answer."""
        asked = print_ast(self.admitted.operation), *map(print_ast, self.admitted.fragments.values())
        variables = orjson.dumps(self.admitted.variables.coerced, default=str, option=orjson.OPT_SORT_KEYS)
        return asked, variables, *actor.settings().values(), actor.permissions, actor.language

    def answer(self, schema: Schema, database: Database, settings: Settings, actor: Actor) -> Answer:
        """Asks, as often as it is called."""

        async def ask() -> bytes | None:
            facts = RequestFacts(uuid4().hex)
            language = language_of(actor.language)
            context = Context(actor, database, settings, facts, language=language, operation="query")
            result = await execute(schema, self.admitted, context)
            if result.errors:
                raise result.errors[0]
            return None if (result.data or {}).get(self.key) is None else orjson.dumps(result.data)

        return ask


def as_query(admitted: Admitted, nodes: Sequence[FieldNode], asks: str) -> Admitted:
    """The subscription as a query of another field with the same arguments and selection."""
    fields = tuple(
        FieldNode(
            alias=NameNode(value=response_key(node)),
            name=NameNode(value=camel_case(asks)),
            arguments=node.arguments,
            directives=(),
            selection_set=node.selection_set,
        )
        for node in nodes
    )
    operation = OperationDefinitionNode(
        operation=OperationType.QUERY,
        name=None,
        variable_definitions=admitted.operation.variable_definitions,
        directives=(),
        selection_set=SelectionSetNode(selections=fields),
    )
    return Admitted(admitted.document, operation, admitted.variables)
