"""The topics: `charging/{chargerId}/command|metrics|status|alert`, and who may use which."""

import re
from dataclasses import dataclass
from enum import StrEnum

ROOT = "charging"
_IDENTITY = re.compile(r"[A-Za-z0-9._-]{3,48}")


class Channel(StrEnum):
    """Last level of a topic that a charger writes to."""

    METRICS = "metrics"
    STATUS = "status"
    ALERT = "alert"


COMMAND = "command"
"""Last level of the topic that a charger reads."""
FROM_DEVICES = tuple(f"{ROOT}/+/{channel}" for channel in Channel)
"""Filters of everything that chargers write."""
_CHANNELS = {str(channel): channel for channel in Channel}


@dataclass(frozen=True, slots=True)
class Topic:
    identity: str
    channel: Channel


def read_topic(topic: str) -> Topic | None:
    """Who wrote where; None for a topic that no charger writes to."""
    levels = topic.split("/")
    if len(levels) != 3 or levels[0] != ROOT:
        return None
    channel = _CHANNELS.get(levels[2])
    if channel is None or not is_identity(levels[1]):
        return None
    return Topic(levels[1], channel)


def command_topic(identity: str) -> str:
    return f"{ROOT}/{identity}/{COMMAND}"


def is_identity(text: str) -> bool:
    """Whether a charger can be called so: no level of its own, no wildcard."""
    return _IDENTITY.fullmatch(text) is not None


def may_publish(identity: str, topic: str) -> bool:
    """A charger writes below its own name only."""
    found = read_topic(topic)
    return found is not None and found.identity == identity


def may_subscribe(identity: str, topic: str) -> bool:
    """A charger reads its own commands only."""
    return topic == command_topic(identity)
