"""Benchmarks: each sets itself up, checks the answers it times, prints a table and, last, one line of JSON.

A benchmark NAME is a module of this package with `async def main(scale: int, json: bool) -> None`, or without `async`
where it starts servers itself. Options that it takes beside these (`minutes`, `seeds`, `quick`, `postcodes`) are given
to it, others are left out.
"""

import asyncio
import inspect
import pkgutil
from importlib import import_module
from typing import Any

from chargecars.stack import StackError


def run(name: str, scale: int, json: bool, **options: Any) -> None:
    """Run one. Raises: StackError where there is none of that name."""
    name = name.replace("-", "_")
    if name not in names():
        raise StackError(f"There is no benchmark {name}: choose {', '.join(names())}")
    main = import_module(f"{__name__}.{name}").main
    known = inspect.signature(main).parameters
    running = main(scale, json, **{option: value for option, value in options.items() if option in known})
    if inspect.iscoroutine(running):
        asyncio.run(running)


def names() -> list[str]:
    """The benchmarks there are."""
    modules = [module.name for module in pkgutil.iter_modules(__path__)]
    return [name for name in modules if hasattr(import_module(f"{__name__}.{name}"), "main")]
