"""Which visits the lines of a quote call for (Q2).

Rules
- A line belongs to the visit of its article's kind: survey, meter box or installation.
- A line with work but no kind is done during the installation; where no line asks for one, it makes one.
- A line without work and without a kind needs no visit.
- Lines of one kind share one visit. Visits come in the order survey, meter box, installation: the meter box has to be
  ready before a charging station is connected to it.
- A quote has at most two visits; three kinds on one quote have to be divided over two quotes.
- A visit lasts as long as its work (quantity * minutes per unit, rounded up), and at least `AT_LEAST`.
- A visit needs all skills of its lines, and is outdoor work when one of them is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from domain.catalog.models import VisitKind
from domain.quotes.errors import TooManyVisits
from domain.quotes.offer import PlannedVisit

MOST = 2
ORDER = (VisitKind.SURVEY, VisitKind.METER_BOX, VisitKind.INSTALLATION)
AT_LEAST = {VisitKind.SURVEY: 30, VisitKind.METER_BOX: 60, VisitKind.INSTALLATION: 60}
"""Minutes that any visit of the kind takes."""


@dataclass(frozen=True, slots=True)
class Work:
    """What a line asks of a visit."""

    line: int
    """Position of the line, from 1."""
    kind: VisitKind | None
    quantity: Decimal
    minutes: int
    """Per unit."""
    skills: Sequence[str] = ()
    outdoor: bool = False


@dataclass(frozen=True, slots=True)
class Visits:
    """The visits of an offer and, per line position, the position of its visit."""

    planned: tuple[PlannedVisit, ...]
    of_line: dict[int, int]


def derive(works: Sequence[Work]) -> Visits:
    """The visits for all lines; TooManyVisits names the lines that do not fit together."""
    by_kind: dict[VisitKind, list[Work]] = {}
    for work in works:
        if kind := _kind(work):
            by_kind.setdefault(kind, []).append(work)
    kinds = [kind for kind in ORDER if kind in by_kind]
    if len(kinds) > MOST:
        raise TooManyVisits(visits=len(kinds), lines=_named(kinds, by_kind), field=("lines",))
    planned = tuple(_visit(position, kind, by_kind[kind]) for position, kind in enumerate(kinds, start=1))
    return Visits(planned, {work.line: visit.position for visit in planned for work in by_kind[visit.kind]})


def _kind(work: Work) -> VisitKind | None:
    return work.kind or (VisitKind.INSTALLATION if work.minutes else None)


def _visit(position: int, kind: VisitKind, works: Sequence[Work]) -> PlannedVisit:
    exact = sum((work.quantity * work.minutes for work in works), Decimal(0))
    return PlannedVisit(
        position=position,
        kind=kind,
        minutes=max(AT_LEAST[kind], int(exact.to_integral_value(ROUND_CEILING))),
        skills=sorted({skill for work in works for skill in work.skills}),
        outdoor=any(work.outdoor for work in works),
    )


def _named(kinds: Sequence[VisitKind], by_kind: dict[VisitKind, list[Work]]) -> str:
    return "; ".join(f"{kind.value}: {', '.join(str(work.line) for work in by_kind[kind])}" for kind in kinds)
