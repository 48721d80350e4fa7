"""The bytes that COPY takes, beside a writer that knows nothing of columns."""

import struct
from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.telemetry.binary import copied
from domain.telemetry.readings import (
    LEAST_TEMPERATURE_DC,
    MOST_CONNECTOR,
    MOST_CURRENT_MA,
    MOST_ENERGY_WH,
    MOST_POWER_W,
    MOST_REVISION,
    MOST_SEQUENCE,
    MOST_TEMPERATURE_DC,
    MOST_TRANSACTION_ID,
    MOST_VOLTAGE_MV,
    Reading,
)

_2000 = datetime(2000, 1, 1, tzinfo=UTC)
_FORMATS = ("h", "q", "i", "h", "q", "i", "i", "i", "h", "h")
READINGS = st.builds(
    Reading,
    st.sampled_from([UUID(int=1), UUID(int=2**128 - 1), UUID("018ed9b0-6580-721a-98a1-25293e334b8a")]),
    st.integers(0, MOST_CONNECTOR),
    st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001  # bounds
    st.integers(0, MOST_SEQUENCE),
    st.integers(0, MOST_REVISION),
    st.none() | st.integers(0, MOST_ENERGY_WH),
    st.none() | st.integers(-MOST_POWER_W, MOST_POWER_W),
    st.none() | st.integers(0, MOST_VOLTAGE_MV),
    st.none() | st.integers(-MOST_CURRENT_MA, MOST_CURRENT_MA),
    st.none() | st.integers(LEAST_TEMPERATURE_DC, MOST_TEMPERATURE_DC),
    st.none() | st.integers(0, 100),
    st.none() | st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=MOST_TRANSACTION_ID),
)


def written(readings: list[Reading]) -> bytes:
    """The same, value by value."""
    made = b"PGCOPY\n\xff\r\n\0" + struct.pack(">ii", 0, 0)
    for reading in readings:
        made += struct.pack(">h", 12) + _field(reading[0].bytes)
        values = [reading[1], (reading[2] - _2000) // timedelta(microseconds=1), *reading[3:11]]
        for value, code in zip(values, _FORMATS, strict=True):
            made += _field(None if value is None else struct.pack(f">{code}", value))
        made += _field(None if reading[11] is None else reading[11].encode())
    return made + struct.pack(">h", -1)


def _field(value: bytes | None) -> bytes:
    return struct.pack(">i", -1) if value is None else struct.pack(">i", len(value)) + value


@settings(max_examples=150, deadline=None)
@given(st.lists(READINGS, min_size=1, max_size=12))
def test_it_is_the_binary_format_of_the_manual(readings: list[Reading]) -> None:
    assert copied(readings) == written(readings)


@settings(max_examples=50, deadline=None)
@given(st.lists(READINGS, min_size=1, max_size=6), st.integers(5, 11))
def test_a_column_that_nobody_measures_is_null(readings: list[Reading], column: int) -> None:
    without = [Reading(*(None if at == column else value for at, value in enumerate(each))) for each in readings]
    assert copied(without) == written(without)
