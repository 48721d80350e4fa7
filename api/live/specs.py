"""How an area declares a subscription: what is pushed, about which events, under which permission."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import strawberry
from sqlalchemy import Select

from api.reading.declare import argument, graphql_argument, read_field
from api.reading.scalars import Cursor
from api.reading.specs import REQUIRES, Argument, RootListSpec
from tenants.permissions import Permission

_AFTER = Argument(
    Cursor | None,
    "Begin with what came after this update, without gap or duplicate; from now on unless told otherwise.",
)


@dataclass(frozen=True, eq=False)
class UpdatesSpec(RootListSpec):
    """One update per event that the actor sees, of one type of subject or of all.

    The update type has the fields `cursor`, `event` and, where there is a `subject`, that one: an update whose subject
    the actor does not see is none.
    """

    subject: str | None = None
    """Name of the subject's field in the update type."""
    subject_type: str | None = None
    """As in `event.subject_type`."""


@dataclass(frozen=True, eq=False)
class FiguresSpec(RootListSpec):
    """One row of figures, sent at the start and whenever it changed."""

    types: frozenset[str] = frozenset()
    """Types of subjects whose events may change them."""
    apart: float = 1.0
    """Seconds between two of them at least."""
    rung_by: str = ""
    """The argument that names a charger whose telemetry may change them."""


@dataclass(frozen=True, eq=False)
class AnswersSpec(FiguresSpec):
    """What a root field of Query with a Python resolver answers, sent at the start and whenever it changed."""

    asks: str = ""
    """The field of Query; its arguments are the same."""
    about: str = ""
    """The argument that names a team, contact or organization: events on whose list it stands may change the answer."""
    kind: str = ""
    """Kind of that id."""


def updates(
    description: str,
    *,
    requires: Permission,
    subject: str | None = None,
    subject_type: str | None = None,
    filter: type | None = None,
    arguments: Mapping[str, Argument] | None = None,
) -> Any:
    """A field of Subscription over events; `id` and `filter` narrow the subjects, `after` resumes."""
    own = dict(arguments or {})
    if subject_type is not None:
        own["id"] = argument(
            strawberry.ID | None, "Only of this one; of all that you see unless given.", node=subject_type
        )
    spec = UpdatesSpec(limit=1, filter=filter, subject=subject, subject_type=subject_type, arguments=own)
    given = [graphql_argument("after", _AFTER)]
    if filter is not None:
        narrowing = Argument(filter | None, "Only while the subject fulfils all of these conditions.")
        given.append(graphql_argument("filter", narrowing))
    return read_field(description, spec, given, metadata={REQUIRES: requires})


def figures(
    description: str,
    *,
    requires: Permission,
    rows: Callable[..., Select[*tuple[Any, ...]]],
    types: Iterable[str],
    arguments: Mapping[str, Argument] | None = None,
) -> Any:
    """A field of Subscription that holds the only row of `rows(arguments)`, under a type with `@reads(None)`."""
    spec = FiguresSpec(rows=rows, limit=1, types=frozenset(types), arguments=arguments or {})
    return read_field(description, spec, metadata={REQUIRES: requires})


def telemetry(
    description: str,
    *,
    requires: Permission,
    rows: Callable[..., Select[*tuple[Any, ...]]],
    charger: str,
    apart: float,
    arguments: Mapping[str, Argument],
    cost: int,
) -> Any:
    """As `figures`, looked at anew when telemetry of the charger that the argument `charger` names is stored."""
    spec = FiguresSpec(rows=rows, limit=1, arguments=arguments, apart=apart, rung_by=charger, cost=cost)
    return read_field(description, spec, metadata={REQUIRES: requires})


def answers(
    description: str,
    *,
    requires: Permission,
    asks: str,
    about: str,
    kind: str,
    types: Iterable[str],
    arguments: Mapping[str, Argument],
    cost: int,
) -> Any:
    """A field of Subscription that holds what `asks` of Query answers; looked at anew after each event about it."""
    spec = AnswersSpec(
        limit=1, types=frozenset(types), arguments=arguments, cost=cost, asks=asks, about=about, kind=kind
    )
    return read_field(description, spec, metadata={REQUIRES: requires})
