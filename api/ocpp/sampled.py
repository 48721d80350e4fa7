"""Sampled values of the protocol become readings. Pure.

One meter value of a charger holds many sampled values of one moment: measurands, phases, units. They become one reading
of integers: Wh, W, mV, mA, tenths of a degree, per cent. What was sampled in another context (at the beginning or the
end of a transaction, by the clock) of the same moment is another reading: the context is its `sequence`.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from api.ocpp import times
from api.ocpp.versions import Version
from domain.telemetry.readings import Reading

_ENERGY = "Energy.Active.Import.Register"
_POWER = "Power.Active.Import"
_VOLTAGE, _CURRENT, _TEMPERATURE, _CHARGE = "Voltage", "Current.Import", "Temperature", "SoC"
_PERIODIC = "Sample.Periodic"
_SEQUENCES = {
    _PERIODIC: 0,
    "Sample.Clock": 0,
    "Transaction.Begin": 1,
    "Transaction.End": 2,
    "Trigger": 3,
    "Interruption.Begin": 4,
    "Interruption.End": 5,
    "Other": 6,
}
_UNITS = {"Energy": "Wh", "Power": "W", "Current": "A", "Voltage": "V", "Temperature": "Celsius", "SoC": "Percent"}
_NEUTRAL, _LINES = "N", ("L1-L2", "L2-L3", "L3-L1")
_ROOT_OF_THREE = Decimal("1.7320508075688772")
_DIGITS = 15
"""A value of more digits than these before the point measures nothing."""

_Convert = Callable[[Decimal], Decimal]


def _times(factor: int) -> _Convert:
    return lambda value: value * factor


_SCALES: Mapping[str, Mapping[str, _Convert]] = {
    _ENERGY: {"Wh": _times(1), "kWh": _times(1000)},
    _POWER: {"W": _times(1), "kW": _times(1000)},
    _VOLTAGE: {"V": _times(1000)},
    _CURRENT: {"A": _times(1000)},
    _TEMPERATURE: {
        "Celsius": _times(10),
        "Celcius": _times(10),  # as 1.6 misspells it
        "Fahrenheit": lambda value: (value - 32) * 50 / 9,
        "K": lambda value: (value - Decimal("273.15")) * 10,
    },
    _CHARGE: {"Percent": _times(1)},
}


@dataclass(frozen=True, slots=True)
class Sample:
    """One value of a measurand that is understood, in the unit of a reading."""

    measurand: str
    value: Decimal
    phase: str
    location: str


@dataclass(frozen=True, slots=True)
class Measured:
    """What one message has measured, and what of it cannot be used, each with its reason."""

    readings: list[Reading]
    refused: list[str]


def measured(
    version: Version, charger_id: UUID, connector: int, values: Iterable[Any], transaction_id: str | None = None
) -> Measured:
    """The readings of a list of `MeterValue` (both versions), checked against its schema."""
    readings: list[Reading] = []
    refused: list[str] = []
    for value in values:
        at = times.read(value["timestamp"])
        if at is None:
            refused.append(f"{value['timestamp'][:40]!r} is no timestamp")
            continue
        for sequence, samples in _by_context(version, value["sampledValue"], refused).items():
            readings.append(_reading(charger_id, connector, at, sequence, samples, transaction_id))
    return Measured(readings, refused)


def _by_context(version: Version, sampled: Iterable[Any], refused: list[str]) -> dict[int, list[Sample]]:
    found: dict[int, list[Sample]] = defaultdict(list)
    for value in sampled:
        measurand = value.get("measurand", _ENERGY)
        if measurand not in _SCALES or value.get("format") == "SignedData":
            continue
        try:
            amount = _amount(version, measurand, value)
        except ValueError as error:
            refused.append(str(error))
            continue
        sample = Sample(measurand, amount, value.get("phase", ""), value.get("location", "Outlet"))
        found[_SEQUENCES.get(value.get("context", _PERIODIC), 0)].append(sample)
    return found


def _amount(version: Version, measurand: str, value: Any) -> Decimal:
    """Raises: ValueError for what is no number, or a unit that the measurand does not have."""
    unit, exponent = value.get("unit"), 0
    if version is Version.OCPP201:
        unit_of_measure = value.get("unitOfMeasure") or {}
        unit, exponent = unit_of_measure.get("unit"), unit_of_measure.get("multiplier", 0)
    convert = _SCALES[measurand].get(unit or _UNITS[measurand.split(".")[0]])
    if convert is None:
        raise ValueError(f"{unit[:20]!r} is no unit of {measurand}")
    return convert(_number(measurand, value["value"], exponent))


def _number(measurand: str, given: object, exponent: int) -> Decimal:
    text = str(given)
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or len(text) > 40:
        raise ValueError(f"{text[:20]!r} is no value of {measurand}")
    if not -_DIGITS <= exponent <= _DIGITS or not -_DIGITS * 2 <= number.adjusted() + exponent <= _DIGITS:
        if number:
            raise ValueError(f"{text[:20]} × 10^{exponent} of {measurand} is out of range")
        return Decimal(0)
    return number.scaleb(exponent)


def _reading(
    charger_id: UUID, connector: int, at: datetime, sequence: int, samples: list[Sample], transaction_id: str | None
) -> Reading:
    by: dict[str, list[Sample]] = defaultdict(list)
    for sample in samples:
        by[sample.measurand].append(sample)
    return Reading(
        charger_id=charger_id,
        connector=connector,
        read_at=at,
        sequence=sequence,
        energy_wh=_whole(_total(by[_ENERGY])),
        power_w=_whole(_total(by[_POWER])),
        voltage_mv=_whole(_mean(by[_VOLTAGE])),
        current_ma=_whole(_largest(by[_CURRENT])),
        temperature_dc=_whole(max((sample.value for sample in by[_TEMPERATURE]), default=None)),
        soc_percent=_whole(next((sample.value for sample in by[_CHARGE]), None)),
        transaction_id=transaction_id,
    )


def _whole(value: Decimal | None) -> int | None:
    return None if value is None else int(value.quantize(Decimal(1), ROUND_HALF_UP))


def _at_the_outlet(samples: Sequence[Sample]) -> Sequence[Sample]:
    """A charger that measures in several places has the driver's energy at the outlet."""
    return [sample for sample in samples if sample.location == "Outlet"] or samples


def _total(samples: Sequence[Sample]) -> Decimal | None:
    """The value of all phases, or the sum of theirs."""
    samples = _at_the_outlet(samples)
    whole = [sample.value for sample in samples if not sample.phase]
    if whole or not samples:
        return whole[-1] if whole else None
    return sum({_line(sample): sample.value for sample in samples}.values(), Decimal(0))


def _mean(samples: Sequence[Sample]) -> Decimal | None:
    """Between a phase and neutral; a phase that is not connected has none."""
    samples = _at_the_outlet(samples)
    single = [sample.value for sample in samples if sample.phase and sample.phase not in (*_LINES, _NEUTRAL)]
    whole = [sample.value for sample in samples if not sample.phase]
    between = [sample.value / _ROOT_OF_THREE for sample in samples if sample.phase in _LINES]
    values = single or whole or between
    live = [value for value in values if value] or values[:1]
    return sum(live, Decimal(0)) / len(live) if live else None


def _largest(samples: Sequence[Sample]) -> Decimal | None:
    return max((sample.value for sample in _at_the_outlet(samples) if sample.phase != _NEUTRAL), default=None)


def _line(sample: Sample) -> str:
    return sample.phase.removesuffix("-N")
