"""Trees and plans that were made before, bounded by what they weigh: clients can make them as large as they like."""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any, Generic, TypeVar

from graphql import FieldNode

from api.reading.plan import Plan
from api.reading.selection import Tree

MAX_SELECTIONS = 512
MAX_TREE_FIELDS = 30_000
MAX_PLAN_CHARACTERS = 8_000_000

V = TypeVar("V")


class Bounded(Generic[V]):
    """Holds entries up to a total weight; those that were not used for longest go first."""

    def __init__(self, limit: int, weigh: Callable[[V], int]) -> None:
        self._limit = limit
        self._weigh = weigh
        self._weight = 0
        self._entries: OrderedDict[Hashable, V] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], V]) -> V:
        """The entry under a key, made when it is not there."""
        if key in self._entries:
            self._entries.move_to_end(key)
            return self._entries[key]
        made = self._entries[key] = make()
        self._weight += self._weigh(made)
        while self._weight > self._limit and len(self._entries) > 1:
            self._weight -= self._weigh(self._entries.popitem(last=False)[1])
        return made


@dataclass(frozen=True, eq=False)
class Selection:
    """Nodes of one parsed document. They are held here, so that their identity is their key as long as this lives."""

    serial: int
    nodes: Sequence[FieldNode]
    variables: tuple[str, ...]


class PlanCache:
    """What was used last; the parser's cache gives the same nodes for the same document."""

    def __init__(self) -> None:
        self._serials = count()
        self._selections: Bounded[Selection] = Bounded(MAX_SELECTIONS, lambda entry: 1)
        self._trees: Bounded[Tree] = Bounded(MAX_TREE_FIELDS, lambda tree: tree.size)
        self._plans: Bounded[Plan] = Bounded(MAX_PLAN_CHARACTERS, lambda plan: len(plan.sql))

    def selection(self, nodes: Sequence[FieldNode], variables: Callable[[], tuple[str, ...]]) -> Selection:
        """The entry of these nodes; `variables` are those that its directives use."""
        key = tuple(map(id, nodes))
        return self._selections.get(key, lambda: Selection(next(self._serials), list(nodes), variables()))

    def tree(self, selection: Selection, key: Hashable, make: Callable[[], Tree]) -> Tree:
        """The tree for a scope and the values of the directive variables."""
        return self._trees.get((selection.serial, key), make)

    def plan(self, tree: Tree, key: Any, make: Callable[[], Plan]) -> Plan:
        """The plan of a tree for what of the arguments shapes it."""
        return self._plans.get((tree.serial, key), make)
