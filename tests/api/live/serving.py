"""API servers over real sockets, and a client that speaks graphql-transport-ws word by word."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import orjson
from sqlalchemy import select
from uvicorn import Config
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from api.app import create_app
from api.live.live import Live
from api.live.server import LiveProtocol, Server
from api.live.socket import STARTING
from tenants.actor import SYSTEM, Actor
from tenants.auth import sessions
from tenants.auth.keys import signing_keys
from tenants.auth.sessions import Origin
from tenants.engine import Database
from tenants.models import Brand, Membership
from tenants.settings import Settings
from tests.asking import SCHEMA

PATIENCE = 15.0


@dataclass
class Served:
    """A running API."""

    port: int
    app: Any

    @property
    def live(self) -> Live:
        live: Live = self.app.state.live
        return live

    @asynccontextmanager
    async def socket(self, host: str, **options: Any) -> AsyncIterator[ClientConnection]:
        """A WebSocket on which nothing was said yet."""
        given: dict[str, Any] = {"subprotocols": ["graphql-transport-ws"], "compression": None, "proxy": None}
        address = f"ws://{host}:{self.port}/graphql"
        given |= {} if "sock" in options else {"host": "127.0.0.1", "port": self.port}
        async with connect(address, **(given | options)) as opened:
            yield opened

    @asynccontextmanager
    async def client(self, who: "Login") -> AsyncIterator["Client"]:
        """A client that is acknowledged."""
        async with self.socket(who.host) as opened:
            client = Client(opened)
            await client.init(who)
            yield client


@asynccontextmanager
async def served(
    settings: Settings, protocol: Any = LiveProtocol, *, send_buffer: int | None = None, **changes: Any
) -> AsyncIterator[Served]:
    """An API of its own on a free port, in this process's loop; the kernel keeps `send_buffer` bytes per client."""
    app = create_app(settings.model_copy(update=changes), SCHEMA)
    listening = socket.create_server(("127.0.0.1", 0))
    if send_buffer is not None:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send_buffer)  # accepted sockets inherit it
    config = Config(app, ws=protocol, log_config=None, access_log=False, proxy_headers=False, lifespan="on")
    config.ws_per_message_deflate = False
    server = Server(config)
    task = asyncio.create_task(server._serve([listening]))
    await until(lambda: server.started)
    try:
        yield Served(listening.getsockname()[1], app)
    finally:
        server.should_exit = True
        await asyncio.wait_for(task, PATIENCE)


@dataclass(frozen=True)
class Login:
    """Somebody who is logged in at a portal."""

    actor: Actor
    bearer: str
    host: str
    session_id: Any = None


async def login(database: Database, settings: Settings, actor: Actor) -> Login:
    """A login of the member behind an actor, at a portal of its entity."""
    keys = await signing_keys(database, settings)
    async with database.session(SYSTEM) as session:
        member = select(Membership).where(Membership.user_id == actor.user_id).order_by(Membership.created_at)
        membership = (await session.execute(member)).scalars().first()
        assert membership is not None
        brand = select(Brand.host).where(Brand.entity_id == membership.entity_id)
        host = (await session.execute(brand)).scalars().first()
        assert host is not None
        opened = await sessions.open_session(session, settings, membership, Origin(host, "", ""), method="password")
        tokens = await sessions.tokens_of(session, settings, keys, opened, host)
    return Login(actor, tokens.access_token, host, tokens.session_id)


@dataclass
class Client:
    """Says and hears messages; what is heard is kept by operation."""

    opened: ClientConnection
    cursor: str = ""
    heard: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    async def init(self, who: Login) -> None:
        await self.say(type="connection_init", payload={"Authorization": f"Bearer {who.bearer}"})
        answer = await self.hear()
        assert answer["type"] == "connection_ack", answer
        self.cursor = answer["payload"]["cursor"]

    async def say(self, **message: Any) -> None:
        await self.opened.send(orjson.dumps(message).decode())

    async def hear(self, seconds: float = PATIENCE) -> dict[str, Any]:
        """The next message."""
        message: dict[str, Any] = orjson.loads(await asyncio.wait_for(self.opened.recv(), seconds))
        return message

    async def subscribe(self, query: str, variables: Mapping[str, Any] | None = None, id: str = "") -> str:
        """Begin an operation; its id."""
        id = id or uuid4().hex
        await self.say(type="subscribe", id=id, payload={"query": query, "variables": dict(variables or {})})
        return id

    async def live(self) -> None:
        """Returns when all that was asked before is live, or was answered."""
        await self._heard()
        await until(lambda: not any(task.get_name() == STARTING for task in asyncio.all_tasks()))
        await self._heard()

    async def _heard(self) -> None:
        """The server hears and says in order: what it has said before its answer to a ping is kept."""
        await self.say(type="ping")
        while (message := await self.hear())["type"] != "pong":
            self.heard.setdefault(message.get("id", ""), []).append(message)

    async def next(self, id: str) -> dict[str, Any]:
        """The next message of an operation."""
        while not self.heard.get(id):
            message = await self.hear()
            self.heard.setdefault(message.get("id", ""), []).append(message)
        return self.heard[id].pop(0)

    async def updates(self, id: str, count: int) -> list[Any]:
        """The next updates of a subscription: the value of its only field."""
        found = []
        for _ in range(count):
            message = await self.next(id)
            assert message["type"] == "next", message
            assert "errors" not in message["payload"], message
            (value,) = message["payload"]["data"].values()
            found.append(value)
        return found

    async def closed(self) -> tuple[int, str]:
        """Code and reason with which the server closes."""
        with suppress(ConnectionClosed):
            while True:
                await self.hear()
        close = self.opened.protocol.close_rcvd
        assert close is not None
        return close.code, close.reason


async def until(done: Callable[[], object], what: Callable[[], object] = str) -> None:
    """Returns when something holds; fails with `what` when it does not within the tests' patience."""
    try:
        async with asyncio.timeout(PATIENCE):
            while not done():  # noqa: ASYNC110  # what is waited for tells nobody
                await asyncio.sleep(0.01)
    except TimeoutError:
        raise AssertionError(what()) from None


async def emptied(live: Live) -> None:
    """Returns when nothing is left of any connection."""

    def left() -> object:
        return live.connections, [group.members for group in live.hub.groups.values()], [*live.watch.held]

    await until(lambda: not (live.connections or live.hub.groups or live.watch.held), left)
