"""Benchmarks: each sets itself up, checks the answers it times, prints a table and, last, one line of JSON.

A benchmark NAME is a module of this package with `async def main(scale: int, json: bool) -> None`, or without `async`
where it starts servers itself; one that takes `minutes` runs for so long.
"""

import asyncio
import inspect
import pkgutil
from importlib import import_module

from chargecars.stack import StackError


def run(name: str, scale: int, json: bool, minutes: float = 2.0) -> None:
    """Run one. Raises: StackError where there is none of that name."""
    if name not in names():
        raise StackError(f"There is no benchmark {name}: choose {', '.join(names())}")
    main = import_module(f"{__name__}.{name}").main
    options = {"minutes": minutes} if "minutes" in inspect.signature(main).parameters else {}
    running = main(scale, json, **options)
    if inspect.iscoroutine(running):
        asyncio.run(running)


def names() -> list[str]:
    """The benchmarks there are."""
    modules = [module.name for module in pkgutil.iter_modules(__path__)]
    return [name for name in modules if hasattr(import_module(f"{__name__}.{name}"), "main")]
