"""What a charger keeps until the platform has acknowledged it."""

import asyncio
from collections import deque
from collections.abc import Sequence

from chargecars.fleet.messages import Message, Sample


class Flash:
    """Messages in the order in which they came about; the oldest leaves first."""

    def __init__(self) -> None:
        self._kept: deque[Message] = deque()
        self._grown = asyncio.Event()
        self.empty = asyncio.Event()
        self.empty.set()

    def __len__(self) -> int:
        return len(self._kept)

    def keep(self, messages: Sequence[Message]) -> None:
        self._kept.extend(messages)
        if messages:
            self._grown.set()
            self.empty.clear()

    async def next(self, most: int) -> list[Message]:
        """What to send next: `most` samples at most, or one message of another kind. Waits for it."""
        while not self._kept:
            self._grown.clear()
            await self._grown.wait()
        batch = [self._kept[0]]
        for message in list(self._kept)[1:most] if isinstance(batch[0], Sample) else []:
            if not isinstance(message, Sample):
                break
            batch.append(message)
        return batch

    def forget(self, messages: Sequence[Message]) -> None:
        """They are acknowledged."""
        for message in messages:
            if self._kept and self._kept[0] is message:
                self._kept.popleft()
        if not self._kept:
            self.empty.set()
