"""What is written for Mosquitto."""

from domain.chargers.credentials import Accepted
from workers.mqtt.keeping import passwords


def test_no_charger_logs_in_as_the_platform_or_as_one_of_its_sessions() -> None:
    """Mosquitto takes the last line of a name, and ends the session of a client id that connects again."""
    names = ("operator", "platform", "Chargecars-telemetry-1", "CP-1")
    text = passwords([Accepted(name, f"${name}") for name in names], "operator:$7$own")
    assert text == "operator:$7$own\nCP-1:$CP-1\n"


def test_the_newest_credential_of_a_charger_counts() -> None:
    assert passwords([Accepted("CP-1", "new"), Accepted("CP-1", "old")], "p:x") == "p:x\nCP-1:new\n"
