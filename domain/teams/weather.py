"""Whether a day is fit for work outdoors: by forecast where there is one, else by the climate table.

The rule is the same for both: a day is unfit beyond a limit of gusts, rain or frost. A forecast is held against the
limits; of a day that no forecast reaches only the chance is known, and it counts as unfit from `unfit_chance` on.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Self

import structlog
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.geo.guard import CircuitBreaker
from domain.geo.pc2 import AREAS, pc2_centre
from domain.numbering.service import AMSTERDAM
from domain.teams import planning_days
from domain.teams.climate import Limits, chance_unfit
from domain.teams.days_off import every_day
from domain.teams.forecast import DAYS, ForecastFailed, OpenMeteo, Said
from domain.teams.models import WeatherDay
from tenants.actor import SYSTEM
from tenants.engine import Database
from tenants.settings import Settings

_log = structlog.get_logger(__name__)
_FRESH = timedelta(hours=3)
"""A forecast that is older is asked for anew."""
_USABLE = timedelta(hours=24)
"""It is still better than the climate table for so long."""
_FAILURES, _PAUSE_SECONDS = 3, 120.0


class WeatherSource(StrEnum):
    FORECAST = "FORECAST"
    CLIMATE = "CLIMATE"


class Hazard(StrEnum):
    GUSTS = "GUSTS"
    RAIN = "RAIN"
    FROST = "FROST"


@dataclass(frozen=True, slots=True)
class Weather:
    """What is known of a day in a two-digit postcode area."""

    area: str
    day: date
    source: WeatherSource
    unfit: bool
    chance: float
    """That it is unfit: 0 or 1 by forecast, by the climate table what lies between."""
    hazards: tuple[Hazard, ...] = ()
    """Which limits a forecast is beyond."""
    said: Said | None = None


@dataclass(frozen=True)
class Rule:
    """When a day is unfit; settings of the platform."""

    limits: Limits = field(default_factory=Limits)
    unfit_chance: float = 0.5
    """A day that no forecast reaches is unfit from this chance on."""

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        limits = Limits(settings.weather_gusts_kmh, settings.weather_rain_mm, settings.weather_frost_c)
        return cls(limits, settings.weather_unfit_chance)

    def hazards(self, said: Said) -> tuple[Hazard, ...]:
        """The limits that a forecast is beyond."""
        limits = self.limits
        beyond = {
            Hazard.GUSTS: said.gusts_kmh >= limits.gusts_kmh,
            Hazard.RAIN: said.rain_mm >= limits.rain_mm,
            Hazard.FROST: said.warmest_c <= limits.frost_c,
        }
        return tuple(hazard for hazard, is_so in beyond.items() if is_so)

    def judge(self, area: str, day: date, said: Said | None) -> Weather:
        """The weather of a day, by forecast where there is one."""
        if said is None:
            chance = chance_unfit(area, day, self.limits)
            return Weather(area, day, WeatherSource.CLIMATE, chance >= self.unfit_chance, chance)
        hazards = self.hazards(said)
        return Weather(area, day, WeatherSource.FORECAST, bool(hazards), float(bool(hazards)), hazards, said)


async def outlook(
    session: AsyncSession, rule: Rule, areas: Iterable[str], days: Iterable[date]
) -> dict[tuple[str, date], Weather]:
    """The weather of every area and day from what was asked before; nobody is asked. As the system actor."""
    wanted, span = sorted(set(areas)), sorted(set(days))
    known = await _known(session, wanted, span)
    return {(area, day): rule.judge(area, day, known.get((area, day))) for area in wanted for day in span}


class Forecaster:
    """Keeps forecasts; one per process. It opens short transactions of its own and none while it waits."""

    def __init__(self, database: Database, service: OpenMeteo | None, rule: Rule) -> None:
        self._database, self._service, self.rule = database, service, rule
        self._breaker = CircuitBreaker(_FAILURES, _PAUSE_SECONDS)
        self._asking = asyncio.Lock()

    @classmethod
    def from_settings(cls, database: Database, settings: Settings) -> Self:
        service = OpenMeteo(settings.weather_url, settings.weather_seconds) if settings.weather_url else None
        return cls(database, service, Rule.from_settings(settings))

    async def outlook(self, areas: Iterable[str], days: Iterable[date]) -> dict[tuple[str, date], Weather]:
        """The weather of every area and day; what is not fresh is asked for. Never raises for what a service says."""
        wanted, span = sorted(set(areas)), sorted(set(days))
        await self.refresh(wanted, span)
        async with self._database.session(SYSTEM) as session:
            return await outlook(session, self.rule, wanted, span)

    async def refresh(self, areas: Sequence[str], days: Sequence[date]) -> int:
        """Ask for the areas of which a day within reach is not fresh; how many places were answered."""
        today = datetime.now(AMSTERDAM).date()
        near = [day for day in days if 0 <= (day - today).days < DAYS]
        if self._service is None or not near:
            return 0
        async with self._asking:
            async with self._database.session(SYSTEM) as session:
                known = await _fresh(session, areas, near)
            stale = [area for area in areas if pc2_centre(area) and any((area, day) not in known for day in near)]
            answers = await self._ask(self._service, stale) if stale else {}
            if answers:
                async with self._database.session(SYSTEM) as session:
                    await remember(session, self.rule, answers)
        return len(answers)

    async def refresh_all(self) -> int:
        """The same for the whole country and as far as forecasts reach."""
        return await self.refresh(AREAS, every_day(datetime.now(AMSTERDAM).date(), DAYS))

    async def _ask(self, service: OpenMeteo, areas: Sequence[str]) -> dict[str, Mapping[date, Said]]:
        if not self._breaker.allows():
            return {}
        places = [centre for area in areas if (centre := pc2_centre(area))]
        try:
            answers = await service.ask(places)
        except ForecastFailed as failure:
            self._breaker.failed()
            _log.warning("weather.failed", reason=str(failure)[:200])
            return {}
        self._breaker.succeeded()
        return dict(zip(areas, answers, strict=True))


async def remember(session: AsyncSession, rule: Rule, answers: Mapping[str, Mapping[date, Said]]) -> None:
    """Keep answers, and count the days on which work outdoors became possible or impossible somewhere."""
    rows = [
        {"area": area, "day": day, "gusts_kmh": said.gusts_kmh, "rain_mm": said.rain_mm, "warmest_c": said.warmest_c}
        for area, days in sorted(answers.items())
        for day, said in sorted(days.items())
    ]
    if not rows:
        return
    span = sorted({row["day"] for row in rows if isinstance(row["day"], date)})
    await planning_days.lock(session, span)
    before = await outlook(session, rule, answers, span)
    now = datetime.now(UTC)
    statement = insert(WeatherDay).values([{**row, "answered_at": now} for row in rows])
    names = ("gusts_kmh", "rain_mm", "warmest_c", "answered_at")
    said = {name: statement.excluded[name] for name in names}
    await session.execute(statement.on_conflict_do_update(index_elements=["area", "day"], set_=said))
    after = await outlook(session, rule, answers, span)
    await planning_days.touch(
        session, {day for (area, day), known in after.items() if known.unfit != before[area, day].unfit}
    )


async def forget_past(session: AsyncSession) -> int:
    """Remove what was said of days that are over; the number of them."""
    over = WeatherDay.day < datetime.now(AMSTERDAM).date() - timedelta(days=1)
    return len((await session.execute(delete(WeatherDay).where(over).returning(WeatherDay.area))).all())


async def _known(session: AsyncSession, areas: Sequence[str], days: Sequence[date]) -> dict[tuple[str, date], Said]:
    """What was said lately enough to be used."""
    return await _since(session, areas, days, datetime.now(UTC) - _USABLE)


async def _fresh(session: AsyncSession, areas: Sequence[str], days: Sequence[date]) -> dict[tuple[str, date], Said]:
    return await _since(session, areas, days, datetime.now(UTC) - _FRESH)


async def _since(
    session: AsyncSession, areas: Sequence[str], days: Sequence[date], moment: datetime
) -> dict[tuple[str, date], Said]:
    table = WeatherDay.__table__.c
    wanted = select(table.area, table.day, table.gusts_kmh, table.rain_mm, table.warmest_c).where(
        table.area.in_(areas), table.day.in_(days), table.answered_at >= moment
    )
    rows = await session.execute(wanted)
    return {(row.area, row.day): Said(row.gusts_kmh, row.rain_mm, row.warmest_c) for row in rows}
