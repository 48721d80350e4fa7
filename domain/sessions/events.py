"""What happens to charging sessions. Owner, driver and the charger's channel read the payloads: no driver in them."""

from dataclasses import dataclass
from uuid import UUID

from domain.events.record import Payload


@dataclass(frozen=True)
class SessionEvent(Payload):
    subject_type = "ChargingSession"
    number: str
    charger_id: UUID
    connector: int


@dataclass(frozen=True)
class SessionRequested(SessionEvent):
    """A driver or staff asked for a session; the charger has yet to begin."""

    type = "session.requested"


@dataclass(frozen=True)
class SessionStarted(SessionEvent):
    """The charger said that it began."""

    type = "session.started"
    started_at: str
    marks: list[str]


@dataclass(frozen=True)
class SessionStartFailed(SessionEvent):
    """What was asked for never began: the charger refused, did not answer, or it was cancelled."""

    type = "session.start_failed"
    reason: str


@dataclass(frozen=True)
class SessionProgressed(SessionEvent):
    """A quarter of the battery, or of what the driver wants, was reached."""

    type = "session.progressed"
    milestone: int
    energy_wh: int


@dataclass(frozen=True)
class SessionPaused(SessionEvent):
    """No energy flows: the driver, the vehicle or the charger has paused."""

    type = "session.paused"


@dataclass(frozen=True)
class SessionResumed(SessionEvent):
    """Energy flows again."""

    type = "session.resumed"


@dataclass(frozen=True)
class SessionStopRequested(SessionEvent):
    """Somebody asked for its end; the charger has yet to end it."""

    type = "session.stop_requested"


@dataclass(frozen=True)
class SessionCommandFailed(SessionEvent):
    """The charger did not stop, pause or resume it: refused, or no answer in time."""

    type = "session.command_failed"
    command: str
    reason: str


@dataclass(frozen=True)
class SessionCompleted(SessionEvent):
    """The charger said that it ended."""

    type = "session.completed"
    ended_at: str
    energy_wh: int
    marks: list[str]


@dataclass(frozen=True)
class SessionClosedByRule(SessionEvent):
    """The charger did not say that it ended: a rule, or staff, ended it at the last sign of life."""

    type = "session.closed_by_rule"
    ended_at: str
    energy_wh: int
    rule: str
    marks: list[str]


@dataclass(frozen=True)
class SessionEnergyChanged(SessionEvent):
    """A late or corrected reading or report changed what a session that had ended used, or when."""

    type = "session.energy_changed"
    energy_wh_before: int
    energy_wh: int
    ended_at_before: str
    ended_at: str
    marks: list[str]


@dataclass(frozen=True)
class TokenRegistered(Payload):
    """Somebody may charge with a card, a vehicle or the app."""

    type = "id_token.registered"
    subject_type = "IdToken"
    kind: str


@dataclass(frozen=True)
class TokenChanged(Payload):
    """Its label, validity or private chargers were changed."""

    type = "id_token.changed"
    subject_type = "IdToken"
    kind: str


@dataclass(frozen=True)
class TokenBlocked(Payload):
    """Nobody charges with it any more."""

    type = "id_token.blocked"
    subject_type = "IdToken"
    kind: str


@dataclass(frozen=True)
class TokenUnblocked(Payload):
    """It is good again."""

    type = "id_token.unblocked"
    subject_type = "IdToken"
    kind: str


@dataclass(frozen=True)
class SessionsExported(Payload):
    """Somebody downloaded the sessions of an entity."""

    type = "charging.sessions_exported"
    subject_type = "BusinessEntity"
    internal = True
    since: str
    until: str
