"""A small server that speaks PDOK Locatieserver's `free` service over a handful of addresses, and can misbehave."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

Parameters = dict[str, list[str]]
Answer = Callable[[asyncio.StreamWriter, Parameters], Awaitable[None]]

ALLOWED = {"q", "fl", "fq", "df", "bq", "start", "rows", "sort", "wt", "lat", "lon"}


def doc(kind: str, street: str, postcode: str, city: str, longitude: float, latitude: float, **more: Any) -> Any:
    return {
        "bron": "BAG",
        "type": kind,
        "weergavenaam": f"{street}, {postcode} {city}",
        "straatnaam": street,
        "straatnaam_verkort": street,
        "postcode": postcode,
        "woonplaatsnaam": city,
        "gemeentenaam": city,
        "provincienaam": "Gelderland",
        "centroide_ll": f"POINT({longitude} {latitude})",
        "centroide_rd": "POINT(161000 473000)",
    } | more


TEST_STREET = ("Proefstraat", "3861AB", "Nijkerk")
LONG_STREET = ("Burgemeester Voorbeeldlaan", "2511XX", "'s-Gravenhage")
DOCS = [
    doc("adres", *TEST_STREET, 5.4801, 52.2201, huisnummer=10),
    doc("adres", *TEST_STREET, 5.4802, 52.2202, huisnummer=10, huisletter="A"),
    doc("adres", *TEST_STREET, 5.4803, 52.2203, huisnummer=10, huisletter="A", huisnummertoevoeging="2"),
    doc("adres", *TEST_STREET, 5.4804, 52.2204, huisnummer=12, huisletter="B"),
    doc("postcode", *TEST_STREET, 5.48, 52.22),
    doc("postcode", "Toetsplein", "3861AB", "Nijkerk", 5.49, 52.23),
    doc("adres", *LONG_STREET, 4.3, 52.08, huisnummer=1, straatnaam_verkort="Burg Voorbeeldln"),
    doc("postcode", *LONG_STREET, 4.301, 52.081),
    doc("weg", "Proefstraat", "", "Nijkerk", 5.485, 52.225),
]


class PdokServer:
    """Answers from DOCS, or as `answer` says; `asked` holds the parameters of every request."""

    def __init__(self) -> None:
        self.asked: list[Parameters] = []
        self.answer: Answer = self.honest
        self.released = asyncio.Event()
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            target = urlsplit(head.split(b" ")[1].decode())
            assert target.path == "/bzk/locatieserver/search/v3_1/free"
            parameters = parse_qs(target.query)
            self.asked.append(parameters)
            await self.answer(writer, parameters)
        finally:
            writer.close()

    async def honest(self, writer: asyncio.StreamWriter, parameters: Parameters) -> None:
        if unknown := parameters.keys() - ALLOWED:
            return await send(writer, json.dumps({"error": sorted(unknown)}).encode(), "400 Bad Request")
        found = [each for each in DOCS if all(_passes(each, fq) for fq in parameters["fq"])]
        fields = parameters["fl"][0].split(",")
        docs = [{name: each[name] for name in fields if name in each} for each in found]
        header = {"numFound": len(docs), "start": 0, "maxScore": 9.5, "numFoundExact": True}
        await send(writer, json.dumps({"response": header | {"docs": docs}}).encode())

    def says(self, body: bytes, status: str = "200 OK", headers: str = "") -> None:
        async def answer(writer: asyncio.StreamWriter, parameters: Parameters) -> None:
            await send(writer, body, status, headers)

        self.answer = answer

    def hangs(self) -> None:
        async def answer(writer: asyncio.StreamWriter, parameters: Parameters) -> None:
            await self.released.wait()

        self.answer = answer

    def trickles(self) -> None:
        """Sends the head, then never the body."""

        async def answer(writer: asyncio.StreamWriter, parameters: Parameters) -> None:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{")
            await writer.drain()
            await self.released.wait()

        self.answer = answer

    def hangs_up(self) -> None:
        async def answer(writer: asyncio.StreamWriter, parameters: Parameters) -> None:
            writer.transport.abort()

        self.answer = answer


async def send(writer: asyncio.StreamWriter, body: bytes, status: str = "200 OK", headers: str = "") -> None:
    writer.write(
        f"HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {len(body)}\r\n{headers}\r\n".encode() + body
    )
    await writer.drain()


def _passes(each: Any, fq: str) -> bool:
    """The part of Solr's filter syntax that is used: field:value, field:(a OR b), AND within OR, parentheses."""
    fq = re.sub(r"(\w+):\(([^()]*)\)", lambda m: " OR ".join(f"{m[1]}:{v}" for v in m[2].split(" OR ")), fq)
    return any(
        all(_is(each, *term.split(":")) for term in part.strip(" ()").split(" AND ")) for part in fq.split(" OR ")
    )


def _is(each: Any, name: str, value: str) -> bool:
    return str(each.get(name)) == value


@pytest.fixture
async def pdok_server() -> AsyncIterator[PdokServer]:
    served = PdokServer()
    server = await asyncio.start_server(served.serve, "127.0.0.1")
    served.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/bzk/locatieserver/search/v3_1"
    yield served
    served.released.set()
    server.close()
    await server.wait_closed()
