"""Asking for an audit file, and making it: written, checked, kept as a document."""

import asyncio
import tempfile
import zipfile
from datetime import datetime
from pathlib import Path
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from domain.accounting.auditfile.checking import check
from domain.accounting.auditfile.errors import AuditFileRefused
from domain.accounting.auditfile.writing import Progress, Sums, write
from domain.accounting.errors import YearNotBegun
from domain.accounting.events import AuditFileMade
from domain.accounting.models import AuditFile, AuditFileState
from domain.documents.models import LARGEST, DocumentKind
from domain.documents.storing import store
from domain.events.record import record
from domain.jobs.service import enqueue
from domain.numbering.service import AMSTERDAM
from domain.rows import actor_of, find
from tenants.models import BusinessEntity

JOB, QUEUE = "accounting.audit_file", "slow"
_FIRST_YEAR = 2000


async def ask(session: AsyncSession, entity_id: UUID, year: int) -> AuditFile:
    """A job that makes the file of an entity's year. Raises: NotFound, YearNotBegun. For staff."""
    await find(session, BusinessEntity, entity_id, field=("entity_id",))
    this_year = datetime.now(AMSTERDAM).year
    if not _FIRST_YEAR <= year <= this_year:
        raise YearNotBegun(minimum=_FIRST_YEAR, maximum=this_year, field=("year",))
    asked = AuditFile(entity_id=entity_id, year=year, requested_by=actor_of(session).user_id)
    session.add(asked)
    await session.flush()
    asked.job_id = await enqueue(session, JOB, {"id": asked.id}, entity_id=entity_id, queue=QUEUE)
    return asked


async def make(session: AsyncSession, id: UUID, progress: Progress) -> AuditFile:
    """Write, check and keep it; nothing where that was done before. Raises: NotFound, AuditFileRefused."""
    asked = await find(session, AuditFile, id, lock=True)
    if asked.state == AuditFileState.MADE:
        return asked
    entity = await find(session, BusinessEntity, asked.entity_id)
    today = datetime.now(AMSTERDAM).date()
    with tempfile.TemporaryDirectory() as scratch:
        path, sums = await write(session, entity, asked.year, Path(scratch), today, progress)
        checked = await asyncio.to_thread(check, path)
        if checked != sums:
            raise AuditFileRefused(why=f"{checked} in the file, {sums} in the books")
        await _keep(session, asked, entity, path, sums)
    return asked


async def _keep(session: AsyncSession, asked: AuditFile, entity: BusinessEntity, path: Path, sums: Sums) -> None:
    name = f"{entity.invoice_prefix}-{asked.year}.xaf"
    zipped, content = await asyncio.to_thread(_content, path, name)
    stored = await store(
        session,
        entity_id=asked.entity_id,
        owner=(AuditFile.__name__, asked.id),
        kind=DocumentKind.XAF,
        file_name=f"{name}.zip" if zipped else name,
        media_type="application/zip" if zipped else "application/xml",
        content=content,
    )
    asked.state, asked.document_id = AuditFileState.MADE, stored.id
    asked.lines, asked.debit_cents, asked.credit_cents = sums.lines, sums.debit, sums.credit
    payload = AuditFileMade(asked.year, stored.id, sums.lines)
    await record(session, payload, entity_id=asked.entity_id, subject_id=asked.entity_id)


def _content(path: Path, name: str) -> tuple[bool, bytes]:
    """Whether it had to be zipped, and the bytes: a ZIP file is about a tenth of the plain one."""
    if path.stat().st_size <= LARGEST:
        return False, path.read_bytes()
    packed = path.with_suffix(".zip")
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(path, name)
    return True, packed.read_bytes()
