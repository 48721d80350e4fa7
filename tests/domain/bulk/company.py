"""Exports and imports of a market, carried out as a worker does."""

import gzip
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson

from domain.bulk import exporting, files, importing, operations
from domain.bulk.models import BulkOperation, BulkSubject, PieceRole
from domain.bulk.operations import Wanted
from domain.bulk.options import Options
from tenants.actor import SYSTEM, Actor
from tests.domain.partner_orders.trade import KnownPlaces, Trade


@dataclass
class Company:
    trade: Trade
    told: list[tuple[int, int]] = field(default_factory=list)

    @property
    def staff(self) -> Actor:
        return self.trade.market.actors["staff"]

    @property
    def database(self) -> Any:
        return self.trade.market.database

    def wanted(self, subject: BulkSubject, partner: UUID | None = None, **options: Any) -> Wanted:
        return Wanted(subject, Options(**options), self.trade.market.entity.id, partner)

    async def export(self, subject: BulkSubject, actor: Actor, **options: Any) -> UUID:
        """Ask for it and write it."""
        async with self.database.session(SYSTEM) as session:
            made = await operations.ask_for_export(session, actor, self.wanted(subject, **options))
        await exporting.export(self.database, actor, made.id, self.tell)
        return made.id

    async def begin(
        self, subject: BulkSubject, actor: Actor, *lines: Any, partner: UUID | None = None, **options: Any
    ) -> UUID:
        """Send a file in two parts, cut in the middle of a line, the second part first."""
        written = b"\n".join(each if isinstance(each, bytes) else orjson.dumps(each) for each in lines)
        middle = len(written) // 2
        async with self.database.session(SYSTEM) as session:
            made = await operations.begin_import(session, actor, self.wanted(subject, partner, **options))
            await operations.add_part(session, actor, made.id, 1, written[middle:])
            await operations.add_part(session, actor, made.id, 0, written[:middle])
            await operations.start_import(session, actor, made.id)
            return made.id

    async def import_(self, subject: BulkSubject, actor: Actor, *lines: Any, **given: Any) -> UUID:
        """Send a file and take it in."""
        id = await self.begin(subject, actor, *lines, **given)
        await self.work(id, actor)
        return id

    async def work(self, id: UUID, actor: Actor) -> None:
        await importing.take_in(self.database, actor, KnownPlaces(), id, self.tell)

    async def undo(self, id: UUID, actor: Actor) -> None:
        async with self.database.session(SYSTEM) as session:
            await operations.undo(session, actor, id)
        await importing.take_back(self.database, actor, KnownPlaces(), id, self.tell)

    async def tell(self, done: int, total: int) -> None:
        self.told.append((done, total))

    async def row(self, id: UUID) -> BulkOperation:
        async with self.database.session(SYSTEM) as session:
            return await session.get_one(BulkOperation, id)

    async def lines(self, id: UUID, role: PieceRole = PieceRole.RESULT) -> list[dict[str, Any]]:
        """The file, read as one gzip file."""
        packed = b"".join([each async for each in files.packed(self.database, id, role)])
        unpacked = b"".join([each async for each in files.unpacked(self.database, id, role)])
        assert unpacked == (gzip.decompress(packed) if packed else b"")
        return [orjson.loads(line) for line in unpacked.splitlines()]


async def whole(source: AsyncIterator[bytes]) -> bytes:
    return b"".join([each async for each in source])
