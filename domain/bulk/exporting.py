"""Writing an export: rows are read once, as the actor, and kept piece by piece; what is kept is not read again."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from domain.bulk import events, files
from domain.bulk.models import BulkOperation, BulkState, BulkSubject, PieceRole
from domain.bulk.operations import advance, change
from domain.bulk.subjects.exports import EXPORTS, Export
from domain.errors import PermissionDenied
from domain.rows import find
from tenants.actor import SYSTEM, Actor
from tenants.engine import Database
from tenants.permissions import Permission

PIECE = 2_000
"""Rows of a piece."""
_PATIENCE = text(
    "SELECT set_config('statement_timeout', '600000', true), "
    "set_config('idle_in_transaction_session_timeout', '600000', true)"
)
Told = Callable[[int, int], Awaitable[None]]
"""(records done, records in all)."""


async def export(database: Database, actor: Actor, id: UUID, told: Told) -> None:
    """Write what is left of an export. Raises: PermissionDenied where the actor may no longer."""
    operation = await begun(database, id)
    if operation is None:
        return
    wanted = EXPORTS[BulkSubject(operation.subject)]
    if not (actor.may(Permission.BULK_RUN) and actor.may(wanted.permission)):
        raise PermissionDenied()
    async with database.session(actor) as reading:
        await reading.execute(_PATIENCE)
        await _count(database, reading, operation, wanted)
        async for rows in _pages(reading, operation, wanted):
            if not await _keep(database, operation, rows):
                return
            await told(operation.position, operation.total or operation.position)
    await finished(database, operation)


async def begun(database: Database, id: UUID) -> BulkOperation | None:
    """The operation, now running; None where it was stopped or is done."""
    async with database.session(SYSTEM) as session:
        operation = await find(session, BulkOperation, id, lock=True)
        if operation.state == BulkState.QUEUED:
            said = events.BulkStarted(operation.kind, operation.subject)
            await change(session, operation, BulkState.RUNNING, said)
            await session.refresh(operation)
        return operation if operation.state == BulkState.RUNNING else None


async def finished(database: Database, operation: BulkOperation) -> None:
    """Every record was looked at."""
    async with database.session(SYSTEM) as session:
        row = await find(session, BulkOperation, operation.id, lock=True)
        if row.state == BulkState.RUNNING:
            row.total = row.position
            said = events.BulkDone(row.kind, row.subject, row.position, row.failed)
            await change(session, row, BulkState.DONE, said)


async def failed(database: Database, id: UUID, reason: str) -> None:
    """It stops here; `reason` is a code."""
    async with database.session(SYSTEM) as session:
        row = await find(session, BulkOperation, id, lock=True)
        if row.state in (BulkState.QUEUED, BulkState.RUNNING, BulkState.UNDOING):
            row.error = reason
            said = events.BulkFailed(row.kind, row.subject, reason, row.position)
            await change(session, row, BulkState.FAILED, said)


async def _count(database: Database, reading: AsyncSession, operation: BulkOperation, wanted: Export) -> None:
    if operation.total is not None:
        return
    statement, values = wanted.count(operation)
    total = int((await reading.execute(statement, values)).scalar_one())
    async with database.session(SYSTEM) as session:
        row = await find(session, BulkOperation, operation.id, lock=True)
        row.total = operation.total = total


async def _pages(reading: AsyncSession, operation: BulkOperation, wanted: Export) -> AsyncIterator[Sequence[Row[Any]]]:
    statement, values = wanted.rows(operation)
    result = await reading.stream(statement, values, execution_options={"yield_per": PIECE})
    async for rows in result.partitions(PIECE):
        yield rows


async def _keep(database: Database, operation: BulkOperation, rows: Sequence[Row[Any]]) -> bool:
    """One piece, where it is the next one; whether to go on."""
    async with database.session(SYSTEM) as session:
        number = operation.pieces
        values = {"position": operation.position + len(rows), "cursor": rows[-1].key}
        row = await find(session, BulkOperation, operation.id)
        if row.pieces != number or not await advance(session, row, number + 1, values):
            return False
        await files.keep(session, operation.id, PieceRole.RESULT, number, (each.line.encode() for each in rows))
    operation.pieces, operation.position, operation.cursor = number + 1, values["position"], values["cursor"]
    return True
