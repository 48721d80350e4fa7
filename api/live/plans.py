"""From an admitted subscription to what is run for it, and with whom that can be shared."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

import orjson
from graphql import GraphQLError, GraphQLField, get_argument_values
from graphql.execution.values import VariableValues

from api.admission import Admitted
from api.live.answers import Answer, Asked
from api.live.codes import not_shared
from api.live.rowscope import Catalog, read_catalog, row_scope
from api.live.specs import AnswersSpec, FiguresSpec, UpdatesSpec
from api.live.statement import updates_text
from api.reading.arguments import Prepared, Shape
from api.reading.cache import PlanCache
from api.reading.emit import Emitter
from api.reading.errors import forbidden, unauthenticated
from api.reading.execute import Reading
from api.reading.plan import Plan, Scope
from api.reading.registry import spec_of
from api.reading.schema import Schema, permission_of
from api.reading.selection import Selected, Selector, Tree, directive_variables
from api.reading.specs import DerivedSpec, RootListSpec
from api.reading.statement import ROOTS
from tenants.actor import Actor
from tenants.audience import Audience
from tenants.engine import Database
from tenants.settings import Settings


@dataclass(frozen=True, eq=False)
class Planned:
    """A subscription of one actor: its statement with all that is bound, and the key of those that are the same."""

    name: str
    """Of the field."""
    key: str
    """Of the response."""
    spec: UpdatesSpec | FiguresSpec
    plan: Plan | None
    """None where a resolver answers."""
    prepared: Sequence[Prepared]
    actor: Actor
    shared: Hashable
    """Equal for subscriptions that get the same answers."""
    answer: Answer | None = None
    """Asks the resolver; None where SQL answers."""
    about: UUID | None = None
    """Whose events may change what the resolver answers."""

    @property
    def arguments(self) -> Mapping[str, Any]:
        """Values of the field's own arguments, checked."""
        return self.prepared[0].values if self.prepared and self.spec.arguments else {}

    @property
    def rung_by(self) -> UUID | None:
        """The charger whose telemetry it is about."""
        if not isinstance(self.spec, FiguresSpec) or not self.spec.rung_by:
            return None
        found: UUID = self.arguments[self.spec.rung_by]
        return found

    def bind(self, values: Mapping[str, Any]) -> list[Any]:
        """The parameters for one execution."""
        assert self.plan is not None
        return self.plan.bind([*self.prepared, Prepared(Shape(), values)], self.actor)


class Plans:
    """Plans of one schema's subscriptions."""

    def __init__(self, schema: Schema, database: Database, settings: Settings) -> None:
        self._schema, self._settings = schema, settings
        self._graphql = schema._schema
        self._reading: Reading = schema.reading
        self._arguments = self._reading.arguments
        self._database = database
        self._cache = PlanCache()
        self._catalogs: dict[Audience, Catalog] = {}
        self._bound: WeakKeyDictionary[Plan, frozenset[str]] = WeakKeyDictionary()
        """Attributes of the actor that a plan binds."""
        self._read: WeakKeyDictionary[Plan, frozenset[str]] = WeakKeyDictionary()
        """Settings that it reads."""

    async def plan(self, admitted: Admitted, actor: Actor) -> tuple[Planned, str | None]:
        """The plan of a subscription, and the cursor to resume after. Raises: GraphQLError."""
        field, nodes = self._root(admitted, actor)
        _check_permission(field, actor)
        if isinstance(answers := spec_of(field), AnswersSpec):
            return self._answered(answers, Asked(answers, field, nodes, admitted), nodes[0].name.value, actor), None
        scope, values = Scope.of(actor), admitted.variables
        tree = self._tree(field, nodes, admitted, scope)
        _check_shared(tree)
        prepared = self._arguments.prepare(tree, values.coerced)
        shapes = tuple(entry.shape for entry in prepared)
        plan = self._cache.plan(tree, shapes, lambda: self._compiled(tree, shapes, scope))
        spec: Any = tree.root.spec
        shared = (plan, await self._row_scope(plan, actor), _hashable(prepared))
        return Planned(tree.root.name, tree.root.key, spec, plan, prepared, actor, shared), _after(tree.root, values)

    def _answered(self, spec: AnswersSpec, asked: Asked, name: str, actor: Actor) -> Planned:
        answer = asked.answer(self._schema, self._database, self._settings, actor)
        shared = (name, asked.key, *asked.shared(actor))
        return Planned(name, asked.key, spec, None, (), actor, shared, answer, asked.about)

    def _root(self, admitted: Admitted, actor: Actor) -> tuple[GraphQLField, list[Any]]:
        type_ = self._graphql.subscription_type
        assert type_ is not None
        selector = Selector(self._reading.registry, actor.audience, admitted.fragments, admitted.variables.coerced)
        grouped = selector.grouped(type_, [admitted.operation.selection_set])
        if len(grouped) != 1:
            raise GraphQLError("A subscription selects one field.", extensions={"code": "GRAPHQL_VALIDATION_FAILED"})
        (nodes,) = grouped.values()
        return type_.fields[nodes[0].name.value], nodes

    def _tree(self, field: GraphQLField, nodes: list[Any], admitted: Admitted, scope: Scope) -> Tree:
        fragments, values = admitted.fragments, admitted.variables.coerced
        selection = self._cache.selection(nodes, lambda: directive_variables(nodes, fragments))
        decided = tuple(values.get(name) for name in selection.variables)
        selector = Selector(self._reading.registry, scope.audience, fragments, values)
        return self._cache.tree(selection, (scope, decided), lambda: selector.tree(field, nodes))

    def _compiled(self, tree: Tree, shapes: Sequence[Shape], scope: Scope) -> Plan:
        plan, bound = self._reading.compiler.live(lambda emitter: _text(emitter, tree), shapes, scope)
        self._bound[plan] = bound
        return plan

    async def _row_scope(self, plan: Plan, actor: Actor) -> tuple[str, ...]:
        if plan not in self._read:
            catalog = await self._catalog(actor.audience)
            self._read[plan] = catalog.settings_read(plan.sql)
        return row_scope(actor, self._read[plan], self._bound[plan])

    async def _catalog(self, audience: Audience) -> Catalog:
        if audience not in self._catalogs:
            self._catalogs[audience] = await read_catalog(await self._database.pool(audience), audience)
        return self._catalogs[audience]


def _text(emitter: Emitter, tree: Tree) -> Any:
    if isinstance(tree.root.spec, UpdatesSpec):
        return updates_text(emitter, tree.root, len(tree.slots))
    return ROOTS[RootListSpec](emitter, tree.root)


def _check_permission(field: GraphQLField, actor: Actor) -> None:
    required = permission_of(field)
    if not actor.may(required):
        raise forbidden(str(required)) if actor.signed_in else unauthenticated()


def _check_shared(tree: Tree) -> None:
    """Every field has to be SQL's alone: its text goes to all clients as it is."""
    waiting: list[Selected] = [*tree.roots]
    while waiting:
        selected = waiting.pop()
        if isinstance(selected.spec, DerivedSpec):
            raise not_shared(selected.name)
        waiting += [child for children in selected.children.values() for child in children]


def _after(root: Selected, values: VariableValues) -> str | None:
    if "after" not in root.field.args:
        return None
    given = get_argument_values(root.field, root.node, values).get("after")
    return None if given is None else str(given)


def _hashable(prepared: Sequence[Prepared]) -> bytes:
    return orjson.dumps([dict(entry.values) for entry in prepared], default=str, option=orjson.OPT_SORT_KEYS)
