"""What waits for a client is bounded; who does not keep up is dropped and resumes."""

import asyncio
import socket
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.client import ClientProtocol
from websockets.frames import Frame
from websockets.protocol import State
from websockets.uri import parse_uri

from api.live.codes import TOO_SLOW, Ended
from api.live.frames import Batch, frame, tail_of
from api.live.wire import Bounds, DirectWire, QueuedWire
from domain.orders import service as orders
from tenants.engine import Database
from tenants.settings import Settings
from tests.api.live.serving import Client, emptied, login, served, until
from tests.quoting import Market

NOTES = 'subscription($after: Cursor) { events(after: $after, types: ["order.noted"]) { cursor event { payload } } }'


class FakeSocket:
    """Takes as much as it is told."""

    def __init__(self) -> None:
        self.waiting = 0
        self.written: list[bytes] = []
        self.ended: tuple[int, str] | None = None

    def backlog(self) -> int:
        return self.waiting

    def write_frames(self, frames: bytes) -> None:
        self.written.append(frames)
        self.waiting += len(frames)

    def end(self, code: int, reason: str) -> None:
        self.ended = (code, reason)


def batch(*texts: bytes, first: int = 1) -> Batch:
    positions = range(first, first + len(texts))
    return Batch([*positions], [f"c{position}" for position in positions], texts)


@given(
    st.lists(st.one_of(st.integers(0, 200), st.integers(65_400, 65_700)), max_size=4),
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=80),
)
def test_frames_are_what_a_client_reads(lengths: list[int], id: str) -> None:
    texts = [b'{"x":"%b"}' % (b"x" * length) for length in lengths]
    made = batch(*texts)
    heard = ClientProtocol(parse_uri("ws://localhost/"), state=State.OPEN)
    heard.receive_data(made.frames(tail_of(id)) + frame(b"last"))
    frames = [event.data for event in heard.events_received() if isinstance(event, Frame)]
    assert frames == [*made.messages(tail_of(id)), b"last"]


def test_what_a_client_has_is_not_sent_again() -> None:
    made = batch(b"1", b"2", b"3", first=7)
    assert made.after(6) is made
    assert made.after(7).texts == (b"2", b"3")
    assert made.after(8).cursors == ["c9"]
    assert made.after(9).texts == ()


@pytest.mark.parametrize(("size", "messages", "sent"), [(100, 1000, 2), (10_000, 3, 4)])
def test_a_client_that_takes_nothing_is_dropped_beyond_either_bound(size: int, messages: int, sent: int) -> None:
    fake = FakeSocket()
    wire = DirectWire(fake, Bounds(size, messages))
    for _ in range(10):
        wire.send(b"x" * 60)
    assert fake.ended == (TOO_SLOW, "TOO_SLOW")
    assert len(fake.written) in (sent - 1, sent)
    fake.ended = None
    wire.send(b"x")
    assert fake.ended is None


def test_a_client_that_takes_all_is_never_dropped() -> None:
    fake = FakeSocket()
    wire = DirectWire(fake, Bounds(100, 2))
    for _ in range(100):
        wire.send(b"x" * 90)
        fake.waiting = 0
    assert fake.ended is None
    assert len(fake.written) == 100


async def test_a_queue_holds_so_much_and_no_more() -> None:
    wire = QueuedWire(Bounds(100, 5))
    for _ in range(5):
        wire.send(b"12")
    assert await wire.taken() == [b"12"] * 5
    assert await wire.taken(0.01) == []
    for _ in range(6):
        wire.send(b"12")
    with pytest.raises(Ended, match="TOO_SLOW"):
        await wire.taken()
    wire.send(b"12")
    with pytest.raises(Ended):
        await wire.taken()


async def _note(database: Database, m: Market, order_id: UUID, words: str, count: int) -> None:
    async with database.session(m.actors["staff"]) as session:
        for number in range(count):
            await orders.note(session, order_id, f"{number} {words}", internal=False)


async def test_a_slow_client_is_dropped_and_resumes_while_others_go_on(
    settings: Settings, database: Database, m: Market
) -> None:
    order_id = await m.ordered()
    who = await login(database, settings, m.actors["staff"])
    narrow = socket.socket()
    narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    narrow.setblocking(False)
    async with served(settings, send_buffer=8192, live_backlog_bytes=65_536) as api, api.client(who) as quick:
        await asyncio.get_running_loop().sock_connect(narrow, ("127.0.0.1", api.port))
        async with api.socket(who.host, sock=narrow) as opened:
            slow = Client(opened)
            await slow.init(who)
            ids = [await client.subscribe(NOTES) for client in (quick, slow)]
            for client in (quick, slow):
                await client.live()
            opened.transport.pause_reading()
            heard: list[Any] = []
            while api.live.connections == 2:
                await _note(database, m, order_id, "x" * 1900, 40)
                heard += await quick.updates(ids[0], 40)
            await until(lambda: api.live.connections == 1)
            assert len(heard) > 40
        async with api.client(who) as resumed:
            again = await resumed.updates(await resumed.subscribe(NOTES, {"after": slow.cursor}), len(heard))
        assert again == heard
    await emptied(api.live)
