"""Groups: one execution for all clients that get the same answers."""

import asyncio
import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable
from datetime import UTC, datetime

import structlog

from api.live import metrics
from api.live.codes import interrupted
from api.live.frames import Batch
from api.live.plans import Planned
from api.live.routing import Entry, Wanted
from api.live.running import Runner, patiently
from api.live.specs import FiguresSpec
from api.live.subscriber import Subscriber

log = structlog.get_logger(__name__)

MOST_AT_ONCE = 200
"""Events in one statement."""
_SLICE = 250
"""Clients that are written to before others get a turn."""
_REST, _LONGEST_REST = 0.5, 0.1
"""A group rests half as long as it took to send: what comes meanwhile goes out in one piece per client."""
_BREATH = 10
"""Figures that take long are computed again after as many times as long."""


class Group(ABC):
    """Members of one row scope × document × variables, and the events that wait to be read for them."""

    def __init__(self, planned: Planned, runner: Runner, emptied: Callable[["Group"], None]) -> None:
        self.planned = planned
        self.wants = Wanted.of(planned)
        self.members: dict[Subscriber, None] = {}
        self._runner = runner
        self._emptied = emptied
        self._task: asyncio.Task[None] | None = None

    def add(self, member: Subscriber) -> None:
        """Let somebody in, who gets nothing before its floor is set."""
        self.members[member] = None
        member.group = self
        metrics.SUBSCRIPTIONS.labels(self.planned.name).inc()

    def remove(self, member: Subscriber) -> None:
        """Let somebody go; a group without members is gone."""
        self.members.pop(member, None)
        if not self.members:
            self._emptied(self)
            if self._task is not None:
                self._task.cancel()

    @property
    def idle(self) -> bool:
        return self._task is None

    @abstractmethod
    def offer(self, entries: list[Entry]) -> None:
        """Events that may concern it."""

    @abstractmethod
    async def work(self) -> None:
        """Read what waits and send it."""

    def wake(self) -> None:
        """Work, unless it does already."""
        if self._task is None and self.members:
            self._task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        try:
            await self.work()
        except Exception:
            self._fail()
        finally:
            self._task = None

    def _fail(self) -> None:
        error_id = uuid.uuid4().hex
        log.exception("subscription_failed", error_id=error_id, field=self.planned.name)
        for member in (*self.members,):
            member.fail([interrupted(error_id)])

    async def send(self, batch: Batch) -> None:
        """To all members, in slices, so that nobody waits long for the loop."""
        sent = 0
        for number, member in enumerate((*self.members,)):
            if number % _SLICE == _SLICE - 1:
                await asyncio.sleep(0)
            sent += member.take(batch)
        metrics.DELIVERED.inc(sent)


class UpdatesGroup(Group):
    """Sends one update per event."""

    def __init__(self, planned: Planned, runner: Runner, emptied: Callable[[Group], None], delivered: int) -> None:
        super().__init__(planned, runner, emptied)
        self.delivered = delivered
        """Nothing at or below this position is sent any more, beyond what is being sent."""
        self._waiting: list[Entry] = []

    def offer(self, entries: list[Entry]) -> None:
        self._waiting += entries
        self.wake()

    async def work(self) -> None:
        while self._waiting:
            entries = self._waiting[:MOST_AT_ONCE]
            batch = await patiently(lambda entries=entries: self._runner.updates(self.planned, entries))  # type: ignore[misc]  # a default, so that it is this round's
            del self._waiting[: len(entries)]
            self.delivered = entries[-1].at.position
            if batch.texts:
                began = time.monotonic()
                metrics.LAG.observe((datetime.now(UTC) - entries[0].at.created_at).total_seconds())
                await self.send(batch)
                await asyncio.sleep(min((time.monotonic() - began) * _REST, _LONGEST_REST))


class FiguresGroup(Group):
    """Sends figures to who has not been sent them as they are now."""

    def __init__(self, planned: Planned, runner: Runner, emptied: Callable[[Group], None]) -> None:
        super().__init__(planned, runner, emptied)
        self._stale = True
        self._shown: bytes | None = None
        assert isinstance(planned.spec, FiguresSpec)
        self._apart = planned.spec.apart

    def offer(self, entries: list[Entry]) -> None:
        self.refresh()

    def refresh(self) -> None:
        """Look whether they have changed."""
        self._stale = True
        self.wake()

    def welcome(self, member: Subscriber) -> None:
        """Show the figures to a new member, at once where they are known."""
        member.floor = -1
        if self._shown is not None and not self._stale:
            member.take(Batch([0], [""], [self._shown]))
            member.shown = self._shown
        else:
            self.wake()

    async def work(self) -> None:
        while self._stale or any(member.shown is None for member in self.members):
            began = time.monotonic()
            self._stale = False
            text = await patiently(lambda: self._runner.figures(self.planned))
            if text is not None and text != self._shown:
                self._shown = text
            if self._shown is None:
                return
            await self._show(self._shown)
            await asyncio.sleep(max(self._apart, _BREATH * (time.monotonic() - began)))

    async def _show(self, text: bytes) -> None:
        batch = Batch([0], [""], [text])
        for number, member in enumerate((*self.members,)):
            if number % _SLICE == _SLICE - 1:
                await asyncio.sleep(0)
            if member.shown is not text and member.take(batch):
                member.shown = text
                metrics.DELIVERED.inc()
