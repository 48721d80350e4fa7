"""A simulated charger that speaks MQTT: docs/chargers.md has the messages."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from itertools import count
from typing import Any
from urllib.parse import urlsplit

import aiomqtt
import orjson

from chargecars.fleet.device import Device, Link, LinkLost
from chargecars.fleet.messages import Alert, Changed, Ended, Message, Sample, Started, Status

_ANSWER_SECONDS = 10.0
_KEEP_ALIVE_SECONDS = 30


@contextlib.asynccontextmanager
async def connection(url: str, device: Device) -> AsyncIterator[Link]:
    """`url`: mqtt://host:port. Raises: LinkLost."""
    place = urlsplit(url)
    topic = f"charging/{device.identity}"
    client = aiomqtt.Client(
        place.hostname or "127.0.0.1",
        place.port or 1883,
        identifier=device.identity,
        username=device.identity,
        password=device.secret,
        keepalive=_KEEP_ALIVE_SECONDS,
        will=aiomqtt.Will(f"{topic}/status", _written({"type": "offline"}), qos=1),
    )
    try:
        async with client:
            await client.subscribe(f"{topic}/command", qos=1)
            link = MqttLink(device, client, topic)
            async with link.listening():
                await link.boot()
                yield link
    except (aiomqtt.MqttError, OSError) as error:
        raise LinkLost from error


class MqttLink:
    """One connection of one charger."""

    most = 60

    def __init__(self, device: Device, client: aiomqtt.Client, topic: str) -> None:
        self._device = device
        self._client = client
        self._topic = topic
        self._numbers = count(1)
        self._waiting: dict[str, asyncio.Future[list[dict[str, Any]]]] = {}

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Acknowledgements and commands are taken while the block runs."""
        reading = asyncio.create_task(self._listen())
        try:
            yield
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)

    async def boot(self) -> None:
        await self._tell("status", {"type": "boot", "vendor": "ChargeCars", "model": "Simulated Home"})
        self._device.set_clock()

    async def deliver(self, messages: Sequence[Message]) -> Sequence[Message]:
        """Returns those that the platform refused. Raises: LinkLost."""
        samples = [message for message in messages if isinstance(message, Sample)]
        if samples:
            told = await self._tell("metrics", {"readings": [_reading(sample) for sample in samples]})
            refused = {one.get("reading") for one in told}
            return [sample for place, sample in enumerate(samples) if place in refused]
        return [message for message in messages if await self._tell(*_said(message))]

    async def _tell(self, word: str, body: dict[str, Any]) -> list[dict[str, Any]]:
        """What of it the platform refused, once it has acknowledged the rest. Raises: LinkLost."""
        name = f"{self._device.hardware.boots}-{next(self._numbers)}"
        waiting: asyncio.Future[list[dict[str, Any]]] = asyncio.get_running_loop().create_future()
        self._waiting[name] = waiting
        try:
            await self._client.publish(f"{self._topic}/{word}", _written({"messageId": name, **body}), qos=1)
            async with asyncio.timeout(_ANSWER_SECONDS):
                return await waiting
        except (aiomqtt.MqttError, TimeoutError) as error:
            raise LinkLost from error
        finally:
            del self._waiting[name]

    async def _listen(self) -> None:
        with contextlib.suppress(aiomqtt.MqttError):
            async for message in self._client.messages:
                await self._hear(orjson.loads(message.payload))

    async def _hear(self, said: dict[str, Any]) -> None:
        if said["type"] == "ack":
            for name in said["messageIds"]:
                waiting = self._waiting.get(name)
                if waiting is not None and not waiting.done():
                    waiting.set_result([one for one in said.get("refused", ()) if one["messageId"] == name])
        elif said["type"] == "command":
            accepted = self._device.command(said["kind"], said["parameters"], said["commandId"])
            result = {"type": "result", "commandId": said["commandId"], "accepted": accepted}
            await self._client.publish(f"{self._topic}/status", _written(result), qos=1)


def _written(body: dict[str, Any]) -> bytes:
    return orjson.dumps({"v": 1, **body})


def _reading(sample: Sample) -> dict[str, Any]:
    return {
        "connector": 1,
        "at": sample.at,
        "sequence": sample.sequence,
        "energyWh": sample.energy_wh,
        "powerW": sample.power_w,
        "voltageMv": sample.voltage_mv,
        "currentMa": sample.current_ma,
        "temperatureDc": sample.temperature_dc,
        "socPercent": sample.soc_percent,
        "transactionId": sample.transaction_id,
    }


def _said(message: Message) -> tuple[str, dict[str, Any]]:
    """The topic's last word and the body."""
    match message:
        case Status():
            code = None if message.error_code == "NoError" else message.error_code
            told = {"type": "connector", "status": message.status, "errorCode": code}
            return "status", {**told, "connector": 1, "at": message.at}
        case Alert():
            told = {"code": message.code, "severity": message.severity, "text": message.text}
            return "alert", {**told, "connector": 1, "at": message.at}
        case Started():
            return "status", {**_transaction(message, "STARTED"), "idToken": message.id_token}
        case Changed():
            state = "CHARGING" if message.charging else "SUSPENDED"
            return "status", {**_transaction(message, "UPDATED"), "chargingState": state}
        case Ended():
            return "status", {**_transaction(message, "ENDED"), "reason": message.reason}
    raise TypeError(type(message))


def _transaction(message: Started | Changed | Ended, event: str) -> dict[str, Any]:
    return {
        "type": "transaction",
        "event": event,
        "transactionId": message.transaction_id,
        "connector": 1,
        "at": message.at,
        "meterWh": message.meter_wh,
        "offline": message.offline,
        "sequence": message.sequence,
    }
