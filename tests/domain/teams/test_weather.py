"""Whether nobody works outdoors: one rule, by forecast where one can be believed, else by the climate table."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.geo.pc2 import AREAS, pc2_centre
from domain.numbering.service import AMSTERDAM
from domain.teams import planning_days
from domain.teams.climate import Limits, chance_unfit
from domain.teams.forecast import DAYS, ForecastFailed, OpenMeteo, Said
from domain.teams.models import WeatherDay
from domain.teams.weather import Forecaster, Hazard, Rule, WeatherSource, forget_past, outlook, remember
from tenants.actor import SYSTEM
from tenants.engine import Database

RULE = Rule()
FAIR = Said(30.0, 2.0, 15.0)
days = st.dates(date(2024, 1, 1), date(2029, 12, 31))
areas = st.sampled_from(AREAS)


@given(areas, days, st.floats(30, 150), st.floats(1, 60), st.floats(-15, 8), st.floats(0, 30))
def test_a_stricter_limit_never_makes_a_day_more_likely_to_be_fit(
    area: str, day: date, gusts: float, rain: float, frost: float, by: float
) -> None:
    chance = chance_unfit(area, day, Limits(gusts, rain, frost))
    assert 0 <= chance <= 1
    assert chance_unfit(area, day, Limits(gusts - by, rain, frost)) >= chance
    assert chance_unfit(area, day, Limits(gusts, max(1.0, rain - by), frost)) >= chance
    assert chance_unfit(area, day, Limits(gusts, rain, frost + by)) >= chance


@given(areas, days)
def test_one_day_is_much_like_the_next(area: str, day: date) -> None:
    assert abs(chance_unfit(area, day, Limits()) - chance_unfit(area, day + timedelta(days=1), Limits())) < 0.01


def test_winter_and_the_coast_are_rougher() -> None:
    limits = Limits()
    assert chance_unfit("67", date(2026, 1, 15), limits) > 2 * chance_unfit("67", date(2026, 5, 15), limits)
    assert chance_unfit("43", date(2026, 1, 15), limits) > chance_unfit("67", date(2026, 1, 15), limits)


@pytest.mark.parametrize(
    ("said", "hazards"),
    [
        (FAIR, ()),
        (Said(75.0, 0.0, 15.0), (Hazard.GUSTS,)),
        (Said(74.9, 15.0, 0.1), (Hazard.RAIN,)),
        (Said(80.0, 20.0, 0.0), (Hazard.GUSTS, Hazard.RAIN, Hazard.FROST)),
    ],
)
def test_a_forecast_is_held_against_the_limits(said: Said, hazards: tuple[Hazard, ...]) -> None:
    weather = RULE.judge("38", date(2026, 3, 2), said)
    assert (weather.source, weather.unfit, weather.hazards) == (WeatherSource.FORECAST, bool(hazards), hazards)
    assert weather.chance == bool(hazards)


def test_without_a_forecast_the_chance_decides() -> None:
    day = date(2026, 1, 15)
    weather = RULE.judge("43", day, None)
    assert (weather.source, weather.unfit, weather.hazards) == (WeatherSource.CLIMATE, False, ())
    assert Rule(RULE.limits, unfit_chance=weather.chance).judge("43", day, None).unfit


# --- what a service says ------------------------------------------------------------------------------------------


def place(area: str = "38", **daily: Any) -> dict[str, Any]:
    """One place of an answer: a fair day unless told otherwise."""
    centre = pc2_centre(area)
    assert centre is not None
    fair = {
        "time": ["2026-03-02"],
        "wind_gusts_10m_max": [30.0],
        "precipitation_sum": [2],
        "temperature_2m_max": [15.0],
    }
    return {"latitude": centre.latitude, "longitude": centre.longitude, "daily": fair | daily}


def service(answer: Callable[[httpx.Request], Any], seconds: float = 5.0) -> OpenMeteo:
    async def respond(request: httpx.Request) -> httpx.Response:
        said = answer(request)
        if asyncio.iscoroutine(said):
            said = await said
        return said if isinstance(said, httpx.Response) else httpx.Response(200, json=said)

    return OpenMeteo("https://weather.example/", seconds, httpx.MockTransport(respond))


async def said_of(areas: Sequence[str], answer: Any) -> list[dict[date, Said]]:
    points = [centre for area in areas if (centre := pc2_centre(area))]
    return [dict(each) for each in await service(lambda _: answer).ask(points)]


async def test_places_are_asked_for_together_and_read_in_order() -> None:
    asked = []

    def answer(request: httpx.Request) -> Any:
        asked.append(dict(request.url.params))
        return [place("38"), place("97", precipitation_sum=[22.5])]

    centres = [pc2_centre("38"), pc2_centre("97")]
    found = await service(answer).ask([centre for centre in centres if centre])
    assert [each[date(2026, 3, 2)].rain_mm for each in found] == [2.0, 22.5]
    assert asked[0]["latitude"] == "52.227,53.231"
    assert asked[0]["timezone"] == "Europe/Amsterdam"
    assert asked[0]["forecast_days"] == str(DAYS)


async def test_an_answer_for_one_place_is_no_list() -> None:
    assert await said_of(["38"], place("38")) == [{date(2026, 3, 2): FAIR}]


@pytest.mark.parametrize(
    "lie",
    [
        {"wind_gusts_10m_max": [None]},
        {"wind_gusts_10m_max": [-1]},
        {"wind_gusts_10m_max": ["30"]},
        {"precipitation_sum": [True]},
        {"precipitation_sum": [1e9]},
        {"temperature_2m_max": [99]},
        {"temperature_2m_max": []},
        {"temperature_2m_max": "15"},
        {"time": ["soon"]},
        {"time": [20260302]},
        {"time": [f"20{year}-01-01" for year in range(10, 99)]},
    ],
)
async def test_figures_that_cannot_be_are_not_believed(lie: dict[str, Any]) -> None:
    assert await said_of(["38"], place("38", **lie)) == [{}]


@pytest.mark.parametrize("lie", [{"latitude": None}, {"latitude": 48.9}, {"longitude": "5"}, {"daily": None}])
async def test_a_place_elsewhere_is_not_believed(lie: dict[str, Any]) -> None:
    assert await said_of(["38"], place("38") | lie) == [{}]


async def _for_ever() -> Any:
    await asyncio.Event().wait()


@pytest.mark.parametrize(
    "answer",
    [
        lambda _: httpx.Response(503),
        lambda _: httpx.Response(200, content=b"<html>"),
        lambda _: httpx.Response(200, content=b'{"latitude": NaN}'),
        lambda _: httpx.Response(200, content=b" " * 1_100_000),
        lambda _: [place("38"), place("38")],
        lambda _: [],
        lambda _: _for_ever(),
    ],
    ids=["down", "no JSON", "NaN", "too long", "too many", "none", "slow"],
)
async def test_a_service_that_fails_says_so_in_time(answer: Callable[[httpx.Request], Any]) -> None:
    centre = pc2_centre("38")
    assert centre is not None
    with pytest.raises(ForecastFailed):
        await service(answer, seconds=0.2).ask([centre])


# --- what is kept -------------------------------------------------------------------------------------------------


def today() -> date:
    return datetime.now(AMSTERDAM).date()


def forecaster(database: Database, answer: Callable[[httpx.Request], Any]) -> Forecaster:
    return Forecaster(database, service(answer), RULE)


def coming(request: httpx.Request, **daily: Any) -> list[dict[str, Any]]:
    """A whole answer: fair days in all places that are asked for, but for `daily`."""
    north, east = (request.url.params[name].split(",") for name in ("latitude", "longitude"))
    dates = [(today() + timedelta(days=ahead)).isoformat() for ahead in range(DAYS)]
    fair = {"time": dates, "wind_gusts_10m_max": [30] * DAYS, "precipitation_sum": [2] * DAYS}
    said = fair | {"temperature_2m_max": [15] * DAYS} | daily
    return [{"latitude": float(n), "longitude": float(e), "daily": said} for n, e in zip(north, east, strict=True)]


async def test_a_forecast_is_asked_for_once_and_kept(database: Database) -> None:
    asked = []

    def answer(request: httpx.Request) -> Any:
        asked.append(request)
        return coming(request)

    weather = forecaster(database, answer)
    span = [today(), today() + timedelta(days=DAYS)]
    for _ in range(2):
        found = await weather.outlook(["11", "12"], span)
        assert found["11", span[0]].source is WeatherSource.FORECAST
        assert found["12", span[1]].source is WeatherSource.CLIMATE
    assert len(asked) == 1


@pytest.mark.parametrize("answer", [lambda _: httpx.Response(500), lambda _: {"error": True}])
async def test_a_service_that_fails_leaves_the_climate_table(
    database: Database, answer: Callable[[httpx.Request], Any]
) -> None:
    found = await forecaster(database, answer).outlook(["14"], [today()])
    assert found["14", today()].source is WeatherSource.CLIMATE


async def test_a_service_that_keeps_failing_is_left_alone(database: Database) -> None:
    asked = []

    def answer(request: httpx.Request) -> Any:
        asked.append(request)
        return httpx.Response(500)

    weather = forecaster(database, answer)
    for _ in range(6):
        await weather.refresh(["15"], [today()])
    assert len(asked) == 3


async def test_without_a_service_nobody_is_asked(database: Database) -> None:
    weather = Forecaster(database, None, RULE)
    assert await weather.refresh(["16"], [today()]) == 0
    assert (await weather.outlook(["16"], [today()]))["16", today()].source is WeatherSource.CLIMATE


async def test_a_day_that_becomes_unfit_is_counted_as_changed(database: Database) -> None:
    day, next_day = today() + timedelta(days=2), today() + timedelta(days=3)
    wet = {day: Said(30.0, 40.0, 15.0), next_day: FAIR}
    async with database.session(SYSTEM) as session:
        await remember(session, RULE, {"17": {day: FAIR, next_day: FAIR}})
        before = await planning_days.versions(session, [day, next_day])
        await remember(session, RULE, {"17": wet})
        await remember(session, RULE, {"17": wet})
        after = await planning_days.versions(session, [day, next_day])
        assert (after[day] - before[day], after[next_day] - before[next_day]) == (1, 0)
        known = await outlook(session, RULE, ["17"], [day])
        assert known["17", day].hazards == (Hazard.RAIN,)


async def test_what_was_said_long_ago_or_of_days_that_are_over_is_not_used(database: Database) -> None:
    past = today() - timedelta(days=3)
    old = datetime.now(AMSTERDAM) - timedelta(hours=25)
    said = {"gusts_kmh": 90.0, "rain_mm": 0.0, "warmest_c": 9.0, "answered_at": old}
    async with database.session(SYSTEM) as session:
        session.add_all([WeatherDay(area="18", day=day, **said) for day in (past, today())])
        await session.flush()
        assert (await outlook(session, RULE, ["18"], [today()]))["18", today()].source is WeatherSource.CLIMATE
        assert await forget_past(session) >= 1
        assert await session.get(WeatherDay, {"area": "18", "day": past}) is None
