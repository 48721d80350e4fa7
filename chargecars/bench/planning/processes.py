"""Contenders in processes of their own: how long they take, and the memory of all their processes together."""

import multiprocessing
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Event, Thread
from typing import Any, Generic, TypeVar

T = TypeVar("T")
_EVERY_SECONDS = 0.25


class Overrun(Exception):
    """A contender was ended because it did not end by itself."""


class Ran(Generic[T]):
    """What came of it, seconds of the work itself, and the most memory that its processes had at a time, in MB."""

    def __init__(self, result: T, seconds: float, megabytes: float) -> None:
        self.result, self.seconds, self.megabytes = result, seconds, megabytes


def apart(work: Callable[..., T], *arguments: Any) -> Ran[T]:
    """Calls a function in a fresh process; loading it and handing over its arguments is not timed."""
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=_work, args=(theirs, work, arguments))
    process.start()
    theirs.close()
    with _memory_of(process.pid or 0) as memory:
        try:
            seconds, result = ours.recv()
        except EOFError as error:
            raise Overrun("the process ended without a result") from error
        finally:
            process.join()
    if isinstance(result, BaseException):
        raise result
    return Ran(result, seconds, memory.most)


def _work(connection: Connection, work: Callable[..., Any], arguments: Sequence[Any]) -> None:
    began = time.perf_counter()
    try:
        result = work(*arguments)
    except Exception as error:
        result = error
    connection.send((time.perf_counter() - began, result))


def program(
    command: Sequence[str], began: Path, seconds: float, environment: Mapping[str, str], log: Path
) -> tuple[bool, float]:
    """Runs a program; ends it so many seconds after it made the file `began` (its model stands), or five minutes after
    its start where it never does. Whether it ended by itself without an error, and MB."""
    began.unlink(missing_ok=True)
    with log.open("ab") as output:
        process = subprocess.Popen(  # noqa: S603  # programs of this repository
            command, stdout=output, stderr=output, env=dict(environment), start_new_session=True
        )
        with _memory_of(process.pid) as memory:
            try:
                code = _until(process, began, seconds)
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
    return code == 0, memory.most


def _until(process: "subprocess.Popen[bytes]", began: Path, seconds: float) -> int | None:
    ends = time.monotonic() + 300
    is_counting = False
    while (code := process.poll()) is None and time.monotonic() < ends:
        if not is_counting and began.exists():
            is_counting, ends = True, time.monotonic() + seconds
        time.sleep(0.05)
    return code


# --- memory ---------------------------------------------------------------------------------------------------------


class Memory:
    most = 0.0


@contextmanager
def _memory_of(pid: int) -> Iterator[Memory]:
    """Looks at a process and its descendants until the end of the block; what they share counts once."""
    memory, is_over = Memory(), Event()

    def look() -> None:
        while not is_over.wait(_EVERY_SECONDS):
            memory.most = max(memory.most, sum(_proportional_kb(each) for each in _tree(pid)) / 1024)

    thread = Thread(target=look, daemon=True)
    thread.start()
    try:
        yield memory
    finally:
        is_over.set()
        thread.join()


def _tree(pid: int) -> Iterator[int]:
    yield pid
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                yield from _tree(int(child))


def _proportional_kb(pid: int) -> int:
    with suppress(OSError, StopIteration):
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return 0
