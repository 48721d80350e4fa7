"""Demo data for the commands: loaded once, its refusal in one line."""

import asyncio
from collections.abc import Callable

from chargecars.demo import DemoRefused, Loaded, load
from chargecars.stack import StackError
from tenants.settings import Settings


def load_demo(settings: Settings, scale: int, progress: Callable[[str, float], None]) -> Loaded:
    """Load the demo in one transaction, or find it there. Raises: StackError when other data is there."""
    try:
        return asyncio.run(load(settings.database_url, scale=scale, progress=progress, settings=settings))
    except DemoRefused as refused:
        raise StackError(str(refused)) from refused
