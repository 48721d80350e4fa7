"""Google's Routes API, `computeRouteMatrix`: https://developers.google.com/maps/documentation/routes/understand-rm-response

Every drive is paid for, and how long an answer may be kept is a matter of Google's terms (`TRAVEL_KEPT_DAYS`).
"""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from domain.geo.location import Point
from domain.travel.services import Answer, Asker, TravelFailed

URL = "https://routes.googleapis.com"
_FIELDS = "originIndex,destinationIndex,status,condition,distanceMeters,duration"
_DURATION = re.compile(r"(-?[0-9]{1,9}(?:\.[0-9]{1,9})?)s")


class Google:
    """At most 625 drives a question."""

    name = "google"
    side = 25
    most_drives = 5_000

    def __init__(self, url: str, key: str) -> None:
        self._asker = Asker(url or URL, {"x-goog-api-key": key, "x-goog-fieldmask": _FIELDS})

    async def table(self, origins: Sequence[Point], destinations: Sequence[Point]) -> Answer:
        question = {
            "origins": [_waypoint(place) for place in origins],
            "destinations": [_waypoint(place) for place in destinations],
            "travelMode": "DRIVE",
            "routingPreference": "TRAFFIC_UNAWARE",
        }
        elements = await self._asker.post("/distanceMatrix/v2:computeRouteMatrix", question)
        return _answer(elements, len(origins), len(destinations))

    async def close(self) -> None:
        await self._asker.close()


def _waypoint(place: Point) -> dict[str, Any]:
    at = {"latitude": place.latitude, "longitude": place.longitude}
    return {"waypoint": {"location": {"latLng": at}}}


def _answer(elements: Any, origins: int, destinations: int) -> Answer:
    if not isinstance(elements, list) or not all(isinstance(element, dict) for element in elements):
        raise TravelFailed("not an answer of computeRouteMatrix")
    seconds, metres = np.full((origins, destinations), np.nan), np.full((origins, destinations), np.nan)
    seen = np.zeros((origins, destinations), np.bool_)
    for element in elements:
        at = _index(element, "originIndex", origins), _index(element, "destinationIndex", destinations)
        if seen[at]:
            raise TravelFailed("a drive that is answered twice")
        seen[at] = True
        seconds[at], metres[at] = _drive(element)
    if not seen.all():
        raise TravelFailed(f"{len(elements)} drives of {origins} x {destinations}")
    return Answer(seconds, metres)


def _index(element: dict[str, Any], name: str, size: int) -> int:
    index = element.get(name, 0)  # a zero may be left out
    if type(index) is not int or not 0 <= index < size:
        raise TravelFailed(f"{name} out of range")
    return index


def _drive(element: dict[str, Any]) -> tuple[float, float]:
    if element.get("status") or element.get("condition") != "ROUTE_EXISTS":
        return np.nan, np.nan
    duration, metres = element.get("duration"), element.get("distanceMeters", 0)
    match = _DURATION.fullmatch(duration) if isinstance(duration, str) else None
    if match is None or type(metres) is not int:
        raise TravelFailed("a drive without duration or distance")
    return float(match[1]), float(metres)
