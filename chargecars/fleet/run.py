"""A fleet at work, and what it has to say at the end."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from chargecars.fleet import mqtt, ocpp16, ocpp201
from chargecars.fleet.clock import FleetClock
from chargecars.fleet.device import Connect, Device
from chargecars.fleet.faults import Faults
from chargecars.fleet.hardware import Hardware
from chargecars.fleet.messages import Sample
from tenants.settings import Settings

_LOOK_SECONDS = 1.0


class Protocol(StrEnum):
    MQTT = "mqtt"
    OCPP16 = "ocpp16"
    OCPP201 = "ocpp201"


@dataclass(frozen=True)
class Plan:
    """What to simulate; `interval` in seconds of the fleet's own time."""

    chargers: int = 10
    protocol: Protocol = Protocol.MQTT
    seconds: float = 60
    speed: float = 1.0
    interval: float = 10.0
    seed: int = 1
    faults: Faults = field(default_factory=Faults)

    def names(self, prefix: str) -> list[str]:
        return [f"{prefix}{number:05d}" for number in range(1, self.chargers + 1)]

    def hardware(self, prefix: str) -> list[Hardware]:
        return [Hardware(name, self.seed, self.faults) for name in self.names(prefix)]


@dataclass(frozen=True)
class Outcome:
    """What the fleet knows when it is over."""

    acknowledged: Mapping[str, Mapping[int, Sample]]
    """By identity and sequence: what the platform has said it keeps."""
    untold: int
    """Messages that nobody took in time."""
    counts: Mapping[str, int]

    @property
    def readings(self) -> int:
        return sum(len(samples) for samples in self.acknowledged.values())


def addressed(settings: Settings, protocol: Protocol) -> Connect:
    """How a device reaches the platform of these settings."""
    sockets = f"ws://{settings.host}:{settings.port}"
    broker = settings.mqtt_url or f"mqtt://{settings.mqtt_host}:{settings.mqtt_port}"
    match protocol:
        case Protocol.MQTT:
            return lambda device: mqtt.connection(broker, device)
        case Protocol.OCPP16:
            return lambda device: ocpp16.connection(sockets, device)
    return lambda device: ocpp201.connection(sockets, device)


async def work(
    plan: Plan,
    hardware: list[Hardware],
    secrets: Mapping[str, str],
    connect: Connect,
    look: Callable[[Counter[str]], None],
) -> Outcome:
    """Let them charge until the plan's time is over; `look` is told the counts each second."""
    clock = FleetClock(plan.seconds, plan.speed)
    devices = [Device(each, secrets[each.identity], connect, clock, plan.faults, plan.interval) for each in hardware]
    looking = asyncio.create_task(_look(devices, look))
    try:
        async with asyncio.TaskGroup() as group:
            for device in devices:
                group.create_task(device.run())
    finally:
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)
    return Outcome(
        {device.identity: device.acknowledged for device in devices},
        sum(len(device.flash) for device in devices),
        _counted(devices),
    )


async def _look(devices: list[Device], look: Callable[[Counter[str]], None]) -> None:
    while True:
        await asyncio.sleep(_LOOK_SECONDS)
        look(_counted(devices))


def _counted(devices: list[Device]) -> Counter[str]:
    counts: Counter[str] = sum((device.counts for device in devices), Counter())
    counts["readings"] = sum(len(device.acknowledged) for device in devices)
    counts["waiting"] = sum(len(device.flash) for device in devices)
    counts["charging"] = sum(device.hardware.charging is not None for device in devices)
    counts["online"] = sum(device.hardware.online for device in devices)
    return counts
