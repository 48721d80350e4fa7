"""The journal of an entity from end to end, line by line, a page of entries per transaction."""

from collections.abc import AsyncIterator, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, select, tuple_

from domain.exports import Span
from domain.ledger.models import JournalEntry, JournalLine, LedgerAccount
from tenants.actor import Actor
from tenants.engine import Database

_PAGE = 500


async def pages(database: Database, actor: Actor, span: Span) -> AsyncIterator[Sequence[Row[Any]]]:
    """Lines in the order of day, entry and position."""
    last: tuple[date, UUID] | None = None
    while True:
        async with database.session(actor) as session:
            entries = (await session.execute(_entries(span, last))).all()
            ids = [entry.id for entry in entries]
            rows = (await session.execute(_lines(ids))).all() if ids else []
        if rows:
            yield rows
        if len(entries) < _PAGE:
            return
        last = (entries[-1].booked_on, entries[-1].id)


def _entries(span: Span, last: tuple[date, UUID] | None) -> Select[*tuple[Any, ...]]:
    key = (JournalEntry.booked_on, JournalEntry.id)
    query = select(*key).where(
        JournalEntry.entity_id == span.entity_id,
        JournalEntry.booked_on >= span.since,
        JournalEntry.booked_on < span.until,
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
