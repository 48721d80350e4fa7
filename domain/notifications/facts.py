"""What texts may say of quotes, orders, visits and leads: values by variable, as `kinds.py` declares them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.contacts.models import Contact
from domain.leads.models import Lead
from domain.numbering.service import AMSTERDAM
from domain.orders.models import Order
from domain.quotes.models import Quote
from domain.teams.models import Team
from domain.visits.models import Visit, VisitStatus

Facts = dict[str, str | None]
_MOMENT = timedelta(microseconds=1)


async def of_quote(session: AsyncSession, quote: Quote) -> Facts:
    """The last day is the one in which the quote expires."""
    expires = quote.expires_at
    return {
        "quote.number": quote.number,
        "quote.expires_on": (expires - _MOMENT).astimezone(AMSTERDAM).date().isoformat() if expires else None,
        "quote.customer": await _name(session, quote.end_customer_contact_id),
    }


async def of_order(session: AsyncSession, order: Order) -> Facts:
    """An order and its customer."""
    return {
        "order.number": order.number,
        "order.customer": await _name(session, order.end_customer_contact_id),
        "order.partner_reference": order.partner_order_id,
    }


async def of_visit(session: AsyncSession, visit: Visit | None) -> Facts:
    """When it is and who comes; nothing where it is not planned."""
    if visit is None or visit.day is None:
        return dict.fromkeys(_OF_VISIT)
    team = select(Team.name).where(Team.id == visit.team_id)
    name = (await session.execute(team)).scalar_one_or_none()
    window = (each.isoformat() if each else None for each in (visit.arrival_from, visit.arrival_until))
    to_confirm = None if visit.promised_at else "yes"
    return dict(zip(_OF_VISIT, (visit.day.isoformat(), visit.block, name, *window, to_confirm), strict=True))


_OF_VISIT = (
    "visit.day",
    "visit.block",
    "visit.team",
    "visit.arrival_from",
    "visit.arrival_until",
    "visit.to_confirm",
)


def former(payload: Mapping[str, object]) -> Facts:
    """Where a visit was before, as its event says."""
    was = (payload.get("from_day"), payload.get("from_block"))
    return {name: str(value) if value else None for name, value in zip(_FORMER, was, strict=True)}


_FORMER = ("visit.former_day", "visit.former_block")


def alternatives(offers: Sequence[Mapping[str, str]]) -> Facts:
    """Other days and blocks, the best first."""
    found: Facts = {}
    for number, place in enumerate(("first", "second", "third")):
        offer = offers[number] if number < len(offers) else {}
        found |= {f"alternative.{place}_{part}": offer.get(part) or None for part in ("day", "block")}
    return found


async def next_visit(session: AsyncSession, order_id: UUID) -> Visit | None:
    """The first of the order that is planned and not over."""
    query = select(Visit).where(Visit.order_id == order_id, Visit.status == VisitStatus.PLANNED, Visit.day.is_not(None))
    return (await session.execute(query.order_by(Visit.day, Visit.position).limit(1))).scalar_one_or_none()


def of_lead(lead: Lead) -> Facts:
    """A lead by its number and name."""
    return {"lead.number": lead.number, "lead.name": lead.name}


def reason(text: object) -> Facts:
    """Why, where somebody said so."""
    return {"reason": str(text) if text else None}


async def _name(session: AsyncSession, contact_id: UUID) -> str:
    query = select(Contact.name).where(Contact.id == contact_id)
    return (await session.execute(query)).scalar_one_or_none() or ""


def chain_of(row: Quote | Order | Lead) -> Iterable[UUID]:
    """The partners that it came through, from the root down."""
    return row.channel_organization_ids if isinstance(row, Lead) else row.account_chain_ids
