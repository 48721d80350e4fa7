"""The sessions of an entity that began within a span of days, a page per transaction."""

from collections.abc import AsyncIterator, Sequence
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, select, tuple_

from domain.chargers.models import Charger
from domain.contacts.models import Contact
from domain.exports import Span
from domain.numbering.service import AMSTERDAM
from domain.sessions.models import ChargingSession, IdToken
from tenants.actor import Actor
from tenants.engine import Database

_PAGE = 500
_S = ChargingSession


async def pages(database: Database, actor: Actor, span: Span) -> AsyncIterator[Sequence[Row[Any]]]:
    """In the order in which they began."""
    last: tuple[datetime, UUID] | None = None
    while True:
        async with database.session(actor) as session:
            rows = (await session.execute(_page(span, last))).all()
        if rows:
            yield rows
        if len(rows) < _PAGE:
            return
        last = (rows[-1].started_at, rows[-1].id)


def _page(span: Span, last: tuple[datetime, UUID] | None) -> Select[*tuple[Any, ...]]:
    query = (
        select(
            _S.id,
            _S.number,
            Charger.identity,
            _S.connector,
            _S.state,
            _S.started_at,
            _S.ended_at,
            _S.paused_seconds,
            _S.energy_wh,
            _S.stop_reason,
            _S.marks,
            Contact.name.label("driver"),
            IdToken.label.label("token"),
        )
        .join(Charger, Charger.id == _S.charger_id)
        .outerjoin(Contact, Contact.id == _S.driver_contact_id)
        .outerjoin(IdToken, IdToken.id == _S.id_token_id)
        .where(_S.entity_id == span.entity_id)
        .where(_S.started_at >= _midnight(span.since), _S.started_at < _midnight(span.until))
    )
    if last is not None:
        query = query.where(tuple_(_S.started_at, _S.id) > last)
    return query.order_by(_S.started_at, _S.id).limit(_PAGE)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), AMSTERDAM)
