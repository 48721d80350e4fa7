import math
from typing import Any

import numpy as np
import pytest
from sqlalchemy import text

from domain.geo.guard import CircuitBreaker
from domain.geo.location import Point
from domain.travel import cache, services
from domain.travel.estimate import estimate, road_metres
from domain.travel.matrix import Matrix, Travel, service_of, travel_of
from domain.travel.osrm import Osrm
from domain.travel.services import Service
from tenants.actor import SYSTEM
from tenants.engine import Database
from tenants.settings import Settings

NIJKERK, AMSTERDAM, UTRECHT, MAASTRICHT = (
    Point(52.2200, 5.4861),
    Point(52.3730, 4.8924),
    Point(52.0907, 5.1214),
    Point(50.8514, 5.6910),
)
NEAR = [NIJKERK, AMSTERDAM, UTRECHT]


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "RETRY_SECONDS", 0.001)


@pytest.fixture(autouse=True)
async def nothing_known(database: Database) -> None:
    async with database.session(SYSTEM) as session:
        await session.execute(text("DELETE FROM travel_row"))


@pytest.fixture
def travel(database: Database, service: Service) -> Travel:
    return Travel(database, service, most_drives=10**6, breaker=CircuitBreaker(2, 1000))


def is_estimated(matrix: Matrix, places: list[Point]) -> bool:
    rest = (matrix.minutes == estimate(places)).all() and (matrix.metres == road_metres(places)).all()
    return bool(rest) and matrix.source == matrix.says == "estimate"


def said(roads: Any, places: list[Point]) -> np.ndarray[Any, Any]:
    """What the server says between the places, give or take what their cells are off."""
    at = [(place.latitude, place.longitude) for place in places]
    return np.array([[roads.drive(a, b)[0] / 60 for b in at] for a in at])


async def test_without_a_service_everything_is_estimated(database: Database) -> None:
    matrix = await Travel(database).matrix([*NEAR, NIJKERK])
    assert is_estimated(matrix, [*NEAR, NIJKERK])
    assert matrix.estimated == 4 * 4 - 4 - 2  # the base is there twice


async def test_what_the_service_says_is_rounded_up_and_may_differ_back_and_forth(
    travel: Travel, service: Service, roads: Any
) -> None:
    matrix = await travel.matrix(NEAR)
    assert np.allclose(matrix.minutes, said(roads, NEAR), atol=1.8)
    assert matrix.minutes[0, 1] == matrix.minutes[1, 0] + 2  # a minute and a half, each way rounded up
    assert np.allclose(matrix.metres, road_metres(NEAR), rtol=0.25)
    assert (matrix.source, matrix.says, matrix.estimated) == (service.name, service.name, 0)
    assert matrix.minutes.dtype == np.int32


async def test_answers_are_remembered_and_only_new_places_asked(travel: Travel, roads: Any) -> None:
    first = await travel.matrix(NEAR)
    asked = sum(roads.asked)
    again = await travel.matrix(NEAR[::-1])
    assert (again.minutes == first.minutes[::-1, ::-1]).all()
    assert sum(roads.asked) == asked
    roads.asked.clear()
    more = await travel.matrix([*NEAR, Point(52.1561, 5.3878)])
    assert more.estimated == 0
    assert sum(roads.asked) == 6
    part = await travel.drives([NIJKERK], NEAR[1:], seconds=0)
    assert (part.minutes == first.minutes[:1, 1:]).all()


async def test_places_of_one_cell_share_what_is_said(travel: Travel, roads: Any) -> None:
    here, beside = Point(52.2211, 5.4861), Point(52.2212, 5.4861)
    matrix = await travel.matrix([here, beside, AMSTERDAM])
    assert matrix.minutes[0, 2] == matrix.minutes[1, 2]
    assert sum(roads.asked) == 4
    assert matrix.estimated == 2
    assert matrix.minutes[0, 1] == estimate([here, beside])[0, 1]
    assert matrix.says.endswith(", 2 of 9 drives estimated")


async def test_far_apart_only_hubs_are_asked(travel: Travel, roads: Any) -> None:
    places = [NIJKERK, AMSTERDAM, MAASTRICHT]
    assert (await travel.matrix(places)).estimated == 4
    assert (await travel.matrix(places, hubs=[NIJKERK])).estimated == 2
    assert (await travel.matrix(places, hubs=[MAASTRICHT])).estimated == 0


async def test_outside_the_country_nobody_is_asked(travel: Travel, roads: Any) -> None:
    matrix = await travel.matrix([MAASTRICHT, Point(50.7753, 5.0)], hubs=[MAASTRICHT])
    assert roads.asked
    roads.asked.clear()
    matrix = await travel.matrix([MAASTRICHT, Point(50.6326, 5.5797)], hubs=[MAASTRICHT])
    assert is_estimated(matrix, [MAASTRICHT, Point(50.6326, 5.5797)])
    assert roads.asked == []


async def test_a_service_that_is_down_leaves_the_estimate_and_is_let_alone(travel: Travel, roads: Any) -> None:
    roads.refuse = 10**6
    assert is_estimated(await travel.matrix(NEAR), NEAR)
    assert is_estimated(await travel.matrix(NEAR), NEAR)
    refused = roads.refuse
    assert is_estimated(await travel.matrix(NEAR), NEAR)
    assert roads.refuse == refused
    assert roads.asked == []


async def test_a_slow_service_is_waited_for_no_longer_than_asked(travel: Travel, roads: Any) -> None:
    roads.hangs()
    assert is_estimated(await travel.matrix(NEAR, seconds=0.05), NEAR)
    asked = len(roads.asked)
    assert is_estimated(await travel.matrix(NEAR, seconds=0), NEAR)
    assert len(roads.asked) == asked


LIES: dict[str, Any] = {
    "zero": lambda seconds, metres: (0, metres),
    "negative": lambda seconds, metres: (-seconds, metres),
    "faster than a car": lambda seconds, metres: (seconds / 4, metres),
    "slower than walking": lambda seconds, metres: (seconds * 100, metres),
    "endless": lambda seconds, metres: (1e12, metres),
    "shorter than the crow flies": lambda seconds, metres: (seconds, metres / 2),
    "no length": lambda seconds, metres: (seconds, 0),
    "the world around": lambda seconds, metres: (seconds, metres + 4e7),
}


@pytest.mark.parametrize("lie", LIES)
async def test_a_service_that_lies_is_not_believed_at_all(database: Database, roads: Any, lie: str) -> None:
    honest = roads.drive
    roads.drive = lambda a, b: LIES[lie](*honest(a, b)) if b[1] < 5 and a != b else honest(a, b)
    travel = Travel(database, Osrm(roads.url))
    matrix = await travel.matrix(NEAR)
    assert is_estimated(matrix, NEAR)
    assert matrix.refused == 9
    asked = len(roads.asked)
    roads.drive = honest
    assert is_estimated(await travel.matrix(NEAR), NEAR)
    assert len(roads.asked) == asked
    assert (await Travel(database, Osrm(roads.url)).matrix(NEAR)).source == "osrm"
    await travel.close()


def around(count: int) -> list[Point]:
    """Places on a spiral around Utrecht, each in a cell of its own."""
    return [
        Point(52.09 + 0.004 * i**0.8 * math.cos(i), 5.12 + 0.006 * i**0.8 * math.sin(i)) for i in range(1, count + 1)
    ]


async def test_a_single_lie_is_replaced_counted_and_asked_again(travel: Travel, roads: Any) -> None:
    places, honest, wrong = around(12), roads.drive, set()

    def drive(a: Any, b: Any) -> Any:
        wrong.update([(a, b)] if not wrong and a != b else [])
        return (-5, 5) if (a, b) in wrong else honest(a, b)

    roads.drive = drive
    matrix = await travel.matrix(places)
    assert (matrix.estimated, matrix.refused) == (1, 1)
    assert (matrix.minutes == estimate(places)).sum() >= 1
    roads.drive = honest
    healed = await travel.matrix(places)
    assert (healed.estimated, healed.refused) == (0, 0)
    assert (healed.minutes != matrix.minutes).sum() <= 1


async def test_where_there_is_no_way_it_is_estimated_and_not_asked_again(travel: Travel, roads: Any) -> None:
    places, honest = around(8), roads.drive
    island = max(place.longitude for place in places) - 0.01
    roads.drive = lambda a, b: (None, None) if b[1] > island else honest(a, b)
    first = await travel.matrix(places)
    assert first.estimated == 7
    roads.asked.clear()
    assert (await travel.matrix(places)).estimated == 7
    assert roads.asked == []


async def test_a_service_without_any_way_is_asked_again(travel: Travel, roads: Any) -> None:
    honest = roads.drive
    roads.drive = lambda a, b: (None, None)
    assert is_estimated(await travel.matrix(NEAR), NEAR)
    roads.drive = honest
    assert (await travel.matrix(NEAR)).estimated == 0


async def test_many_places_are_asked_in_blocks_nearest_first(travel: Travel, service: Service, roads: Any) -> None:
    places = around(130)
    matrix = await travel.matrix(places)
    assert matrix.estimated == 0
    assert max(roads.asked) <= service.side**2
    assert np.allclose(matrix.minutes, said(roads, places), atol=1.9)


async def test_no_more_is_asked_than_may_be(database: Database, roads: Any) -> None:
    travel = Travel(database, Osrm(roads.url), most_drives=12_000)
    matrix = await travel.matrix(around(130))
    assert 0 < sum(roads.asked) <= 12_000
    assert 0 < matrix.estimated < 130 * 129
    await travel.matrix(around(130))
    assert (await travel.matrix(around(130))).estimated == 0
    await travel.close()


async def test_answers_have_an_age(database: Database, roads: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    travel = Travel(database, Osrm(roads.url), kept_days=90)
    await travel.matrix(NEAR)
    day, asked = cache.today(), len(roads.asked)
    monkeypatch.setattr(cache, "today", lambda: day + 90)
    await travel.matrix(NEAR)
    async with database.session(SYSTEM) as session:
        assert await cache.forget_expired(session, 90) == 0
    assert len(roads.asked) == asked
    monkeypatch.setattr(cache, "today", lambda: day + 91)
    assert is_estimated(await travel.matrix(NEAR, seconds=0), NEAR)
    async with database.session(SYSTEM) as session:
        assert await cache.forget_expired(session, 90) == 3
    assert (await travel.matrix(NEAR)).estimated == 0
    await travel.close()


async def test_the_newer_answer_holds_and_the_oldest_go(
    database: Database, roads: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def drives(*given: tuple[int, int, int]) -> Any:
        return np.array([(cell, minutes, 1, day) for cell, minutes, day in given], cache.DRIVE)

    day = cache.today()
    monkeypatch.setattr(cache, "MOST_DRIVES", 3)
    async with database.session(SYSTEM) as session:
        await cache.remember(session, "osrm", {7: drives((1, 10, day - 2), (2, 20, day - 1))}, 90)
        await cache.remember(session, "osrm", {7: drives((2, 21, day), (5, 50, day), (9, 90, day))}, 90)
        known = {origin: rows async for origin, rows in cache.remembered(session, "osrm", [7, 8], 90)}
    assert [(row["cell"], row["minutes"]) for row in known[7]] == [(2, 21), (5, 50), (9, 90)]
    assert list(known) == [7]


async def test_providers_do_not_mix(database: Database, roads: Any) -> None:
    osrm = Travel(database, Osrm(roads.url))
    await osrm.matrix(NEAR)
    other = Settings(travel_provider="valhalla", travel_url=roads.url)
    assert is_estimated(await Travel.from_settings(database, other).matrix(NEAR, seconds=0), NEAR)
    await osrm.close()


def test_the_settings_choose_the_service(database: Database, settings: Settings) -> None:
    assert service_of(Settings(travel_provider="", travel_url="http://x")) is None
    for provider, given in (
        ("osrm", {"travel_url": "http://x"}),
        ("valhalla", {"travel_url": "http://x"}),
        ("google", {"travel_key": "k"}),
    ):
        made = service_of(Settings.model_validate({"travel_provider": provider, **given}))
        assert made is not None
        assert made.name == provider
        with pytest.raises(ValueError, match=provider):
            Settings.model_validate({"travel_provider": provider})
    assert travel_of(database, settings) is travel_of(database, settings)


async def test_a_place_without_coordinates_is_an_error_not_an_answer(travel: Travel) -> None:
    with pytest.raises(ValueError, match="place 1 "):
        await travel.matrix([NIJKERK, Point(math.nan, 5.0)])


async def test_no_places(travel: Travel) -> None:
    assert (await travel.matrix([])).minutes.shape == (0, 0)
    assert (await travel.drives([NIJKERK], [])).minutes.shape == (1, 0)
