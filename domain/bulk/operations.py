"""Exports and imports, from asking to the end of their files.

`session` is the platform's: an operation is written by nobody else. What the actor may do is checked as the actor.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.bulk import events, files
from domain.bulk.errors import (
    FilesGone,
    FileTooLarge,
    NothingToUndo,
    NotImportable,
    PartMissing,
    TooManyOperations,
)
from domain.bulk.events import _BulkEvent
from domain.bulk.models import (
    UNDER_WAY,
    BulkKind,
    BulkOperation,
    BulkPiece,
    BulkState,
    BulkSubject,
    PieceRole,
)
from domain.bulk.options import Options
from domain.bulk.subjects.exports import EXPORTS
from domain.bulk.subjects.imports import IMPORTS
from domain.catalog.models import PriceList
from domain.contacts.models import Contact
from domain.errors import InvalidState, NotFound, PermissionDenied
from domain.events.record import record
from domain.jobs.models import Job, JobState
from domain.jobs.service import enqueue
from domain.rows import find
from domain.users.rights import entity_within, organization_within
from tenants.acting import acting_as
from tenants.actor import Actor
from tenants.audience import Audience
from tenants.auth import clock
from tenants.permissions import Permission
from tenants.rls import readers

QUEUE = "bulk"
EXPORT, IMPORT, UNDO = "bulk.export", "bulk.import", "bulk.undo"
KEPT = timedelta(days=7)
MOST_UNDER_WAY = 10
"""Of one partner, or of one entity itself."""
MOST_PARTS = 2_000
MOST_BYTES = 512 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody asks for; staff name the partner where it is for one."""

    subject: BulkSubject
    options: Options
    entity_id: UUID | None = None
    organization_id: UUID | None = None


async def ask_for_export(session: AsyncSession, actor: Actor, wanted: Wanted) -> BulkOperation:
    """Raises: PermissionDenied, NotFound, TooManyOperations."""
    blank = await _blank(session, actor, wanted, BulkKind.EXPORT)
    _require(actor, EXPORTS[wanted.subject].permission)
    made = await _made(session, blank, BulkState.QUEUED)
    await _enqueue(session, made, actor, EXPORT)
    return made


async def begin_import(session: AsyncSession, actor: Actor, wanted: Wanted) -> BulkOperation:
    """An import whose file is still to come. Raises: PermissionDenied, NotFound, NotImportable, TooManyOperations."""
    blank = await _blank(session, actor, wanted, BulkKind.IMPORT)
    known = IMPORTS.get(wanted.subject)
    if known is None:
        raise NotImportable(field=("subject",))
    _require(actor, known.permission)
    if actor.audience is Audience.PARTNER and not known.by_partners:
        raise PermissionDenied()
    known.check(wanted.options)
    return await _made(session, blank, BulkState.UPLOADING)


async def add_part(session: AsyncSession, actor: Actor, id: UUID, number: int, content: bytes) -> BulkOperation:
    """The part with this number, from 0; the same part again changes nothing.

    Raises: NotFound, InvalidState, PartDiffers, FileTooLarge.
    """
    operation = await mine(session, actor, id)
    _require_state(operation, BulkState.UPLOADING, "UPLOADING")
    if not 0 <= number < MOST_PARTS:
        raise FileTooLarge(maximum=MOST_BYTES >> 20, parts=MOST_PARTS, field=("number",))
    await files.keep_bytes(session, id, PieceRole.INPUT, number, content, content.count(b"\n"))
    if (await files.size_of(session, id, PieceRole.INPUT))[3] > MOST_BYTES:
        raise FileTooLarge(maximum=MOST_BYTES >> 20, parts=MOST_PARTS, field=("number",))
    operation.updated_at = func.now()
    return operation


async def start_import(session: AsyncSession, actor: Actor, id: UUID) -> BulkOperation:
    """The file is complete. Raises: NotFound, InvalidState, PartMissing."""
    operation = await mine(session, actor, id)
    _require_state(operation, BulkState.UPLOADING, BulkState.QUEUED)
    pieces, highest, lines, _ = await files.size_of(session, id, PieceRole.INPUT)
    if pieces == 0 or highest != pieces - 1:
        raise PartMissing(number=await _first_missing(session, id))
    operation.total = lines
    await change(session, operation, BulkState.QUEUED, events.BulkQueued(operation.kind, operation.subject))
    await _enqueue(session, operation, actor, IMPORT)
    return operation


async def cancel(session: AsyncSession, actor: Actor, id: UUID) -> BulkOperation:
    """Stop after the piece that is being worked at; what was done stays. Raises: NotFound, InvalidState."""
    operation = await mine(session, actor, id)
    if operation.state not in (BulkState.UPLOADING, BulkState.QUEUED, BulkState.RUNNING):
        raise InvalidState(current=operation.state, wanted=BulkState.CANCELLED)
    said = events.BulkCancelled(operation.kind, operation.subject, operation.position)
    await change(session, operation, BulkState.CANCELLED, said)
    return operation


async def undo(session: AsyncSession, actor: Actor, id: UUID) -> BulkOperation:
    """Take back what an import made, as far as nobody changed or used it since.

    Raises: NotFound, InvalidState, NothingToUndo, FilesGone.
    """
    operation = await mine(session, actor, id)
    known = IMPORTS.get(BulkSubject(operation.subject)) if operation.kind == BulkKind.IMPORT else None
    if known is None or known.undo is None or Options.read(operation.options).check_only:
        raise NothingToUndo(subject=operation.subject, field=("id",))
    if operation.state not in (BulkState.DONE, BulkState.FAILED, BulkState.CANCELLED):
        raise InvalidState(current=operation.state, wanted=BulkState.UNDOING)
    _require(actor, known.permission)
    require_files(operation)
    await change(session, operation, BulkState.UNDOING, events.BulkUndoing(operation.kind, operation.subject))
    await _enqueue(session, operation, actor, UNDO)
    return operation


async def downloaded(session: AsyncSession, actor: Actor, id: UUID, role: PieceRole) -> BulkOperation:
    """Whose file is taken away is said first. Raises: NotFound, PermissionDenied, FilesGone."""
    operation = await mine(session, actor, id, lock=False)
    known = EXPORTS[BulkSubject(operation.subject)] if operation.kind == BulkKind.EXPORT else None
    _require(actor, known.permission if known else IMPORTS[BulkSubject(operation.subject)].permission)
    require_files(operation)
    await tell(session, operation, events.BulkDownloaded(operation.kind, operation.subject, role.value))
    return operation


async def mine(session: AsyncSession, actor: Actor, id: UUID, *, lock: bool = True) -> BulkOperation:
    """The operation, where the actor sees it. Raises: NotFound."""
    if actor.audience not in readers(BulkOperation.__tablename__) | {Audience.SYSTEM}:
        raise NotFound(field=("id",))
    async with acting_as(session, actor):
        await find(session, BulkOperation, id)
    return await find(session, BulkOperation, id, lock=lock)


def require_files(operation: BulkOperation) -> None:
    """Raises: FilesGone."""
    if operation.files_gone_at is not None or operation.expires_at <= clock.now():
        raise FilesGone(days=KEPT.days, field=("id",))


async def forget_files(session: AsyncSession) -> int:
    """Delete the files whose time is over, and give up what was never completed; how many operations."""
    now = clock.now()
    query = select(BulkOperation).where(BulkOperation.files_gone_at.is_(None), BulkOperation.expires_at <= now)
    gone = (await session.scalars(query.with_for_update(skip_locked=True).limit(500))).all()
    for operation in gone:
        operation.files_gone_at = now
        if operation.state in UNDER_WAY:
            said = events.BulkFailed(operation.kind, operation.subject, "EXPIRED", operation.position)
            await change(session, operation, BulkState.FAILED, said)
    await session.execute(delete(BulkPiece).where(BulkPiece.operation_id.in_([each.id for each in gone])))
    return len(gone)


async def settle(session: AsyncSession) -> int:
    """End operations whose job failed for good, or is no longer known; how many."""
    running = (BulkState.QUEUED, BulkState.RUNNING, BulkState.UNDOING)
    lost = BulkOperation.job_id.not_in(select(Job.id).where(Job.state != JobState.FAILED))
    query = select(BulkOperation).where(BulkOperation.state.in_(running), lost)
    found = (await session.scalars(query.with_for_update(skip_locked=True).limit(500))).all()
    for operation in found:
        operation.error = "JOB_FAILED"
        said = events.BulkFailed(operation.kind, operation.subject, "JOB_FAILED", operation.position)
        await change(session, operation, BulkState.FAILED, said)
    return len(found)


# --- states -------------------------------------------------------------------------------------------------------


async def change(session: AsyncSession, operation: BulkOperation, state: BulkState, said: _BulkEvent) -> None:
    """Put an operation into a state, and say so."""
    operation.state = state.value
    if state is BulkState.RUNNING:
        operation.started_at = operation.started_at or func.now()
    if state not in UNDER_WAY:
        operation.finished_at = func.now()
    await session.flush()
    await tell(session, operation, said)


async def tell(session: AsyncSession, operation: BulkOperation, said: _BulkEvent) -> None:
    """For staff of the entity and the partner that it is of."""
    own = operation.organization_id
    chain: list[UUID] = []
    if own is not None:
        query = select(Contact.channel_organization_ids).where(Contact.id == own)
        chain = list((await session.execute(query)).scalar_one())
    await record(
        session,
        said,
        entity_id=operation.entity_id,
        subject_id=operation.id,
        organization_ids=[own] if own else [],
        channel=chain,
    )


async def advance(session: AsyncSession, operation: BulkOperation, pieces: int, values: dict[str, Any]) -> bool:
    """Count a piece as done, where it is the next one and nobody stopped the operation meanwhile."""
    states = (BulkState.RUNNING, BulkState.UNDOING)
    own = (BulkOperation.id == operation.id, BulkOperation.pieces == operation.pieces, BulkOperation.state.in_(states))
    done = update(BulkOperation).where(*own).values(pieces=pieces, updated_at=func.now(), **values)
    if (await session.execute(done.returning(BulkOperation.id))).first() is None:
        return False
    await session.refresh(operation)
    return True


# --- asking -------------------------------------------------------------------------------------------------------


def _require(actor: Actor, permission: Permission) -> None:
    if not (actor.may(Permission.BULK_RUN) and actor.may(permission)):
        raise PermissionDenied()


def _require_state(operation: BulkOperation, state: BulkState, wanted: str) -> None:
    if operation.state != state:
        raise InvalidState(current=operation.state, wanted=wanted)


async def _blank(session: AsyncSession, actor: Actor, wanted: Wanted, kind: BulkKind) -> BulkOperation:
    """An operation that is not kept yet. Raises: PermissionDenied, NotFound for what the actor does not see."""
    if actor.audience not in (Audience.STAFF, Audience.PARTNER, Audience.SYSTEM):
        raise PermissionDenied()
    entity_id = await entity_within(session, actor, wanted.entity_id)
    organization = await organization_within(session, actor, wanted.organization_id, entity_id)
    if organization is None and actor.audience is Audience.PARTNER:
        raise NotFound(field=("organization_id",))
    await _require_list(session, actor, wanted.options.price_list_id, entity_id)
    own = actor.organization_id if actor.audience is Audience.PARTNER else None
    options = wanted.options.written()
    if organization is not None and organization.id != own:
        options["organization_id"] = str(organization.id)
    return BulkOperation(
        entity_id=entity_id,
        organization_id=own,
        kind=kind.value,
        subject=wanted.subject.value,
        options=options,
        user_id=actor.user_id,
        expires_at=clock.now() + KEPT,
    )


async def _require_list(session: AsyncSession, actor: Actor, id: UUID | None, entity_id: UUID) -> None:
    if id is None:
        return
    async with acting_as(session, actor):
        if (await find(session, PriceList, id, field=("price_list_id",))).entity_id != entity_id:
            raise NotFound(field=("price_list_id",))


async def _made(session: AsyncSession, blank: BulkOperation, state: BulkState) -> BulkOperation:
    blank.state = state.value
    await _require_room(session, blank)
    session.add(blank)
    await session.flush()
    await tell(session, blank, events.BulkCreated(blank.kind, blank.subject))
    return blank


async def _require_room(session: AsyncSession, made: BulkOperation) -> None:
    key = f"bulk {made.entity_id} {made.organization_id}"
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(key, 7))))
    same = BulkOperation.organization_id.is_not_distinct_from(made.organization_id)
    own = (BulkOperation.entity_id == made.entity_id, same, BulkOperation.state.in_(UNDER_WAY))
    if (await session.execute(select(func.count()).select_from(BulkOperation).where(*own))).scalar_one() >= (
        MOST_UNDER_WAY
    ):
        raise TooManyOperations(maximum=MOST_UNDER_WAY)


async def _enqueue(session: AsyncSession, operation: BulkOperation, actor: Actor, name: str) -> None:
    operation.job_id = await enqueue(
        session,
        name,
        {"operation_id": operation.id},
        actor=actor,
        entity_id=operation.entity_id,
        key=str(operation.id),
        queue=QUEUE,
    )
    await session.flush()


async def _first_missing(session: AsyncSession, id: UUID) -> int:
    query = select(BulkPiece.number).filter_by(operation_id=id, role=PieceRole.INPUT.value)
    present = set(await session.scalars(query))
    return next(number for number in range(len(present) + 1) if number not in present)
