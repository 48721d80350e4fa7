"""The process that makes one plan and ends: its memory goes with it, and it can be killed.

`python -m workers.solving` reads a task from its standard input and writes progress and results to its standard output,
each a pickle behind its length. One more byte asks for the best so far; the end of the input means that the worker is
not there any more, and ends the process.
"""

import asyncio
import os
import pickle
import struct
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID

from domain.planning.world import Rules
from domain.plans.loading import Loaded, load_apart
from domain.plans.results import Results, results
from domain.plans.running import Progress
from domain.teams.weather import Rule as WeatherRule
from domain.travel.matrix import Travel
from tenants.engine import Database, role_password
from tenants.settings import Settings

LENGTH = struct.Struct(">Q")
STOP = b"s"
NO_TEAMS = "NO_TEAMS_TO_PLAN"
WORKER_GONE = 75
"""Its exit code then."""


@dataclass(frozen=True, slots=True)
class Task:
    """Which plan, and with what."""

    settings: Settings
    first_day: date
    days: int
    seconds: float
    seed: int
    team_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class Impossible:
    """There is nothing to solve: a code."""

    failure: str


Message = Progress | Results | Impossible
Solve = Callable[..., Any]


def main() -> None:
    """Answer one task."""
    given, out = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    task: Task = read(given)
    stop = threading.Event()
    threading.Thread(target=_listen, args=(given, stop), daemon=True).start()
    try:
        write(out, _answer(task, out, stop))
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)  # threads of the solver are not waited for


def read(stream: BinaryIO) -> Any:
    """One message. Raises: EOFError."""
    head = stream.read(LENGTH.size)
    if len(head) < LENGTH.size:
        raise EOFError
    return pickle.loads(stream.read(LENGTH.unpack(head)[0]))  # noqa: S301  # between a worker and its own child


def write(stream: BinaryIO, message: Any) -> None:
    """One message, at once."""
    stream.write(packed(message))
    stream.flush()


def packed(message: Any) -> bytes:
    """A message as it is written."""
    body = pickle.dumps(message)
    return LENGTH.pack(len(body)) + body


def _listen(given: BinaryIO, stop: threading.Event) -> None:
    while given.read(1) == STOP:
        stop.set()
    os._exit(WORKER_GONE)


def _answer(task: Task, out: BinaryIO, stop: threading.Event) -> Message:
    loaded = asyncio.run(_load(task))
    if not loaded.world.team_days:
        return Impossible(NO_TEAMS)
    from domain.planning.solver import solve  # what it imports belongs into this process only

    began = time.monotonic()

    def further(progress: Any) -> bool:
        said = (progress.value, progress.bound, progress.placed, progress.of)
        write(out, Progress(round(time.monotonic() - began, 1), *said))
        return not stop.is_set()

    solution = solve(loaded.world, seconds=task.seconds, seed=task.seed, on_progress=further)
    return results(loaded, solution)


async def _load(task: Task) -> Loaded:
    settings = task.settings
    database = Database(settings.database_url, role_password(settings), 1, settings.statement_timeout_ms)
    travel = Travel.from_settings(database, settings)
    try:
        rules = Rules(radius_km=settings.planning_radius_km)
        return await load_apart(
            database,
            travel,
            task.first_day,
            task.days,
            seconds=settings.travel_seconds,
            team_ids=task.team_ids,
            rules=rules,
            weather=WeatherRule.from_settings(settings),
        )
    finally:
        await travel.close()
        await database.close()


def environment() -> dict[str, str]:
    """What the process needs of its parent's: where Python finds what the parent finds."""
    home = str(Path(__file__).parent.parent)
    return {**os.environ, "PYTHONPATH": os.pathsep.join([home, *(path for path in sys.path if path)])}


if __name__ == "__main__":
    from workers.solving import main as answer  # the worker reads its classes by the name of this module

    answer()
