"""Simulated chargers: the same for the same seed, physical between samples, and nothing untold is forgotten."""

import asyncio
from collections.abc import Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from chargecars.fleet.clock import FleetClock
from chargecars.fleet.device import Device, LinkLost
from chargecars.fleet.faults import Faults
from chargecars.fleet.hardware import Hardware
from chargecars.fleet.messages import Ended, Message, Sample, Started

_FIRST = datetime(2026, 3, 2, 12, tzinfo=UTC)
_FLAWLESS = Faults().times(0)


def _hours(hardware: Hardware, hours: int, after: int = 0) -> list[Message]:
    ticks = range(after * 3600, (after + hours) * 3600, 10)
    return [message for tick in ticks for message in hardware.tick(_FIRST + timedelta(seconds=tick))]


def test_the_same_seed_tells_the_same() -> None:
    one, same, other = (Hardware("FLEET-1", seed, Faults()) for seed in (1, 1, 2))
    assert _hours(one, 2) == _hours(same, 2) != _hours(other, 2)


def test_without_faults_the_meter_only_grows_and_every_transaction_ends_with_its_energy() -> None:
    told = _hours(Hardware("FLEET-7", 3, _FLAWLESS, busy=0.9), 24)
    meter = [message.energy_wh for message in told if isinstance(message, Sample)]
    assert meter == sorted(meter)
    started = {m.transaction_id: m.meter_wh for m in told if isinstance(m, Started)}
    ended = {m.transaction_id: m.meter_wh for m in told if isinstance(m, Ended)}
    assert len(started) > 3
    assert len(started) - len(ended) in {0, 1}
    assert all(ended[name] > started[name] for name in ended)


def test_power_keeps_to_its_limit() -> None:
    hardware = Hardware("FLEET-7", 3, _FLAWLESS, busy=0.9)
    _hours(hardware, 1)
    hardware.limit(4_000)
    told = _hours(hardware, 6, after=1)
    assert max(m.power_w for m in told[len(told) // 10 :] if isinstance(m, Sample)) <= 4_000


class _Unreliable:
    """A link that takes every message and often loses its connection before or after it has."""

    most = 5

    def __init__(self, taken: list[Message]) -> None:
        self.taken = taken
        self.calls = 0

    async def deliver(self, messages: Sequence[Message]) -> Sequence[Message]:
        await asyncio.sleep(0)
        self.calls += 1
        if self.calls % 3 == 0:
            raise LinkLost
        self.taken += messages
        return ()


async def test_what_is_not_acknowledged_is_sent_again_in_its_order() -> None:
    taken: list[Message] = []

    @asynccontextmanager
    async def connect(_: Device) -> Any:
        yield _Unreliable(taken)

    faults = Faults(offline=0, reboot=0, unheard=0.1, repeat=0.1, drift_seconds=0)
    device = Device(Hardware("FLEET-2", 5, faults), "", connect, FleetClock(0.3, 3600), faults, 10)
    await device.run()
    samples = [message.sequence for message in taken if isinstance(message, Sample)]
    first_times = list(dict.fromkeys(samples))
    assert first_times == sorted(first_times)
    assert set(device.acknowledged) == set(samples)
    assert len(device.flash) == 0
