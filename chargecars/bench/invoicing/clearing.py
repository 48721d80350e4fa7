"""An installation without a document, payment, posting or job, so that a run finds what the run before it found."""

from collections.abc import Iterable
from typing import Any

import asyncpg

import domain.tables  # noqa: F401  # completes the tables
from tenants.base import Base

_ROOTS = ("journal_entry", "invoice", "commission", "document", "payment", "invoice_run", "job")
_DERIVED = ("channel_row", "search_row")


async def clear(owner: "asyncpg.Connection[Any]") -> None:
    """Empty them, and all that points to them. Triggers that refuse this are back at the end."""
    tables = sorted(_with_what_points_to(_ROOTS))
    async with owner.transaction():
        for table in tables:
            await owner.execute(f'ALTER TABLE "{table}" DISABLE TRIGGER USER')
        names = ", ".join(f'"{table}"' for table in tables)
        await owner.execute(f"TRUNCATE {names}")
        for table in tables:
            await owner.execute(f'ALTER TABLE "{table}" ENABLE TRIGGER USER')
        for derived in _DERIVED:
            await owner.execute(f"DELETE FROM {derived} WHERE kind IN ('invoice', 'payment')")  # noqa: S608  # two names
        await owner.execute("SELECT ensure_ledger_accounts(id) FROM business_entity")


def _with_what_points_to(roots: Iterable[str]) -> set[str]:
    found, added = set(roots), True
    while added:
        pointing = {
            table.name
            for table in Base.metadata.tables.values()
            for key in table.foreign_keys
            if key.column.table.name in found
        }
        added = not pointing <= found
        found |= pointing
    return found
