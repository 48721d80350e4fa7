"""What chargers report of sessions, the same for every protocol."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from domain.sessions.models import ReportKind


class ChargingState(StrEnum):
    CHARGING = "CHARGING"
    SUSPENDED = "SUSPENDED"
    """Connected, and no energy flows: the vehicle or the charger has paused."""


class AuthorizationStatus(StrEnum):
    """OCPP's."""

    ACCEPTED = "ACCEPTED"
    BLOCKED = "BLOCKED"
    EXPIRED = "EXPIRED"
    INVALID = "INVALID"
    CONCURRENT_TX = "CONCURRENT_TX"


@dataclass(frozen=True, slots=True)
class Authorization:
    """Whether a token may charge at a charger, and whose it is."""

    status: AuthorizationStatus
    contact_id: UUID | None = None
    id_token_id: UUID | None = None

    @property
    def accepted(self) -> bool:
        return self.status is AuthorizationStatus.ACCEPTED


@dataclass(frozen=True, slots=True)
class TransactionReport:
    """A transaction began, goes on or ended.

    `transaction_id` is None where the platform draws it (OCPP 1.6, STARTED). `connector` is 0 where the charger does
    not say (OCPP 1.6, ENDED). `meter_wh` is the connector's register. `at` is by the charger's clock.
    """

    kind: ReportKind
    transaction_id: str | None
    connector: int
    at: datetime
    meter_wh: int | None = None
    id_token: str | None = None
    charging_state: ChargingState | None = None
    reason: str = ""
    offline: bool = False
    sequence: int = 0


@dataclass(frozen=True, slots=True)
class TransactionAnswer:
    """`transaction_id` is the charger's own, or the one that was drawn (digits, below 2^31)."""

    transaction_id: str
    session_id: UUID
    authorization: Authorization
    refused: tuple[str, ...] = ()
    """Values of the report that are impossible and were left out, as `CODE: detail`: they belong in quarantine."""
