"""Connections with their mapping, and what a worker does, at once."""

from typing import Any
from uuid import UUID

from sqlalchemy import func, update

from domain.accounting import collecting
from domain.accounting.models import AccountingConnection, AccountingPackage, AccountingRecord
from domain.money import VatClass
from tenants.actor import SYSTEM
from tests.domain.accounting.books import Books
from workers.accounting import drain

STANDARD, REDUCED = VatClass.STANDARD, VatClass.REDUCED
MAPPING = {
    "accounts": {"*": "700", "COMMISSION_EXPENSE": "702"},
    "vat": {"S": "801", "R": "802", "AE": "803", "P:S": "811"},
    "payment_account": "900",
}
SNELSTART_MAPPING = {"accounts": {"*": "g-8000"}, "vat": {}, "payment_account": "bank"}


async def connected(mine: Books, package: AccountingPackage, mapping: dict[str, Any]) -> UUID:
    id = await mine.connect(package)
    async with mine.database.session(SYSTEM) as session:
        await session.execute(update(AccountingConnection).values(mapping=mapping).where(AccountingConnection.id == id))
    return id


async def all_told(mine: Books) -> None:
    """Collect and drain, as long as something can be done now."""
    async with mine.database.session(SYSTEM) as session:
        await collecting.collect(session, await session.get_one(AccountingConnection, mine.connection_id))
    await drained(mine)


async def drained(mine: Books) -> float | None:
    """One run, after whatever pause was asked for."""
    assert mine.connection_id is not None
    await at_once(mine)
    return await drain(mine.database, mine.settings, mine.connection_id)


async def at_once(mine: Books) -> None:
    """Pauses are over."""
    async with mine.database.session(SYSTEM) as session:
        await session.execute(
            update(AccountingConnection)
            .values(resume_at=None, leased_until=None)
            .where(AccountingConnection.id == mine.connection_id)
        )
        await session.execute(
            update(AccountingRecord)
            .values(next_attempt_at=func.now())
            .where(AccountingRecord.connection_id == mine.connection_id, AccountingRecord.state == "PENDING")
        )


async def states(mine: Books) -> list[tuple[str, str]]:
    return [(row.kind, row.state) for row in await mine.records()]


async def one(mine: Books) -> None:
    """One record told."""
    await at_once(mine)
    assert mine.connection_id is not None
    await drain(mine.database, mine.settings, mine.connection_id, seconds=0)
