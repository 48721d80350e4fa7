"""Clients that are cut off and resume: over WebSockets and event streams, each remembers only its last cursor."""

import asyncio
import base64
import contextlib
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from typing import Any

import httpx
import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from chargecars.bench.chaos.portal import PASSING, Portal

EVENTS = "subscription($after: Cursor) { events(after: $after) { cursor event { id type } } }"
ORDERS = "subscription($after: Cursor) { orderUpdated(after: $after) { cursor event { id type } order { number } } }"
_PAUSE_SECONDS = 0.3
_SILENT_SECONDS = 20.0


class Subscriber(ABC):
    """What it was told, in the order in which it was told."""

    def __init__(self, name: str, portal: Portal, document: str) -> None:
        self.name = name
        self.portal = portal
        self.document = document
        self.told: list[str] = []
        """Ids of events."""
        self.cursor: str | None = None
        self.connections = 0
        self.refusals: list[str] = []
        self.live = asyncio.Event()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            with contextlib.suppress(OSError, TimeoutError, WebSocketException, httpx.HTTPError, ValueError):
                async for message in self.messages():
                    self._hear(message)
            await asyncio.sleep(_PAUSE_SECONDS)

    @abstractmethod
    def messages(self) -> AsyncIterator[dict[str, Any]]:
        """GraphQL responses of one connection, to its end."""

    def _hear(self, response: dict[str, Any]) -> None:
        if errors := response.get("errors"):
            if any((error.get("extensions") or {}).get("code") not in PASSING for error in errors):
                self.refusals.append(str(errors)[:300])
            raise ValueError("the subscription has ended")
        [update] = response["data"].values()
        self.told.append(_key(update["event"]["id"]))
        self.cursor = update["cursor"]


class WebSocketSubscriber(Subscriber):
    """Speaks graphql-transport-ws."""

    async def messages(self) -> AsyncIterator[dict[str, Any]]:
        token, port = await self.portal.token(), self.portal.port
        address = f"ws://{self.portal.host}:{port}/graphql"
        options: dict[str, Any] = {"subprotocols": ["graphql-transport-ws"], "compression": None, "proxy": None}
        async with connect(address, host="127.0.0.1", port=port, open_timeout=5, **options) as opened:
            self.connections += 1
            await _say(opened, type="connection_init", payload={"Authorization": f"Bearer {token}"})
            acknowledged = orjson.loads(await asyncio.wait_for(opened.recv(), _SILENT_SECONDS))
            self.cursor = self.cursor or acknowledged["payload"]["cursor"]
            payload = {"query": self.document, "variables": {"after": self.cursor}}
            await _say(opened, type="subscribe", id="1", payload=payload)
            self.live.set()
            async for received in opened:
                message = orjson.loads(received)
                match message["type"]:
                    case "next":
                        yield message["payload"]
                    case "error":
                        yield {"errors": message["payload"]}
                    case "ping":
                        await _say(opened, type="pong")
                    case "complete":
                        return


class StreamSubscriber(Subscriber):
    """Reads server-sent events."""

    async def messages(self) -> AsyncIterator[dict[str, Any]]:
        headers = {"authorization": f"Bearer {await self.portal.token()}", "accept": "text/event-stream"}
        body = {"query": self.document, "variables": {"after": self.cursor}}
        asked = self.portal.http.stream(
            "POST", "/graphql/stream", json=body, headers=headers, timeout=httpx.Timeout(5, read=_SILENT_SECONDS)
        )
        async with asked as answer:
            answer.raise_for_status()
            self.connections += 1
            self.live.set()
            async for line in answer.aiter_lines():
                if line.startswith("data: {"):
                    yield orjson.loads(line.removeprefix("data: "))


async def _say(opened: ClientConnection, **message: Any) -> None:
    await opened.send(orjson.dumps(message).decode())


def _key(global_id: str) -> str:
    return base64.b64decode(global_id).decode().partition(":")[2]
