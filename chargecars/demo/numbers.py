"""Human numbers in order of time, and the counters from which the next ones are drawn."""

from collections import Counter
from datetime import datetime

from chargecars.demo.encode import Rows
from chargecars.demo.tenants import Entity
from domain.numbering.service import AMSTERDAM

INFIXES = {"lead": "L", "quote": "Q", "order": ""}


class Numbers:
    """Ask for numbers in order of time."""

    def __init__(self) -> None:
        self._entities: dict[str, Entity] = {}
        self._last: Counter[tuple[str, str, int]] = Counter()

    def next(self, entity: Entity, kind: str, at: datetime) -> str:
        """As `domain.numbering.next_number` would have drawn it then."""
        self._entities[entity.code] = entity
        year = at.astimezone(AMSTERDAM).year
        self._last[entity.code, kind, year] += 1
        last = self._last[entity.code, kind, year]
        return "-".join(part for part in (entity.code, INFIXES[kind], str(year), f"{last:05d}") if part)

    def write(self, rows: Rows) -> None:
        for (code, kind, year), last in self._last.items():
            rows.add("counter", entity_id=self._entities[code].id, kind=kind, year=year, last=last)
