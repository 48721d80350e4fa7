"""What both versions of OCPP share on a charger's side: the socket, the login, and what becomes of its errors."""

import asyncio
import base64
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, Protocol

from ocpp.exceptions import OCPPError
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from chargecars.fleet.device import Device, Link, LinkLost
from chargecars.fleet.messages import Message

STOPPED = {
    "EV_DISCONNECTED": "EVDisconnected",
    "EMERGENCY_STOP": "EmergencyStop",
    "STOP": "Remote",
    "REBOOT": "Reboot",
    "LOCAL": "Local",
}
"""Why a transaction ended, in the words of both versions."""
_OPEN_SECONDS = 20.0


class Station(Link, Protocol):
    """A charge point of the `ocpp` library that delivers messages."""

    async def start(self) -> None: ...

    async def boot(self) -> None:
        """Say who it is, and set the clock."""


@contextlib.asynccontextmanager
async def linked(
    device: Device, base_url: str, subprotocol: str, make: Callable[[Device, ClientConnection], Station]
) -> AsyncIterator[Link]:
    """A socket that is open, booted and read from. Raises: LinkLost."""
    key = base64.b64encode(f"{device.identity}:{device.secret}".encode()).decode()
    try:
        async with connect(
            f"{base_url}/ocpp/{device.identity}",
            subprotocols=[subprotocol],  # type: ignore[list-item]  # a NewType of str
            additional_headers={"Authorization": f"Basic {key}"},
            open_timeout=_OPEN_SECONDS,
            compression=None,
        ) as socket:
            station = make(device, socket)
            async with _reading(station):
                await station.boot()
                yield station
    except (OSError, TimeoutError, WebSocketException) as error:
        raise LinkLost from error


@contextlib.asynccontextmanager
async def _reading(station: Station) -> AsyncIterator[None]:
    """Answers and calls of the platform are read while the block runs; it ends with the socket."""
    here = asyncio.current_task()
    assert here is not None
    reading = asyncio.create_task(station.start())
    gone = False

    def ended(task: asyncio.Task[None]) -> None:
        nonlocal gone
        if not task.cancelled():
            gone = True
            task.exception()
            here.cancel()

    reading.add_done_callback(ended)
    try:
        yield
    except asyncio.CancelledError:
        if not gone:
            raise
        here.uncancel()
        raise LinkLost from None
    finally:
        reading.remove_done_callback(ended)
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)


async def each(messages: Sequence[Message], send: Callable[[Message], Awaitable[Any]]) -> None:
    """One after the other. Raises: LinkLost."""
    for message in messages:
        await answered(send(message))


async def answered(call: Awaitable[Any]) -> Any:
    """The platform's answer; an error or none for 30 s is a connection to begin anew. Raises: LinkLost."""
    try:
        return await call
    except (OCPPError, TimeoutError, WebSocketException, OSError) as error:
        raise LinkLost(str(error)) from error
