"""Messages wait while PostgreSQL is away, faults of ours are kept, and neither ends the process."""

import asyncio
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import orjson
import pytest

from domain.chargers.credentials import Device
from workers.mqtt.consumer import Consumer, Message
from workers.mqtt.framed import MOST_WAITING, Malformed, Oversize, PacketReader, read_packet
from workers.mqtt.remote import Acknowledgements

DEVICE = Device(uuid4(), uuid4(), "CP-1")


@dataclass
class Port:
    """Stores nothing; `faults` are raised one after the other first."""

    faults: list[Exception] = field(default_factory=list)
    did: list[str] = field(default_factory=list)

    async def readings(self, device: Device, readings: Any) -> list[Any]:
        return await self._do(f"{len(readings)} readings") or []

    async def alert(self, device: Device, report: Any) -> None:
        await self._do(report.code)

    async def quarantine(self, device: Device | None, identity: str, *given: Any) -> None:
        self.did.append(f"{given[2]} of {identity}")

    async def _do(self, what: str) -> Any:
        if self.faults:
            raise self.faults.pop(0)
        self.did.append(what)


class Presences:
    async def device(self, identity: str) -> Device | None:
        return DEVICE if identity == DEVICE.identity else None

    async def heard(self, device: Device, presence: Any) -> None:
        pass


def alert(code: str) -> Message:
    body = {"v": 1, "messageId": code, "code": code, "severity": "INFO"}
    return Message("charging/CP-1/alert", orjson.dumps(body))


async def taken(port: Any, *messages: Message) -> tuple[list[int], list[dict[str, Any]]]:
    """The messages that are done with, in that order, and what was written to chargers."""
    done, written = list[int](), list[dict[str, Any]]()
    consumer = Consumer(port, Presences(), lambda topic, payload: written.append(orjson.loads(payload)), 2)
    async with asyncio.timeout(10):
        for number, message in enumerate(messages):
            await consumer.take(message, lambda number=number: done.append(number))  # type: ignore[misc]  # this round's
        await consumer.finish(10)
    return done, written


async def test_what_comes_while_postgresql_is_away_waits_in_order() -> None:
    port = Port([ConnectionRefusedError(), OSError()])
    done, written = await taken(port, alert("A"), alert("B"), alert("C"))
    assert (done, port.did) == ([0, 1, 2], ["A", "B", "C"])
    assert [message_id for message in written for message_id in message["messageIds"]] == ["A", "B", "C"]


async def test_a_fault_of_ours_is_kept_and_the_next_message_taken() -> None:
    port = Port([ZeroDivisionError()])
    done, written = await taken(port, alert("A"), alert("B"), Message("charging/CP-2/alert", b""), Message("else", b""))
    assert sorted(done) == [0, 1, 2, 3]
    assert sorted(port.did) == ["B", "FAILED of CP-1", "UNKNOWN_CHARGER of CP-2", "UNKNOWN_TOPIC of else"]
    assert [message["messageIds"] for message in written] == [["B"]], "what was not stored is sent again"


def test_a_broker_is_acknowledged_in_the_order_of_its_messages() -> None:
    told = list[tuple[int, int]]()
    acknowledgements = Acknowledgements(lambda mid, qos: told.append((mid, qos)))
    first, second, third = (acknowledgements.expect(mid, qos) for mid, qos in ((7, 1), (8, 0), (9, 1)))
    third()
    second()
    assert told == []
    first()
    assert told == [(7, 1), (9, 1)]


def stream(*packets: bytes) -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    reader.feed_data(b"".join(packets))
    return reader


async def test_packets_are_bounded_and_silence_is_an_end() -> None:
    assert await read_packet(stream(b"\x30\x03abc"), 10) == b"\x30\x03abc"
    with pytest.raises(Oversize) as found:
        await read_packet(stream(b"\x30\xff\xff\xff\x7f"), 1_000)
    assert found.value.size == 2**28 - 1
    with pytest.raises(Malformed):
        await read_packet(stream(b"\x30\xff\xff\xff\xff\x01"), 1_000)
    silent = PacketReader(stream(), b"", 1_000, 0.001)
    assert await silent.read(1) == b""


async def test_of_a_charger_that_sends_faster_than_it_is_stored_no_more_is_read() -> None:
    reader = PacketReader(stream(*[b"\x32\x01a"] * (MOST_WAITING + 1)), b"", 1_000, None)
    for _ in range(MOST_WAITING):
        assert await reader.read(3) == b"\x32\x01a"
    more = asyncio.ensure_future(reader.read(3))
    await asyncio.sleep(0)
    assert not more.done()
    reader.taken()
    assert await more == b"\x32\x01a"
