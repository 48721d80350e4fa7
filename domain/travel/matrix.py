"""Drive times among places: asked, remembered, checked, and estimated where nobody can be believed."""

import asyncio
from collections import deque
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Self
from weakref import WeakKeyDictionary

import numpy as np
import structlog

from domain.geo.guard import CircuitBreaker
from domain.geo.location import Point
from domain.travel import cache
from domain.travel.blocks import Block, Grid
from domain.travel.cells import NOWHERE, Cells, cells_of, centres
from domain.travel.checking import checked
from domain.travel.estimate import SOURCE, Metres, Minutes, estimate, road_metres
from domain.travel.google import Google
from domain.travel.osrm import Osrm
from domain.travel.replies import Reply, by_origin
from domain.travel.services import Service, TravelFailed
from domain.travel.valhalla import Valhalla
from tenants.actor import SYSTEM
from tenants.engine import Database
from tenants.settings import Settings

_log = structlog.get_logger(__name__)

AT_ONCE = 4
"""Questions that one matrix has under way."""
FAILURES = 3
PAUSE_SECONDS = 30.0
MOST_LIES = 0.05
"""A larger part of answers that cannot be true, and none of them is believed."""
LIES_PAUSE_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Matrix:
    """Drives from all origins to all destinations; they need not be equal back and forth."""

    minutes: Minutes
    """Whole minutes, rounded up."""
    metres: Metres
    source: str
    """The provider, or "estimate" where no drive is a provider's."""
    estimated: int
    """Drives between different places that are estimated."""
    refused: int = 0
    """Answers of this call that were not believed."""

    @property
    def says(self) -> str:
        """Where the times come from, for `World.travel`."""
        if self.source == SOURCE or not self.estimated:
            return self.source
        return f"{self.source}, {self.estimated} of {self.minutes.size} drives estimated"


class Travel:
    """Answers for one process: the breaker is its own, what was answered is shared through the database.

    Opens short transactions of its own, and none while it waits for the service: call it before opening one.
    """

    def __init__(
        self,
        database: Database,
        service: Service | None = None,
        *,
        seconds: float = 20.0,
        most_drives: int = 0,
        kept_days: int = 90,
        breaker: CircuitBreaker | None = None,
    ) -> None:
        self._database = database
        self._service = service
        self._seconds = seconds
        self._most = most_drives
        self._days = kept_days
        self._breaker = breaker or CircuitBreaker(FAILURES, PAUSE_SECONDS)

    @classmethod
    def from_settings(cls, database: Database, settings: Settings) -> Self:
        return cls(
            database,
            service_of(settings),
            seconds=settings.travel_seconds,
            most_drives=settings.travel_drives,
            kept_days=settings.travel_kept_days,
        )

    async def matrix(
        self, places: Sequence[Point], *, hubs: Collection[Point] = (), seconds: float | None = None
    ) -> Matrix:
        """Drives among all places, N x N. See `drives`."""
        return await self.drives(places, places, hubs=hubs, seconds=seconds)

    async def drives(
        self,
        origins: Sequence[Point],
        destinations: Sequence[Point],
        *,
        hubs: Collection[Point] = (),
        seconds: float | None = None,
    ) -> Matrix:
        """Drives from all origins to all destinations. Never fails for what a service does.

        hubs: places whose drives matter at any distance (bases of teams); others are asked for within 60 km.
        seconds: how long to wait for the service; 0 takes what is known. ValueError for a place without coordinates.
        """
        minutes, metres = await asyncio.to_thread(_estimated, origins, destinations)
        work = _Work(minutes, metres, cells_of(origins), cells_of(destinations))
        if self._service is None or not minutes.size:
            return work.matrix(SOURCE)
        await self._recall(self._service, work)
        wait = self._seconds if seconds is None else seconds
        if wait > 0:
            await self._ask_for_the_rest(self._service, work, cells_of(list(hubs)), wait)
        return work.matrix(self._service.name)

    async def close(self) -> None:
        if self._service is not None:
            await self._service.close()

    async def _recall(self, service: Service, work: "_Work") -> None:
        origins = [int(cell) for cell in work.grid.origins if cell != NOWHERE]
        async with self._database.session(SYSTEM) as session:
            async for origin, drives in cache.remembered(session, service.name, origins, self._days):
                work.take(origin, drives)

    async def _ask_for_the_rest(self, service: Service, work: "_Work", hubs: Cells, seconds: float) -> None:
        most = self._most or service.most_drives
        left = deque(await asyncio.to_thread(work.grid.blocks, service.side, hubs, most))
        replies: list[Reply] = []
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds), asyncio.TaskGroup() as group:
                for _ in range(AT_ONCE):
                    group.create_task(self._ask(service, work.grid, left, replies))
        believed = self._believed(service, replies)
        work.refused = sum(reply.lies if believed else reply.drives.size for reply in replies)
        if believed:
            await self._keep(service, work, replies)

    async def _ask(self, service: Service, grid: Grid, left: deque[Block], replies: list[Reply]) -> None:
        while left and self._breaker.allows():
            block = left.popleft()
            origins, destinations = grid.origins[block.origins], grid.destinations[block.destinations]
            try:
                answer = await service.table(centres(origins), centres(destinations))
            except TravelFailed as failure:
                self._breaker.failed(failure.pause)
                _log.warning("travel service failed", provider=service.name, reason=str(failure))
            else:
                self._breaker.succeeded()
                replies.append(Reply.of(origins, destinations, checked(answer, block.kilometres)))

    def _believed(self, service: Service, replies: list[Reply]) -> bool:
        drives, lies = (sum(each) for each in zip((0, 0), *((r.drives.size, r.lies) for r in replies), strict=True))
        if lies <= drives * MOST_LIES:
            return bool(replies)
        self._breaker.failed(LIES_PAUSE_SECONDS)
        _log.warning("travel service is not believed", provider=service.name, drives=drives, impossible=lies)
        return False

    async def _keep(self, service: Service, work: "_Work", replies: list[Reply]) -> None:
        for rows in by_origin(replies, cache.ROWS):
            for origin, drives in rows.items():
                work.take(origin, drives)
            async with self._database.session(SYSTEM) as session:
                await cache.remember(session, service.name, rows, self._days)


class _Work:
    """A matrix that begins as the estimate and takes in what a service says, cell by cell."""

    def __init__(self, minutes: Minutes, metres: Metres, origins: Cells, destinations: Cells) -> None:
        self._minutes, self._metres = minutes, metres
        self._same = int((minutes == 0).sum())
        different, self._origin_at = np.unique(origins, return_inverse=True)
        others, self._destination_at = np.unique(destinations, return_inverse=True)
        self.grid = Grid.of(different.astype(np.int32), others.astype(np.int32))
        self._taken = np.zeros(self.grid.known.shape, np.bool_)
        self.refused = 0

    def take(self, origin: int, drives: cache.Drives) -> None:
        """What a service says of drives from a cell, by ascending cell."""
        at = int(np.searchsorted(self.grid.origins, origin))
        cells = self.grid.destinations
        place = np.searchsorted(cells, drives["cell"])
        here = (place < len(cells)) & (cells[np.minimum(place, len(cells) - 1)] == drives["cell"])
        drives, place = drives[here], place[here]
        self.grid.known[at, place] = True
        place, drives = (each[drives["minutes"] != cache.NO_WAY] for each in (place, drives))
        self._taken[at, place] = True
        minutes, metres, there = (np.zeros(len(cells), kind) for kind in (np.int32, np.int32, np.bool_))
        minutes[place], metres[place], there[place] = drives["minutes"], drives["metres"], True
        columns = np.flatnonzero(there[self._destination_at])
        for row in np.flatnonzero(self._origin_at == at):
            self._minutes[row, columns] = minutes[self._destination_at[columns]]
            self._metres[row, columns] = metres[self._destination_at[columns]]

    def matrix(self, provider: str) -> Matrix:
        """The result."""
        columns = np.bincount(self._destination_at, minlength=len(self.grid.destinations))
        taken = sum(int(columns[self._taken[at]].sum()) for at in self._origin_at)
        estimated = self._minutes.size - self._same - taken
        return Matrix(self._minutes, self._metres, provider if taken else SOURCE, estimated, self.refused)


def service_of(settings: Settings) -> Service | None:
    """The provider that the settings name."""
    match settings.travel_provider:
        case "osrm":
            return Osrm(settings.travel_url)
        case "valhalla":
            return Valhalla(settings.travel_url)
        case "google":
            return Google(settings.travel_url, settings.travel_key.get_secret_value())
    return None


def _estimated(origins: Sequence[Point], destinations: Sequence[Point]) -> tuple[Minutes, Metres]:
    others = None if destinations is origins else destinations
    return estimate(origins, others), road_metres(origins, others)


_TRAVELS: WeakKeyDictionary[Database, Travel] = WeakKeyDictionary()


def travel_of(database: Database, settings: Settings) -> Travel:
    """The one of this process and database: all who ask share its breaker and connections."""
    found = _TRAVELS.get(database)
    if found is None:
        found = _TRAVELS[database] = Travel.from_settings(database, settings)
    return found
