"""What a query asks: its root fields in the order of the answer, and who answers each of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

from graphql import FieldNode, GraphQLError, GraphQLField, GraphQLObjectType, OperationType, visit
from graphql.language import DirectiveNode, Visitor

from api.admission import Admitted
from api.documents import Document
from api.reading.cache import Bounded
from api.reading.plan import Scope
from api.reading.registry import Registry, spec_of
from api.reading.schema import permission_of
from api.reading.selection import TYPENAME, Selected, Selector, Tree, directive_variables, field_of
from api.reading.specs import DerivedSpec
from api.reading.statement import ROOTS
from tenants.permissions import Permission

_MOST_FIELDS = 30_000
_INCREMENTAL = frozenset({"defer", "stream"})
_serials = count()


class Ordinary(Exception):
    """The query is graphql-core's to answer, and why: a label of the metrics."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, eq=False)
class Asked:
    """`keys` are all response keys in order; `tree` holds those that SQL answers, `computed` those of resolvers."""

    keys: tuple[str, ...]
    names: frozenset[str]
    """Keys under which `__typename` is asked."""
    tree: Tree
    nodes: Mapping[str, Sequence[FieldNode]]
    computed: frozenset[str]
    required: tuple[Permission, ...]
    serial: int

    @property
    def by_sql_alone(self) -> bool:
        """Whether the statement writes the whole object."""
        return len(self.tree.roots) == len(self.keys)


class Asking:
    """What was asked before of one schema, bounded by its size."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        query = registry.schema.query_type
        assert query is not None
        self._query: GraphQLObjectType = query
        self._known: Bounded[Asked] = Bounded(_MOST_FIELDS, lambda asked: asked.tree.size + 1)

    def asked(self, admitted: Admitted, scope: Scope) -> Asked:
        """What the query asks in a scope. Raises: Ordinary"""
        operation = admitted.operation
        if operation.operation is not OperationType.QUERY:
            raise Ordinary(operation.operation.value)
        if admitted.document.figures.introspects:
            raise Ordinary("introspection")
        deciding = _deciding(admitted)
        values = admitted.variables.coerced
        decided = tuple([values.get(name) for name in deciding]) if deciding else ()
        key = (admitted.document.serial, operation.name.value if operation.name else "", scope, decided)
        return self._known.get(key, lambda: self._look(admitted, scope))

    def _look(self, admitted: Admitted, scope: Scope) -> Asked:
        if _is_incremental(admitted.document):
            raise Ordinary("incremental")
        selector = Selector(self._registry, scope.audience, admitted.fragments, admitted.variables.coerced)
        grouped = selector.grouped(self._query, [admitted.operation.selection_set])
        fields = {key: field_of(self._query, nodes[0]) for key, nodes in grouped.items()}
        named = frozenset(key for key, nodes in grouped.items() if nodes[0].name.value == TYPENAME)
        read = [key for key, field in fields.items() if _is_read(field)]
        tree = _small(lambda: selector.trees((fields[key], grouped[key]) for key in read))
        if any(_is_derived(selected) for selected in tree.roots):
            raise Ordinary("derived")
        required = tuple(dict.fromkeys(permission_of(fields[key]) for key in read))
        computed = frozenset(fields) - named - frozenset(read)
        return Asked(tuple(grouped), named, tree, grouped, computed, required, next(_serials))


def _deciding(admitted: Admitted) -> tuple[str, ...]:
    """The names of the variables that decide what is selected."""
    memo, operation = admitted.document.memo, admitted.operation
    key = ("deciding", operation.name.value if operation.name else "")
    known: tuple[str, ...] | None = memo.get(key)
    if known is None:
        known = directive_variables(operation.selection_set.selections, admitted.fragments)
        memo[key] = known
    return known


def _small(make: Callable[[], Tree]) -> Tree:
    try:
        return make()
    except GraphQLError:
        raise Ordinary("large") from None


def _is_read(field: GraphQLField) -> bool:
    return type(spec_of(field)) in ROOTS


def _is_derived(selected: Selected) -> bool:
    if isinstance(selected.spec, DerivedSpec):
        return True
    return any(_is_derived(child) for children in selected.children.values() for child in children)


def _is_incremental(document: Document) -> bool:
    found: set[str] = set()

    class Collector(Visitor):
        def enter_directive(self, node: DirectiveNode, *_: Any) -> None:
            found.add(node.name.value)

    visit(document.node, Collector())
    return bool(found & _INCREMENTAL)
