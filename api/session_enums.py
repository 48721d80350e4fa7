"""The states of charging sessions and tokens in GraphQL."""

import strawberry

from api.enums import described
from domain.sessions.models import ClosedBy, ReportKind, ReportSource, SessionMark, SessionState, TokenKind, TokenStatus
from domain.sessions.reports import ChargingState

strawberry.enum(SessionState, name="ChargingSessionState")
strawberry.enum(SessionMark, name="ChargingSessionMark")
strawberry.enum(ClosedBy, name="ChargingSessionClosedBy")
strawberry.enum(ReportKind, name="ChargingReportKind")
strawberry.enum(ReportSource, name="ChargingReportSource")
strawberry.enum(TokenKind, name="IdTokenKind")
strawberry.enum(TokenStatus, name="IdTokenStatus")

described(
    SessionState,
    "Where a charging session is.",
    STARTING="Asked for; the charger has not said that it has begun.",
    ACTIVE="It charges.",
    PAUSED="Connected, and no energy flows: the driver, the car or the charger has paused.",
    COMPLETED="It has ended, or never began (mark NEVER_STARTED).",
)
described(
    SessionMark,
    "What is not as it should be about a session.",
    OFFLINE_START="It began while the charger was not connected: nobody was asked whether the driver may.",
    NO_START="The charger never said that it began.",
    NO_STOP="The charger never said that it ended: it was ended at the last sign of life.",
    LATE_STOP="The charger said when it ended after a rule had ended it.",
    STUCK_TRANSACTION="It was told to stop, or went on for too long, and did not end: a rule ended it.",
    NEVER_STARTED="Asked for, and never begun: nothing was charged and nothing is billed.",
    METER_RESTARTED="The meter's register went back or jumped while it charged; its parts are added up.",
    METER_MISSING="No reading near its start or its end: the nearest is taken.",
    CLOCK_CORRECTED="The charger's clock was impossible: the time of receipt is taken.",
    ENERGY_ESTIMATED="Part of the energy is in no plausible reading, and counts as nothing.",
    CHARGER_REBOOTED="The charger started anew and did not go on with it.",
    CHARGER_REPLACED="The charger was taken down meanwhile.",
    UNKNOWN_TOKEN="Begun with a token that nobody here knows.",  # noqa: S106  # a mark
    REFUSED_TOKEN="Begun with a token that may not charge there.",  # noqa: S106  # a mark
    CLOSED_BY_STAFF="Somebody ended it by hand.",
)
described(ClosedBy, "Who said that a session has ended.", CHARGER="The charger.", RULE="A rule.", STAFF="Staff.")
described(
    ReportKind, "What a charger says of a transaction.", STARTED="It began.", UPDATED="It goes on.", ENDED="It ended."
)
described(
    ReportSource,
    "How something about a session became known.",
    CHARGER="The charger said so.",
    COMMAND="The charger acknowledged a command that pauses or resumes.",
    STATUS="The status of the connector changed.",
)
described(
    ChargingState,
    "Whether energy flows.",
    CHARGING="It does.",
    SUSPENDED="It does not: the car or the charger has paused.",
)
described(
    TokenKind,
    "What a token is.",
    RFID="A card or tag.",
    APP="Made by the platform for somebody who starts sessions by login.",
    VEHICLE="By which a vehicle names itself.",
)
described(TokenStatus, "Whether somebody may charge with a token.", ACCEPTED="Yes, until it expires.", BLOCKED="No.")
