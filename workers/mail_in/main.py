"""`chargecars mail-in`: takes mail of partners until SIGTERM."""

import asyncio
import contextlib
import signal
import socket

import domain.tables  # noqa: F401  # relations name tables of every area
from migrations.startup import check_or_exit
from tenants import logging, tracing
from tenants.secrets import with_secrets
from tenants.settings import Settings
from tenants.settings import settings as environment
from workers.listening import Listener
from workers.mail_in.process import MailProcess


def run(listening: int | None = None) -> None:
    """Run the mail process of this environment; `listening` is a socket of the parent, for SMTP."""
    settings = with_secrets(environment())
    logging.configure(settings)
    check_or_exit(settings)
    asyncio.run(serve(settings, None if listening is None else socket.socket(fileno=listening)))


async def serve(settings: Settings, listening: socket.socket | None = None) -> None:
    """Work until a signal. Raises: OSError where a port is taken or the certificate cannot be read."""
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    provider = tracing.configure(settings, "chargecars-mail-in")
    process = MailProcess(settings, listening)
    try:
        async with contextlib.AsyncExitStack() as stack:
            stack.push_async_callback(process.stop)
            await process.start()
            if settings.mail_in_health_port:
                await stack.enter_async_context(Listener(process, settings.mail_in_health_port).listening())
            await stopping.wait()
    finally:
        if provider:
            await asyncio.to_thread(provider.shutdown)
