"""What a simulated charger has to tell, in no protocol's words; times are those of its own clock."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Status:
    """A connector's state, as OCPP 1.6 names it in capitals."""

    at: datetime
    status: str
    error_code: str = "NoError"


@dataclass(frozen=True, slots=True)
class Sample:
    """One look at the meter."""

    at: datetime
    sequence: int
    energy_wh: int
    power_w: int
    voltage_mv: int
    current_ma: int
    temperature_dc: int
    soc_percent: int | None = None
    transaction_id: str | None = None


@dataclass(frozen=True, slots=True)
class Started:
    """A car began to charge; `transaction_id` is the charger's own name for it."""

    at: datetime
    sequence: int
    transaction_id: str
    id_token: str
    meter_wh: int
    offline: bool = False
    remote_id: str | None = None
    """Id of the command that asked for it."""


@dataclass(frozen=True, slots=True)
class Changed:
    """The car or its driver paused, or went on."""

    at: datetime
    sequence: int
    transaction_id: str
    meter_wh: int
    charging: bool
    offline: bool = False


@dataclass(frozen=True, slots=True)
class Ended:
    at: datetime
    sequence: int
    transaction_id: str
    meter_wh: int
    reason: str
    offline: bool = False


@dataclass(frozen=True, slots=True)
class Alert:
    at: datetime
    code: str
    severity: str
    text: str


Message: TypeAlias = Status | Sample | Started | Changed | Ended | Alert
