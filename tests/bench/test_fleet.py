"""Chargers of every protocol while the platform is killed: what they were told is stored is there, once."""

from chargecars.bench.fleet import run
from chargecars.fleet.run import Protocol


def test_what_was_acknowledged_is_stored_once_and_adds_up() -> None:
    """`./dev bench fleet --minutes N` goes on for longer, with more chargers and with Mosquitto."""
    few = {Protocol.MQTT: 4, Protocol.OCPP16: 3, Protocol.OCPP201: 3}
    verdict = run(12, seed=6, tell=lambda _: None, chargers=few)
    assert verdict.faults == []
    assert verdict.untold == 0
    assert verdict.acknowledged > 500
    assert verdict.sessions > 3
    assert {"telemetry", "api", "postgres"} <= set(verdict.kills)
