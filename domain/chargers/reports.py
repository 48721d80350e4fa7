"""What a charger says of itself, in the terms of no protocol."""

from dataclasses import dataclass
from datetime import datetime

from domain.chargers.models import ConnectorStatus


@dataclass(frozen=True, slots=True)
class Boot:
    """It has started. Empty texts are what it does not say."""

    vendor: str = ""
    model: str = ""
    serial_number: str = ""
    firmware_version: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class BootAnswer:
    accepted: bool
    interval_seconds: int
    """How often it is to be heard of."""


@dataclass(frozen=True, slots=True)
class ConnectorReport:
    """How a connector is; number 0 is the charger as a whole. `at` is by the charger's clock, UTC."""

    number: int
    status: ConnectorStatus
    error_code: str | None
    at: datetime
    info: str = ""
