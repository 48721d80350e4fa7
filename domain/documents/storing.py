"""Keeping documents, and finding them again."""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import undefer

from domain.documents.errors import DocumentTooLarge, EmptyDocument
from domain.documents.models import LARGEST, Document, DocumentKind

_UNFIT = re.compile(r"[^A-Za-z0-9._ ()+-]+")


@dataclass(frozen=True, slots=True)
class Stored:
    """Where a document is; `new` says whether this call has kept it, or an earlier one."""

    id: UUID
    new: bool


async def store(
    session: AsyncSession,
    *,
    entity_id: UUID,
    owner: tuple[str, UUID],
    kind: DocumentKind,
    file_name: str,
    media_type: str,
    content: bytes,
    contact_id: UUID | None = None,
    payer_chain_ids: Iterable[UUID] = (),
) -> Stored:
    """Keep a file of `owner` (GraphQL type, id) in the session's transaction: of each kind the first, for good.

    `contact_id` and `payer_chain_ids` are the owner's: they say who sees it. Staff and system sessions.
    """
    _check(content)
    values = {
        "entity_id": entity_id,
        "owner_type": owner[0],
        "owner_id": owner[1],
        "kind": kind.value,
        "media_type": media_type,
        "file_name": harmless(file_name),
        "sha256": hashlib.sha256(content).hexdigest(),
        "size": len(content),
        "content": content,
        "contact_id": contact_id,
        "payer_chain_ids": list(payer_chain_ids),
    }
    await session.flush()
    made = insert(Document).values(values).on_conflict_do_nothing().returning(Document.id)
    if id := (await session.execute(made)).scalar_one_or_none():
        return Stored(id, new=True)
    return Stored((await of_owner(session, owner, kind))[0].id, new=False)


async def of_owner(session: AsyncSession, owner: tuple[str, UUID], kind: DocumentKind | None = None) -> list[Document]:
    """The documents of a row, without their content, by kind."""
    query = select(Document).where(Document.owner_type == owner[0], Document.owner_id == owner[1])
    query = query.where(Document.kind == kind.value) if kind else query
    return list(await session.scalars(query.order_by(Document.kind)))


async def with_content(session: AsyncSession, ids: Sequence[UUID]) -> list[Document]:
    """Documents with their content, in the order given; those that are not there are left out. System sessions."""
    query = select(Document).where(Document.id.in_(ids)).options(undefer(Document.content))
    found = {document.id: document for document in await session.scalars(query)}
    return [found[id] for id in ids if id in found]


def harmless(file_name: str) -> str:
    """A name that any file system and mail program takes: no path, no control character, no hidden file."""
    return _UNFIT.sub("-", file_name).lstrip(". -")[-200:] or "document"


def _check(content: bytes) -> None:
    if not content:
        raise EmptyDocument()
    if len(content) > LARGEST:
        raise DocumentTooLarge(maximum=LARGEST)
