"""Who is let in: how many connections there are, in all and of one address, and which are in the middle of a mail."""

import asyncio
from collections import Counter
from typing import Protocol


class Guest(Protocol):
    """One connection."""

    busy: bool

    def dismiss(self) -> None:
        """Say goodbye and close; at once where nothing is under way."""

    def abort(self) -> None:
        """Close without a word."""


class Room:
    """The connections of one process. `most_each` is not asked of those in front (LMTP)."""

    def __init__(self, most: int, most_each: int) -> None:
        self._most = most
        self._most_each = most_each
        self._of: Counter[str] = Counter()
        self._guests: set[Guest] = set()
        self._empty = asyncio.Event()
        self._empty.set()
        self.closing = False

    def __len__(self) -> int:
        return len(self._guests)

    def enter(self, guest: Guest, address: str, *, trusted: bool) -> bool:
        """Whether there is room; one that entered leaves by `leave`."""
        crowded = self._of[address] >= self._most_each and not trusted
        if self.closing or crowded or len(self._guests) >= self._most:
            return False
        self._guests.add(guest)
        self._of[address] += 1
        self._empty.clear()
        return True

    def leave(self, guest: Guest, address: str) -> None:
        """Doing it again changes nothing."""
        if guest not in self._guests:
            return
        self._guests.remove(guest)
        self._of[address] -= 1
        if not self._of[address]:
            del self._of[address]
        if not self._guests:
            self._empty.set()

    async def close(self, seconds: float) -> None:
        """Let nobody in, let mails under way be kept for so long, then close all."""
        self.closing = True
        for guest in list(self._guests):
            guest.dismiss()
        try:
            async with asyncio.timeout(seconds):
                await self._empty.wait()
        except TimeoutError:
            for guest in list(self._guests):
                guest.abort()
