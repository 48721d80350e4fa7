"""What Prometheus is told of subscriptions."""

from prometheus_client import Counter, Gauge, Histogram

_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)

CONNECTIONS = Gauge("chargecars_live_connections", "Open WebSockets and event streams.", ("transport",))
SUBSCRIPTIONS = Gauge("chargecars_live_subscriptions", "Running subscriptions.", ("field",))
GROUPS = Gauge("chargecars_live_groups", "Executions that subscriptions share.")
DELIVERED = Counter("chargecars_live_delivered", "Updates handed to connections.")
ENDED = Counter("chargecars_live_ended", "Connections that the server ended.", ("reason",))
EXECUTIONS = Counter("chargecars_live_executions", "Statements run for groups.", ("outcome",))
REPLAYED = Counter("chargecars_live_replayed", "Updates delivered from the log to clients that resumed.")
LAG = Histogram("chargecars_live_lag_seconds", "From an event to its delivery to a group.", buckets=_SECONDS)
POSITION = Gauge("chargecars_live_position", "The last position of the log that this process has dealt with.")
DOORBELL = Gauge("chargecars_live_doorbell", "Whether Redis tells of new events (1), or PostgreSQL is asked (0).")
