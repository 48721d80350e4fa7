"""What every worker process does beside its jobs: tasks that run for as long as it does, and may run in several."""

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from tenants.engine import Database
from tenants.settings import Settings

Background: TypeAlias = Callable[[Database, Settings], Awaitable[None]]
"""Runs until cancelled; begun again after a pause when it returns or raises."""

BACKGROUND: dict[str, Background] = {}
"""By name, as the log and the metrics know them."""
