"""Tasks of a worker process that are begun again when they fall, as they do when PostgreSQL or Redis goes away."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeAlias

import structlog

from tenants.logging import summary
from workers.metrics import TASKS_RESTARTED

Work: TypeAlias = Callable[[], Awaitable[None]]
_PAUSE_SECONDS = 0.5
_STEADY_SECONDS = 5.0
log = structlog.get_logger(__name__)


class Supervised:
    """One task that is meant to run for as long as the process does."""

    def __init__(self, name: str, work: Work) -> None:
        self.name = name
        self.fault = ""
        """Why it fell, until it has run for a few seconds again."""
        self._work = work

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            steady = asyncio.get_running_loop().call_later(_STEADY_SECONDS, self._recover)
            try:
                await self._work()
                self.fault = "ended"
            except asyncio.CancelledError as error:
                if _is_being_cancelled():
                    raise
                self._fell(error)  # something within was cancelled, not this task
            except Exception as error:
                self._fell(error)
            finally:
                steady.cancel()
            TASKS_RESTARTED.labels(self.name).inc()
            await asyncio.sleep(_PAUSE_SECONDS)

    def _recover(self) -> None:
        self.fault = ""

    def _fell(self, error: BaseException) -> None:
        fault = summary(error)
        if fault != self.fault:
            log.warning("worker_task_fell", task=self.name, error=fault)
        self.fault = fault


def _is_being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
