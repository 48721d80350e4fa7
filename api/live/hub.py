"""All groups of this process, and the tail of the log that feeds them."""

import asyncio
from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from contextlib import suppress

import structlog

from api.live import metrics
from api.live.groups import FiguresGroup, Group, UpdatesGroup
from api.live.plans import Planned
from api.live.replay import Replay
from api.live.rings import Rings
from api.live.routing import Entry, routes_for, routes_to
from api.live.running import Runner
from api.live.specs import UpdatesSpec
from api.live.subscriber import Subscriber
from api.live.tail import Doorbell, connected
from domain.events.addressed import Addressed, addressed_after
from domain.events.positions import newest
from tenants.actor import SYSTEM
from tenants.engine import Database

log = structlog.get_logger(__name__)

_PAGE = 500
_FIGURES_SECONDS = 30.0
"""Figures of today change at midnight, and a team's day with its position and the clock, without an event."""
_PAUSE_SECONDS = 0.5


class Hub:
    """Reads the log once for the whole process and hands each event to the groups that it can concern."""

    def __init__(self, database: Database, doorbell: Doorbell, rings: Rings, at_once: int) -> None:
        self.position = 0
        """Everything up to here was handed to the groups that there were."""
        self.groups: dict[Hashable, Group] = {}
        self._routes: defaultdict[Hashable, dict[Group, None]] = defaultdict(dict)
        self._database = database
        self._doorbell = doorbell
        self._rings = rings
        self._runner = Runner(database, at_once)
        self._replay = Replay(database, self._runner)
        self._tasks: list[asyncio.Task[None]] = []
        self._starting = asyncio.Lock()
        self._answering = asyncio.Lock()
        self._asked = self._answered = self._newest = 0

    async def start(self) -> None:
        """Begin to follow the log, once; it is followed until `close`."""
        async with self._starting:
            if not self._tasks:
                await self._skip()
                self._tasks = [asyncio.create_task(self._follow()), asyncio.create_task(self._remind())]

    async def close(self) -> None:
        """Follow no more."""
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with suppress(asyncio.CancelledError):
                await task
        self._tasks = []
        await self._doorbell.close()
        await self._rings.close()

    async def join(self, subscriber: Subscriber, planned: Planned, after: int | None) -> None:
        """Let a subscription in: what came after a position first, then live. Raises: GraphQLError"""
        await self.start()
        if subscriber.left:
            return
        group = self._group(planned)
        group.add(subscriber)
        if isinstance(group, FiguresGroup):
            group.welcome(subscriber)
        elif isinstance(group, UpdatesGroup):
            await self._join(subscriber, group, planned, after)

    async def _join(self, subscriber: Subscriber, group: UpdatesGroup, planned: Planned, after: int | None) -> None:
        begin = await self.now() if after is None else after
        if after is None and group.delivered <= begin:
            subscriber.floor = begin
        else:
            await self._replay.catch_up(subscriber, group, planned, begin)

    async def now(self) -> int:
        """The last position there is; who asks together is answered together."""
        self._asked += 1
        asked = self._asked
        async with self._answering:
            if self._answered < asked:
                covers = self._asked
                async with self._database.session(SYSTEM) as session:
                    self._newest = await newest(session)
                self._answered = covers
            return self._newest

    async def advance(self) -> None:
        """Hand over everything new."""
        if not self.groups:
            await self._skip()
            return
        while True:
            async with self._database.session(SYSTEM) as session:
                page = await addressed_after(session, self.position, _PAGE)
            if page:
                self._hand_over(page)
            if len(page) < _PAGE:
                return

    def _hand_over(self, page: Sequence[Addressed]) -> None:
        if not page:
            return
        offers: defaultdict[Group, list[Entry]] = defaultdict(list)
        for event in page:
            entry: Entry | None = None
            for group in self._concerned(event):
                entry = entry or Entry.of(event.at)
                offers[group].append(entry)
        self.position = page[-1].at.position
        metrics.POSITION.set(self.position)
        for group, entries in offers.items():
            group.offer(entries)

    def _concerned(self, event: Addressed) -> Iterable[Group]:
        found: dict[Group, None] = {}
        for route in routes_to(event):
            for group in self._routes.get(route, ()):
                if group.wants(event.at):
                    found[group] = None
        return found

    def _group(self, planned: Planned) -> Group:
        if planned.shared not in self.groups:
            group = self._made(planned)
            self.groups[planned.shared] = group
            for route in routes_for(planned):
                self._routes[route][group] = None
            if planned.rung_by is not None and isinstance(group, FiguresGroup):
                self._rings.follow(planned.rung_by, group)
            metrics.GROUPS.inc()
        return self.groups[planned.shared]

    def _made(self, planned: Planned) -> Group:
        if isinstance(planned.spec, UpdatesSpec):
            return UpdatesGroup(planned, self._runner, self._remove, self.position)
        return FiguresGroup(planned, self._runner, self._remove)

    def _remove(self, group: Group) -> None:
        del self.groups[group.planned.shared]
        for route in routes_for(group.planned):
            del self._routes[route][group]
            if not self._routes[route]:
                del self._routes[route]
        if group.planned.rung_by is not None and isinstance(group, FiguresGroup):
            self._rings.leave(group.planned.rung_by, group)
        metrics.GROUPS.dec()

    async def _skip(self) -> None:
        """Nobody is there to be told."""
        found = await self.now()
        if not self.groups:  # one that came meanwhile is told of everything since
            self.position = max(self.position, found)
            metrics.POSITION.set(self.position)

    async def _follow(self) -> None:
        while True:
            rung = await self._doorbell.rung()
            try:
                if (events := connected(rung, self.position)) is None or not rung:
                    await self.advance()
                else:
                    self._hand_over(events)
            except Exception as error:
                log.warning("log_not_followed", error=type(error).__name__)
                await asyncio.sleep(_PAUSE_SECONDS)

    async def _remind(self) -> None:
        while True:
            await asyncio.sleep(_FIGURES_SECONDS)
            for group in (*self.groups.values(),):
                if isinstance(group, FiguresGroup):
                    group.refresh()
