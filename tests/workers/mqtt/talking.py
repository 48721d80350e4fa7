"""A charger's side of MQTT, as any client library speaks it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import aiomqtt
import orjson

PATIENCE = 20.0


class Charger:
    """Connected under its identity; `say` publishes, `hear` waits for what the platform writes."""

    def __init__(self, client: aiomqtt.Client, identity: str) -> None:
        self.client = client
        self.identity = identity
        self._heard: list[dict[str, Any]] = []

    async def say(self, channel: str, message: dict[str, Any] | bytes, *, identity: str = "") -> None:
        payload = message if isinstance(message, bytes) else orjson.dumps({"v": 1, **message})
        await self.client.publish(f"charging/{identity or self.identity}/{channel}", payload, 1)

    async def insist(self, channel: str, message: dict[str, Any]) -> None:
        """Say it again until it is acknowledged, as a charger does."""
        async with asyncio.timeout(PATIENCE):
            while True:
                await self.say(channel, message)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(0.3):
                        await self.acknowledged(message["messageId"])
                        return

    async def hear(self, type_: str, **fields: Any) -> dict[str, Any]:
        """The next message of a type, with these fields."""
        async with asyncio.timeout(PATIENCE):
            while True:
                for message in self._heard:
                    if message["type"] == type_ and fields.items() <= message.items():
                        self._heard.remove(message)
                        return message
                self._heard.append(orjson.loads((await anext(self.client.messages)).payload))

    async def acknowledged(self, *message_ids: str) -> list[dict[str, Any]]:
        """Wait until all are; what of them was refused."""
        waiting, refused = set(message_ids), list[dict[str, Any]]()
        while waiting:
            heard = await self.hear("ack")
            waiting -= set(heard["messageIds"])
            refused += heard.get("refused", [])
        return refused


@asynccontextmanager
async def charger(port: int, identity: str, secret: str, **options: Any) -> AsyncIterator[Charger]:
    """A charger that is connected and reads its commands. Raises: MqttError."""
    client = aiomqtt.Client("127.0.0.1", port, username=identity, password=secret, **options)
    async with client:
        await client.subscribe(f"charging/{identity}/command", 1)
        yield Charger(client, identity)


def reading(sequence: int, **values: Any) -> dict[str, Any]:
    at = datetime.now(UTC).replace(microsecond=0).isoformat()
    return {"connector": 1, "at": at, "sequence": sequence, "energyWh": 1000 + sequence, **values}
