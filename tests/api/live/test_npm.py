"""Clients from npm subscribe, are cut off, and resume by themselves: graphql-ws, a plain EventSource, graphql-sse."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import httpx
import orjson
import pytest

from api.live.subscriber import NOT_YET
from domain.orders import service as orders
from tenants.engine import Database
from tenants.settings import Settings
from tests import node
from tests.api.live.serving import PATIENCE, Login, Served, emptied, login, until
from tests.quoting import Market

SCRIPTS = Path(__file__).parent / "npm"
NOTES = """subscription($after: Cursor) {
  events(after: $after, types: ["order.noted"]) { cursor event { payload } } }"""


class Line:
    """A way to the API that can be cut, as networks do it: without a word."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._open: set[asyncio.StreamWriter] = set()
        self.works = True
        self.port = 0

    async def forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, while the line works."""
        if not self.works:
            writer.transport.abort()
            return
        there, back = await asyncio.open_connection("127.0.0.1", self._port)
        self._open |= {writer, back}
        with suppress(ConnectionError):
            await asyncio.gather(_copy(reader, back), _copy(there, writer))
        for end in (writer, back):
            self._open.discard(end)
            end.transport.abort()

    def cut(self) -> None:
        """All connections, and no new one."""
        self.works = False
        for writer in self._open:
            writer.transport.abort()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)
    writer.transport.abort()


@asynccontextmanager
async def line_to(api: Served) -> AsyncIterator[Line]:
    line = Line(api.port)
    server = await asyncio.start_server(line.forward, "127.0.0.1", 0)
    line.port = server.sockets[0].getsockname()[1]
    yield line
    line.cut()
    server.close()


class Program:
    """A running script: what it prints, line by line."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def said(self, key: str) -> Any:
        """The value of the next line that has a key; an error it tells of is the test's."""
        assert self._process.stdout is not None
        while True:
            line = await asyncio.wait_for(self._process.stdout.readline(), PATIENCE)
            assert line, "the program has ended"
            said = orjson.loads(line)
            assert not said.get("error"), said
            assert not said.get("errors"), said
            if said.get(key) is not None:
                return said[key]

    async def notes(self, count: int) -> list[str]:
        return [(await self.said("update"))["event"]["payload"]["note"] for _ in range(count)]


@asynccontextmanager
async def running(script: str, **given: Any) -> AsyncIterator[Program]:
    place = await asyncio.to_thread(node.packages, SCRIPTS)
    pipe = asyncio.subprocess.PIPE
    command = ["node", "--input-type=module", "-", orjson.dumps(given).decode()]
    process = await asyncio.create_subprocess_exec(*command, cwd=place, stdin=pipe, stdout=pipe)
    assert process.stdin is not None
    process.stdin.write((SCRIPTS / script).read_bytes())
    process.stdin.close()
    try:
        yield Program(process)
    finally:
        process.kill()
        await process.wait()


@pytest.fixture
async def dealer(database: Database, settings: Settings, m: Market) -> Login:
    return await login(database, settings, m.actors["dealer"])


async def _note(m: Market, order_id: UUID, *words: str) -> None:
    for each in words:
        async with m.database.session(m.actors["staff"]) as session:
            await orders.note(session, order_id, each, internal=False)


async def _cut_and_resumed(program: Program, line: Line, m: Market, order_id: UUID) -> None:
    """Before the first update, and after some: what happened meanwhile is there, in order, once."""
    await program.said("connected")
    line.cut()
    await _note(m, order_id, "1")
    line.works = True
    await _note(m, order_id, "2", "3")
    assert await program.notes(3) == ["1", "2", "3"]
    line.cut()
    await _note(m, order_id, "4", "5")
    line.works = True
    assert await program.notes(2) == ["4", "5"]
    await _note(m, order_id, "6")
    assert await program.notes(1) == ["6"]


async def test_graphql_ws_resumes(api: Served, dealer: Login, m: Market) -> None:
    order_id = await m.ordered()
    async with (
        line_to(api) as line,
        running("follow.mjs", url=f"ws://127.0.0.1:{line.port}/graphql", token=dealer.bearer, query=NOTES) as program,
    ):
        await _cut_and_resumed(program, line, m, order_id)
    await emptied(api.live)


async def test_an_event_source_resumes(api: Served, dealer: Login, m: Market) -> None:
    order_id = await m.ordered()
    async with line_to(api) as line:
        address = f"http://127.0.0.1:{line.port}/graphql/stream"
        headers = {"authorization": f"Bearer {dealer.bearer}"}
        async with httpx.AsyncClient() as http:
            answer = await http.post(f"{address}/ticket", json={"query": NOTES}, headers=headers)
        ticket = answer.json()
        asked = urlencode({"query": NOTES, "ticket": ticket["ticket"], "lastEventId": ticket["cursor"]})
        async with running("listen.mjs", url=f"{address}?{asked}") as program:
            await _cut_and_resumed(program, line, m, order_id)
    await emptied(api.live)


async def test_graphql_sse_subscribes(api: Served, dealer: Login, m: Market) -> None:
    order_id = await m.ordered()
    url = f"http://127.0.0.1:{api.port}/graphql/stream"
    async with running("stream.mjs", url=url, token=dealer.bearer, query=NOTES) as program:
        await program.said("connected")
        await until(lambda: any(m.floor < NOT_YET for group in api.live.hub.groups.values() for m in group.members))
        await _note(m, order_id, "One")
        assert await program.notes(1) == ["One"]
    await emptied(api.live)
