"""Chargers that speak MQTT: topics, payloads, the consumer, and the two brokers it works with."""
