"""The versions of a quote beside each other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any

from domain.events.record import plain
from domain.quotes.models import LineItem
from domain.quotes.offer import Line

COMPARED = (
    "description",
    "quantity",
    "unit_price_cents",
    "discount_percent",
    "net_cents",
    "vat_cents",
    "gross_cents",
    "payer_contact_id",
    "visit_position",
)


class Change(StrEnum):
    ADDED = "ADDED"
    REMOVED = "REMOVED"
    CHANGED = "CHANGED"


@dataclass(frozen=True, slots=True)
class LineChange:
    """One difference; `columns` is `{column: [before, after]}`, a missing side is null."""

    change: Change
    sku: str
    position_before: int | None
    position_after: int | None
    columns: Mapping[str, list[Any]]


def differences(before: Sequence[LineItem | Line], after: Sequence[LineItem | Line]) -> list[LineChange]:
    """What changed from one version's lines to another's. Lines are matched by SKU, the n-th with the n-th."""
    old, new = _keyed(before), _keyed(after)
    keys = [*new, *(key for key in old if key not in new)]
    return [change for key in keys if (change := _change(key[0], old.get(key), new.get(key)))]


def _keyed(lines: Sequence[LineItem | Line]) -> dict[tuple[str, int], LineItem | Line]:
    counts: dict[str, int] = {}
    keyed: dict[tuple[str, int], LineItem | Line] = {}
    for line in sorted(lines, key=lambda line: line.position):
        counts[line.sku] = counts.get(line.sku, 0) + 1
        keyed[line.sku, counts[line.sku]] = line
    return keyed


def _change(sku: str, old: LineItem | Line | None, new: LineItem | Line | None) -> LineChange | None:
    columns = {
        name: [plain(getattr(side, name)) if side else None for side in (old, new)]
        for name in COMPARED
        if old is None or new is None or getattr(old, name) != getattr(new, name)
    }
    if not columns:
        return None
    kind = Change.CHANGED if old and new else Change.ADDED if new else Change.REMOVED
    return LineChange(kind, sku, old.position if old else None, new.position if new else None, columns)


def as_changes(found: Sequence[LineChange]) -> list[dict[str, Any]]:
    """The differences for the audit trail."""
    return [{field.name: plain(getattr(change, field.name)) for field in fields(change)} for change in found]
