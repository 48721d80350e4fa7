"""The answer to a query: one statement for all that SQL reads, and the fields of Python resolvers spliced between."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import orjson
from graphql import GraphQLError, is_non_null_type

from api.admission import Admitted
from api.context import Context
from api.executor import execute
from api.lane.asked import Asked, Asking, Ordinary
from api.lane.running import metered, written
from api.reading.arguments import Prepared, Shape
from api.reading.cache import MAX_PLAN_CHARACTERS, Bounded
from api.reading.execute import hidden, is_timeout
from api.reading.plan import Plan, Scope
from api.reading.schema import Schema
from api.reading.statement import PIECE

_PIECE = PIECE.encode()
_NULL = b"null"


@dataclass(frozen=True, slots=True)
class Written:
    """The JSON text of `data`, None where nothing was executed, and the errors."""

    data: bytes | None
    errors: Sequence[GraphQLError] = ()


class Lane:
    """Answers the queries of one schema."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._compiler = schema.reading.compiler
        self._arguments = schema.reading.arguments
        self.asking = Asking(schema.reading.registry)
        self._plans: Bounded[Plan] = Bounded(MAX_PLAN_CHARACTERS, lambda plan: len(plan.sql))

    async def answer(self, admitted: Admitted, context: Context) -> Written:
        """The answer to an admitted request. Raises: Ordinary where graphql-core has to give it."""
        scope = Scope.of(context.actor)
        asked = self.asking.asked(admitted, scope)
        if not all(map(context.actor.may, asked.required)):
            raise Ordinary("refused")
        try:
            text = await self._text(asked, admitted, context, scope)
        except GraphQLError as masked:
            return await self._spliced(asked, admitted, context, _nothing(asked), _located(asked, masked))
        if asked.by_sql_alone:
            return Written(text)
        return await self._spliced(asked, admitted, context, _pieces(asked, text), [])

    async def _text(self, asked: Asked, admitted: Admitted, context: Context, scope: Scope) -> bytes:
        """What SQL writes. Raises: Ordinary; GraphQLError where it took too long"""
        if not asked.tree.roots:
            return b"{}" if asked.by_sql_alone else b""
        try:
            plan, prepared = self.plan(asked, admitted, scope)
            pool = await context.database.pool(context.actor.audience)
            text = await written(pool, plan, plan.bind(prepared, context.actor))
        except Exception as error:
            raise _failure(asked, error) from error
        context.spent += metered(text)
        return text

    def plan(self, asked: Asked, admitted: Admitted, scope: Scope) -> tuple[Plan, list[Prepared]]:
        """The statement for all that SQL reads, and the values of this request. Raises: GraphQLError"""
        prepared = self._arguments.prepare(asked.tree, admitted.variables.coerced)
        shapes = tuple([entry.shape for entry in prepared])
        return self._plans.get((asked.serial, shapes), lambda: self._compile(asked, shapes, scope)), prepared

    def _compile(self, asked: Asked, shapes: Sequence[Shape], scope: Scope) -> Plan:
        return self._compiler.answer(asked.tree, shapes, scope, in_pieces=not asked.by_sql_alone)

    async def _spliced(
        self,
        asked: Asked,
        admitted: Admitted,
        context: Context,
        parts: dict[str, bytes],
        errors: list[GraphQLError],
    ) -> Written:
        """The parts that SQL wrote, the fields of resolvers and `__typename` in the order of the answer."""
        if asked.computed:
            result = await execute(self._schema, admitted, context, only=asked.computed)
            errors += result.errors or ()
            if result.data is None:
                return Written(_NULL, errors)
            parts |= {key: orjson.dumps(value) for key, value in result.data.items()}
        if errors and any(parts[root.key] == _NULL and is_non_null_type(root.field.type) for root in asked.tree.roots):
            return Written(_NULL, errors)
        parts |= dict.fromkeys(asked.names, b'"Query"')
        return Written(_object(asked, parts), errors)


def _failure(asked: Asked, error: Exception) -> Exception:
    """Another try, field by field, unless time has run out already."""
    if isinstance(error, GraphQLError):
        return Ordinary("refused")
    if not is_timeout(error):
        return Ordinary("failed")
    return hidden([root.key for root in asked.tree.roots], error)


def _pieces(asked: Asked, text: bytes) -> dict[str, bytes]:
    keys = [root.key for root in asked.tree.roots]
    return dict(zip(keys, text.split(_PIECE), strict=True)) if keys else {}


def _nothing(asked: Asked) -> dict[str, bytes]:
    return dict.fromkeys([root.key for root in asked.tree.roots], _NULL)


def _located(asked: Asked, error: GraphQLError) -> list[GraphQLError]:
    """The error at each root field that SQL was to answer."""
    return [
        GraphQLError(error.message, asked.nodes[root.key], path=[root.key], extensions=error.extensions)
        for root in asked.tree.roots
    ]


def _object(asked: Asked, parts: Mapping[str, bytes]) -> bytes:
    return b"{" + b",".join([b'"%b":%b' % (key.encode(), parts[key]) for key in asked.keys]) + b"}"
