"""`chargecars telemetry`: takes what chargers send over MQTT until SIGTERM, then commits what has come."""

import asyncio
import contextlib
import gc
import signal
import socket
from typing import Any

import domain.tables  # noqa: F401  # relations name tables of every area
from migrations.startup import check_or_exit
from tenants import logging, tracing
from tenants.secrets import with_secrets
from tenants.settings import Settings
from tenants.settings import settings as environment
from workers.listening import Listener
from workers.mqtt.embedded import STRAY
from workers.mqtt.process import TelemetryProcess

_YOUNG, _OLDER = 200_000, 20


def run(listening: int | None = None) -> None:
    """Run the telemetry process of this environment; `listening` is a socket of the parent, for the broker."""
    settings = with_secrets(environment())
    logging.configure(settings)
    check_or_exit(settings)
    asyncio.run(serve(settings, None if listening is None else socket.socket(fileno=listening)))


async def serve(settings: Settings, listening: socket.socket | None = None) -> None:
    """Work until a signal. Raises: OSError where MQTT_PORT or TELEMETRY_PORT is taken."""
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    asyncio.get_running_loop().set_exception_handler(_report)
    provider = tracing.configure(settings, "chargecars-telemetry")
    process = TelemetryProcess(settings, listening)
    try:
        async with contextlib.AsyncExitStack() as stack:
            if settings.telemetry_port:
                await stack.enter_async_context(Listener(process, settings.telemetry_port).listening())
            stack.push_async_callback(process.stop)
            await process.start()
            _collect_rarely()
            await stopping.wait()
    finally:
        if provider:
            await asyncio.to_thread(provider.shutdown)


def _report(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """As ever, less what a connection's end leaves behind in the broker."""
    if not isinstance(context.get("exception"), STRAY):
        loop.default_exception_handler(context)


def _collect_rarely() -> None:
    """Readings come by the thousand and go by themselves: looking for cycles among them is a third of the work."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, _OLDER, _OLDER)
