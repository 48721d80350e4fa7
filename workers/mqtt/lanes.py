"""Work of many chargers side by side, and of one charger in its order where that matters."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeAlias

Work: TypeAlias = Callable[[], Awaitable[None]]


@dataclass(slots=True, eq=False)
class _Lane:
    exclusive: "asyncio.Task[None] | None" = None
    """The last piece of work that everything after it waits for."""
    side_by_side: "set[asyncio.Task[None]]" = field(default_factory=set)
    """What began after it and waits for nothing else."""


class Lanes:
    """`in_order`: after everything before it. `beside`: after the last that was in order, beside the others."""

    def __init__(self) -> None:
        self._lanes: dict[str, _Lane] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def in_order(self, key: str, work: Work) -> "asyncio.Task[None]":
        lane = self._lanes.setdefault(key, _Lane())
        before = [task for task in (lane.exclusive, *lane.side_by_side) if task is not None]
        lane.exclusive = self._begin(key, before, work)
        lane.side_by_side = set()
        return lane.exclusive

    def beside(self, key: str, work: Work) -> "asyncio.Task[None]":
        lane = self._lanes.setdefault(key, _Lane())
        task = self._begin(key, [lane.exclusive] if lane.exclusive is not None else [], work)
        lane.side_by_side.add(task)
        return task

    async def finish(self, seconds: float) -> None:
        """Let what has begun end, for some seconds at most; the rest is cancelled."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def __len__(self) -> int:
        return len(self._tasks)

    def _begin(self, key: str, before: "list[asyncio.Task[None]]", work: Work) -> "asyncio.Task[None]":
        task = asyncio.create_task(_after(before, work))
        self._tasks.add(task)
        task.add_done_callback(lambda done: self._ended(key, done))
        return task

    def _ended(self, key: str, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if (lane := self._lanes.get(key)) is None:
            return
        lane.side_by_side.discard(task)
        if lane.exclusive is task:
            lane.exclusive = None
        if lane.exclusive is None and not lane.side_by_side:
            del self._lanes[key]


async def _after(before: "list[asyncio.Task[None]]", work: Work) -> None:
    if before:
        await asyncio.wait(before)
    await work()
