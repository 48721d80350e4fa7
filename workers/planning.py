"""Plans are made by a process of their own, which a worker feeds, follows, stops and outlives."""

import asyncio
import contextlib
import os
import pickle
import signal
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from domain.jobs import lifecycle
from domain.plans import running
from domain.plans.models import Plan
from domain.plans.requests import JOB, MOST_SECONDS, QUEUE, forget_old, give_up_abandoned
from domain.plans.results import Results
from domain.plans.running import Progress
from tenants.actor import SYSTEM
from tenants.engine import Database
from workers import solving
from workers.attempts import Lost, is_interruption
from workers.jobs import Arguments, job
from workers.run import Run, progress

_ATTEMPTS = 3
_LOADING_SECONDS = 180
_TOLD_SECONDS = 1.0
_LOOK_SECONDS = 0.5
_STOPPING_SECONDS = 30.0
"""How long a solver that was asked for its best may take to give it."""
_MOST_BYTES = 200_000_000
_MOST_ERROR = 4_000
_DIED, _INTERNAL = "SOLVER_DIED", "INTERNAL"
log = structlog.get_logger(__name__)


class SolverDied(Exception):
    """The process ended without an answer."""


@job(JOB, queue=QUEUE, attempts=_ATTEMPTS, timeout=MOST_SECONDS + _LOADING_SECONDS, outside=True)
async def make(run: Run, arguments: Arguments) -> None:
    """Make a plan: whoever dies meanwhile, another worker begins it anew, and what it ends with is kept once."""
    plan_id = UUID(arguments["plan_id"])
    async with run.database.session(SYSTEM) as session:
        plan = await running.begin(session, plan_id)
    if plan is None:
        return
    try:
        await _make(run, plan)
    except Exception as error:
        if run.failures + 1 >= _ATTEMPTS and not isinstance(error, Lost) and not is_interruption(error):
            await _fail(run, plan_id, _DIED if isinstance(error, SolverDied) else _INTERNAL)
        raise


async def _make(run: Run, plan: Plan) -> None:
    began = time.monotonic()
    async with _process() as process:
        answer = await _Following(run, plan, process).answer()
    if isinstance(answer, solving.Impossible):
        return await _fail(run, plan.id, answer.failure)
    async with run.database.session(SYSTEM) as session:
        await running.finish(session, plan.id, answer, time.monotonic() - began)
        await _still_ours(session, run)


async def _still_ours(session: AsyncSession, run: Run) -> None:
    """The end of the job is committed with the plan, or neither is."""
    if not await lifecycle.conclude(session, run.id, run.attempt):
        raise Lost


async def _fail(run: Run, plan_id: UUID, failure: str) -> None:
    async with run.database.session(SYSTEM) as session:
        await running.fail_run(session, plan_id, failure)


class _Following:
    """One solver under way."""

    def __init__(self, run: Run, plan: Plan, process: Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._run, self._plan, self._process = run, plan, process
        self._to, self._from = process.stdin, process.stdout
        self._told_at, self._stopped_at = 0.0, 0.0

    async def answer(self) -> Results | solving.Impossible:
        """What it ends with. Raises: SolverDied."""
        self._to.write(solving.packed(self._task()))
        with contextlib.suppress(ConnectionError):  # reading tells how it died
            await self._to.drain()
        looking = asyncio.create_task(self._look())
        try:
            while True:
                message = await self._message()
                if not isinstance(message, Progress):
                    return message
                await self._tell(message)
        finally:
            looking.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await looking

    def _task(self) -> solving.Task:
        plan = self._plan
        days = (plan.last_day - plan.first_day).days + 1
        wanted = (plan.first_day, days, plan.seconds, plan.seed, tuple(plan.team_ids))
        return solving.Task(self._run.settings, *wanted)

    async def _message(self) -> solving.Message:
        try:
            head = await self._from.readexactly(solving.LENGTH.size)
            size = solving.LENGTH.unpack(head)[0]
            if size > _MOST_BYTES:
                raise SolverDied(f"an answer of {size} bytes")
            message: solving.Message = pickle.loads(await self._from.readexactly(size))  # noqa: S301  # our own child
        except asyncio.IncompleteReadError as error:
            raise SolverDied(f"exit code {await self._process.wait()}") from error
        return message

    async def _tell(self, at: Progress) -> None:
        """Show how far it is, once a second at most."""
        now = time.monotonic()
        if now - self._told_at < _TOLD_SECONDS:
            return
        self._told_at = now
        await progress(self._run, at.seconds, self._plan.seconds, f"{at.placed} of {at.of} visits")
        async with self._run.database.session(SYSTEM) as session:
            goes_on = await running.further(session, self._plan.id, at)
        if not goes_on:
            self._stop()

    async def _look(self) -> None:
        """Whether somebody wants its best so far; a solver that does not give it is killed."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            if not self._stopped_at:
                async with self._run.database.session(SYSTEM) as session:
                    if not await running.goes_on(session, self._plan.id):
                        self._stop()
            elif time.monotonic() - self._stopped_at > _STOPPING_SECONDS:
                _kill(self._process)

    def _stop(self) -> None:
        if not self._stopped_at:
            self._stopped_at = time.monotonic()
            self._to.write(solving.STOP)


@contextlib.asynccontextmanager
async def _process() -> AsyncIterator[Process]:
    """A solver, killed with all that it has started when the block is left."""
    command = (sys.executable, "-m", "workers.solving")
    process = await asyncio.create_subprocess_exec(
        *command, stdin=PIPE, stdout=PIPE, stderr=PIPE, env=solving.environment(), start_new_session=True
    )
    errors = asyncio.create_task(_last_words(process))
    try:
        yield process
    finally:
        _kill(process)
        await process.wait()
        words = await errors
        if words and process.returncode not in (0, -signal.SIGKILL):
            log.warning("solver_ended", code=process.returncode, error=words[-_MOST_ERROR:])


async def _last_words(process: Process) -> str:
    assert process.stderr is not None
    words = b""
    while more := await process.stderr.read(65_536):
        words = (words + more)[-_MOST_ERROR:]
    return words.decode(errors="replace")


def _kill(process: Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


async def tidy_plans(database: Database) -> int:
    """Fail the plans whose job has failed without them; how many."""
    async with database.session(SYSTEM) as session:
        return len(await give_up_abandoned(session))


async def forget_old_plans(database: Database) -> int:
    """Remove plans that nobody needs any more; how many."""
    async with database.session(SYSTEM) as session:
        return await forget_old(session)
