"""What this process remembers of days. Nothing remembered is used unless the day's version, asked anew, is the same."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from weakref import WeakKeyDictionary

from sqlalchemy.ext.asyncio import AsyncSession

from domain.planning.evaluate import Calendar
from domain.planning.world import Rules
from domain.slots.board import DayBoard, Teams
from domain.slots.contents import Ground, boards
from domain.slots.places import Places
from tenants.actor import SYSTEM
from tenants.engine import Database

MOST_DAYS = 60
_CALENDARS = 8
_WEATHERS = 512


class Boards:
    """The days of one database. One reader at a time reads what is missing; the others wait for it."""

    def __init__(self) -> None:
        self._begin()
        self._reading = asyncio.Lock()
        self.weather: dict[tuple[object, ...], frozenset[int]] = {}

    def _begin(self) -> None:
        self.ground = Ground(Rules(), Teams(), Places())
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
        """The same in a session that has written nothing yet; it never waits, since others may wait for the session."""
        ground, missing = self.ground, self._missing(versions, now)
        read = {day: self._days[day] for day in versions if day not in missing}
        read |= {board.day: board for board in await boards(session, ground, missing, versions)}
        if len({id(board.places) for board in read.values()}) > 1:  # others began anew meanwhile
            ground = Boards().ground
            read = {board.day: board for board in await boards(session, ground, list(versions), versions)}
        if ground is self.ground:
            self._keep(read.values())
        return [read[day] for day in sorted(versions)]

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


_OF_DATABASE: WeakKeyDictionary[Database, Boards] = WeakKeyDictionary()


def boards_of(database: Database) -> Boards:
    """What this process remembers of a database."""
    return _OF_DATABASE.setdefault(database, Boards())
