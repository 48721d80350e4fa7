"""Trees and plans that were made before, bounded."""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from graphql import FieldNode

from api.reading.plan import Plan
from api.reading.selection import Tree

MAX_DOCUMENTS = 512
MAX_VARIANTS = 64

T = TypeVar("T")


@dataclass(eq=False)
class Known:
    """A tree and its plans, by what of the arguments shapes them."""

    tree: Tree
    plans: dict[Hashable, Plan] = field(default_factory=dict)

    def plan(self, key: Hashable, make: Callable[[], Plan]) -> Plan:
        """The plan under a key, made when it is not there."""
        return _kept(self.plans, key, make)


@dataclass(eq=False)
class Selection:
    """Nodes of one parsed document. They are kept, so that their identity is the key as long as the entry lives."""

    nodes: Sequence[FieldNode]
    variables: tuple[str, ...]
    trees: dict[Hashable, Known] = field(default_factory=dict)

    def known(self, key: Hashable, make: Callable[[], Tree]) -> Known:
        """The tree for a scope and the values of the directive variables."""
        return _kept(self.trees, key, lambda: Known(make()))


class PlanCache:
    """The selections used last; the parser cache gives the same nodes for the same document."""

    def __init__(self, size: int = MAX_DOCUMENTS) -> None:
        self._size = size
        self._selections: OrderedDict[tuple[int, ...], Selection] = OrderedDict()

    def selection(self, nodes: Sequence[FieldNode], variables: Callable[[], tuple[str, ...]]) -> Selection:
        """The entry of these nodes."""
        key = tuple(map(id, nodes))
        found = self._selections.get(key)
        if found is None:
            found = self._selections[key] = Selection(list(nodes), variables())
            if len(self._selections) > self._size:
                self._selections.popitem(last=False)
        self._selections.move_to_end(key)
        return found


def _kept(known: dict[Hashable, T], key: Hashable, make: Callable[[], T]) -> T:
    if key not in known:
        if len(known) >= MAX_VARIANTS:
            known.clear()
        known[key] = make()
    return known[key]
