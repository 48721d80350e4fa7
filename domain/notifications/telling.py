"""To whom the causes of notifications tell what."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from domain.events.models import Event
from domain.leads.models import Lead
from domain.notifications import facts, recipients
from domain.notifications.facts import Facts
from domain.notifications.recipients import OFFICE, PLANNERS, Recipient
from domain.notifications.service import About, notify
from domain.orders.models import Order
from domain.quotes.models import Quote

Cause = Callable[[AsyncSession, Event], Awaitable[None]]
"""What follows from an event."""


async def tell_contact(session: AsyncSession, kind: str, contact_id: UUID, about: About, values: Facts) -> None:
    to = await recipients.contact(session, about.entity_id, contact_id)
    if to is not None:
        await notify(session, kind, [to], about, values)


async def tell_account(
    session: AsyncSession, kind: str, row: Quote | Order, about: About, values: Facts, event: Event
) -> None:
    """The partner whose account it is on, unless it is the end customer and is told as that."""
    if row.account_contact_id is not None and row.account_contact_id != row.end_customer_contact_id:
        await tell_partner(session, kind, row.account_contact_id, about, values, but=event.actor_user_id)


async def tell_partner(
    session: AsyncSession, kind: str, organization_id: UUID, about: About, values: Facts, *, but: UUID | None
) -> None:
    people = await recipients.partner_people(session, about.entity_id, organization_id)
    await notify(session, kind, others_than(people, but), about, values)


async def tell_staff(
    session: AsyncSession, kind: str, about: About, values: Facts, event: Event, *, planners: bool = False
) -> None:
    people = await recipients.staff(session, about.entity_id, PLANNERS if planners else OFFICE)
    await notify(session, kind, others_than(people, event.actor_user_id), about, values)


def others_than(people: Iterable[Recipient], actor_user_id: UUID | None) -> list[Recipient]:
    """Nobody is told what they did themselves."""
    return [to for to in people if actor_user_id is None or to.user_id != actor_user_id]


def about_of(event: Event, row: Quote | Order | Lead | None = None) -> About:
    about = About(event.entity_id, event.subject_type, event.subject_id, f"event:{event.id}")
    return about if row is None else replace(about, chain=tuple(facts.chain_of(row)))
