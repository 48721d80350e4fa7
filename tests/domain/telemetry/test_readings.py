"""Which readings cannot be."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.telemetry.readings import Reading, check, refused

_NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
_FINE = Reading(UUID(int=1), 1, _NOW, energy_wh=5)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({}, None),
        ({"connector": 0}, None),
        ({"power_w": -11_000}, None),
        ({"read_at": _NOW + timedelta(minutes=10)}, None),
        ({"read_at": datetime(2025, 10, 1, tzinfo=UTC)}, None),
        ({"energy_wh": -1}, "NEGATIVE_ENERGY"),
        ({"energy_wh": 10**15}, "OUT_OF_RANGE"),
        ({"read_at": _NOW + timedelta(minutes=10, microseconds=1)}, "FUTURE_CLOCK"),
        ({"read_at": datetime(2025, 9, 30, 23, 59, 59, tzinfo=UTC)}, "TOO_OLD"),
        ({"connector": -1}, "OUT_OF_RANGE"),
        ({"sequence": 2**31}, "OUT_OF_RANGE"),
        ({"revision": 2**15}, "OUT_OF_RANGE"),
        ({"voltage_mv": -1}, "OUT_OF_RANGE"),
        ({"power_w": 10**8}, "OUT_OF_RANGE"),
        ({"current_ma": 2**31}, "OUT_OF_RANGE"),
        ({"temperature_dc": 2_001}, "OUT_OF_RANGE"),
        ({"soc_percent": 101}, "OUT_OF_RANGE"),
        ({"transaction_id": "x" * 65}, "OUT_OF_RANGE"),
        ({"transaction_id": "a\x00"}, "OUT_OF_RANGE"),
        ({"energy_wh": None}, "NOTHING_MEASURED"),
    ],
)
def test_what_cannot_be_is_refused_with_its_reason(changed: dict[str, Any], reason: str | None) -> None:
    """Kept are the running month and thirteen before it."""
    assert check(_FINE._replace(**changed), _NOW) == reason


def test_each_reading_is_refused_by_itself() -> None:
    wrong = _FINE._replace(energy_wh=-4)
    assert refused([_FINE, wrong, _FINE], _NOW) == [(wrong, "NEGATIVE_ENERGY")]
