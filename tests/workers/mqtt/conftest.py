"""Telemetry processes in this one."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, TypeAlias

import pytest

from tenants.settings import Settings
from tests.workers.mqtt.talking import PATIENCE
from workers.mqtt.process import TelemetryProcess

Telemetry: TypeAlias = Callable[..., AbstractAsyncContextManager[TelemetryProcess]]


@pytest.fixture
def telemetry(settings: Settings) -> Telemetry:
    """`async with telemetry(mqtt_url=…) as process`; with its own broker, on any port, unless told otherwise."""

    @asynccontextmanager
    async def run(**values: Any) -> AsyncIterator[TelemetryProcess]:
        process = TelemetryProcess(settings.model_copy(update={"mqtt_port": 0, "telemetry_batch_ms": 1, **values}))
        await process.start()
        try:
            async with asyncio.timeout(PATIENCE):
                while process.faults()["broker"] != "ok":  # noqa: ASYNC110  # a broker elsewhere takes a moment
                    await asyncio.sleep(0.005)
            yield process
        finally:
            await process.stop()

    return run
