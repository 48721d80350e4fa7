"""What chargers write, handed to the port: stored, answered or quarantined, and no message ends the process."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import structlog

from domain.chargers.credentials import Device
from domain.chargers.models import Channel as Quarantine
from domain.chargers.reports import Boot, ConnectorReport
from domain.devices.interruptions import passes
from domain.devices.port import Port
from domain.health.alerts import AlertReport
from domain.sessions.reports import TransactionReport
from tenants.logging import summary
from workers.mqtt import figures, writing
from workers.mqtt.acks import Acks, Publish
from workers.mqtt.lanes import Lanes
from workers.mqtt.metrics import RefusedReading, left_out, read_metrics
from workers.mqtt.reading import Refused, message_id_of, shown
from workers.mqtt.status import Authorize, Body, Presence, Result, Said, read_alert, read_status
from workers.mqtt.topics import Channel, Topic, command_topic, read_topic

_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0
UNKNOWN_TOPIC, UNKNOWN_CHARGER, FAILED = "UNKNOWN_TOPIC", "UNKNOWN_CHARGER", "FAILED"
Done = Callable[[], None]
"""Called when a message needs not come again."""
log = structlog.get_logger(__name__)


class Presences(Protocol):
    """Who is connected, as far as one can know from the broker."""

    async def device(self, identity: str) -> Device | None:
        """The charger of that name; None where there is none."""

    async def heard(self, device: Device, presence: Presence | None) -> None:
        """A message has come, which may itself say that the charger comes or goes."""


@dataclass(frozen=True, slots=True)
class Message:
    topic: str
    payload: bytes


class Consumer:
    """Takes messages as they come; those of one charger stay in order where order matters."""

    def __init__(self, port: Port, presences: Presences, publish: Publish, most: int) -> None:
        self.lanes = Lanes()
        self._port = port
        self._presences = presences
        self._publish = publish
        self._acks = Acks(publish)
        self._room = asyncio.Semaphore(most)

    async def finish(self, seconds: float) -> None:
        """Let what has come be committed, for some seconds at most, and say so."""
        await self.lanes.finish(seconds)
        self._acks.flush()

    async def take(self, message: Message, done: Done) -> None:
        """Begin with a message; waits while too many are under way."""
        await self._room.acquire()
        figures.MESSAGES.inc()
        topic = read_topic(message.topic)
        key = message.topic if topic is None else topic.identity
        work = partial(self._until_done, topic, message, done)
        if topic is not None and topic.channel is Channel.METRICS:
            self.lanes.beside(key, work)
        else:
            self.lanes.in_order(key, work)

    async def _until_done(self, topic: Topic | None, message: Message, done: Done) -> None:
        """Again while PostgreSQL is away: what is not stored is not acknowledged."""
        pause = _FIRST_PAUSE
        try:
            while not await self._tried(topic, message):
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
            done()
        finally:
            self._room.release()

    async def _tried(self, topic: Topic | None, message: Message) -> bool:
        try:
            await self._handle(topic, message)
        except Exception as error:
            if passes(error) or isinstance(error, (OSError, TimeoutError)):
                log.warning("message_waits", topic=shown(message.topic), error=summary(error))
                return False
            log.exception("message_failed", topic=shown(message.topic))
            return await self._given_up(topic, message, error)
        return True

    async def _given_up(self, topic: Topic | None, message: Message, error: Exception) -> bool:
        """Our own fault: kept where people look, instead of being tried for ever."""
        identity, action = (topic.identity, str(topic.channel)) if topic else (shown(message.topic), "")
        try:
            device = await self._presences.device(identity) if topic else None
            await self._quarantine(device, identity, action, FAILED, type(error).__name__, message.payload)
        except Exception as second:
            log.warning("message_waits", topic=shown(message.topic), error=summary(second))
            return False
        return True

    async def _handle(self, topic: Topic | None, message: Message) -> None:
        if topic is None:
            await self._quarantine(None, shown(message.topic), "", UNKNOWN_TOPIC, shown(message.topic), message.payload)
            return
        device = await self._presences.device(topic.identity)
        if device is None:
            reason = "no charger has that name"
            await self._quarantine(None, topic.identity, topic.channel, UNKNOWN_CHARGER, reason, message.payload)
            return
        try:
            if topic.channel is Channel.METRICS:
                await self._metrics(device, message.payload)
            else:
                read = read_status if topic.channel is Channel.STATUS else read_alert
                await self._said(device, read(message.payload), message)
        except Refused as error:
            figures.REFUSED.labels(topic.channel, error.reason).inc()
            await self._quarantine(device, topic.identity, topic.channel, error.reason, error.detail, message.payload)
            if (message_id := message_id_of(message.payload)) is not None:
                self._acks.add(device.identity, message_id, [(None, error.reason)])

    async def _quarantine(
        self, device: Device | None, identity: str, action: str, reason: str, detail: str, payload: bytes
    ) -> None:
        await self._port.quarantine(device, identity, Quarantine.MQTT, action, reason, detail, payload)

    async def _metrics(self, device: Device, payload: bytes) -> None:
        metrics = read_metrics(device.charger_id, payload)
        await self._presences.heard(device, None)
        impossible = await self._port.readings(device, metrics.readings) if metrics.readings else ()
        figures.READINGS.inc(len(metrics.readings) - len(impossible))
        refused = left_out(metrics, impossible)
        await self._leave_out(device, refused, payload)
        if metrics.message_id is not None:
            told = [(fault.index, fault.reason) for fault in refused]
            self._acks.add(device.identity, metrics.message_id, told)

    async def _leave_out(self, device: Device, refused: Sequence[RefusedReading], payload: bytes) -> None:
        """One entry per reason, however many readings of a message it concerns."""
        by_reason: dict[str, list[RefusedReading]] = {}
        for fault in refused:
            by_reason.setdefault(fault.reason, []).append(fault)
        for reason, faults in by_reason.items():
            figures.REFUSED.labels(Channel.METRICS, reason).inc(len(faults))
            first = f"readings[{faults[0].index}] {faults[0].detail}".rstrip()
            detail = first if len(faults) == 1 else f"{first}; and {len(faults) - 1} more"
            await self._quarantine(device, device.identity, Channel.METRICS, reason, detail, payload)

    async def _said(self, device: Device, said: Said, message: Message) -> None:
        body = said.body
        await self._presences.heard(device, body if isinstance(body, Presence) else None)
        refused = await self._reported(device, said.message_id, body)
        for reason, detail in refused:
            figures.REFUSED.labels(Channel.STATUS, reason).inc()
            await self._quarantine(device, device.identity, Channel.STATUS, reason, detail, message.payload)
        if said.message_id is not None:
            self._acks.add(device.identity, said.message_id, [(None, reason) for reason, _ in refused])

    async def _reported(self, device: Device, message_id: str | None, body: Body) -> list[tuple[str, str]]:
        """Hand it to the port; reasons and details of what was impossible in it."""
        match body:
            case Boot():
                answer = await self._port.boot(device, body)
                self._answer(device, writing.boot(answer.accepted, answer.interval_seconds))
            case ConnectorReport():
                reason = await self._port.status(device, body)
                return [(reason, f"connector {body.number} at {body.at.isoformat()}")] if reason else []
            case TransactionReport():
                return await self._transaction(device, message_id, body)
            case Result():
                await self._port.answered(device, body.command_id, body.answer)
            case Authorize():
                found = await self._port.authorize(device, body.id_token)
                self._answer(device, writing.authorization(body.request_id, found.status))
            case AlertReport():
                await self._port.alert(device, body)
        return []

    async def _transaction(
        self, device: Device, message_id: str | None, report: TransactionReport
    ) -> list[tuple[str, str]]:
        answer = await self._port.transaction(device, report)
        status = str(answer.authorization.status) if report.id_token is not None else None
        self._answer(device, writing.transaction(message_id, answer.transaction_id, report.connector, status))
        return [(code, detail.strip()) for code, _, detail in (fault.partition(":") for fault in answer.refused)]

    def _answer(self, device: Device, payload: bytes) -> None:
        self._publish(command_topic(device.identity), payload)
