"""The states of chargers and of commands to them in GraphQL."""

import strawberry

from api.enums import described
from domain.chargers.models import (
    Channel,
    ChargerAccess,
    ChargerState,
    ConnectorStatus,
    ConnectorType,
    Protocol,
)
from domain.commands.models import CommandKind, CommandStatus

strawberry.enum(Protocol, name="DeviceProtocol")
strawberry.enum(Channel, name="DeviceChannel")
strawberry.enum(CommandKind, name="DeviceCommandKind")
strawberry.enum(CommandStatus, name="DeviceCommandStatus")

described(
    ChargerState,
    "Where a charger is in its life.",
    REGISTERED="Known, without credentials: it cannot connect.",
    ENROLLED="Has credentials, and has never started.",
    IN_SERVICE="At work.",
    SUSPENDED="Connected and heard; nothing is charged at it.",
    RETIRED="Taken down: its credentials are refused.",
)
described(ChargerAccess, "Who may charge.", PUBLIC="Anybody.", PRIVATE="Whom the owner lets.")
described(
    Protocol,
    "What a charger speaks.",
    MQTT="MQTT, see docs/chargers.md.",
    OCPP16="OCPP 1.6-J.",
    OCPP201="OCPP 2.0.1.",
)
described(Channel, "By which way a message came.", MQTT="MQTT.", OCPP="OCPP, any version.")
described(
    ConnectorType,
    "What plug or socket it is.",
    TYPE1="Type 1, SAE J1772.",
    TYPE2="Type 2, IEC 62196-2.",
    CCS2="Combined charging system with type 2.",
    CHADEMO="CHAdeMO.",
    TESLA="Tesla's own.",
    SCHUKO="A household socket.",
    UNKNOWN="Nobody has said.",
)
described(
    ConnectorStatus,
    "How a connector is, as the charger says.",
    AVAILABLE="Free.",
    PREPARING="A vehicle is there, and nothing is charged yet.",
    CHARGING="Charging.",
    SUSPENDED_EV="The vehicle takes nothing for now.",
    SUSPENDED_EVSE="The charger gives nothing for now.",
    FINISHING="Charged; the vehicle is still there.",
    RESERVED="Kept for somebody.",
    UNAVAILABLE="Out of use, or never heard of.",
    FAULTED="Broken; the error code says how.",
)
described(
    CommandKind,
    "What a charger is told to do.",
    START="Begin to charge at a connector: `idToken` (whose session), `powerW`.",
    STOP="End charging: `transactionId`, or whatever runs at the connector.",
    SET_POWER="Give no more than `powerW`; 0 pauses.",
    EMERGENCY_STOP="End everything at once; goes ahead of all other commands.",
    RESET="Start anew; `hard: true` at once, without waiting for sessions.",
    UNLOCK="Let go of the cable of a connector.",
    GET_DIAGNOSTICS="Upload its log: `location`, `since`, `until`.",
    TRIGGER_MESSAGE="Send a `message` now: BootNotification, Heartbeat, MeterValues, StatusNotification, "
    "FirmwareStatusNotification.",
    DATA_TRANSFER="Something of the maker's own: `vendorId`, `messageId`, `data`.",
)
described(
    CommandStatus,
    "Where a command is.",
    ACCEPTED="Waits to be sent: at once where the charger is connected.",
    SENT="On its way, not answered yet.",
    ACKNOWLEDGED="The charger says that it does it.",
    TIMED_OUT="Not answered in time: OFFLINE, it was not connected; NO_ANSWER, it was.",
    FAILED="Refused by the charger, taken back, or made void by an emergency stop; the reason says which.",
)
