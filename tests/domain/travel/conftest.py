"""A small server that speaks the matrix services of OSRM, Valhalla and Google over a flat country, or misbehaves."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from domain.geo.location import Point, distance_km
from domain.travel.google import Google
from domain.travel.osrm import Osrm
from domain.travel.services import Service
from domain.travel.valhalla import Valhalla

Drive = tuple[Any, Any]
"""Seconds and metres; None where there is no way."""
Places = list[tuple[float, float]]
KEY = "a key"


def straight(origin: tuple[float, float], destination: tuple[float, float]) -> Drive:
    """Everybody drives 60 km/h, a fifth further than the crow flies, and 90 seconds longer towards the north."""
    metres = distance_km(Point(*origin), Point(*destination)) * 1200
    uphill = 90 if destination[0] > origin[0] else 0
    return (metres / 1000 * 60 + uphill if metres else 0, metres)


class RoutingServer:
    """Answers each drive by `drive`, or the whole question by `answer`; `asked` counts drives per question."""

    def __init__(self) -> None:
        self.drive: Callable[[tuple[float, float], tuple[float, float]], Drive] = straight
        self.answer: Callable[[asyncio.StreamWriter], Awaitable[None]] | None = None
        self.asked: list[int] = []
        self.refuse = 0
        """So many questions are answered by 503 first."""
        self.most = 10_000
        self.released = asyncio.Event()
        self.verbose = False
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            length = re.search(r"content-length: (\d+)", head, re.IGNORECASE)
            body = await reader.readexactly(int(length[1])) if length else b""
            if self.refuse:
                self.refuse -= 1
                return await send(writer, b"busy", "503 Service Unavailable")
            origins, destinations, spoken = self._understood(head, body)
            self.asked.append(len(origins) * len(destinations))
            if self.answer:
                return await self.answer(writer)
            table = [[self.drive(origin, destination) for destination in destinations] for origin in origins]
            await send(writer, json.dumps(spoken(table)).encode())
        finally:
            writer.close()

    def _understood(self, head: str, body: bytes) -> tuple[Places, Places, Callable[[list[list[Drive]]], Any]]:
        method, target, _ = head.split("\r\n")[0].split(" ")
        path = urlsplit(target).path
        if match := re.fullmatch(r"/table/v1/driving/([-0-9.,;]+)", path):
            assert method == "GET"
            return self._osrm(match[1], parse_qs(urlsplit(target).query))
        assert method == "POST"
        question = json.loads(body)
        if path == "/sources_to_targets":
            return self._valhalla(question)
        assert path == "/distanceMatrix/v2:computeRouteMatrix"
        assert f"x-goog-api-key: {KEY}\r\n" in head
        assert "status" in head.split("x-goog-fieldmask: ")[1].split("\r\n")[0].split(",")
        return self._google(question)

    def _osrm(self, text: str, query: dict[str, list[str]]) -> Any:
        places = [(float(y), float(x)) for x, y in (pair.split(",") for pair in text.split(";"))]
        assert query.keys() == {"sources", "destinations", "annotations"}
        origins, destinations = (
            [places[int(i)] for i in query[name][0].split(";")] for name in ("sources", "destinations")
        )
        assert len(origins) * len(destinations) <= 100 * 100
        return origins, destinations, _as_osrm

    def _valhalla(self, question: dict[str, Any]) -> Any:
        origins, destinations = ([(at["lat"], at["lon"]) for at in question[name]] for name in ("sources", "targets"))
        assert len(origins) * len(destinations) <= 2500
        assert question["costing"] == "auto"
        return origins, destinations, _as_old_valhalla if self.verbose else _as_valhalla

    def _google(self, question: dict[str, Any]) -> Any:
        origins, destinations = (
            [
                (at["latitude"], at["longitude"])
                for at in (each["waypoint"]["location"]["latLng"] for each in question[name])
            ]
            for name in ("origins", "destinations")
        )
        assert len(origins) * len(destinations) <= 625
        assert question["travelMode"] == "DRIVE"
        return origins, destinations, _as_google

    def says(self, body: bytes, status: str = "200 OK", headers: str = "") -> None:
        async def answer(writer: asyncio.StreamWriter) -> None:
            await send(writer, body, status, headers)

        self.answer = answer

    def hangs(self) -> None:
        async def answer(writer: asyncio.StreamWriter) -> None:
            await self.released.wait()

        self.answer = answer

    def hangs_up(self) -> None:
        async def answer(writer: asyncio.StreamWriter) -> None:
            writer.transport.abort()

        self.answer = answer


def _as_osrm(table: list[list[Drive]]) -> Any:
    durations, distances = ([[drive[part] for drive in row] for row in table] for part in (0, 1))
    return {"code": "Ok", "durations": durations, "distances": distances, "sources": [], "destinations": []}


def _as_valhalla(table: list[list[Drive]]) -> Any:
    durations = [[drive[0] for drive in row] for row in table]
    distances = [[_km(drive[1]) for drive in row] for row in table]
    return {"sources_to_targets": {"durations": durations, "distances": distances}, "units": "kilometers"}


def _as_old_valhalla(table: list[list[Drive]]) -> Any:
    cells = [
        [{"distance": _km(drive[1]), "time": drive[0], "from_index": i, "to_index": j} for j, drive in enumerate(row)]
        for i, row in enumerate(table)
    ]
    return {"sources_to_targets": cells, "units": "kilometers"}


def _km(metres: Any) -> Any:
    return metres / 1000 if isinstance(metres, (int, float)) else metres


def _as_google(table: list[list[Drive]]) -> Any:
    elements = []
    for i, row in enumerate(table):
        for j, (seconds, metres) in enumerate(row):
            element: dict[str, Any] = {"originIndex": i} if i else {}
            element |= {"destinationIndex": j, "status": {}, "condition": "ROUTE_NOT_FOUND"}
            if seconds is not None:
                known = {"duration": f"{seconds:.3f}s", "distanceMeters": round(metres)}
                element |= known | {"condition": "ROUTE_EXISTS"}
            elements.append(element)
    return elements[::-1]  # in any order


async def send(writer: asyncio.StreamWriter, body: bytes, status: str = "200 OK", headers: str = "") -> None:
    head = f"HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
    writer.write(head.encode() + body)
    await writer.drain()


@pytest.fixture
async def roads() -> AsyncIterator[RoutingServer]:
    served = RoutingServer()
    server = await asyncio.start_server(served.serve, "127.0.0.1", limit=1 << 20)
    served.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    yield served
    served.released.set()
    server.close()
    await server.wait_closed()


SERVICES: dict[str, Callable[[str], Service]] = {
    "osrm": Osrm,
    "valhalla": Valhalla,
    "google": lambda url: Google(url, KEY),
}


@pytest.fixture(params=SERVICES)
async def service(request: pytest.FixtureRequest, roads: RoutingServer) -> AsyncIterator[Service]:
    """Each of the three, speaking to `roads`."""
    made = SERVICES[request.param](roads.url + "/")
    yield made
    await made.close()
