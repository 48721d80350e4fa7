"""Jobs of exports and imports: what they do is in the domain, a piece per transaction, so that a crash costs one."""

from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

from domain.bulk import exporting, importing, operations
from domain.errors import DomainError, DomainErrors, PermissionDenied
from domain.geo.locate import Locator
from tenants.actor import SYSTEM
from tenants.engine import Database
from workers.jobs import Arguments, GiveUp, job
from workers.run import Run, progress

_ATTEMPTS = 5
_SECONDS = 3600
_LOCATORS: "WeakKeyDictionary[Database, Locator]" = WeakKeyDictionary()


@job(operations.EXPORT, queue=operations.QUEUE, attempts=_ATTEMPTS, timeout=_SECONDS, outside=True)
async def export(run: Run, arguments: Arguments) -> None:
    """Write an export."""
    await _done(run, arguments, exporting.export)


@job(operations.IMPORT, queue=operations.QUEUE, attempts=_ATTEMPTS, timeout=_SECONDS, outside=True)
async def take_in(run: Run, arguments: Arguments) -> None:
    """Take in a file."""
    await _done(run, arguments, importing.take_in, _locator(run))


@job(operations.UNDO, queue=operations.QUEUE, attempts=_ATTEMPTS, timeout=_SECONDS, outside=True)
async def take_back(run: Run, arguments: Arguments) -> None:
    """Take back what an import made."""
    await _done(run, arguments, importing.take_back, _locator(run))


async def _done(run: Run, arguments: Arguments, work: Any, *given: Any) -> None:
    """The last attempt that fails ends the operation, too."""
    id = UUID(arguments["operation_id"])

    async def told(done: int, total: int) -> None:
        await progress(run, done, total, f"{done} of {total}")

    try:
        await work(run.database, run.actor, *given, id, told)
    except PermissionDenied as refused:
        await exporting.failed(run.database, id, refused.code)
        raise GiveUp(str(refused)) from refused
    except Exception as error:
        if run.failures + 1 >= _ATTEMPTS:
            stated = error.errors[0].code if isinstance(error, DomainError | DomainErrors) else "INTERNAL"
            await exporting.failed(run.database, id, stated)
        raise


async def tidy_bulk(database: Database) -> None:
    """Delete files whose time is over; end operations whose job has failed."""
    async with database.session(SYSTEM) as session:
        await operations.forget_files(session)
    async with database.session(SYSTEM) as session:
        await operations.settle(session)


def _locator(run: Run) -> Locator:
    found = _LOCATORS.get(run.database)
    if found is None:
        found = _LOCATORS[run.database] = Locator.from_settings(run.database, run.settings)
    return found
