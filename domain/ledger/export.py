"""The journal of an entity from end to end, line by line, a page of entries per transaction."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, select, tuple_

from domain.errors import NotFound
from domain.events.record import record
from domain.ledger.events import JournalExported
from domain.ledger.models import JournalEntry, JournalLine, LedgerAccount
from tenants.actor import Actor
from tenants.engine import Database
from tenants.models import BusinessEntity

_PAGE = 500


@dataclass(frozen=True, slots=True)
class Wanted:
    """Entries booked in [since, until)."""

    entity_id: UUID
    since: date
    until: date


async def begin(database: Database, actor: Actor, wanted: Wanted) -> str:
    """Say in the entity's log that its journal is taken away; the entity's code. Raises: NotFound."""
    async with database.session(actor) as session:
        query = select(BusinessEntity.code).where(BusinessEntity.id == wanted.entity_id)
        code = (await session.execute(query)).scalar_one_or_none()
        if code is None:
            raise NotFound(field=("entity_id",))
        said = JournalExported(wanted.since.isoformat(), wanted.until.isoformat())
        await record(session, said, entity_id=wanted.entity_id, subject_id=wanted.entity_id)
        return str(code)


async def pages(database: Database, actor: Actor, wanted: Wanted) -> AsyncIterator[Sequence[Row[Any]]]:
    """Lines in the order of day, entry and position."""
    last: tuple[date, UUID] | None = None
    while True:
        async with database.session(actor) as session:
            entries = (await session.execute(_entries(wanted, last))).all()
            ids = [entry.id for entry in entries]
            rows = (await session.execute(_lines(ids))).all() if ids else []
        if rows:
            yield rows
        if len(entries) < _PAGE:
            return
        last = (entries[-1].booked_on, entries[-1].id)


def _entries(wanted: Wanted, last: tuple[date, UUID] | None) -> Select[*tuple[Any, ...]]:
    key = (JournalEntry.booked_on, JournalEntry.id)
    query = select(*key).where(
        JournalEntry.entity_id == wanted.entity_id,
        JournalEntry.booked_on >= wanted.since,
        JournalEntry.booked_on < wanted.until,
    )
    if last is not None:
        query = query.where(tuple_(*key) > last)
    return query.order_by(*key).limit(_PAGE)


def _lines(ids: Sequence[UUID]) -> Select[*tuple[Any, ...]]:
    return (
        select(
            JournalEntry.number,
            JournalEntry.booked_on,
            JournalEntry.kind,
            JournalEntry.text,
            JournalLine.position,
            LedgerAccount.code,
            LedgerAccount.rgs_code,
            LedgerAccount.name_nl,
            JournalLine.debit_cents,
            JournalLine.credit_cents,
            JournalLine.currency,
        )
        .join(JournalEntry, JournalEntry.id == JournalLine.entry_id)
        .join(LedgerAccount, LedgerAccount.id == JournalLine.account_id)
        .where(JournalLine.entry_id.in_(ids))
        .order_by(JournalEntry.booked_on, JournalEntry.id, JournalLine.position)
    )
