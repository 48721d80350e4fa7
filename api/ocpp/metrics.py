"""What Prometheus is told of chargers that speak OCPP."""

from prometheus_client import Counter, Gauge, Histogram

_SECONDS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)

SOCKETS = Gauge("chargecars_ocpp_sockets", "Chargers that are connected.", ("protocol",))
REFUSED = Counter("chargecars_ocpp_refused", "Chargers that were not let in.", ("reason",))
ENDED = Counter("chargecars_ocpp_ended", "Connections that ended, by code.", ("code",))
MESSAGES = Counter("chargecars_ocpp_messages", "Calls of chargers.", ("action", "outcome"))
MESSAGE_SECONDS = Histogram(
    "chargecars_ocpp_message_seconds", "From a charger's call to its answer.", ("action",), buckets=_SECONDS
)
COMMANDS = Counter("chargecars_ocpp_commands", "Commands that chargers were given.", ("kind", "outcome"))
COMMAND_SECONDS = Histogram(
    "chargecars_ocpp_command_seconds", "From a command to the charger's answer.", ("kind",), buckets=_SECONDS
)
THROTTLED = Counter("chargecars_ocpp_throttled", "Messages that had to wait for their turn.")
QUARANTINED = Counter("chargecars_ocpp_quarantined", "Messages that were not followed.", ("reason",))
