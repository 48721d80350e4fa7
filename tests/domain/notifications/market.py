"""A market whose people are told things: events are taken to the reaction by hand, deliveries read back."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from domain.contacts.models import Contact, ContactRelation
from domain.events.models import Event
from domain.mail import show
from domain.mail.service import Mail
from domain.notifications import causes, recipients
from domain.notifications.models import Notification, NotificationDelivery
from domain.notifications.recipients import Recipient
from domain.notifications.service import About, notify
from tenants.actor import SYSTEM, Actor
from tenants.engine import Database
from tenants.models import UserAccount
from tests.quoting import Market, market

NOON = "2026-06-10T10:00:00+00:00"


@dataclass
class Post:
    """What was told in one market."""

    market: Market

    @property
    def database(self) -> Database:
        return self.market.database

    @property
    def entity_id(self) -> UUID:
        return self.market.entity.id

    async def react(self) -> None:
        """Every event of the market so far, in order; again and again it changes nothing."""
        async with self.database.session(SYSTEM) as session:
            query = select(Event).where(Event.entity_id == self.entity_id).order_by(Event.created_at, Event.id)
            for event in (await session.scalars(query)).all():
                await causes.react(session, event)

    async def told(self, kind: str | None = None) -> list[Notification]:
        query = select(Notification).where(Notification.entity_id == self.entity_id).order_by(Notification.id)
        async with self.database.session(SYSTEM) as session:
            return [row for row in await session.scalars(query) if kind in (None, row.kind)]

    async def deliveries(self, kind: str | None = None) -> list[NotificationDelivery]:
        query = select(NotificationDelivery).where(NotificationDelivery.entity_id == self.entity_id)
        async with self.database.session(SYSTEM) as session:
            rows = await session.scalars(query.order_by(NotificationDelivery.id))
            return [row for row in rows if kind in (None, row.kind)]

    async def over(self, kind: str) -> list[tuple[str, str, str | None]]:
        """Channel, state and reason of each delivery of a kind."""
        return [(row.channel, row.state, row.reason) for row in await self.deliveries(kind)]

    async def mail(self, to: str) -> list[Mail]:
        """What was queued for an address, oldest first."""
        return list(reversed(await show.latest(self.database, 50, to)))

    async def email(self, name: str) -> str:
        async with self.database.session(SYSTEM) as session:
            return (await session.get_one(UserAccount, self.market.actors[name].user_id)).email

    @property
    def customer_email(self) -> str:
        assert self.market.customer.email
        return self.market.customer.email

    async def customer(self, **values: Any) -> Recipient:
        async with self.database.session(SYSTEM) as session:
            found = await recipients.contact(session, self.entity_id, self.market.customer.id)
            assert found
            return replace(found, **values)

    async def tell(
        self, kind: str, to: Recipient, key: str, values: Mapping[str, str | None], **about: Any
    ) -> list[UUID]:
        async with self.database.session(SYSTEM) as session:
            told = About(self.entity_id, "Order", self.market.customer.id, key, **about)
            return await notify(session, kind, [to], told, values)

    async def change_contact(self, **values: Any) -> None:
        async with self.database.session(SYSTEM) as session:
            await session.execute(update(Contact).where(Contact.id == self.market.customer.id).values(**values))

    async def prefer(self, **communication: Any) -> None:
        """The consent that is kept with the contact."""
        async with self.database.session(SYSTEM) as session:
            of = update(ContactRelation).where(ContactRelation.contact_id == self.market.customer.id)
            await session.execute(of.values(communication_preferences=communication))

    def actor(self, name: str) -> Actor:
        return self.market.actors[name]


ORDER: dict[str, str | None] = {
    "order.number": "CC-2026-00001",
    "order.customer": "Jan Jansen",
    "order.partner_reference": None,
    "reason": None,
    "visit.day": "2026-06-12",
    "visit.block": "MORNING",
    "visit.team": "Team 1",
}
HOUR = timedelta(hours=1)


async def post(database: Database, **values: Any) -> Post:
    """A market of its own."""
    return Post(await market(database, **values))
