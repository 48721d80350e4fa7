"""What an export or import is narrowed by: ids, times and switches, checked when it is asked for."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.errors import OutOfRange


@dataclass(frozen=True, slots=True)
class Options:
    """`since` ≤ record < `until`, by when it was made. `check_only`: an import that changes nothing."""

    since: datetime | None = None
    until: datetime | None = None
    price_list_id: UUID | None = None
    check_only: bool = False

    def __post_init__(self) -> None:
        if self.since and self.until and self.since >= self.until:
            raise OutOfRange(minimum=self.since.isoformat(), maximum="∞", field=("until",))

    def written(self) -> dict[str, Any]:
        """In JSON's terms, what is not given left out."""
        given = {each.name: getattr(self, each.name) for each in fields(self)}
        plain = {name: _plain(value) for name, value in given.items()}
        return {name: value for name, value in plain.items() if value not in (None, False)}

    @classmethod
    def read(cls, written: Mapping[str, Any]) -> "Options":
        """The inverse."""
        times = {name: datetime.fromisoformat(written[name]) for name in ("since", "until") if name in written}
        price_list = {"price_list_id": UUID(written["price_list_id"])} if "price_list_id" in written else {}
        return cls(**times, **price_list, check_only=bool(written.get("check_only")))  # type: ignore[arg-type]  # by name


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else str(value) if isinstance(value, UUID) else value
