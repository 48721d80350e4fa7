"""What goes wrong with hardware, and how often."""

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Faults:
    """Chances per minute of the charger's own time, and per message where it says so."""

    offline: float = 0.02
    """Loses its network for a while and goes on charging."""
    offline_seconds: float = 120
    """How long, about."""
    reboot: float = 0.005
    """Restarts; a transaction ends with it or is picked up again."""
    meter_restart: float = 0.0005
    """Begins to count at nought again."""
    overheat: float = 0.002
    repeat: float = 0.02
    """Per message: it is sent twice."""
    unheard: float = 0.02
    """Per message: the answer gets lost, the connection with it, and the message is sent again."""
    no_stop: float = 0.02
    """Per transaction: its end is never told."""
    drift_seconds: float = 30
    """Standard deviation of how wrong the clock is until the platform tells the time."""

    def times(self, factor: float) -> "Faults":
        """The same, `factor` times as often; 0: hardware as it is in a brochure."""
        chances = ("offline", "reboot", "meter_restart", "overheat", "repeat", "unheard", "no_stop")
        changed = {name: min(0.9, getattr(self, name) * factor) for name in chances}
        return replace(self, **changed, drift_seconds=self.drift_seconds * factor)
