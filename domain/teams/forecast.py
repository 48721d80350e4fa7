"""Daily forecasts over HTTP, in the protocol of Open-Meteo: https://open-meteo.com/en/docs

`daily` holds parallel lists by day; several places are asked for at once and answered by a list in the same order.
"""

import asyncio
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import httpx
import orjson

from domain.geo.location import Point, distance_km

MOST_PLACES = 45
"""Of one request, so that its address stays short."""
DAYS = 16
"""The service looks so many days ahead, today included."""
MAX_ANSWER_BYTES = 1_048_576
_FIELDS = ("wind_gusts_10m_max", "precipitation_sum", "temperature_2m_max")
_BELIEVABLE = ((0.0, 250.0), (0.0, 300.0), (-35.0, 50.0))
_ELSEWHERE_KM = 60.0
"""Models have a grid; a place that is further away is another one."""


class ForecastFailed(Exception):
    """The service did not give an answer that can be used."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a forecast says of a day."""

    gusts_kmh: float
    rain_mm: float
    warmest_c: float


class OpenMeteo:
    """A service at a base address such as https://api.open-meteo.com."""

    def __init__(self, url: str, seconds: float, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._url = f"{url.rstrip('/')}/v1/forecast"
        self._seconds, self._transport = seconds, transport

    async def ask(self, places: Sequence[Point]) -> list[Mapping[date, Said]]:
        """The days, per place, of which it says something believable; ForecastFailed."""
        try:
            async with asyncio.timeout(self._seconds), self._client() as client:
                parts = [places[begin : begin + MOST_PLACES] for begin in range(0, len(places), MOST_PLACES)]
                answers = [_read(part, await self._get(client, part)) for part in parts]
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            raise ForecastFailed(f"{type(error).__name__}: {error}") from error
        return [each for answer in answers for each in answer]

    def _client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(timeout=self._seconds, follow_redirects=False, transport=self._transport)

    async def _get(self, client: httpx.AsyncClient, places: Sequence[Point]) -> bytes:
        parameters = {
            "latitude": ",".join(f"{place.latitude:.3f}" for place in places),
            "longitude": ",".join(f"{place.longitude:.3f}" for place in places),
            "daily": ",".join(_FIELDS),
            "timezone": "Europe/Amsterdam",
            "forecast_days": str(DAYS),
        }
        async with client.stream("GET", self._url, params=parameters) as response:
            if response.status_code != httpx.codes.OK:
                raise ForecastFailed(f"status {response.status_code}")
            body = bytearray()
            async for part in response.aiter_bytes():
                body += part
                if len(body) > MAX_ANSWER_BYTES:
                    raise ForecastFailed(f"answer longer than {MAX_ANSWER_BYTES} bytes")
            return bytes(body)


def _read(places: Sequence[Point], body: bytes) -> list[Mapping[date, Said]]:
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise ForecastFailed("not JSON") from error
    each = answer if isinstance(answer, list) else [answer]
    if len(each) != len(places):
        raise ForecastFailed(f"{len(each)} places instead of {len(places)}")
    return [dict(_days(place, said)) for place, said in zip(places, each, strict=True)]


def _days(place: Point, said: Any) -> Iterator[tuple[date, Said]]:
    """The days of one place; none of a place elsewhere, and none whose figures cannot be."""
    daily = said.get("daily") if isinstance(said, dict) else None
    if not isinstance(daily, dict) or not _is_there(place, said):
        return
    columns = [daily.get(name) for name in ("time", *_FIELDS)]
    if not all(isinstance(column, list) and len(column) <= 2 * DAYS for column in columns):
        return
    for day, *figures in zip(*columns, strict=False):
        if (known := _day(day)) and all(_can_be(*pair) for pair in zip(figures, _BELIEVABLE, strict=True)):
            yield known, Said(*map(float, figures))


def _is_there(place: Point, said: Mapping[str, Any]) -> bool:
    north, east = said.get("latitude"), said.get("longitude")
    if not isinstance(north, int | float) or not isinstance(east, int | float):
        return False
    return math.isfinite(north) and math.isfinite(east) and distance_km(place, Point(north, east)) <= _ELSEWHERE_KM


def _can_be(figure: Any, between: tuple[float, float]) -> bool:
    return type(figure) in (int, float) and between[0] <= figure <= between[1]


def _day(text: Any) -> date | None:
    try:
        return date.fromisoformat(text)
    except (TypeError, ValueError):
        return None
