"""Scorecards and tickets as rows of a file, read a page at a time."""

from collections.abc import AsyncIterator, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, select

from domain.contacts.models import Contact
from domain.exports import Span
from domain.partner_management.models import PartnerScorecard, PartnerTicket, ScorePeriod
from domain.partner_management.spans import midnight
from tenants.actor import Actor
from tenants.engine import Database

PAGE = 1_000


async def scorecards(
    database: Database, actor: Actor, entity_id: UUID, period: ScorePeriod, starts_on: date
) -> AsyncIterator[Sequence[Row[Any]]]:
    """All scorecards of a span, by place; those without one last."""
    card = PartnerScorecard
    columns = [column for column in card.__table__.columns if column.name not in ("id", "entity_id", "created_at")]
    query = (
        select(Contact.name.label("partner"), Contact.partner_code, card.id, *columns)
        .join(Contact, Contact.id == card.organization_id)
        .where(card.entity_id == entity_id, card.period == period.value, card.starts_on == starts_on)
        .order_by(card.rank.nulls_last(), card.value_cents.desc(), card.id)
    )
    async with database.session(actor) as session:
        rows = (await session.execute(query)).all()
    for first in range(0, len(rows), PAGE):
        yield rows[first : first + PAGE]


async def tickets(database: Database, actor: Actor, span: Span) -> AsyncIterator[Sequence[Row[Any]]]:
    """All tickets opened on these days, in their order."""
    last: UUID | None = None
    while True:
        async with database.session(actor) as session:
            rows = (await session.execute(_tickets(span, last))).all()
        if not rows:
            return
        yield rows
        last = rows[-1].id


def _tickets(span: Span, last: UUID | None) -> Select[*tuple[Any, ...]]:
    ticket = PartnerTicket
    query = (
        select(
            ticket.id,
            ticket.number,
            Contact.name.label("partner"),
            ticket.subject,
            ticket.topic,
            ticket.priority,
            ticket.state,
            ticket.opened_by,
            ticket.created_at,
            ticket.answered_at,
            ticket.resolved_at,
            ticket.due_at,
        )
        .join(Contact, Contact.id == ticket.organization_id)
        .where(ticket.entity_id == span.entity_id)
        .where(ticket.created_at >= midnight(span.since), ticket.created_at < midnight(span.until))
        .order_by(ticket.id)
        .limit(PAGE)
    )
    return query if last is None else query.where(ticket.id > last)
