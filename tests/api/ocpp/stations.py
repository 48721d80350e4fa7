"""Chargers that speak with the library `ocpp`, and servers that they speak to."""

import asyncio
import base64
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson
from ocpp import v16, v201
from ocpp.messages import Call
from redis.asyncio import Redis
from sqlalchemy import select
from starlette.applications import Starlette
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from api.live.server import LiveProtocol
from api.ocpp import endpoint
from api.ocpp.versions import Version
from domain.chargers.credentials import issue
from domain.chargers.models import QuarantinedMessage
from domain.commands import service as commands
from domain.commands.models import CommandKind, DeviceCommand
from domain.rows import find
from tenants.actor import SYSTEM
from tenants.engine import Database
from tenants.settings import Settings
from tests.charging import Yard, charging_yard
from tests.serving import serving

PATIENCE = 10.0
_LIBRARY = {Version.OCPP16: v16, Version.OCPP201: v201}


@dataclass(frozen=True)
class Platform:
    """A process that chargers connect to."""

    address: str
    database: Database

    def url(self, identity: str) -> str:
        return f"{self.address}/ocpp/{identity}"


@asynccontextmanager
async def platform(settings: Settings, database: Database, **changes: Any) -> AsyncIterator[Platform]:
    """A process of its own, as far as chargers and the database can tell."""
    app = Starlette(routes=endpoint.ROUTES)
    app.state.settings = settings.model_copy(update=changes)
    app.state.database = database
    app.state.redis = Redis.from_url(settings.redis_url, decode_responses=True)
    async with serving(app, ws=LiveProtocol, ws_per_message_deflate=False, ws_max_size=400_000) as address:
        yield Platform(address.replace("http", "ws", 1), database)
    await endpoint.close(app.state)
    await app.state.redis.aclose()


@dataclass
class Station:
    """A charger with its secret. `orders` are the calls that it got; `answers` says what it answers."""

    yard: Yard
    secret: str
    version: Version
    orders: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)
    heard: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def identity(self) -> str:
        return self.yard.charger.identity

    async def obey(self, call: Call) -> dict[str, Any] | None:
        """What the charger answers; None: nothing."""
        async with self.heard:
            self.orders.append((call.action, call.payload))
            self.heard.notify_all()
        return self.answers.get(call.action, {"status": "Accepted"})

    async def ordered(self, action: str, times: int = 1) -> dict[str, Any]:
        """The payload of an order, when it has come so often."""

        def found() -> list[dict[str, Any]]:
            return [payload for name, payload in self.orders if name == action]

        async with asyncio.timeout(PATIENCE), self.heard:
            await self.heard.wait_for(lambda: len(found()) >= times)
        return found()[-1]


async def station(database: Database, version: Version = Version.OCPP16) -> Station:
    """An enrolled charger with two connectors, an owner, and a driver with a token."""
    async with database.session(SYSTEM) as session:
        yard = await charging_yard(session)
        secret = await issue(session, yard.charger)
    return Station(yard, secret, version)


def basic(user: str, password: bytes) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(user.encode() + b":" + password).decode()}


@asynccontextmanager
async def raw(platform: Platform, station: Station, **options: Any) -> AsyncIterator[ClientConnection]:
    """A connection on which nothing was said yet."""
    given: dict[str, Any] = {
        "additional_headers": basic(station.identity, station.secret.encode()),
        "subprotocols": [station.version.subprotocol],
        "compression": None,
        "proxy": None,
    }
    async with connect(platform.url(station.identity), **(given | options)) as opened:
        yield opened


@asynccontextmanager
async def plugged(platform: Platform, station: Station, **options: Any) -> AsyncIterator[Any]:
    """The library's charge point, connected; it answers whatever it is told."""
    async with raw(platform, station, **options) as opened:
        point = _point(station, opened)
        listening = asyncio.create_task(_listening(point))
        try:
            yield point
        finally:
            listening.cancel()


def _point(station: Station, opened: ClientConnection) -> Any:
    library: Any = _LIBRARY[station.version]

    class Obedient(library.ChargePoint):  # type: ignore[misc]  # of the version that is tested
        async def _handle_call(self, msg: Call) -> None:
            answer = await station.obey(msg)
            if answer is not None:
                await self._send(msg.create_call_result(answer).to_json())

    return Obedient(station.identity, opened, response_timeout=PATIENCE)


async def _listening(point: Any) -> None:
    try:
        await point.start()
    except ConnectionClosed:
        return


async def ask(opened: ClientConnection, text: str) -> list[Any]:
    """What the platform answers to a frame."""
    await opened.send(text)
    answer: list[Any] = orjson.loads(await asyncio.wait_for(opened.recv(), PATIENCE))
    return answer


async def command(
    database: Database, station: Station, kind: CommandKind, connector: int | None = None, **parameters: Any
) -> UUID:
    """Ask for a command; its id."""
    async with database.session(SYSTEM) as session:
        made = await commands.request(
            session, charger_id=station.yard.charger.id, kind=kind, connector=connector, parameters=parameters
        )
        return made.id


async def ended(database: Database, id: UUID) -> DeviceCommand:
    """A command, when it has been answered."""
    found: list[DeviceCommand] = []

    async def look() -> bool:
        async with database.session(SYSTEM) as session:
            found[:] = [await find(session, DeviceCommand, id)]
        return found[0].status not in ("ACCEPTED", "SENT")

    await until(look)
    return found[0]


async def quarantined(database: Database, station: Station) -> list[QuarantinedMessage]:
    async with database.session(SYSTEM) as session:
        mine = select(QuarantinedMessage).where(QuarantinedMessage.identity == station.identity)
        return list((await session.execute(mine.order_by(QuarantinedMessage.received_at))).scalars())


async def until(holds: Callable[[], Any]) -> None:
    """Returns when something holds."""
    async with asyncio.timeout(PATIENCE):
        while not await holds():  # noqa: ASYNC110  # a row tells nobody
            await asyncio.sleep(0.01)
