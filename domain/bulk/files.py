"""Files in pieces. Each piece is a gzip member, so that the pieces one after the other are a gzip file."""

import asyncio
import gzip
import hashlib
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import undefer

from domain.bulk.errors import PartDiffers
from domain.bulk.models import BulkPiece, PieceRole
from tenants.actor import SYSTEM
from tenants.engine import Database

LONGEST_LINE = 65_536
_LEVEL = 4
_AT_ONCE = 8
"""Pieces that are read at a time: a download holds no more than that in memory."""


async def keep(session: AsyncSession, operation_id: UUID, role: PieceRole, number: int, lines: Iterable[Any]) -> int:
    """Keep the next piece of a file, a line of JSON per item; nothing where there are none. How many lines."""
    written = [each if isinstance(each, bytes) else orjson.dumps(each) for each in lines]
    if written:
        await keep_bytes(session, operation_id, role, number, b"\n".join(written) + b"\n", len(written))
    return len(written)


async def keep_bytes(
    session: AsyncSession, operation_id: UUID, role: PieceRole, number: int, content: bytes, lines: int
) -> None:
    """The same for what is written already. Sent again it is the same piece. Raises: PartDiffers."""
    digest = hashlib.sha256(content).hexdigest()
    packed = await asyncio.to_thread(gzip.compress, content, _LEVEL, mtime=0)
    values = {
        "operation_id": operation_id,
        "role": role.value,
        "number": number,
        "lines": lines,
        "size": len(content),
        "sha256": digest,
        "content": packed,
    }
    made = insert(BulkPiece).values(values).on_conflict_do_nothing().returning(BulkPiece.id)
    if (await session.execute(made)).first() is None:
        own = select(BulkPiece.sha256).filter_by(operation_id=operation_id, role=role.value, number=number)
        if (await session.execute(own)).scalar_one() != digest:
            raise PartDiffers(number=number, field=("number",))


async def packed(database: Database, operation_id: UUID, role: PieceRole) -> AsyncIterator[bytes]:
    """The file, as gzip members."""
    last = -1
    while True:
        async with database.session(SYSTEM) as session:
            query = (
                select(BulkPiece)
                .where(BulkPiece.operation_id == operation_id, BulkPiece.role == role, BulkPiece.number > last)
                .order_by(BulkPiece.number)
                .limit(_AT_ONCE)
                .options(undefer(BulkPiece.content))
            )
            pieces = (await session.scalars(query)).all()
        for piece in pieces:
            yield piece.content
        if len(pieces) < _AT_ONCE:
            return
        last = pieces[-1].number


async def unpacked(database: Database, operation_id: UUID, role: PieceRole) -> AsyncIterator[bytes]:
    """The file as it is read."""
    async for member in packed(database, operation_id, role):
        yield await asyncio.to_thread(gzip.decompress, member)


async def piece_lines(session: AsyncSession, operation_id: UUID, role: PieceRole, number: int) -> list[dict[str, Any]]:
    """The lines of one piece that we wrote; none where there is no such piece."""
    query = select(BulkPiece).filter_by(operation_id=operation_id, role=role.value, number=number)
    piece = (await session.scalars(query.options(undefer(BulkPiece.content)))).one_or_none()
    return [orjson.loads(line) for line in gzip.decompress(piece.content).splitlines()] if piece else []


async def lines_of(database: Database, operation_id: UUID, after: int) -> AsyncIterator[tuple[int, bytes | None]]:
    """Lines of the file that came in, with their numbers from 1, those up to `after` left out.

    Parts may end anywhere in a line. None stands for a line that is longer than LONGEST_LINE, which is never held
    whole; blank lines are left out and counted.
    """
    cutter = _Cutter(after)
    async for content in unpacked(database, operation_id, PieceRole.INPUT):
        for found in cutter.cut(content):
            yield found
    for found in cutter.rest():
        yield found


class _Cutter:
    """Cuts bytes that come in parts into lines."""

    def __init__(self, after: int) -> None:
        self._after = after
        self._number = 0
        self._begun = b""
        self._too_long = False

    def cut(self, content: bytes) -> Iterable[tuple[int, bytes | None]]:
        """The lines that end in this part."""
        *whole, left = (self._begun + content).split(b"\n")
        for line in whole:
            yield from self._line(line)
        self._begun = left
        if len(left) > LONGEST_LINE:
            self._begun, self._too_long = b"", True

    def rest(self) -> Iterable[tuple[int, bytes | None]]:
        """The last line, where the file does not end with a line break."""
        if self._begun or self._too_long:
            yield from self._line(self._begun)

    def _line(self, line: bytes) -> Iterable[tuple[int, bytes | None]]:
        self._number += 1
        too_long, self._too_long = self._too_long or len(line) > LONGEST_LINE, False
        if self._number > self._after and (too_long or line.strip()):
            yield self._number, None if too_long else line


async def size_of(session: AsyncSession, operation_id: UUID, role: PieceRole) -> tuple[int, int, int, int]:
    """Pieces, the highest number (-1 without any), lines and bytes of a file."""
    own = (BulkPiece.operation_id == operation_id, BulkPiece.role == role)
    query = select(
        func.count(),
        func.coalesce(func.max(BulkPiece.number), -1),
        func.coalesce(func.sum(BulkPiece.lines), 0),
        func.coalesce(func.sum(BulkPiece.size), 0),
    ).where(*own)
    row = (await session.execute(query)).one()
    return int(row[0]), int(row[1]), int(row[2]), int(row[3])


def line_of(values: Mapping[str, Any]) -> bytes:
    """One line of a file that we write."""
    return orjson.dumps(values)
