"""Onboarding of partners in the background: registers, prices that follow, documents that expire, overdue tasks."""

from collections.abc import Awaitable, Callable
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from domain.onboarding import applying, expiring, looking_up, reactions, registers
from domain.onboarding.criteria import Register
from domain.onboarding.flow import LOOK_UP_JOB
from domain.onboarding.pricing import REPRICE_JOB
from domain.onboarding.registers import Found
from tenants.actor import SYSTEM
from tenants.engine import Database
from workers.jobs import Arguments, job
from workers.run import Run

_log = structlog.get_logger(__name__)


def _patiently(attempt: int) -> float:
    """Seconds to wait: registers are closed for hours at times. 1, 2, 4 … minutes, two hours in the end."""
    return min(60.0 * float(2 ** (attempt - 1)), 7200.0)


@job(LOOK_UP_JOB, outside=True, timeout=60, attempts=15, back_off=_patiently)
async def look_up(run: Run, arguments: Arguments) -> None:
    """Ask the registers about an application; one that does not answer is asked again later."""
    id = UUID(arguments["onboarding_id"])
    async with run.database.session(SYSTEM) as session:
        questions = await looking_up.questions(session, id)
    answers: dict[Register, Found] = {}
    silent: list[Register] = []
    for question in questions:
        try:
            found = await registers.look_up(run.settings, question.register, question.number, question.name)
        except registers.Unreachable as error:
            _log.warning("register_unreachable", register=question.register.value, error=str(error))
            silent.append(question.register)
        else:
            answers[question.register] = found
    if answers:
        async with run.database.session(SYSTEM) as session:
            await looking_up.answered(session, id, answers)
    if silent:
        raise registers.Unreachable(", ".join(silent))


@job(REPRICE_JOB, queue="slow", timeout=900, attempts=3)
async def reprice(session: AsyncSession, arguments: Arguments, run: Run) -> None:
    """Prices of partners follow the standard list."""
    await reactions.reprice_some(session, arguments)


async def look_after_partners(database: Database) -> int:
    """Documents that expire, tasks that are overdue, applications that nobody confirmed; how many had something."""
    done = await _each(database, expiring.due, expiring.look_at)
    done += await _each(database, expiring.overdue, expiring.remind_of)
    async with database.session(SYSTEM) as session:
        return done + await applying.forget_unconfirmed(session)


async def _each(
    database: Database,
    due: Callable[[AsyncSession], Awaitable[list[UUID]]],
    work: Callable[[AsyncSession, UUID], Awaitable[bool]],
) -> int:
    """Each in a transaction of its own: one that fails holds up no other."""
    async with database.session(SYSTEM) as session:
        ids = await due(session)
    done = 0
    for id in ids:
        try:
            async with database.session(SYSTEM) as session:
                done += await work(session, id)
        except Exception as error:  # whatever it is, the next one is looked at
            _log.warning("partner_not_looked_after", id=str(id), error=type(error).__name__)
    return done
