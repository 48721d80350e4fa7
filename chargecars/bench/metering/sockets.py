"""Chargers that speak OCPP 1.6: what their sockets cost the API's process, and readings per second."""

from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

from chargecars.bench.installation import Installation
from chargecars.bench.metering.rows import Load, meter_values
from chargecars.bench.ocpp_sockets import LightCharger, Secrets, calls, hold_sockets
from chargecars.bench.report import say

TALKING = 200
_SECONDS = 6.0
_TOGETHER = 60
Figures = Iterator[tuple[str, float, str]]


async def measure(
    place: Installation, secrets: Secrets, start: datetime, committed: Callable[[], Awaitable[int]]
) -> list[tuple[str, float, str]]:
    """Name, value and unit of each figure. What was answered is committed: it is looked at."""
    async with hold_sockets(place.port, place.pid, secrets) as held:
        say(f"{len(held.sockets)} sockets in {held.seconds:.0f} s, {held.kib_per_socket:.1f} KiB each")
        talking = held.sockets[-TALKING:]
        single = await _talk(talking, 1, start, committed)
        many = await _talk(talking, _TOGETHER, start + timedelta(days=1), committed)
    say(f"OCPP: {single:,.0f} calls of one reading/s, {many:,.0f} readings/s")
    return [
        ("ocpp_sockets", len(held.sockets), "sockets"),
        ("ocpp_memory_per_socket", held.kib_per_socket, "KiB"),
        ("ocpp_sockets_opened", len(held.sockets) / held.seconds, "sockets/s"),
        ("ocpp_single_readings", single, "readings/s"),
        ("ocpp_readings", many, "readings/s"),
    ]


async def _talk(
    talking: list[LightCharger], together: int, start: datetime, committed: Callable[[], Awaitable[int]]
) -> float:
    """Readings per second in MeterValues of so many."""
    load = Load(len(talking), 0, together)

    def message(_charger: int, number: int) -> tuple[str, dict[str, Any]]:
        return "MeterValues", meter_values(load, number, start)

    await calls(talking, 1.0, message)
    before = await committed()
    rate = await calls(talking, _SECONDS, lambda charger, number: message(charger, number + 1_000)) * together
    told = rate * _SECONDS
    if (there := await committed() - before) < told * 0.9:
        raise RuntimeError(f"{there} of {told:.0f} readings were committed")
    return rate
