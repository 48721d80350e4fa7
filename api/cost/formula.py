"""What a document costs as a function of its variables: everything that no variable decides is added up beforehand."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

MOST = 10**12
"""Costs and sizes stop growing here: pages in pages in pages multiply without end."""

Variables = Mapping[str, Any]
Guard = tuple[tuple[str, bool], ...]
"""Variables of @skip and @include, each with the value that it must have."""


@dataclass(frozen=True, slots=True, eq=False)
class Size:
    """How many values a field gives at most; `count` where variables decide that."""

    static: int = 1
    count: Callable[[Variables], int] | None = None
    label: Callable[[Variables], str] | None = None
    """The arguments that decide it, for a path: `(first: 250)`."""

    def of(self, variables: Variables) -> int:
        """The number, from 0 to MOST."""
        return self.static if self.count is None else min(max(self.count(variables), 0), MOST)


ONE = Size()


@dataclass(slots=True, eq=False)
class Sum:
    """The largest of several totals, one per type that may stand there; a type's total is that of its terms."""

    static: int = 0
    choices: Sequence[tuple[int, Sequence["Term"]]] = ()
    """Per type what is known and the terms that variables decide; empty where `static` is all."""
    terms: Sequence[Sequence["Term"]] = ()
    """Per type all its terms, to find the costliest path."""

    def value(self, variables: Variables, known: dict[int, int]) -> int:
        """The cost under one value; `known` holds what was computed for these variables."""
        if not self.choices:
            return self.static
        if (found := known.get(id(self))) is not None:
            return found
        totals = (static + sum(term.value(variables, known) for term in terms) for static, terms in self.choices)
        known[id(self)] = made = min(max(totals), MOST)
        return made


@dataclass(frozen=True, slots=True, eq=False)
class Term:
    """A selected field: `own` for each time it is evaluated, `each` for each value, and what is below each value."""

    name: str
    """In a path; empty for the parts of a connection."""
    own: int
    each: int
    size: Size
    guard: Guard
    below: Sum

    @property
    def is_static(self) -> bool:
        return not self.guard and self.size.count is None and not self.below.choices

    def value(self, variables: Variables, known: dict[int, int]) -> int:
        """The cost of one evaluation of the field."""
        if not self.passes(variables):
            return 0
        return min(self.own + self.size.of(variables) * (self.each + self.below.value(variables, known)), MOST)

    def passes(self, variables: Variables) -> bool:
        """Whether @skip and @include let it stand."""
        return all(bool(variables.get(name)) is wanted for name, wanted in self.guard)

    def text(self, variables: Variables) -> str:
        return self.name + (self.size.label(variables) if self.size.label else "")


def sum_of(choices: Sequence[Sequence[Term]]) -> Sum:
    """The sum over fields per type, at most what the costliest type gives."""
    split = [_split(terms) for terms in choices]
    static = max((total for total, _ in split), default=0)
    if not any(open_ for _, open_ in split):
        return Sum(static, (), choices)
    return Sum(static, split, choices)


def _split(terms: Sequence[Term]) -> tuple[int, list[Term]]:
    """What is known of the terms, and those that variables decide."""
    static = sum(term.value({}, {}) for term in terms if term.is_static)
    return min(static, MOST), [term for term in terms if not term.is_static]


@dataclass(slots=True)
class Heaviest:
    """The field with the greatest cost of its own, whatever is below it; of equals the one furthest up."""

    variables: Variables
    _known: dict[int, tuple[int, str]] = field(default_factory=dict)

    def below(self, total: Sum) -> tuple[int, str]:
        """(its cost, its path) under one value."""
        if id(total) not in self._known:
            found = [self._of(term) for terms in total.terms for term in terms if term.passes(self.variables)]
            self._known[id(total)] = max(found, key=lambda each: each[0], default=(0, ""))
        return self._known[id(total)]

    def _of(self, term: Term) -> tuple[int, str]:
        size, text = term.size.of(self.variables), term.text(self.variables)
        mine = min(term.own + size * term.each, MOST)
        deeper, path = self.below(term.below)
        deeper = min(size * deeper, MOST)
        if mine >= deeper:
            return mine, text
        return deeper, ".".join(part for part in (text, path) if part)
