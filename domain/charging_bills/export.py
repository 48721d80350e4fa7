"""The bills of an entity that an actor sees, a page per transaction, for a spreadsheet."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from domain.chargers.models import Charger
from domain.charging_bills.models import SessionBilling
from domain.contacts.models import Contact
from domain.exports import Span
from domain.numbering.service import AMSTERDAM
from domain.sessions.models import ChargingSession
from tenants.actor import Actor
from tenants.engine import Database

_PAGE = 500
COLUMNS = (
    "session",
    "status",
    "version",
    "charger",
    "started_at",
    "ended_at",
    "energy_wh",
    "payer",
    "net",
    "vat",
    "gross",
    "charged_net",
    "charged_vat",
    "due_month",
    "waived_reason",
    "currency",
)
AMOUNTS = ("net", "vat", "gross", "charged_net", "charged_vat")
"""In cents."""


async def pages(database: Database, actor: Actor, span: Span) -> AsyncIterator[Sequence[Row[Any]]]:
    """Bills in the order in which their sessions ended; the columns are COLUMNS, then the key."""
    last: tuple[datetime, UUID] | None = None
    while True:
        async with database.session(actor) as session:
            rows = await _rows(session, span, last)
        if rows:
            yield rows
        if len(rows) < _PAGE:
            return
        last = (rows[-1].ended_at, rows[-1].id)


async def _rows(session: AsyncSession, span: Span, last: tuple[datetime, UUID] | None) -> Sequence[Row[Any]]:
    key = (SessionBilling.ended_at, SessionBilling.id)
    query = _query().where(
        SessionBilling.entity_id == span.entity_id,
        SessionBilling.ended_at >= _midnight(span.since),
        SessionBilling.ended_at < _midnight(span.until),
    )
    if last is not None:
        query = query.where(tuple_(*key) > last)
    rows: Sequence[Row[Any]] = (await session.execute(query.order_by(*key).limit(_PAGE))).all()
    return rows


def _query() -> Select[Any]:
    """A payer pays for sessions that only their driver sees: the outer joins leave such columns empty."""
    payer = aliased(Contact)
    said = {
        "session": ChargingSession.number,
        "charger": func.coalesce(func.nullif(Charger.name, ""), Charger.identity),
        "started_at": ChargingSession.started_at,
        "payer": payer.name,
    }
    columns = [said.get(name, _own(name)).label(name) for name in COLUMNS]
    return (
        select(*columns, SessionBilling.id)
        .outerjoin(ChargingSession, ChargingSession.id == SessionBilling.session_id)
        .outerjoin(Charger, Charger.id == SessionBilling.charger_id)
        .outerjoin(payer, payer.id == SessionBilling.payer_contact_id)
    )


def _own(name: str) -> Any:
    column = f"{name}_cents" if name in AMOUNTS else name
    return getattr(SessionBilling, column, SessionBilling.id)


def _midnight(day: Any) -> datetime:
    return datetime.combine(day, datetime.min.time(), AMSTERDAM)
