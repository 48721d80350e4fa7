"""The measuring client: it keeps its connections, counts what it sent, and takes no error for an answer."""

import asyncio
from collections.abc import AsyncIterator

import orjson
import pytest

from chargecars.bench.client import Connection, Measured, Refused, measure, post, take_turns

ANSWER = b'{"data":{}}'


class Server:
    """Answers every request alike, and remembers what came over which connection."""

    def __init__(self) -> None:
        self.requests: list[bytes] = []
        self.connections = 0
        self.status, self.body = b"200 OK", ANSWER
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
                self.requests.append(head + await reader.readexactly(length))
                lines = (b"HTTP/1.1 " + self.status, b"Content-Length: " + str(len(self.body)).encode(), b"", self.body)
                writer.write(b"\r\n".join(lines))
        except asyncio.IncompleteReadError:
            writer.close()


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    made = Server()
    listening = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = listening.sockets[0].getsockname()[1]
    yield made
    listening.close()


async def test_a_connection_is_kept_and_the_host_is_the_portals(server: Server) -> None:
    connection = Connection("127.0.0.1", server.port)
    request = post("brand.localhost:8000", "/graphql", {"query": "{ viewer { name } }"}, "a token")
    assert [await connection.send(request) for _ in range(3)] == [(200, ANSWER)] * 3
    await connection.close()
    assert server.connections == 1
    assert b"Host: brand.localhost:8000\r\n" in server.requests[0]
    assert b"Authorization: Bearer a token\r\n" in server.requests[0]
    assert orjson.loads(server.requests[0].split(b"\r\n\r\n")[1]) == {"query": "{ viewer { name } }"}


async def test_many_at_once_use_so_many_connections(server: Server) -> None:
    request = post("localhost", "/graphql", {})
    found = await measure("127.0.0.1", server.port, request, connections=4, seconds=0.0, at_least=10)
    assert server.connections == 4
    assert len(found.latencies) == 12  # three on each
    assert found.rate > 0


async def test_audiences_take_turns_over_connections_of_their_own(server: Server) -> None:
    requests = {name: post("localhost", "/graphql", {"query": name}) for name in ("staff", "partner")}
    found = await take_turns("127.0.0.1", server.port, requests, rounds=5)
    assert {name: len(measured.latencies) for name, measured in found.items()} == {"staff": 5, "partner": 5}
    assert server.connections == 2
    order = [b"staff" in request for request in server.requests]
    assert order == [True, False] * (len(order) // 2)


@pytest.mark.parametrize(("status", "body"), [(b"500 Oops", b"{}"), (b"200 OK", b'{"errors":[{"message":"no"}]}')])
async def test_an_error_is_no_answer(server: Server, status: bytes, body: bytes) -> None:
    server.status, server.body = status, body
    with pytest.raises(Refused):
        await take_turns("127.0.0.1", server.port, {"staff": post("localhost", "/graphql", {})}, rounds=1)


def test_figures_of_latencies() -> None:
    found = Measured([number / 1000 for number in range(1, 102)], 2.0)
    assert found.median_ms == pytest.approx(51)
    assert found.p95_ms == pytest.approx(96)
    assert found.rate == pytest.approx(50.5)
