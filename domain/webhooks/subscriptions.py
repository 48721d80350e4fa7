"""Which events an endpoint subscribes to: declared types, or all of a subject (`order.*`)."""

import importlib
import importlib.util
import pkgutil
from collections.abc import Iterable, Mapping, Sequence
from functools import cache

import domain
from domain.errors import Duplicate, Required, TooMany
from domain.events.record import TYPES, Payload
from domain.webhooks.errors import UnknownEventType
from domain.webhooks.events import NEVER_SENT

DEFAULT: tuple[str, ...] = (
    "quote.sent",
    "quote.signed",
    "order.received",
    "order.stage_changed",
    "order.cancelled",
    "order.reopened",
    "order.held",
    "order.resumed",
    "visit.booked",
    "visit.moved",
    "visit.unplanned",
)
"""N6: quote sent, customer approved, scheduled, completed, cancelled, on hold, and back from the last two; and days and
installers of visits where the stage of the order stays the same."""
MOST = 50
EVERYTHING = "*"


def subscribable(*, internal: bool) -> list[str]:
    """The declared types, in order; internal ones are told to the entity's own endpoints only."""
    return sorted(
        name
        for name, payload in _declared().items()
        if not name.startswith(NEVER_SENT) and (internal or not payload.internal)
    )


def checked(patterns: Sequence[str], *, internal: bool) -> list[str]:
    """The patterns as they were given. Raises: Required, TooMany, Duplicate, UnknownEventType."""
    if not patterns:
        raise Required(field=("event_types",))
    if len(patterns) > MOST:
        raise TooMany(maximum=MOST, field=("event_types",))
    known = subscribable(internal=internal)
    for place, pattern in enumerate(patterns):
        if pattern in patterns[:place]:
            raise Duplicate(field=("event_types", place))
        if not any(matches([pattern], name) for name in known):
            raise UnknownEventType(type=pattern[:100], field=("event_types", place))
    return list(patterns)


def matches(patterns: Iterable[str], type: str) -> bool:
    """Whether an event of this type is told to who subscribed to these patterns."""
    if type.startswith(NEVER_SENT):
        return False
    subject = f"{type.partition('.')[0]}.*"
    return any(pattern in (type, subject, EVERYTHING) for pattern in patterns)


@cache
def _declared() -> Mapping[str, type[Payload]]:
    """Every type, whichever areas this process has loaded so far."""
    for area in pkgutil.iter_modules(domain.__path__, "domain."):
        if area.ispkg and importlib.util.find_spec(f"{area.name}.events"):
            importlib.import_module(f"{area.name}.events")
    return TYPES
