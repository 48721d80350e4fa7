"""Running plans: on the actor's pool, or inside the transaction of a mutation."""

import asyncio
import uuid
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar
from uuid import UUID

import asyncpg
import orjson
import structlog
from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
)
from sqlalchemy.ext.asyncio import AsyncSession
from strawberry.types import Info

from api.reading.arguments import MAX_PAGE, Arguments, Prepared, Shape, camel_case
from api.reading.cache import PlanCache
from api.reading.cursors import CursorKey
from api.reading.errors import masked
from api.reading.jsonsql import METER
from api.reading.plan import Compiler, Plan, Scope
from api.reading.registry import Registry
from api.reading.selection import Selector, Tree, directive_variables, response_key
from tenants.actor import Actor
from tenants.audience import Audience
from tenants.ready_pool import ReadyPool

log = structlog.get_logger(__name__)
T = TypeVar("T")

WAIT_SECONDS = 10.0
"""How long a request waits for a connection."""


class Pools(Protocol):
    """Where the connections of an audience come from."""

    async def pool(self, audience: Audience) -> ReadyPool: ...


class Context(Protocol):
    """What the request's context has for reading."""

    @property
    def actor(self) -> Actor: ...
    @property
    def database(self) -> Pools: ...

    spent: int


@dataclass(frozen=True)
class Document:
    """What of an operation a selection may refer to."""

    fragments: Mapping[str, FragmentDefinitionNode]
    variables: Mapping[str, Any]


@dataclass(frozen=True)
class PerKey:
    """Values of a payload field by response key, since each alias may select something else."""

    values: Mapping[str, Any]


class Reading:
    """Reads the selections of one schema."""

    def __init__(self, schema: GraphQLSchema, cursor_key: CursorKey, max_page: int = MAX_PAGE) -> None:
        self.registry = Registry(schema)
        self.compiler = Compiler(self.registry, cursor_key)
        self.arguments = Arguments(self.registry, cursor_key, max_page)
        self._cache = PlanCache()

    async def root(self, field: GraphQLField, nodes: Sequence[FieldNode], document: Document, context: Context) -> Any:
        """The value of a root field, ready for graphql-core to complete."""
        actor = context.actor
        plan, prepared = self.plan(field, nodes, document, Scope.of(actor))
        pool = await context.database.pool(actor.audience)
        return measured(await fetch(pool, plan, plan.bind(prepared, actor)), context)

    def plan(
        self, field: GraphQLField, nodes: Sequence[FieldNode], document: Document, scope: Scope
    ) -> tuple[Plan, list[Prepared]]:
        """The plan of a root field, from the cache if it is there, and this request's argument values."""
        tree, prepared = self._prepared(field, nodes, document, scope)
        shapes = tuple(entry.shape for entry in prepared)
        return self._cache.plan(tree, shapes, lambda: self.compiler.root(tree, shapes, scope)), prepared

    async def in_session(
        self,
        session: AsyncSession,
        field: GraphQLField,
        nodes: Sequence[FieldNode],
        document: Document,
        context: Context,
        key: UUID | Sequence[UUID],
    ) -> Any:
        """The row, or rows, of a key as the open transaction sees them."""
        actor = context.actor
        scope = Scope.of(actor)
        tree, prepared = self._prepared(field, nodes, document, scope)
        shapes = tuple(entry.shape for entry in prepared)
        plan = self._cache.plan(tree, shapes, lambda: self.compiler.by_key(tree, shapes, scope))
        given = [*prepared, Prepared(Shape(), {"key": key})]
        connection = await session.connection()
        result = await connection.exec_driver_sql(plan.sql, tuple(plan.bind(given, actor)))
        return measured(result.scalar_one(), context)

    def payload(
        self, type_: GraphQLObjectType, name: str, nodes: Sequence[FieldNode], document: Document
    ) -> Mapping[str, list[FieldNode]]:
        """The nodes that select a field of a payload, by response key."""
        selector = Selector(self.registry, Audience.SYSTEM, document.fragments, document.variables)
        grouped: dict[str, list[FieldNode]] = {}
        for node in selector.fields(type_, [node.selection_set for node in nodes if node.selection_set]):
            if node.name.value == name:
                grouped.setdefault(response_key(node), []).append(node)
        return grouped

    def _prepared(
        self, field: GraphQLField, nodes: Sequence[FieldNode], document: Document, scope: Scope
    ) -> tuple[Tree, list[Prepared]]:
        selection = self._cache.selection(nodes, lambda: directive_variables(nodes, document.fragments))
        decided = tuple(document.variables.get(name) for name in selection.variables)
        selector = Selector(self.registry, scope.audience, document.fragments, document.variables)
        tree = self._cache.tree(selection, (scope, decided), lambda: selector.tree(field, nodes))
        return tree, self.arguments.prepare(tree, document.variables)


def measured(text: str, context: Context) -> Any:
    """The values of a JSON text, whose meter is added to what the request has spent."""
    context.spent += text.count(METER)
    return orjson.loads(text)


async def fetch(pool: ReadyPool, plan: Plan, values: Sequence[Any]) -> Any:
    """The JSON of a plan, text or bytes. A cancelled request cancels its statement."""
    text = await pool.run(lambda connection: connection.fetchval(plan.sql, *values), WAIT_SECONDS)
    if text is None:
        raise RuntimeError("the context was not set before it was read")
    return text


async def fetch_rows(pool: ReadyPool, plan: Plan, values: Sequence[Any]) -> list[Any]:
    """The rows of a plan that gives a list item by item."""
    return await pool.run(lambda connection: connection.fetch(plan.sql, *values), WAIT_SECONDS)


async def masking(path: Sequence[str | int], work: Awaitable[T]) -> T:
    """The result of `work`; a failure that is not the client's becomes one error with an id that is in the log."""
    try:
        return await work
    except GraphQLError:
        raise
    except Exception as error:
        raise hidden(path, error) from error


def hidden(path: Sequence[str | int], error: Exception) -> GraphQLError:
    """The masked form of a failure; its cause is in the log."""
    error_id = uuid.uuid4().hex
    log.error("read_failed", error_id=error_id, path=path, exc_info=error)
    return masked(error_id, "TIMEOUT" if is_timeout(error) else "INTERNAL")


def is_timeout(error: BaseException) -> bool:
    """Whether a statement, or the wait for a connection, took too long."""
    cause = getattr(error, "orig", None) or error
    found = {type(cause).__name__, type(cause.__cause__).__name__}
    return isinstance(cause, asyncio.TimeoutError) or asyncpg.QueryCanceledError.__name__ in found


async def read_in(session: AsyncSession, info: Info[Any, Any], field: str, key: UUID | None) -> Any:
    """What the client selects of a payload's `field` for the row `key`, read in the session's own transaction."""
    return await _read_payload(session, info, field, key)


async def read_in_many(session: AsyncSession, info: Info[Any, Any], field: str, keys: Sequence[UUID]) -> Any:
    """The same for a list of rows, in the order of `keys`; rows that the actor may not see are left out."""
    return await _read_payload(session, info, field, list(keys))


async def _read_payload(session: AsyncSession, info: Info[Any, Any], field: str, key: Any) -> PerKey | None:
    if key is None:
        return None
    raw: Any = info._raw_info  # Strawberry offers no other way to the nodes
    reading: Reading = raw.schema.extensions["reading"]
    document = Document(raw.fragments, raw.variable_values)
    type_ = get_named_type(raw.return_type)
    assert isinstance(type_, GraphQLObjectType)
    definition, name = type_.fields[camel_case(field)], camel_case(field)
    await session.flush()
    values = {}
    for response, nodes in reading.payload(type_, name, raw.field_nodes, document).items():
        work = reading.in_session(session, definition, nodes, document, info.context, key)
        values[response] = await masking(raw.path.as_list(), work)
    return PerKey(values)
