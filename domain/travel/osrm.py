"""OSRM's table service: https://project-osrm.org/docs/v5.24.0/api/#table-service"""

from collections.abc import Sequence
from typing import Any

from domain.geo.location import Point
from domain.travel.services import Answer, Asker, TravelFailed, numbers


class Osrm:
    """A server at a base address such as http://osrm:5000; it answers 100 x 100 unless told otherwise."""

    name = "osrm"
    side = 100
    most_drives = 5_000_000

    def __init__(self, url: str) -> None:
        self._asker = Asker(url)

    async def table(self, origins: Sequence[Point], destinations: Sequence[Point]) -> Answer:
        places = ";".join(f"{place.longitude:.6f},{place.latitude:.6f}" for place in (*origins, *destinations))
        first = ";".join(map(str, range(len(origins))))
        then = ";".join(map(str, range(len(origins), len(origins) + len(destinations))))
        path = f"/table/v1/driving/{places}?sources={first}&destinations={then}&annotations=duration,distance"
        return _answer(await self._asker.get(path)).of_size(len(origins), len(destinations))

    async def close(self) -> None:
        await self._asker.close()


def _answer(body: Any) -> Answer:
    if not isinstance(body, dict) or body.get("code") != "Ok":
        raise TravelFailed("not an answer of the table service")
    return Answer(numbers(body.get("durations")), numbers(body.get("distances")))
