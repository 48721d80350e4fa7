"""The one port that MQTT and OCPP feed, and the way of a command to the process that holds its charger."""
