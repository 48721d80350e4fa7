"""What this process remembers of days. Nothing remembered is used unless the day's version, asked anew, is the same."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any
from weakref import WeakKeyDictionary, ref

from sqlalchemy.ext.asyncio import AsyncSession

from domain.planning.evaluate import Calendar
from domain.planning.world import Rules
from domain.slots.board import DayBoard, Teams
from domain.slots.contents import Ground, boards
from domain.slots.places import Places
from tenants.actor import SYSTEM
from tenants.audience import Audience
from tenants.engine import Database
from tenants.settings import settings

MOST_DAYS = 60
_CALENDARS = 8
_WEATHERS = 512
_WAIT_SECONDS = 10.0
_VERSIONS = """
SELECT x.day, x.version FROM (SELECT set_config('chargecars.audience', 'system', true) AS s OFFSET 0) g, LATERAL (
  SELECT d.day, d.version FROM planning_day d WHERE d.day = ANY ($1::date[]) AND g.s IS NOT NULL) x"""


class Boards:
    """The days of one database. One reader at a time reads what is missing; the others wait for it."""

    def __init__(self, database: Database) -> None:
        self._database = ref(database)
        self._begin()
        self._reading = asyncio.Lock()
        self.weather: dict[tuple[object, ...], frozenset[int]] = {}

    def _begin(self) -> None:
        self.ground = _ground()
        self._days: dict[date, DayBoard] = {}
        self._joined: dict[tuple[object, ...], tuple[Sequence[DayBoard], Calendar]] = {}

    async def current(self, database: Database, versions: Mapping[date, int], now: datetime) -> list[DayBoard]:
        """The days of `versions`, which were asked at `now`, in order."""
        if self._missing(versions, now):
            async with self._reading:
                if missing := self._missing(versions, now):
                    async with database.session(SYSTEM) as session:
                        await self._read(session, missing, versions)
        return [self._days[day] for day in sorted(versions)]

    async def within(self, session: AsyncSession, versions: Mapping[date, int], now: datetime) -> list[DayBoard]:
        """The same in a session of the caller's, its own changes included; it waits for nobody's session."""
        ground, missing = self.ground, self._missing(versions, now)
        read = {day: self._days[day] for day in versions if day not in missing}
        new = await boards(session, ground, missing, versions)
        read |= {board.day: board for board in new}
        if len({id(board.places) for board in read.values()}) > 1:  # others began anew meanwhile
            ground = _ground()
            read = {board.day: board for board in await boards(session, ground, list(versions), versions)}
        elif new and ground is self.ground:
            self._keep(await self._committed(new))
        return [read[day] for day in sorted(versions)]

    async def _committed(self, new: Sequence[DayBoard]) -> list[DayBoard]:
        """Without days that the caller has changed: its versions of them are not there yet, and may never be."""
        database = self._database()
        if database is None:
            return []

        async def ask(connection: Any) -> Any:
            return await connection.fetch(_VERSIONS, [board.day for board in new])

        rows = await (await database.pool(Audience.SYSTEM)).run(ask, _WAIT_SECONDS)
        known = {row["day"]: row["version"] for row in rows}
        return [board for board in new if known.get(board.day, 0) == board.version]

    def calendar(self, found: Sequence[DayBoard]) -> Calendar:
        """All team-days of some days."""
        return self._joined_of("calendar", found, lambda board: board.calendar)

    def lacking(self, found: Sequence[DayBoard]) -> Calendar:
        """All team-days of some days without each of their movable stops."""
        return self._joined_of("lacking", found, lambda board: board.lacking.calendar)

    def _joined_of(self, kind: str, found: Sequence[DayBoard], part: Callable[[DayBoard], Calendar]) -> Calendar:
        """Kept for the days that were asked for last, together with them: so nobody else has their identities."""
        key = (kind, *map(id, found))
        kept = self._joined.pop(key, None)
        if kept is None:
            joined = Calendar.joined([part(board) for board in found])
            kept = (found, replace(joined, skills=tuple(found[0].teams.skills)))
        self._joined[key] = kept
        while len(self._joined) > _CALENDARS:
            del self._joined[next(iter(self._joined))]
        return kept[1]

    def keep_weather(self, key: tuple[object, ...], days: frozenset[int]) -> None:
        """Days that are unfit somewhere, until the days or the time behind `key` are others."""
        if len(self.weather) >= _WEATHERS:
            self.weather.clear()
        self.weather[key] = days

    def _missing(self, versions: Mapping[date, int], now: datetime) -> list[date]:
        return [day for day, version in versions.items() if not self._valid(day, version, now)]

    def _valid(self, day: date, version: int, now: datetime) -> bool:
        board = self._days.get(day)
        return board is not None and board.version == version and (board.until is None or board.until > now)

    async def _read(self, session: AsyncSession, missing: Sequence[date], versions: Mapping[date, int]) -> None:
        if self.ground.places.full:
            self._begin()
            missing = list(versions)
        self._keep(await boards(session, self.ground, missing, versions))

    def _keep(self, read: Iterable[DayBoard]) -> None:
        self._days |= {board.day: board for board in read}
        for day in sorted(self._days)[:-MOST_DAYS]:
            del self._days[day]


def _ground() -> Ground:
    return Ground(Rules(radius_km=settings().planning_radius_km), Teams(), Places())


_OF_DATABASE: WeakKeyDictionary[Database, Boards] = WeakKeyDictionary()


def boards_of(database: Database) -> Boards:
    """What this process remembers of a database."""
    return _OF_DATABASE.setdefault(database, Boards(database))
