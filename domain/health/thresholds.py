"""From when something is wrong, and from when it is well again: apart, so that nothing flaps between the two."""

from datetime import timedelta

from domain.health.models import Severity

HOT_DC, VERY_HOT_DC, COOL_DC = 700, 850, 600
"""Tenths of a degree: a warning from 70 °C, critical from 85 °C, well again below 60 °C …"""
COOL_FOR = timedelta(minutes=10)
"""… for so long."""
FRESH = timedelta(minutes=15)
"""A reading that is older says what was, and opens no alert."""
COUNT_EVERY = timedelta(minutes=1)
"""What goes on is counted once in so long, not once per reading."""

OFFLINE_AFTER = timedelta(minutes=5)
"""Five heartbeats: chargers are told to be heard of each minute (domain/devices/port.py)."""
HEARD_WITHIN = timedelta(minutes=2)
"""Who is well is heard in this time: two heartbeats."""
LONG_OFFLINE = timedelta(hours=24)
"""From then on it is critical."""

QUIET_AFTER = timedelta(hours=24)
"""What a device warns of and does not repeat for so long is over."""
MOST_OPEN = 20
"""Alerts of a device that are open at a time; what is more is counted on one."""
RANK = {Severity.INFO: 0, Severity.WARNING: 1, Severity.CRITICAL: 2}


def severity_of_heat(temperature_dc: int) -> Severity | None:
    """How bad a temperature in tenths of a degree Celsius is; None where it is not."""
    if temperature_dc >= VERY_HOT_DC:
        return Severity.CRITICAL
    return Severity.WARNING if temperature_dc >= HOT_DC else None


MANY_SILENT = 20
"""So many of a protocol that fall silent at once, more than are heard: the platform or a network is, not each."""
DEAF_AT_MOST = timedelta(hours=1)
"""What is silent for longer is told of whatever the reason."""

MANY_FAULTS, FEW_FAULTS = 10, 5
"""In seven days."""
OFTEN_FAILED, SELDOM_FAILED = 25, 15
"""Per cent of the sessions of seven days."""
WEAK_PERCENT, STRONG_PERCENT = 80, 90
"""Of what it delivered before."""
