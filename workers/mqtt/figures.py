"""What Prometheus is told of messages from chargers."""

from prometheus_client import Counter, Gauge

MESSAGES = Counter("chargecars_mqtt_messages", "Messages of chargers that were begun with.")
READINGS = Counter("chargecars_mqtt_readings", "Readings that were committed.")
REFUSED = Counter("chargecars_mqtt_refused", "What went to the quarantine.", ("channel", "reason"))
CONNECTED = Gauge("chargecars_mqtt_connected", "Chargers that this process knows to be connected.")
BROKER = Gauge("chargecars_mqtt_broker", "Whether the broker can be reached: 1 or 0.")
