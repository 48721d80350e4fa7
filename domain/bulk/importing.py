"""Taking in a file line by line, some lines per transaction: a line that is refused leaves the others as they are."""

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from domain.bulk import events, files
from domain.bulk.errors import ChangedSince, LineNotJson, LineTooLong
from domain.bulk.exporting import Told, begun, finished
from domain.bulk.models import BulkOperation, BulkState, BulkSubject, PieceRole
from domain.bulk.operations import advance, change
from domain.bulk.options import Options
from domain.bulk.subjects.importing import Import, Line, Made
from domain.bulk.subjects.imports import IMPORTS
from domain.contacts.addresses import Locates
from domain.errors import Conflict, DomainError, DomainErrors, PermissionDenied
from domain.partner_orders.document import json_path
from domain.rows import find
from tenants.actor import SYSTEM, Actor
from tenants.engine import Database
from tenants.permissions import Permission

_RETRIED = frozenset({"40001", "40P01", "57014"})
"""serialization_failure, deadlock_detected, query_canceled: the piece is done again."""


@dataclass(slots=True)
class _Outcome:
    """What is known of a line: what it says, what came of it, or why it was refused."""

    number: int
    ready: Any = None
    made: Made | None = None
    refused: tuple[DomainError, ...] = ()


@dataclass(frozen=True, slots=True)
class _Importing:
    """One import in this process."""

    database: Database
    actor: Actor
    locator: Locates
    operation: BulkOperation
    known: Import

    @property
    def platform(self) -> Actor:
        """The platform on behalf of whoever asked, so that the log names who it was."""
        asked = self.actor
        return replace(SYSTEM, user_id=asked.user_id, name=asked.name, language=asked.language, acts_as=asked.role)

    @property
    def check_only(self) -> bool:
        return Options.read(self.operation.options).check_only


async def take_in(database: Database, actor: Actor, locator: Locates, id: UUID, told: Told) -> None:
    """Do what is left of an import. Raises: PermissionDenied where the actor may no longer."""
    operation = await begun(database, id)
    if operation is None:
        return
    here = _importing(database, actor, locator, operation)
    async for lines in _pieces(here):
        outcomes = [await _prepared(here, number, line) for number, line in lines]
        if not await _taken(here, outcomes):
            return
        await told(operation.position, operation.total or operation.position)
    await finished(database, operation)


async def take_back(database: Database, actor: Actor, locator: Locates, id: UUID, told: Told) -> None:
    """Take back what an import made, the last piece first; lines that were changed since stay."""
    async with database.session(SYSTEM) as session:
        operation = await find(session, BulkOperation, id)
    if operation.state != BulkState.UNDOING:
        return
    here = _importing(database, actor, locator, operation)
    whole = operation.pieces
    while operation.pieces:
        if not await _undone(here):
            return
        await told(whole - operation.pieces, whole)
    async with database.session(SYSTEM) as session:
        row = await find(session, BulkOperation, id, lock=True)
        if row.state == BulkState.UNDOING:
            await change(session, row, BulkState.UNDONE, events.BulkUndone(row.kind, row.subject, row.undone))


def _importing(database: Database, actor: Actor, locator: Locates, operation: BulkOperation) -> _Importing:
    known = IMPORTS[BulkSubject(operation.subject)]
    if not (actor.may(Permission.BULK_RUN) and actor.may(known.permission)):
        raise PermissionDenied()
    return _Importing(database, actor, locator, operation, known)


# --- lines --------------------------------------------------------------------------------------------------------


async def _pieces(here: _Importing) -> AsyncIterator[list[tuple[int, bytes | None]]]:
    waiting: list[tuple[int, bytes | None]] = []
    skip = int(here.operation.options.get("line", 0))
    async for found in files.lines_of(here.database, here.operation.id, skip):
        waiting.append(found)
        if len(waiting) == here.known.piece:
            yield waiting
            waiting = []
    if waiting:
        yield waiting


async def _prepared(here: _Importing, number: int, line: bytes | None) -> _Outcome:
    try:
        return _Outcome(number, ready=await here.known.prepare(here.locator, _values(line)))
    except (DomainError, DomainErrors) as refused:
        return _Outcome(number, refused=tuple(refused.errors))


def _values(line: bytes | None) -> Mapping[str, Any]:
    if line is None:
        raise LineTooLong(maximum=files.LONGEST_LINE)
    try:
        found = orjson.loads(line.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError:
        raise LineNotJson() from None
    if not isinstance(found, dict):
        raise LineNotJson()
    return found


async def _taken(here: _Importing, outcomes: list[_Outcome]) -> bool:
    """One piece in one transaction, where it is the next one; whether to go on."""
    operation = here.operation
    async with here.database.session(here.platform) as session:
        row = await find(session, BulkOperation, operation.id, lock=True)
        if row.pieces != operation.pieces or row.state != BulkState.RUNNING:
            return False
        for outcome in outcomes:
            if outcome.ready is not None:
                await _take(here, session, outcome)
        refused = sum(1 for outcome in outcomes if outcome.refused)
        values: dict[str, Any] = {
            "position": operation.position + len(outcomes),
            "failed": operation.failed + refused,
            "options": operation.options | {"line": outcomes[-1].number},
        }
        await _keep(here, session, outcomes)
        if not await advance(session, row, operation.pieces + 1, values):
            await session.rollback()
            return False
    operation.pieces += 1
    operation.position, operation.failed = values["position"], values["failed"]
    operation.options = values["options"]
    return True


async def _take(here: _Importing, session: AsyncSession, outcome: _Outcome) -> None:
    """Within a savepoint of its own; a check keeps nothing. Raises: DBAPIError where the piece has to be done again."""
    saved = await session.begin_nested()
    try:
        line = Line(outcome.number, outcome.ready)
        outcome.made = await here.known.take(session, here.operation, here.actor, line)
        if here.check_only:
            await saved.rollback()
        else:
            await saved.commit()
    except (DomainError, DomainErrors) as refused:
        outcome.refused = tuple(refused.errors)
    except IntegrityError:
        outcome.refused = (Conflict(),)
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) in _RETRIED:
            raise
        outcome.refused = (Conflict(),)
    if outcome.refused:
        with suppress(DBAPIError):
            await saved.rollback()


async def _keep(here: _Importing, session: AsyncSession, outcomes: Iterable[_Outcome]) -> None:
    id, number, language = here.operation.id, here.operation.pieces, here.actor.language
    taken = [(each.number, each.made) for each in outcomes if each.made and not each.refused]
    await files.keep(session, id, PieceRole.RESULT, number, ({"line": n, **made.result} for n, made in taken))
    refusals = ({"line": each.number, "errors": _told(each.refused, language)} for each in outcomes if each.refused)
    await files.keep(session, id, PieceRole.ERRORS, number, refusals)
    if not here.check_only:
        undo = ({"line": n, **made.undo} for n, made in taken if made.undo)
        await files.keep(session, id, PieceRole.UNDO, number, undo)


def _told(errors: Iterable[DomainError], language: str) -> list[dict[str, str]]:
    return [
        {"code": error.code, "field": json_path(error.field), "message": error.message(language)} for error in errors
    ]


# --- taking back --------------------------------------------------------------------------------------------------


async def _undone(here: _Importing) -> bool:
    """The last piece that is not taken back yet; whether to go on."""
    operation, number = here.operation, here.operation.pieces - 1
    async with here.database.session(here.platform) as session:
        row = await find(session, BulkOperation, operation.id, lock=True)
        if row.pieces != operation.pieces or row.state != BulkState.UNDOING:
            return False
        lines = await files.piece_lines(session, operation.id, PieceRole.UNDO, number)
        told = [await _take_back(here, session, line) for line in reversed(lines)]
        await files.keep(session, operation.id, PieceRole.UNDO_RESULT, number, told)
        undone = operation.undone + sum(1 for each in told if each["outcome"] == "undone")
        if not await advance(session, row, number, {"undone": undone}):
            await session.rollback()
            return False
    operation.pieces, operation.undone = number, undone
    return True


async def _take_back(here: _Importing, session: AsyncSession, line: Mapping[str, Any]) -> dict[str, Any]:
    assert here.known.undo is not None
    saved = await session.begin_nested()
    try:
        await here.known.undo(session, here.operation, here.actor, line)
        await saved.commit()
    except (DomainError, DomainErrors) as refused:
        errors: tuple[DomainError, ...] = tuple(refused.errors)
    except IntegrityError:
        errors = (ChangedSince(),)
    else:
        return {"line": line["line"], "outcome": "undone"}
    with suppress(DBAPIError):
        await saved.rollback()
    return {"line": line["line"], "outcome": "kept", "errors": _told(errors, here.actor.language)}
