"""Looking ahead over the backlog, and trying worlds that are not."""

import asyncio
import pickle
import sys
from asyncio.subprocess import PIPE
from uuid import UUID

from domain.horizon import looking, trying
from domain.horizon.changing import from_json
from domain.horizon.models import WhatIf, WhatIfState
from domain.planning.world import Rules
from domain.rows import find
from tenants.actor import SYSTEM
from tenants.engine import Database
from tenants.settings import Settings
from workers import solving
from workers.attempts import Lost, is_interruption
from workers.jobs import Arguments, job
from workers.run import Run
from workers.trying import Answer, Task

_ATTEMPTS = 3
_LOADING_SECONDS = 180
_INTERNAL = "INTERNAL"


class SolverDied(Exception):
    """The process ended without an answer."""


@job(looking.JOB, queue=looking.QUEUE, timeout=120, outside=True)
async def look_ahead(run: Run, _arguments: Arguments) -> None:
    """Because somebody asked for it."""
    await look(run.database, run.settings)


async def look(database: Database, settings: Settings) -> bool:
    """Whether anything had changed since the last look."""
    rules = Rules(radius_km=settings.planning_radius_km)
    return await looking.look(database, rules) is not None


@job(
    trying.JOB,
    queue=trying.QUEUE,
    attempts=_ATTEMPTS,
    timeout=2 * trying.MOST_SECONDS + _LOADING_SECONDS,
    outside=True,
)
async def try_out(run: Run, arguments: Arguments) -> None:
    """Answer a what-if; nothing that is planned is touched."""
    id = UUID(arguments["what_if_id"])
    try:
        await _try_out(run, id)
    except Exception as error:
        if run.failures + 1 >= _ATTEMPTS and not isinstance(error, Lost) and not is_interruption(error):
            async with run.database.session(SYSTEM) as session:
                await trying.fail(session, id, _INTERNAL)
        raise


async def _try_out(run: Run, id: UUID) -> None:
    async with run.database.session(SYSTEM) as session:
        row = await find(session, WhatIf, id)
        if row.state != WhatIfState.REQUESTED:
            return
        days = (row.last_day - row.first_day).days + 1
        task = Task(run.settings, row.entity_id, row.first_day, days, row.seconds, from_json(row.changes))
    answer = await _answered(task)
    async with run.database.session(SYSTEM) as session:
        if answer.failure:
            await trying.fail(session, id, answer.failure)
        else:
            await trying.answer(session, id, answer.figures, answer.travel)


async def _answered(task: Task) -> Answer:
    """What a process of its own says. Raises: SolverDied."""
    command = (sys.executable, "-m", "workers.trying")
    process = await asyncio.create_subprocess_exec(
        *command, stdin=PIPE, stdout=PIPE, stderr=PIPE, env=solving.environment(), start_new_session=True
    )
    try:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(solving.packed(task))
        await process.stdin.drain()
        head = await process.stdout.readexactly(solving.LENGTH.size)
        body = await process.stdout.readexactly(solving.LENGTH.unpack(head)[0])
    except (asyncio.IncompleteReadError, ConnectionError) as error:
        raise SolverDied(f"exit code {process.returncode}") from error
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
    answer: Answer = pickle.loads(body)  # noqa: S301  # our own child
    return answer
