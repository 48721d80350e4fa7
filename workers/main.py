"""The worker process: `run()` works until SIGTERM, then finishes what it has begun."""

import asyncio
import contextlib
import signal

import structlog

import workers.declared  # noqa: F401  # completes the jobs
from migrations.startup import check_or_exit
from tenants import logging, tracing
from tenants.secrets import with_secrets
from tenants.settings import Settings
from tenants.settings import settings as environment
from workers.listening import Listener
from workers.process import WorkerProcess

log = structlog.get_logger(__name__)


def run() -> None:
    """Run the worker of this environment."""
    settings = with_secrets(environment())
    logging.configure(settings)
    check_or_exit(settings)
    asyncio.run(serve(settings))


async def serve(settings: Settings) -> None:
    """Work until a signal. Raises: OSError where WORKER_PORT is taken."""
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    provider = tracing.configure(settings, "chargecars-worker")
    process = WorkerProcess(settings)
    try:
        async with contextlib.AsyncExitStack() as stack:
            if settings.worker_port:
                await stack.enter_async_context(Listener(process, settings.worker_port).listening())
            process.start()
            stack.push_async_callback(process.stop)
            await stopping.wait()
    finally:
        if provider:
            await asyncio.to_thread(provider.shutdown)
