"""The process that answers one what-if and ends, so that its memory goes with it.

`python -m workers.trying` reads a task from its standard input and writes its answer to its standard output, each a
pickle behind its length, as in workers/solving.py; the end of the input ends the process.
"""

import asyncio
import os
import sys
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any, BinaryIO
from uuid import UUID

from domain.horizon.changing import Changes, changed
from domain.horizon.measured import in_force, measured
from domain.planning.arrival import AMSTERDAM
from domain.planning.world import Rules, Solution, World
from domain.plans.loading import Loaded, load_apart
from domain.travel.matrix import Travel
from tenants.engine import Database, role_password
from tenants.settings import Settings
from workers.solving import read, write

NO_TEAMS = "NO_TEAMS_TO_PLAN"
_DEAD = 75

Solve = Callable[..., Solution]


@dataclass(frozen=True, slots=True)
class Task:
    settings: Settings
    entity_id: UUID
    first_day: date
    days: int
    seconds: float
    changes: Changes


@dataclass(frozen=True, slots=True)
class Answer:
    """`figures` by plan; `failure`: why there are none, a code."""

    figures: dict[str, Any]
    travel: str = ""
    failure: str | None = None


def main() -> None:
    """Answer one task."""
    given, out = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    task: Task = read(given)
    threading.Thread(target=_listen, args=(given,), daemon=True).start()
    try:
        write(out, _answer(task))
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)  # threads of the solver are not waited for


def _listen(given: BinaryIO) -> None:
    given.read()
    os._exit(_DEAD)


def _answer(task: Task) -> Answer:
    loaded = asyncio.run(_load(task))
    if not loaded.world.team_days:
        return Answer({}, failure=NO_TEAMS)
    from domain.planning.solver import solve  # what it imports belongs into this process only

    return compared(task, loaded, solve)


def compared(task: Task, loaded: Loaded, solve: Solve) -> Answer:
    """The plan in force, the best plan as things are, and the best plan if: the last two with the same budget."""
    world = loaded.world
    own = {number for number, visit in enumerate(loaded.visits) if visit.entity_id == task.entity_id}
    tried = changed(world, task.changes, own)
    since = [visit.created_at.astimezone(AMSTERDAM).date() for visit in loaded.visits]
    since += [task.first_day] * (len(tried.jobs) - len(world.jobs))
    plans: dict[str, tuple[World, Solution]] = {
        "in_force": (world, in_force(world)),
        "as_is": (world, _solved(world, solve, task.seconds)),
        "what_if": (tried, _solved(tried, solve, task.seconds)),
    }
    figures = {name: measured(*plan, since, own).row for name, plan in plans.items()}
    return Answer(figures, world.travel)


def _solved(world: World, solve: Solve, seconds: float) -> Solution:
    """The best plan found; nothing where nobody works."""
    return solve(world, seconds=seconds) if world.team_days else Solution((), 0)


async def _load(task: Task) -> Loaded:
    settings = task.settings
    database = Database(settings.database_url, role_password(settings), 1, settings.statement_timeout_ms)
    travel = Travel.from_settings(database, settings)
    try:
        rules = Rules(radius_km=settings.planning_radius_km)
        wait = settings.travel_seconds
        return await load_apart(database, travel, task.first_day, task.days, seconds=wait, rules=rules)
    finally:
        await travel.close()
        await database.close()


if __name__ == "__main__":
    from workers.trying import main as answer  # the worker reads its classes by the name of this module

    answer()
