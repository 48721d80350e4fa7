"""What this process remembers of days. Nothing remembered is used unless the day's version, asked anew, is the same."""

import asyncio
from collections.abc import Mapping, Sequence
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
_CALENDARS = 4


class Boards:
    """The days of one database. One reader at a time reads what is missing; the others wait for it."""

    def __init__(self) -> None:
        self._begin()
        self._reading = asyncio.Lock()

    def _begin(self) -> None:
        self.ground = Ground(Rules(), Teams(), Places())
        self._days: dict[date, DayBoard] = {}
        self._joined: dict[tuple[int, ...], Calendar] = {}

    async def current(self, database: Database, versions: Mapping[date, int], now: datetime) -> list[DayBoard]:
        """The days of `versions`, which were asked at `now`, in order."""
        if self._missing(versions, now):
            async with self._reading:
                if missing := self._missing(versions, now):
                    async with database.session(SYSTEM) as session:
                        await self._read(session, missing, versions)
        return [self._days[day] for day in sorted(versions)]

    async def held(self, session: AsyncSession, versions: Mapping[date, int], now: datetime) -> list[DayBoard]:
        """The same for days that the session has locked, read in its own transaction."""
        ground, missing = self.ground, self._missing(versions, now)
        read = {day: board for day, board in self._days.items() if day in versions and day not in missing}
        read |= {board.day: board for board in await boards(session, ground, missing, versions)}
        if len({id(board.places) for board in read.values()}) > 1:  # others began anew meanwhile
            read = {board.day: board for board in await boards(session, Boards().ground, list(versions), versions)}
        return [read[day] for day in sorted(versions)]

    def calendar(self, found: Sequence[DayBoard]) -> Calendar:
        """All team-days of some days, kept until one of the days changes."""
        key = tuple(map(id, found))
        if key not in self._joined:
            while len(self._joined) >= _CALENDARS:
                del self._joined[next(iter(self._joined))]
            self._joined[key] = joined(found)
            self._kept = (*self._kept[-_CALENDARS:], tuple(found))
        return self._joined[key]

    _kept: tuple[tuple[DayBoard, ...], ...] = ()
    """The days behind the calendars: while they are here, their identities are nobody else's."""

    def _missing(self, versions: Mapping[date, int], now: datetime) -> list[date]:
        return [day for day, version in versions.items() if not self._valid(day, version, now)]

    def _valid(self, day: date, version: int, now: datetime) -> bool:
        board = self._days.get(day)
        return board is not None and board.version == version and (board.until is None or board.until > now)

    async def _read(self, session: AsyncSession, missing: Sequence[date], versions: Mapping[date, int]) -> None:
        if self.ground.places.full:
            self._begin()
            missing = list(versions)
        for board in await boards(session, self.ground, missing, versions):
            self._days[board.day] = board
        for day in sorted(self._days)[:-MOST_DAYS]:
            del self._days[day]


def joined(found: Sequence[DayBoard]) -> Calendar:
    """All team-days of some days."""
    return replace(Calendar.joined([board.calendar for board in found]), skills=tuple(found[0].teams.skills))


_OF_DATABASE: WeakKeyDictionary[Database, Boards] = WeakKeyDictionary()


def boards_of(database: Database) -> Boards:
    """What this process remembers of a database."""
    return _OF_DATABASE.setdefault(database, Boards())
