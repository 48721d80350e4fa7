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
_VALUES = 6
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
_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_window = (_LONG_AGO, _LONG_AGO, _LONG_AGO)
"""A moment, and between which two a reading may be then."""


def check(reading: Reading, now: datetime) -> str | None:
    """Why a reading cannot be, a Refusal; None where it can."""
    global _window  # one `now` is given with thousands of readings
    if _window[0] is not now:
        _window = (now, oldest(now), now + AHEAD)
    if not (_window[1] <= reading[2] <= _window[2]):
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


def _values(reading: Reading) -> str | None:
    """Written for speed: it runs for each reading of the fleet."""
    _, connector, _, sequence, revision, energy, power, voltage, current, temperature, soc, transaction = reading
    if energy is not None and not 0 <= energy <= MOST_ENERGY_WH:
        return Refusal.NEGATIVE_ENERGY if energy < 0 else Refusal.OUT_OF_RANGE
    if (
        0 <= connector <= MOST_CONNECTOR
        and 0 <= sequence <= MOST_SEQUENCE
        and 0 <= revision <= MOST_REVISION
        and (power is None or -MOST_POWER_W <= power <= MOST_POWER_W)
        and (voltage is None or 0 <= voltage <= MOST_VOLTAGE_MV)
        and (current is None or -MOST_CURRENT_MA <= current <= MOST_CURRENT_MA)
        and (temperature is None or LEAST_TEMPERATURE_DC <= temperature <= MOST_TEMPERATURE_DC)
        and (soc is None or 0 <= soc <= 100)
        and (transaction is None or (len(transaction) <= MOST_TRANSACTION_ID and transaction.isprintable()))
    ):
        return None if reading[5:11].count(None) < _VALUES else Refusal.NOTHING_MEASURED
    return Refusal.OUT_OF_RANGE
