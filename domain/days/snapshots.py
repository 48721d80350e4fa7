"""The planned columns of rows as JSON, and back."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, TypeAlias
from uuid import UUID

from domain.events.record import plain
from domain.slots.models import SlotHold
from domain.visits.models import Visit

Snapshot: TypeAlias = dict[str, Any]

_TEXT: Callable[[Any], Any] = lambda value: value  # noqa: E731  # a parser like the others
_VISIT: Mapping[str, Callable[[Any], Any]] = {
    "status": _TEXT,
    "team_id": UUID,
    "day": date.fromisoformat,
    "block": _TEXT,
    "route_order": int,
    "starts_at": datetime.fromisoformat,
    "ends_at": datetime.fromisoformat,
    "arrival_from": datetime.fromisoformat,
    "arrival_until": datetime.fromisoformat,
    "dispatched_at": datetime.fromisoformat,
    "promised_at": datetime.fromisoformat,
    "promised_by": UUID,
    "pinned": bool,
}
_HOLD: Mapping[str, Callable[[Any], Any]] = {"starts_at": datetime.fromisoformat, "ends_at": datetime.fromisoformat}


def taken(row: Visit | SlotHold) -> Snapshot:
    """What can be put back."""
    columns = _VISIT if isinstance(row, Visit) else _HOLD
    return {"of": row.__tablename__, "id": str(row.id)} | {name: plain(getattr(row, name)) for name in columns}


def put_back(row: Visit | SlotHold, former: Snapshot) -> None:
    """The row as it was."""
    for name, parse in (_VISIT if isinstance(row, Visit) else _HOLD).items():
        value = former[name]
        setattr(row, name, None if value is None else parse(value))
