"""Valhalla's matrix service: https://valhalla.github.io/valhalla/api/matrix/api-reference/"""

from collections.abc import Sequence
from typing import Any

from domain.geo.location import Point
from domain.travel.services import Answer, Asker, TravelFailed, numbers

METRES = 1000


class Valhalla:
    """A server at a base address such as http://valhalla:8002; it answers 2,500 drives unless told otherwise."""

    name = "valhalla"
    side = 50
    most_drives = 5_000_000

    def __init__(self, url: str) -> None:
        self._asker = Asker(url)

    async def table(self, origins: Sequence[Point], destinations: Sequence[Point]) -> Answer:
        question = {
            "sources": _locations(origins),
            "targets": _locations(destinations),
            "costing": "auto",
            "units": "kilometers",
            "verbose": False,
        }
        body = await self._asker.post("/sources_to_targets", question)
        return _answer(body).of_size(len(origins), len(destinations))

    async def close(self) -> None:
        await self._asker.close()


def _locations(places: Sequence[Point]) -> list[dict[str, float]]:
    return [{"lat": place.latitude, "lon": place.longitude} for place in places]


def _answer(body: Any) -> Answer:
    given = body.get("sources_to_targets") if isinstance(body, dict) else None
    if isinstance(given, dict):
        return Answer(numbers(given.get("durations")), numbers(given.get("distances")) * METRES)
    # Older servers know the long form only.
    return Answer(_of_cells(given, "time"), _of_cells(given, "distance") * METRES)


def _of_cells(rows: Any, name: str) -> Any:
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise TravelFailed("not an answer of the matrix service")
    return numbers([[cell.get(name) if isinstance(cell, dict) else cell for cell in row] for row in rows])
