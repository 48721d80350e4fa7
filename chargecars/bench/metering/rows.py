"""What chargers measure in a benchmark: the same rows for whoever writes them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

from domain.telemetry.readings import Reading


@dataclass(frozen=True)
class Load:
    """A charger measures once a second and sends `together` readings in one message, `messages` times."""

    chargers: int
    messages: int
    together: int
    first: int = 0
    """The number of the first reading: rounds follow each other in time."""

    @property
    def readings(self) -> int:
        return self.chargers * self.messages * self.together

    def message(self, number: int) -> range:
        """The numbers of a message's readings."""
        start = self.first + number * self.together
        return range(start, start + self.together)


def values(number: int) -> dict[str, int]:
    """What reading `number` of a charger says, by the names of MQTT, in the order of Reading."""
    return {
        "energyWh": 1_000_000 + 2 * number,
        "powerW": 7_200 + number % 50,
        "voltageMv": 230_000 + number % 100,
        "currentMa": 10_400,
        "temperatureDc": 312,
        "socPercent": 20 + number % 80,
    }


def moment(start: datetime, number: int) -> datetime:
    return start + timedelta(seconds=number)


def readings(load: Load, chargers: Sequence[UUID], start: datetime) -> Iterator[Reading]:
    """In about the order in which they arrive: message by message, charger by charger."""
    for number in range(load.messages):
        for charger_id in chargers[: load.chargers]:
            for each in load.message(number):
                energy, power, voltage, current, temperature, soc = values(each).values()
                at = moment(start, each)
                yield Reading(charger_id, 1, at, each, 0, energy, power, voltage, current, temperature, soc)


def payload(load: Load, number: int, start: datetime) -> bytes:
    """Message `number` of a charger as MQTT has it."""
    items = [
        {"connector": 1, "at": _written(moment(start, each)), "sequence": each, **values(each)}
        for each in load.message(number)
    ]
    return orjson.dumps({"v": 1, "messageId": f"m{load.first}-{number}", "readings": items})


def meter_values(load: Load, number: int, start: datetime) -> dict[str, Any]:
    """Message `number` of a charger as OCPP 1.6 has it."""
    return {
        "connectorId": 1,
        "meterValue": [
            {"timestamp": _written(moment(start, each)), "sampledValue": _sampled(values(each))}
            for each in load.message(number)
        ],
    }


def _sampled(measured: dict[str, int]) -> list[dict[str, str]]:
    return [
        {"measurand": "Energy.Active.Import.Register", "unit": "Wh", "value": str(measured["energyWh"])},
        {"measurand": "Power.Active.Import", "unit": "W", "value": str(measured["powerW"])},
        {"measurand": "Voltage", "unit": "V", "value": str(measured["voltageMv"] / 1_000)},
        {"measurand": "SoC", "unit": "Percent", "value": str(measured["socPercent"])},
    ]


def _written(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
