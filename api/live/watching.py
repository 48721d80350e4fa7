"""Ends the connections of logins and keys that expired, were withdrawn, or now see other rows."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

import structlog

from api.live.codes import FORBIDDEN, TOO_MANY_CONNECTIONS, Ended
from tenants.auth.errors import Unauthenticated
from tenants.auth.watch import Credential, Found, Name, again, changed, credential_of
from tenants.engine import Database
from tenants.settings import Settings

log = structlog.get_logger(__name__)

_TICK_SECONDS = 0.5
_AT_ONCE = 4
"""Credentials that are looked up at once: after a restart everybody comes at the same time."""
End = Callable[[int, str], None]


@dataclass(eq=False)
class Held:
    """One bearer at one portal, and the connections that it opened."""

    credential: Credential
    connections: dict[End, None] = field(default_factory=dict)

    def end(self, code: int, reason: str) -> None:
        """End all its connections."""
        for end in (*self.connections,):
            end(code, reason)


class Watch:
    """Every credential with a connection open: all are looked up together, some seconds apart."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self.held: dict[tuple[str, str], Held] = {}
        self._database = database
        self._settings = settings
        self._task: asyncio.Task[None] | None = None
        self._looked = 0.0
        self._open: Counter[Name] = Counter()
        """Connections by login or key, which may have several tokens."""
        self._admitting = asyncio.Semaphore(_AT_ONCE)

    async def hold(self, bearer: str, host: str, end: End) -> Held:
        """Let a connection in. Raises: Ended where its credential does not hold, or has too many connections."""
        held = self.held.get((bearer, host)) or await self._held(bearer, host)
        if held.credential.expired:
            raise Ended(FORBIDDEN, "TOKEN_EXPIRED")
        name = held.credential.name
        if self._open[name] >= self._settings.live_connections_per_login:
            self._forget_empty(held)
            raise Ended(TOO_MANY_CONNECTIONS, "TOO_MANY_CONNECTIONS")
        held.connections[end] = None
        self._open[name] += 1
        self._start()
        return held

    def release(self, held: Held, end: End) -> None:
        """A connection is gone; told twice it is gone once."""
        if end in held.connections:
            del held.connections[end]
            self._open[held.credential.name] -= 1
            if not self._open[held.credential.name]:
                del self._open[held.credential.name]
        self._forget_empty(held)
        if not self.held and self._task is not None:
            self._task.cancel()
            self._task = None

    def end_all(self, code: int, reason: str) -> None:
        """End every connection."""
        for held in (*self.held.values(),):
            held.end(code, reason)

    async def look(self) -> None:
        """End what no longer holds, as far as the database says now."""
        watched = {held.credential: held for held in self.held.values()}
        for credential, found in (await changed(self._database, watched)).items():
            await self._look_again(watched[credential], credential, found)

    async def _look_again(self, held: Held, credential: Credential, found: Found) -> None:
        try:
            now = await again(self._database, self._settings, credential, found)
        except Unauthenticated as error:
            held.end(FORBIDDEN, error.code)
            return
        if _rights(now) != _rights(credential):
            held.end(FORBIDDEN, "ACCESS_CHANGED")
        held.credential = now

    async def _held(self, bearer: str, host: str) -> Held:
        async with self._admitting:  # one after the other has come: others with the same credential need not ask again
            found = self.held.get((bearer, host))
            return found or self.held.setdefault((bearer, host), Held(await self._credential(bearer, host)))

    async def _credential(self, bearer: str, host: str) -> Credential:
        try:
            return await credential_of(self._database, self._settings, bearer, host)
        except Unauthenticated as error:
            raise Ended(FORBIDDEN, error.code) from None

    def _forget_empty(self, held: Held) -> None:
        if not held.connections:
            self.held.pop((held.credential.bearer, held.credential.host), None)

    def _start(self) -> None:
        if self._task is None:
            self._looked = time.monotonic()
            self._task = asyncio.create_task(self._watch())

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(_TICK_SECONDS)
            self._end_expired()
            if time.monotonic() - self._looked >= self._settings.live_check_seconds:
                self._looked = time.monotonic()
                try:
                    await self.look()
                except Exception as error:
                    log.warning("logins_not_looked_up", error=type(error).__name__)

    def _end_expired(self) -> None:
        for held in (*self.held.values(),):
            if held.credential.expired:
                held.end(FORBIDDEN, "TOKEN_EXPIRED")

    async def close(self) -> None:
        """Watch no more."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            self._task = None


def _rights(credential: Credential) -> tuple[object, ...]:
    return credential.actor.settings(), credential.actor.permissions, credential.actor.client
