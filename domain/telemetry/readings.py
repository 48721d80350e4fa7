"""One reading of one connector, and which readings cannot be."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

from tenants.settings import settings


class Reading(NamedTuple):
    """Values in whole units. Its key is (charger_id, connector, read_at, sequence).

    The same key again changes nothing; with a higher `revision` it corrects what was stored. A tuple, because tens of
    thousands are made each second.
    """

    charger_id: UUID
    connector: int
    """From 1; 0 is the charger as a whole."""
    read_at: datetime
    """Aware."""
    sequence: int = 0
    revision: int = 0
    energy_wh: int | None = None
    """The connector's register, which only rises, until it starts again."""
    power_w: int | None = None
    """Negative where the car gives power back."""
    voltage_mv: int | None = None
    """Mean of the phases."""
    current_ma: int | None = None
    """Of the phase that has most."""
    temperature_dc: int | None = None
    """Tenths of a degree Celsius."""
    soc_percent: int | None = None
    """State of charge of the car."""
    transaction_id: str | None = None


class Refusal(StrEnum):
    """Why a reading is not stored."""

    NEGATIVE_ENERGY = "NEGATIVE_ENERGY"
    FUTURE_CLOCK = "FUTURE_CLOCK"
    """The charger's clock is ahead."""
    TOO_OLD = "TOO_OLD"
    """Readings of its month are not kept any more."""
    OUT_OF_RANGE = "OUT_OF_RANGE"
    NOTHING_MEASURED = "NOTHING_MEASURED"


AHEAD = timedelta(minutes=10)
MOST_CONNECTOR = 99
MOST_SEQUENCE = 2**31 - 1
MOST_REVISION = 2**15 - 1
MOST_ENERGY_WH = 10**12
MOST_POWER_W = 5_000_000
MOST_VOLTAGE_MV = 2_000_000
MOST_CURRENT_MA = 5_000_000
MOST_TEMPERATURE_DC = 2_000
LEAST_TEMPERATURE_DC = -1_000
MOST_TRANSACTION_ID = 64


def check(reading: Reading, now: datetime) -> str | None:
    """Why a reading cannot be, a Refusal; None where it can."""
    if not (oldest(now) <= reading.read_at <= now + AHEAD):
        return Refusal.FUTURE_CLOCK if reading.read_at > now else Refusal.TOO_OLD
    return _values(reading)


def refused(readings: Iterable[Reading], now: datetime) -> list[tuple[Reading, str]]:
    """Those that cannot be, each with its reason."""
    return [(reading, reason) for reading in readings if (reason := check(reading, now))]


def oldest(now: datetime) -> datetime:
    """The beginning of what is kept of readings."""
    at = now.astimezone(UTC)
    return _first_kept(at.year, at.month, settings().telemetry_retention_months)


@lru_cache(maxsize=16)
def _first_kept(year: int, month: int, months: int) -> datetime:
    count = year * 12 + month - 1 - months
    return datetime(count // 12, count % 12 + 1, 1, tzinfo=UTC)


def _values(r: Reading) -> str | None:
    """Chained comparisons: this runs for each reading of the fleet."""
    if r.energy_wh is not None and not 0 <= r.energy_wh <= MOST_ENERGY_WH:
        return Refusal.NEGATIVE_ENERGY if r.energy_wh < 0 else Refusal.OUT_OF_RANGE
    if (
        0 <= r.connector <= MOST_CONNECTOR
        and 0 <= r.sequence <= MOST_SEQUENCE
        and 0 <= r.revision <= MOST_REVISION
        and (r.power_w is None or -MOST_POWER_W <= r.power_w <= MOST_POWER_W)
        and (r.voltage_mv is None or 0 <= r.voltage_mv <= MOST_VOLTAGE_MV)
        and (r.current_ma is None or -MOST_CURRENT_MA <= r.current_ma <= MOST_CURRENT_MA)
        and (r.temperature_dc is None or LEAST_TEMPERATURE_DC <= r.temperature_dc <= MOST_TEMPERATURE_DC)
        and (r.soc_percent is None or 0 <= r.soc_percent <= 100)
        and (
            r.transaction_id is None
            or (len(r.transaction_id) <= MOST_TRANSACTION_ID and r.transaction_id.isprintable())
        )
    ):
        return None if any(value is not None for value in r[5:11]) else Refusal.NOTHING_MEASURED
    return Refusal.OUT_OF_RANGE
