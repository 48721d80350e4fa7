"""Sampled values of both versions become readings of integers."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.ocpp.sampled import measured
from api.ocpp.versions import Version
from domain.telemetry.readings import Reading

CHARGER = uuid4()
AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def old(*sampled: dict[str, Any], at: str = "2026-03-01T12:00:00Z") -> list[dict[str, Any]]:
    """A meter value of 1.6."""
    return [{"timestamp": at, "sampledValue": list(sampled)}]


def read(*sampled: dict[str, Any], version: Version = Version.OCPP16) -> Reading:
    """The one reading of a meter value."""
    found = measured(version, CHARGER, 2, old(*sampled), "7")
    assert not found.refused
    (reading,) = found.readings
    return reading


def test_all_usual_measurands_become_one_reading() -> None:
    reading = read(
        {"value": "1234567.4"},
        {"value": "7.36", "measurand": "Power.Active.Import", "unit": "kW"},
        {"value": "229.9", "measurand": "Voltage", "phase": "L1-N", "unit": "V"},
        {"value": "231.1", "measurand": "Voltage", "phase": "L2-N", "unit": "V"},
        {"value": "15.9", "measurand": "Current.Import", "phase": "L1", "unit": "A"},
        {"value": "16.02", "measurand": "Current.Import", "phase": "L2", "unit": "A"},
        {"value": "99", "measurand": "Current.Import", "phase": "N", "unit": "A"},
        {"value": "36.66", "measurand": "Temperature", "unit": "Celsius"},
        {"value": "55", "measurand": "SoC", "unit": "Percent"},
        {"value": "50.0", "measurand": "Frequency"},
        {"value": "11000", "measurand": "Power.Offered", "unit": "W"},
    )
    assert reading == Reading(CHARGER, 2, AT, 0, 0, 1_234_567, 7360, 230_500, 16_020, 367, 55, "7")


@pytest.mark.parametrize(
    ("sampled", "expected"),
    [
        ([{"value": "12.3456", "unit": "kWh"}], {"energy_wh": 12_346}),
        ([{"value": "1", "phase": f"L{n}"} for n in (1, 2, 3)], {"energy_wh": 3}),
        ([{"value": "1", "phase": "L1"}, {"value": "7"}], {"energy_wh": 7}),
        ([{"value": "9", "location": "Inlet"}, {"value": "7", "location": "Outlet"}], {"energy_wh": 7}),
        ([{"value": "9", "location": "Inlet"}], {"energy_wh": 9}),
        ([{"value": "-0.5"}], {"energy_wh": -1}),
        ([{"value": "400", "measurand": "Voltage", "phase": "L1-L2"}], {"voltage_mv": 230_940}),
        (
            [{"value": str(v), "measurand": "Voltage", "phase": f"L{n}"} for n, v in ((1, 230), (2, 0), (3, 0))],
            {"voltage_mv": 230_000},
        ),
        ([{"value": "86", "measurand": "Temperature", "unit": "Fahrenheit"}], {"temperature_dc": 300}),
        ([{"value": "300.15", "measurand": "Temperature", "unit": "K"}], {"temperature_dc": 270}),
        ([{"value": "21", "measurand": "Temperature", "unit": "Celcius"}], {"temperature_dc": 210}),
        (
            [
                {"value": v, "measurand": "Temperature", "location": where}
                for v, where in (("21", "Body"), ("45", "Cable"))
            ],
            {"temperature_dc": 450},
        ),
    ],
)
def test_units_phases_and_places(sampled: list[dict[str, Any]], expected: dict[str, int]) -> None:
    reading = read(*sampled)
    assert {name: getattr(reading, name) for name in expected} == expected


def test_multipliers_of_201() -> None:
    reading = read(
        {"value": 12.5, "unitOfMeasure": {"unit": "Wh", "multiplier": 3}},
        {"value": 73600, "measurand": "Power.Active.Import", "unitOfMeasure": {"unit": "W", "multiplier": -1}},
        {"value": 0, "measurand": "SoC", "unitOfMeasure": {"multiplier": 999}},
        version=Version.OCPP201,
    )
    assert (reading.energy_wh, reading.power_w, reading.soc_percent) == (12_500, 7360, 0)


def test_each_context_of_a_moment_is_a_reading_of_its_own() -> None:
    begin, sample = (
        {"value": "100", "context": "Transaction.Begin"},
        {"value": "101", "context": "Sample.Periodic"},
    )
    found = measured(Version.OCPP16, CHARGER, 1, [*old(begin, sample), *old(begin)])
    assert [(r.sequence, r.energy_wh) for r in found.readings] == [(1, 100), (0, 101), (1, 100)]
    assert len({r[:4] for r in found.readings}) == 2


def test_what_cannot_be_read_is_refused_by_itself() -> None:
    found = measured(
        Version.OCPP16,
        CHARGER,
        1,
        [
            *old({"value": "100"}, at="yesterday"),
            *old({"value": "ten"}, {"value": "10", "unit": "A"}, {"value": "7", "measurand": "SoC"}),
            *old({"value": "1e99"}, {"value": "1e999999999"}, {"value": "NaN"}, at="2026-03-01T13:00:00+01:00"),
            *old({"value": "xyz", "format": "SignedData"}, {"value": "?", "measurand": "RPM"}),
        ],
    )
    assert [(r.read_at, r.energy_wh, r.soc_percent) for r in found.readings] == [(AT, None, 7)]
    assert len(found.refused) == 6


@given(
    st.lists(
        st.fixed_dictionaries(
            {"value": st.text(max_size=8) | st.decimals().map(str) | st.floats().map(str)},
            optional={
                "measurand": st.sampled_from(["Energy.Active.Import.Register", "Voltage", "SoC", "Temperature"]),
                "unit": st.sampled_from(["Wh", "kWh", "V", "A", "K", "Percent"]),
                "phase": st.sampled_from(["L1", "L1-N", "L1-L2", "N"]),
                "location": st.sampled_from(["Outlet", "Inlet"]),
            },
        ),
        max_size=6,
    )
)
@settings(max_examples=80, deadline=None)
def test_no_value_of_a_charger_ends_in_an_error(sampled: list[dict[str, Any]]) -> None:
    for reading in measured(Version.OCPP16, UUID(int=1), 1, old(*sampled)).readings:
        assert all(value is None or abs(value) < 10**20 for value in reading[5:11])
