import gzip
import json
from typing import Any

import numpy as np
import pytest

from domain.geo.location import Point
from domain.travel import services
from domain.travel.google import Google
from domain.travel.osrm import Osrm
from domain.travel.services import Service, TravelFailed
from domain.travel.valhalla import Valhalla

NIJKERK, AMSTERDAM, UTRECHT = Point(52.2200, 5.4861), Point(52.3730, 4.8924), Point(52.0907, 5.1214)
FROM, TO = [NIJKERK, UTRECHT], [AMSTERDAM, NIJKERK, UTRECHT]


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "RETRY_SECONDS", 0.001)


async def test_each_protocol_says_the_same(service: Service, roads: Any) -> None:
    answer = await service.table(FROM, TO)
    expected = [[roads.drive((a.latitude, a.longitude), (b.latitude, b.longitude)) for b in TO] for a in FROM]
    assert np.allclose(answer.seconds, [[drive[0] for drive in row] for row in expected], atol=0.01)
    assert np.allclose(answer.metres, [[drive[1] for drive in row] for row in expected], atol=1)


async def test_where_there_is_no_way_nothing_is_said(service: Service, roads: Any) -> None:
    honest = roads.drive
    roads.drive = lambda a, b: (None, None) if b[1] < 5 else honest(a, b)
    answer = await service.table(FROM, TO)
    assert np.isnan(answer.seconds).tolist() == [[True, False, False], [True, False, False]]


async def test_the_long_form_of_older_servers(roads: Any) -> None:
    service = Valhalla(roads.url)
    new = await service.table(FROM, TO)
    roads.verbose = True
    old = await service.table(FROM, TO)
    assert np.array_equal(new.seconds, old.seconds)
    assert np.array_equal(new.metres, old.metres)
    await service.close()


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b"{}", b"null", b"[1]", b'{"code": "TooBig"}', b"\xff", b"NaN"]
)
async def test_an_answer_that_is_none_fails(service: Service, roads: Any, body: bytes) -> None:
    roads.says(body)
    with pytest.raises(TravelFailed):
        await service.table(FROM, TO)


TABLES = [
    [[1.0, 2.0, 3.0]],
    [[1.0, 2.0], [3.0, 4.0]],
    [[1.0, 2.0, 3.0], [1.0, 2.0]],
    [[1.0, 2.0, "3"], [1.0, 2.0, 3.0]],
    [[1.0, 2.0, True], [1.0, 2.0, 3.0]],
    [[1.0, 2.0, [3]], [1.0, 2.0, [3]]],
    [1.0, 2.0],
    [],
]


@pytest.mark.parametrize("table", TABLES)
async def test_rows_that_are_missing_or_no_numbers_fail(roads: Any, table: Any) -> None:
    for service, body in (
        (Osrm(roads.url), {"code": "Ok", "durations": table, "distances": table}),
        (Valhalla(roads.url), {"sources_to_targets": {"durations": table, "distances": table}}),
    ):
        roads.says(json.dumps(body).encode())
        with pytest.raises(TravelFailed):
            await service.table(FROM, TO)
        await service.close()


GOOD = {"destinationIndex": 0, "condition": "ROUTE_EXISTS", "duration": "60s", "distanceMeters": 900}


@pytest.mark.parametrize(
    "wrong",
    [
        [],
        [GOOD],
        [GOOD, GOOD],
        [GOOD, GOOD | {"destinationIndex": 2}],
        [GOOD, GOOD | {"destinationIndex": -1}],
        [GOOD, GOOD | {"destinationIndex": "1"}],
        [GOOD, GOOD | {"destinationIndex": 1, "duration": "NaNs"}],
        [GOOD, GOOD | {"destinationIndex": 1, "duration": -60}],
        [GOOD, GOOD | {"destinationIndex": 1, "distanceMeters": "900"}],
    ],
)
async def test_elements_that_do_not_add_up_fail(roads: Any, wrong: Any) -> None:
    service = Google(roads.url, "a key")
    roads.says(json.dumps(wrong).encode())
    with pytest.raises(TravelFailed):
        await service.table([NIJKERK], [AMSTERDAM, UTRECHT])
    roads.says(json.dumps([GOOD, GOOD | {"destinationIndex": 1, "status": {"code": 3}}]).encode())
    assert np.isnan((await service.table([NIJKERK], [AMSTERDAM, UTRECHT])).seconds).tolist() == [[False, True]]
    await service.close()


async def test_a_server_that_is_busy_is_asked_again(service: Service, roads: Any) -> None:
    roads.refuse = services.ATTEMPTS - 1
    assert (await service.table(FROM, TO)).seconds.shape == (2, 3)


async def test_but_not_for_ever(service: Service, roads: Any) -> None:
    roads.refuse = services.ATTEMPTS
    with pytest.raises(TravelFailed, match="503"):
        await service.table(FROM, TO)
    assert roads.refuse == 0


@pytest.mark.parametrize("status", ["400 Bad Request", "403 Forbidden", "302 Found", "204 No Content"])
async def test_a_refusal_is_final(service: Service, roads: Any, status: str) -> None:
    roads.says(b"", status, f"Location: {roads.url}/elsewhere\r\n")
    with pytest.raises(TravelFailed, match=status[:3]):
        await service.table(FROM, TO)
    assert len(roads.asked) == 1


@pytest.mark.parametrize(("after", "pause"), [("7", 7.0), ("99999", 300.0), ("soon", 0.0), ("-1", 0.0)])
async def test_a_service_may_ask_for_a_pause(service: Service, roads: Any, after: str, pause: float) -> None:
    roads.says(b"", "429 Too Many Requests", f"Retry-After: {after}\r\n")
    with pytest.raises(TravelFailed) as caught:
        await service.table(FROM, TO)
    assert caught.value.pause == pause
    assert len(roads.asked) == 1


async def test_a_slow_service_is_left_in_time(service: Service, roads: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "TIMEOUT_SECONDS", 0.05)
    roads.hangs()
    with pytest.raises(TravelFailed, match="in time"):
        await service.table(FROM, TO)
    assert len(roads.asked) == 1


async def test_a_broken_connection_is_tried_again_and_fails(service: Service, roads: Any) -> None:
    roads.hangs_up()
    with pytest.raises(TravelFailed):
        await service.table(FROM, TO)
    assert len(roads.asked) == services.ATTEMPTS


async def test_an_endless_answer_fails(service: Service, roads: Any) -> None:
    roads.says(gzip.compress(b" " * (2 * services.MAX_ANSWER_BYTES)), headers="Content-Encoding: gzip\r\n")
    with pytest.raises(TravelFailed, match="longer"):
        await service.table(FROM, TO)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "not a url", ""])
async def test_an_unreachable_service_fails(url: str) -> None:
    service = Osrm(url)
    with pytest.raises(TravelFailed):
        await service.table(FROM, TO)
    await service.close()
