"""Telling chargers what is stored: all that was committed at about the same time in one message per charger."""

import asyncio
from collections.abc import Callable, Iterable
from typing import TypeAlias

from workers.mqtt import writing
from workers.mqtt.topics import command_topic

Publish: TypeAlias = Callable[[str, bytes], None]
"""Sends to a topic without waiting; lost where the charger or the broker is away: the charger sends again."""
_TOGETHER_SECONDS = 0.01
_MOST = 200
Refused: TypeAlias = tuple[str, int | None, str]


class Acks:
    """Collects for a hundredth of a second."""

    def __init__(self, publish: Publish) -> None:
        self._publish = publish
        self._waiting: dict[str, tuple[list[str], list[Refused]]] = {}
        self._timer: asyncio.TimerHandle | None = None

    def add(self, identity: str, message_id: str, refused: Iterable[tuple[int | None, str]] = ()) -> None:
        """A message that is committed; `refused`: which of its readings were not taken, and why."""
        ids, left_out = self._waiting.setdefault(identity, ([], []))
        ids.append(message_id)
        left_out += [(message_id, index, reason) for index, reason in refused]
        if len(ids) >= _MOST:
            self._send(identity)
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_TOGETHER_SECONDS, self.flush)

    def flush(self) -> None:
        """Send what waits."""
        self._timer = None
        for identity in (*self._waiting,):
            self._send(identity)

    def _send(self, identity: str) -> None:
        ids, left_out = self._waiting.pop(identity)
        self._publish(command_topic(identity), writing.ack(ids, left_out))
